import * as z from "zod";
import { Failure } from "../errors.ts";
import { isObject, WRAPPED_ARGUMENTS } from "../json.ts";
import { neutralise } from "../text.ts";

// Arguments that clients add to every call: Gemini CLI the first, Cline the second.
const ADDED_BY_CLIENTS: ReadonlySet<string> = new Set(["wait_for_previous", "task_progress"]);
// Obvious alternative names of an argument.
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  emails: ["email"],
  invitations: ["invitation", "invitation_id", "invitation_ids", "id", "ids", "email", "emails"],
};
const MAX_LISTED = 5;

/**
 * Reads arguments leniently, as the model most likely meant them. It accepts JSON text for all arguments or for a list,
 * a list as comma-separated text or as a single item, text with blanks around it, a choice in any letter case, a number
 * as text, and obvious alternative names. `null`, and `""` for an optional argument, count as absent. `roles` are the
 * roles that an error lists. Throws Failure `invalid_input` for anything else, including an unknown argument, which may
 * have been meant as a restriction.
 */
export function readArguments(
  schema: z.ZodObject,
  given: unknown,
  roles: readonly string[],
): Record<string, unknown> {
  const { shape } = schema;
  const values: Record<string, unknown> = {};
  const unknown: string[] = [];
  for (const [name, value] of Object.entries(asObject(given, Object.keys(shape)))) {
    if (value === null) continue;
    const found = Object.entries(shape).find(
      ([argument]) => argument === name || ALIASES[argument]?.includes(name),
    );
    if (found === undefined) {
      if (!ADDED_BY_CLIENTS.has(name)) unknown.push(neutralise(name, 30));
      continue;
    }
    const [argument, field] = found;
    const tidy = tidyValue(field, value);
    if (tidy === "" && isOptional(field)) continue;
    if (Object.hasOwn(values, argument)) throw invalid(`${argument} is given under two names`);
    if (argument !== name) checkAlias(name, argument, tidy);
    values[argument] = tidy;
  }
  if (unknown.length > 0) {
    const which = unknown.slice(0, MAX_LISTED).map((name) => `"${name}"`);
    throw invalid(
      `This tool has no argument named ${which.join(", ")}; it takes ${Object.keys(shape).join(", ")}`,
      "Use the arguments that it has; do not simply drop this one: the user may rely on what it was meant to do",
    );
  }
  const result = schema.safeParse(values, { error: (issue) => describeIssue(issue, shape, roles) });
  if (!result.success) throw invalidInput(result.error);
  return result.data;
}

function invalid(happened: string, next?: string): Failure {
  return new Failure("invalid_input", { happened: `${happened}; nothing was done`, next });
}

/** Throws Failure if `invitations`, given as `email` or `emails`, has anything but whole addresses. */
function checkAlias(name: string, argument: string, value: unknown): void {
  if (argument !== "invitations" || !/^emails?$/.test(name)) return;
  const isPartial = (one: unknown) => typeof one === "string" && !/[^@]@[^@]/.test(one);
  if ([value].flat().some(isPartial)) throw invalid(`${name} takes whole addresses here`);
}

function asObject(given: unknown, names: readonly string[]): object {
  // Together with other names, WRAPPED_ARGUMENTS is refused like any unknown argument.
  const isWrapped =
    isObject(given) && Object.hasOwn(given, WRAPPED_ARGUMENTS) && Object.keys(given).length === 1;
  const sent = isWrapped ? given[WRAPPED_ARGUMENTS] : given;
  const value = typeof sent === "string" ? parsed(sent.trim() || "{}") : sent;
  if (value === undefined || value === null) return {};
  if (isObject(value)) return value;
  throw invalid(`The arguments are not an object with names; this tool takes ${names.join(", ")}`);
}

/** The text parsed as JSON, or the text itself if it is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
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

/** A list from text: JSON, or items separated by commas, semicolons or line breaks. */
function asList(text: string): unknown {
  const value = parsed(text);
  if (value instanceof Object) return value;
  // A number stays text: it may be the beginning of an id.
  const items = typeof value === "string" ? value : text;
  return items
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

/** One Failure for all invalid arguments, with one problem for each. */
function invalidInput({ issues }: z.ZodError): Failure {
  const problems = new Map<string, string>();
  for (const { path, message } of issues) {
    const [name = "", at] = path.map(String);
    const where = at === undefined ? name : `${name}, number ${Number(at) + 1}`;
    if (!problems.has(where)) problems.set(where, `${where}: ${message}`);
  }
  const all = [...problems.values()];
  const more = all.length > MAX_LISTED ? `; and ${all.length - MAX_LISTED} more` : "";
  return invalid(`${all.slice(0, MAX_LISTED).join("; ")}${more}`);
}

/** What is wrong with an argument whose schema has no message of its own. Never quotes the value. */
function describeIssue(
  issue: z.core.$ZodRawIssue,
  shape: z.ZodRawShape,
  roles: readonly string[],
): string {
  const { code, input, path = [] } = issue;
  const [name, at] = path.map(String);
  if (code === "invalid_value") {
    return `must be one of ${(name === "role" ? roles : issue.values).join(", ")}`;
  }
  if (code === "too_big" && Array.isArray(input)) {
    return `${input.length} are given, and at most ${issue.maximum} are allowed in one call`;
  }
  const kind = code === "invalid_type" ? issue.expected : issue["origin"];
  const expected = EXPECTED[String(kind)] ?? "must be a whole number within its limits";
  if (at !== undefined) return expected;
  const { description } = shape[String(name)] as z.ZodType;
  return `${input === undefined ? "it is missing" : expected} (${description})`;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: "must be text",
  array: 'must be a list like ["first", "second"]',
};
