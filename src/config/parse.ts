import { platform } from "node:os";
import { isUuid } from "../text.ts";
import { readRegularFile } from "./machine.ts";

// One parser for each kind of value. Common mistakes get a helpful message, which never contains the value.

/** An invalid value. The message continues a sentence that begins with the name of the variable. */
export class SettingError extends Error {}

/** What parsing one variable may need besides its value. */
export interface ParseContext {
  /** What `~` stands for, or empty. */
  home: string;
  /** Whether http may go to any host. */
  isInsecure: boolean;
  warn(text: string): void;
}

/** Throws a SettingError with this message unless the value is valid. */
export function check(isValid: boolean, message: string): asserts isValid {
  if (!isValid) throw new SettingError(message);
}

const WRAPPED_KEY =
  /^["'`\u2018-\u201f\u00ab]|^bearer\s|^(export\s+|set\s+)?\w*(key|token|authorization)\w*\s*[=:]/i;

/** One key: printable ASCII without blanks. Throws SettingError. */
export function parseKey(given: string): string {
  const key = given.replace(/^\uFEFF/, "").trim();
  check(!key.includes("\0"), "is in UTF-16; save the file as UTF-8");
  check(
    !WRAPPED_KEY.test(key),
    "must hold the key alone, without quotes around it and without `Bearer` or a name before it",
  );
  check(
    /^[!-~]{1,1000}$/.test(key),
    "must hold one key, in printable ASCII without blanks or line breaks",
  );
  return key;
}

/** The key in the file at `path`. Throws SettingError. */
export function parseKeyFile(path: string, context: ParseContext) {
  const key = readKey(path, context);
  return {
    key,
    /** Whether the file no longer holds this key. */
    hasChanged() {
      try {
        return readKey(path, { ...context, warn: () => {} }) !== key;
      } catch {
        return true;
      }
    },
  };
}

function readKey(path: string, context: ParseContext): string {
  const expanded = parseFilePath(path, context);
  let file: ReturnType<typeof readRegularFile>;
  try {
    file = readRegularFile(expanded);
  } catch (error) {
    const code = Object(error).code ?? "no reason given";
    throw new SettingError(`cannot be read (${code}); expected a file that holds the key`);
  }
  check(
    file !== undefined,
    "must name a regular file that holds the key; this is a folder, a pipe or a device",
  );
  if (platform() !== "win32" && (file.mode & 0o077) !== 0) {
    context.warn("can be read by users other than its owner; run chmod 600 on it");
  }
  check(!isPlaceholder(file.text.trim()), "names a file that holds a placeholder");
  return parseKey(file.text);
}

/** The path of a file, `~/` expanded. Throws SettingError. */
export function parseFilePath(path: string, { home }: ParseContext): string {
  check(
    !/^(true|false|yes|no|on|off|[01]|(["'`]).*\2)$/i.test(path),
    "must be the path of a file, without quotes; leave it out to switch it off",
  );
  check(
    !/^~(?![/\\])|\$\{?[A-Z_]|%\w+%/.test(path) && (home !== "" || !path.startsWith("~")),
    "contains a variable or another user's ~, which is not expanded here; write the whole path (`~/` at its beginning is understood)",
  );
  return home === "" ? path : path.replace(/^~(?=[/\\])/, home);
}

/** A UUID in lower case. Throws SettingError. */
export function parseUuid(value: string): string {
  check(
    isUuid(value),
    "must be the organization's id, a UUID without quotes, as the dashboard shows it",
  );
  return value.toLowerCase();
}

/** One of `choices`, in any case. Throws SettingError. */
export function parseChoice<T extends string>(value: string, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === value.toLowerCase());
  check(choice !== undefined, `must be one of ${choices.join(", ")}`);
  return choice;
}

/** `true`, `false`, `1` or `0`. Throws SettingError. */
export function parseFlag(value: string): boolean {
  return ["true", "1"].includes(parseChoice(value, ["true", "false", "1", "0"]));
}

/** Some of `choices`, each once, in the order given. Throws SettingError. */
export function parseChoices<T extends string>(value: string, choices: readonly T[]): readonly T[] {
  const words = wordsOf(value);
  const chosen = words.flatMap((word) => choices.filter((choice) => choice === word));
  check(
    chosen.length > 0 && chosen.length === words.length,
    `must be a list of ${choices.join(", ")}, the preferred one first`,
  );
  return [...new Set(chosen)];
}

const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]+$/;

/** Domains in lower case; undefined for `any`. Throws SettingError. */
export function parseDomains(value: string): readonly string[] | undefined {
  if (value.toLowerCase() === "any") return undefined;
  const domains = wordsOf(value).map((domain) => domain.replace(/^@/, ""));
  check(
    domains.length > 0 && domains.every((domain) => DOMAIN.test(domain)),
    "must be domains like example.com, comma-separated; each in full, without *, and an international one in its xn-- form",
  );
  return domains;
}

/** The entries of a list separated by commas, semicolons or blanks, in lower case. */
export function wordsOf(list: string): string[] {
  return list
    .toLowerCase()
    .split(/[\s,;]+/)
    .filter(Boolean);
}

const HEADER = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~]+)$/;
const QUOTED_OR_TWO = /^"[^"]*"$|[;,]\s*[A-Za-z][\w-]*:\s/;
// Headers that this program sets, that belong to the connection, or that fetch forbids (Fetch standard).
const RESERVED =
  /^(authorization|tr-organization|host|content-.*|transfer-encoding|connection|keep-alive|upgrade|expect|te|trailer|via|date|dnt|origin|referer|cookie2?|set-cookie|accept-(charset|encoding)|access-control-.*|proxy-.*|sec-.*)$/i;

