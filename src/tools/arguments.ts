import * as z from "zod";
import { Failure } from "../failures.ts";
import { isObject } from "../json.ts";
import { neutralise } from "../text.ts";
import { SHOWN_TOOLS } from "./shown/index.gen.ts";
import { UNNAMED } from "./unnamed.ts";

// Arguments that clients add to every call: Gemini CLI the first, Cline the second.
const ADDED_BY_CLIENTS: ReadonlySet<string> = new Set(["wait_for_previous", "task_progress"]);
const MOST_NAMED = 5;
const LISTING = "list_invitations";

/** The tool whose arguments are read. */
interface Taker {
  name: string;
  isWrite: boolean;
  /** The roles that may be given to it. */
  roles: readonly string[];
}

/** The arguments of a call, read. */
export interface Arguments {
  values: Record<string, unknown>;
  /** Names that the tool does not know, made safe; only of a tool that reads. */
  ignored: string[];
}

/**
 * Reads what a model sent as what it meant: JSON text of the arguments or of a list, a list as text with
 * commas or as its one item, blanks around a text, capitals in a choice, a number as text; `null`, and for
 * an optional argument `""`, count as absent. Throws Failure `invalid_input` for anything else, and for an
 * unknown argument of a tool that writes: it may have carried a condition.
 */
export function readArguments(schema: z.ZodObject, given: unknown, tool: Taker): Arguments {
  const { shape } = schema;
  const names = Object.keys(shape);
  const entries = Object.entries(asObject(given, names)).filter(([, value]) => value !== null);
  const unknown = entries
    .map(([name]) => name)
    .filter((name) => !Object.hasOwn(shape, name) && !ADDED_BY_CLIENTS.has(name))
    .slice(0, MOST_NAMED)
    .map((name) => neutralise(name, 30));
  if (tool.isWrite && unknown.length > 0) throw unknownArguments(unknown, names, tool.name);
  const tidied = entries.flatMap(([name, value]): [string, unknown][] => {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (field === undefined) return [];
    const tidy = tidyValue(field, value);
    return tidy === "" && isOptional(field) ? [] : [[name, tidy]];
  });
  const values = Object.fromEntries(tidied);
  const parsed = schema.safeParse(values);
  if (!parsed.success) throw invalidInput(shape, values, parsed.error, tool.roles);
  return { values: parsed.data, ignored: unknown };
}

function asObject(given: unknown, names: readonly string[]): object {
  // Beside others it is an argument that there is not, like any other.
  const isBare =
    isObject(given) && Object.hasOwn(given, UNNAMED) && Object.keys(given).length === 1;
  const bare = isBare ? given[UNNAMED] : given;
  const value = typeof bare === "string" ? parsedOr(bare.trim() || "{}", bare) : bare;
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw new Failure("invalid_input", {
    happened: `The arguments are not an object with names; this tool takes ${names.join(", ")}`,
  });
}

function parsedOr<T>(text: string, otherwise: T): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return otherwise;
  }
}

function unknownArguments(
  unknown: readonly string[],
  names: readonly string[],
  tool: string,
): Failure {
  const are = unknown.length === 1 ? "is no argument" : "are no arguments";
  return new Failure("invalid_input", {
    happened: `${unknown.join(", ")} ${are} of this tool, which takes ${names.join(", ")}; nothing was done`,
    next: insteadOf(unknown, names, tool),
  });
}

/** What to do instead; no tool is named that does another thing than was called for, unless it reads. */
function insteadOf(unknown: readonly string[], names: readonly string[], tool: string): string {
  const takers = SHOWN_TOOLS.filter(({ inputSchema }) =>
    unknown.every((name) => Object.hasOwn(inputSchema.properties, name)),
  ).map(({ name }) => name);
  const alike = takers.find((taker) => verbOf(taker) === verbOf(tool));
  if (alike !== undefined) return `Use ${alike}`;
  const meant = unknown.map((name) => names.find((own) => isNearly(own, name)));
  if (meant.every((own) => own !== undefined)) {
    return `Call again with ${meant.join(", ")} in its place`;
  }
  if (!takers.includes(LISTING)) {
    return "Call again without it, unless the user relies on what it was to mean: this tool cannot do that";
  }
  const takesIds = names.some((name) => /^invitation_ids?$/.test(name));
  return `Use ${LISTING}${takesIds ? ", which takes it and gives the ids" : ""}`;
}

