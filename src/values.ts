import { isUuid } from "./trieve/invitation.ts";
import { urlProblem, withoutSlash } from "./url.ts";

// How the values of variables are read. What a person would mistype gets the sentence that helps, which
// goes on from the name of the variable and never holds the value.

/** A value that is wrong; the message goes on from the name of the variable. */
export class Misread extends Error {}

const QUOTED = /^(["'`]).*\1$/;

type Problem = readonly [test: RegExp, sentence: string];

function refuse(value: string, problems: readonly Problem[]): void {
  const found = problems.find(([test]) => test.test(value));
  if (found !== undefined) throw new Misread(found[1]);
}

const KEY_PROBLEMS: readonly Problem[] = [
  [/\0/, "is in UTF-16; save the file as UTF-8"],
  [/^$/, "is empty; it must hold the key"],
  [/[\r\n]/, "must hold one key; several lines are in it"],
  [/^(["'`]).*\1$|^[\u2018-\u201f\u00ab]/, "must be the key alone, without the quotes around it"],
  [/^bearer\s/i, "must be the key alone, without `Bearer` before it"],
  [
    /^(export\s+|set\s+)?\w*(key|token|authorization)\w*\s*[=:]/i,
    "must be the key alone, without the name before it",
  ],
  [/\s/, "must be one key without blanks; there seem to be several"],
  [/[^!-~]/, "must be printable ASCII; another character, perhaps a hidden one, is in it"],
];

/** One key: printable ASCII without blanks. Throws Misread. */
export function readKey(given: string): string {
  const key = given.replace(/^\uFEFF/, "").trim();
  refuse(key, KEY_PROBLEMS);
  return key;
}

const URL_PROBLEMS: readonly Problem[] = [
  [/^["'`]|["'`]$/, "must be written without quotes"],
  [/^https?:\/*$/i, "has no host; write it in full, like https://trieve.example.com"],
  [/^(?!https?:)[^/?#]*:\/\//i, "must start with https:// (or http:// to this machine)"],
  [
    /^(?!https?:)/i,
    "has no scheme; write https:// before it (or http:// where it is this machine)",
  ],
];

/** An address that the key may be sent to, without a slash at its end. Throws Misread. */
export function readUrl(given: string, isInsecure: boolean): string {
  refuse(given, URL_PROBLEMS);
  // With one slash or none there is only one host that can be meant.
  const value = given.replace(/^(https?):\/*/i, "$1://");
  const problem = urlProblem(value, isInsecure);
  if (problem !== undefined) throw new Misread(problem);
  return withoutSlash(new URL(value).href);
}

const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]+$/;
const DOMAIN_PROBLEMS: readonly Problem[] = [
  [/:\/\//, "must be domains without a scheme, like example.com"],
  [/\*/, "takes no *: list each domain in full; subdomains are domains of their own"],
  [/@/, "must be domains, not addresses; leave out what stands before the @"],
  [/[^ -~]/, "must be domains in plain ASCII; write an international one in its xn-- form"],
];

/** Domains in lower case, of a list; undefined for `any`. Throws Misread. */
export function readDomains(value: string): readonly string[] | undefined {
  if (value.toLowerCase() === "any") return undefined;
  const domains = value
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter(Boolean);
  const bare = domains.map((domain) => domain.replace(/^@/, ""));
  refuse(bare.join(","), DOMAIN_PROBLEMS);
  if (bare.length > 0 && bare.every((domain) => DOMAIN.test(domain))) return bare;
  throw new Misread("must be domains like example.com, comma-separated");
}

/** One of `choices`, in any case. Throws Misread. */
export function readChoice<T extends string>(value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value.toLowerCase());
  if (choice === undefined) throw new Misread(`must be one of ${choices.join(", ")}`);
  return choice;
}

/** `true`, `false`, `1` or `0`. Throws Misread. */
export function readFlag(value: string): boolean {
  return ["true", "1"].includes(readChoice(value, ["true", "false", "1", "0"]));
}

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~]*)$/;
// What this program sets itself, what a connection needs, and what fetch forbids (Fetch standard).
const TAKEN =
  /^(authorization|tr-organization|host|content-.*|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|via|date|dnt|origin|referer|cookie2?|set-cookie|accept-(charset|encoding)|access-control-.*|proxy-.*|sec-.*)$/i;

/** `Name: value` a line, as [name, value]. Throws Misread, which names a line by its number. */
export function readHeaders(value: string): readonly (readonly [name: string, value: string])[] {
  const headers = new Map<string, readonly [string, string]>();
  // A shell keeps `\n` in quotes as two characters.
  const lines = value.split(/\r?\n|\\n(?=[A-Za-z0-9-]+:)/);
  for (const [at, line] of lines.entries()) {
    if (line.trim() === "") continue;
    const where = `is wrong in line ${at + 1}:`;
    const [, name, text] = HEADER.exec(line.trim()) ?? [];
    if (name === undefined || text === undefined || text === "") {
      throw new Misread(`${where} a header is written \`Name: value\`, in printable ASCII`);
    }
    if (TAKEN.test(name)) {
      throw new Misread(`${where} this header is set by the server itself or not allowed`);
    }
    if (/^"[^"]*"$/.test(text)) throw new Misread(`${where} leave out the quotes around the value`);
    if (/[;,]\s*[A-Za-z][\w-]*:\s/.test(text)) {
      throw new Misread(`${where} it seems to hold two headers; write each on a line of its own`);
    }
    if (headers.has(name.toLowerCase())) throw new Misread(`${where} this header stands twice`);
    headers.set(name.toLowerCase(), [name, text]);
  }
  return [...headers.values()];
}

const OLD_WAYS: Readonly<Record<string, string>> = {
  auto: "is written form,page,code now (auto is the old word)",
  prompt: "is written form now (prompt is the old word)",
};

/** A list of ways, each once. Throws Misread. */
export function readWays<T extends string>(value: string, names: readonly T[]): readonly T[] {
  const words = value
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter(Boolean);
  const old = words.map((word) => OLD_WAYS[word]).find((sentence) => sentence !== undefined);
  if (old !== undefined) throw new Misread(old);
  const ways = words.flatMap((word) => names.filter((name) => name === word));
  if (ways.length > 0 && ways.length === words.length) return [...new Set(ways)];
  throw new Misread(`must be a list of ${names.join(", ")}, the preferred way first`);
}

const PLACEHOLDERS: readonly RegExp[] = [
  /\$\{[^}]*\}/,
  /^\$[A-Za-z_]\w*$/,
  /\{env:[^}]*\}/i,
  /^%[A-Za-z_]\w*%$/,
  /^<[^<>]*>$/,
  /^\{\{.*\}\}$/s,
  /^(undefined|null|changeme|change-me|replace-me)$/i,
  // "my-company.com", "My-Shop" and "your-move.co.uk" are none.
  /^(tr-)?(your|my)[-_]([a-z]+[-_])*(key|token|secret|id)([-_]here)?$/i,
  /^(https?:\/\/)?(tr-)?your[-_]([a-z]+[-_])*(api|app|business|company|dashboard|domain|file|host|name|org|organi[sz]ation|path|role|server|site|team|trieve|url|value)\b/i,
  /^(tr-)?x{3,}$/i,
  /^0{8}-0{4}-0{4}-0{4}-0{12}$/,
];

/** Whether this is what stands in an example, or what a client left unfilled. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDERS.some((placeholder) => placeholder.test(value));
}

/** A UUID in lower case. Throws Misread. */
export function readUuid(value: string): string {
  refuse(value, [[QUOTED, "must be the id alone, without the quotes around it"]]);
  if (!isUuid(value)) {
    throw new Misread("must be the organization's id, a UUID, which the dashboard shows");
  }
  return value.toLowerCase();
}

/** The path of a file. Throws Misread for what was meant as a switch, and for quotes. */
export function readFilePath(path: string, { home }: Reading): string {
  if (/^(true|false|yes|no|on|off|[01])$/i.test(path)) {
    throw new Misread("must be the path of a file; it is switched off by being left out");
  }
  refuse(path, [[QUOTED, "must be the path alone, without the quotes around it"]]);
  return inHome(path, home);
}

/** A path in which `~` at the start stands for `home`, where that is known. */
function inHome(path: string, home: string): string {
  return home === "" ? path : path.replace(/^~(?=[/\\])/, home);
}

const FILE_FAULTS: Readonly<Record<string, string>> = {
  ENOENT: "names a file that does not exist",
  EISDIR: "names a folder",
  EACCES: "names a file that this user may not read",
  EPERM: "names a file that this user may not read",
};

/** Why a file could not be read, by Node's error. */
function fileFault(error: unknown): string {
  return FILE_FAULTS[Object(error).code] ?? "cannot be read";
}

/** A file with a key in it. `open` tells that others than its owner can read it. */
export type ReadKeyFile = (path: string) => { text: string; open: boolean };

/** What reading one variable may need besides its value. */
export interface Reading {
  readKeyFile: ReadKeyFile;
  /** What `~` stands for, or empty. */
  home: string;
  /** Whether http may go to any host. */
  isInsecure: boolean;
  warn(text: string): void;
}

/** The key in a file. Throws Misread. */
export function readKeyIn(path: string, { readKeyFile, home, warn }: Reading): string {
  let file: ReturnType<ReadKeyFile>;
  try {
    file = readKeyFile(inHome(path, home));
  } catch (error) {
    throw new Misread(`${fileFault(error)}; expected a file that holds the key`);
  }
  if (file.open) warn("can be read by others than its owner; chmod 600 ends that");
  if (isPlaceholder(file.text.trim())) throw new Misread("names a file that holds a placeholder");
  try {
    return readKey(file.text);
  } catch (error) {
    if (error instanceof Misread) throw new Misread(`names a file whose text ${error.message}`);
    throw error;
  }
}