/** Headers, one `Name: value` per line. Throws a SettingError that gives the number of the line. */
export function parseHeaders(value: string): readonly (readonly [name: string, value: string])[] {
  const names = new Set<string>();
  // A shell keeps `\n` in quotes as two characters.
  const lines = value.split(/\r?\n|\\n(?=[A-Za-z0-9-]+:)/);
  return lines.flatMap((line, at) => {
    if (line.trim() === "") return [];
    const where = `is wrong in line ${at + 1}`;
    const [, name, text] = HEADER.exec(line.trim()) ?? [];
    check(
      name !== undefined && text !== undefined && !QUOTED_OR_TWO.test(text),
      `${where}: each line must be one header, \`Name: value\`, in printable ASCII without quotes`,
    );
    check(
      !RESERVED.test(name) && !names.has(name.toLowerCase()),
      `${where}: this header is given twice, set by the server itself, or not allowed`,
    );
    names.add(name.toLowerCase());
    return [[name, text]];
  });
}

const PLACEHOLDERS: readonly RegExp[] = [
  /\$\{[^}]*\}|\{env:[^}]*\}/i,
  /^\$(env:)?[a-z_]\w*$/i,
  /^([%@])[a-z_]\w*\1$/i,
  /^(\$\([^)]*\)|#\{[^}]*\}|\{\{.*\}\}|<[^<>]*>)$/s,
  /^(undefined|null|changeme|change-me|replace-me)$/i,
  // "my-company.com", "My-Shop" and "your-move.co.uk" are not placeholders.
  /^(tr-)?(your|my)[-_]([a-z]+[-_])*(key|token|secret|id)([-_]here)?$/i,
  /^(https?:\/\/)?(tr-)?your[-_]([a-z]+[-_])*(api|app|business|company|dashboard|domain|file|host|name|org|organi[sz]ation|path|role|server|site|team|trieve|url|value)\b/i,
  /^(tr-)?x{3,}$|^[0-]{36}$/i,
];

/** Whether this is a value from an example, or a variable that a client did not fill in. */
export function isPlaceholder(value: string): boolean {
  return PLACEHOLDERS.some((placeholder) => placeholder.test(value));
}