const verbOf = (tool: string) => tool.split("_", 1)[0];

/** Whether `name` is another way to write the argument `own`: its number, its case, a part of it, or more. */
function isNearly(own: string, name: string): boolean {
  const [mine, other] = [own, name].map((one) => one.toLowerCase().replace(/[^a-z]|s$/g, ""));
  if (mine === undefined || !other) return false;
  return mine.endsWith(other) || other.startsWith(mine);
}

function tidyValue(field: z.core.$ZodType, value: unknown): unknown {
  const inner = unwrap(field);
  const text = typeof value === "string" ? value.trim() : undefined;
  if (inner instanceof z.ZodArray) {
    const list = text === undefined ? value : asList(text);
    if (!Array.isArray(list)) return list;
    return list.map((item) => tidyValue(inner.element, item));
  }
  if (text === undefined) return value;
  if (inner instanceof z.ZodEnum) {
    return inner.options.find((one) => one === text.toLowerCase()) ?? text;
  }
  if (inner instanceof z.ZodNumber) return /^[+-]?\d{1,15}$/.test(text) ? Number(text) : text;
  return text;
}

/** A list from text: JSON, or its items with commas between them. */
function asList(text: string): unknown {
  const parsed = parsedOr(text, text);
  if (typeof parsed !== "string") return parsed;
  return parsed
    .split(/[,;\n]/)
    .map((item) => item.trim())
    .filter(Boolean);
}

function unwrap(field: z.core.$ZodType): z.core.$ZodType {
  return isOptional(field) ? unwrap(field.unwrap()) : field;
}

function isOptional(field: z.core.$ZodType): field is z.ZodOptional | z.ZodDefault {
  return field instanceof z.ZodOptional || field instanceof z.ZodDefault;
}

/** Everything at fault, a sentence of ours for each argument, with no value in it. */
function invalidInput(
  shape: z.ZodRawShape,
  values: Record<string, unknown>,
  { issues }: z.ZodError,
  roles: readonly string[],
): Failure {
  const problems = new Map<string, string>();
  for (const { path, code, message } of issues) {
    const [name = "", at] = path.map(String);
    const where = at === undefined ? name : `${name}, number ${Number(at) + 1}`;
    const field = unwrap(shape[name] as z.core.$ZodType);
    const kind = at !== undefined && field instanceof z.ZodArray ? field.element : field;
    const about = (shape[name] as z.ZodType | undefined)?.description;
    const means = about === undefined || at !== undefined ? "" : ` (${about})`;
    const isMissing = !Object.hasOwn(values, name);
    const offered = name === "role" ? oneOf(roles) : expected(kind);
    const what = isMissing ? "it is missing" : offered;
    const problem = code === "custom" ? message : `${what}${means}`;
    if (!problems.has(where)) problems.set(where, `${where}: ${problem}`);
  }
  const all = [...problems.values()];
  const more = all.length > MOST_NAMED ? `; and ${all.length - MOST_NAMED} more` : "";
  return new Failure("invalid_input", {
    happened: `${all.slice(0, MOST_NAMED).join("; ")}${more}`,
  });
}

const oneOf = (choices: readonly unknown[]) => `must be one of ${choices.join(", ")}`;

function expected(field: z.core.$ZodType): string {
  if (field instanceof z.ZodEnum) return oneOf(field.options);
  if (field instanceof z.ZodNumber) return "must be a whole number within its limits";
  if (field instanceof z.ZodArray)
    return 'must be a list like ["first", "second"] within its limits';
  return "must be text";
}
