const LONGEST = 100;

// Everything but printable ASCII, and markdown's characters. Markdown ignores an underscore between letters or digits,
// so first_last@x.org stays unchanged. "://" becomes ":\//", which no client turns into a link.
const UNSAFE = /[^ -~]|[`*[\]()<>#|\\]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=:)\/(?=\/)/gu;
// Anything of this form, but the beginning of an address, may be an invitation's id, with which anybody can join.
const IDS = /\b(?!\S*@)([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f-]{19,}/gi;
const ESCAPED_CHARACTER = /\\(?:u\{[0-9a-f]+\}|.)|./g;

/**
 * Makes untrusted text safe to show to a person, a model or a log: one line of printable ASCII in which no markdown,
 * link with a scheme or hidden character works. What is not printable ASCII becomes `\u{...}`, markdown gets a
 * backslash, `://` is broken. At most `longest` characters are kept; if some are left out, their number is appended.
 * Different inputs stay different up to the cut; ordinary e-mail addresses come out unchanged.
 */
export function neutralise(value: string, longest = LONGEST): string {
  const safe = value
    .slice(0, 2 * longest)
    .replace(IDS, "$1...")
    .replace(UNSAFE, escaped);
  if (safe.length <= longest) return safe;
  let shown = "";
  for (const [at, piece] of (safe.match(ESCAPED_CHARACTER) ?? []).entries()) {
    if (shown.length + piece.length > longest) {
      return `${shown}... (+${Array.from(value).length - at} characters)`;
    }
    shown += piece;
  }
  return shown;
}

// A letter or digit of a script written from left to right: nothing that reorders or stacks. The excluded blocks are
// those that Unicode reserves for scripts written from right to left.
const READABLE =
  /^(?!\p{DI}|[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}])[\p{L}\p{N}]$/u;

/**
 * Makes untrusted text safe to show to a person. Letters outside ASCII follow the escaped form, so that
 * whoever knows the address recognises it.
 */
export function readable(value: string): string {
  const reads = value
    .normalize("NFC")
    .replace(IDS, "$1...")
    .replace(UNSAFE, (one) => (READABLE.test(one) ? one : escaped(one)));
  const isReadable = /[^ -~]/.test(reads) && reads.length <= LONGEST;
  return isReadable ? `${neutralise(value)} (reads ${reads})` : neutralise(value);
}

/** Whether this is a UUID in its usual spelling, of either case. */
export function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

/** Makes text safe for a terminal: everything but printable ASCII becomes `\u{...}`. */
export function printable(text: string): string {
  return text.replace(/[^ -~]/gu, escaped);
}

function escaped(character: string): string {
  const point = character.codePointAt(0)?.toString(16);
  return /[ -~]/.test(character) ? `\\${character}` : `\\u{${point}}`;
}

/** The organization's name, where one is set, and its id. */
export function organizationNameAndId(id: string, name: string | undefined): string {
  return name === undefined ? id : `${neutralise(name)} (${id})`;
}

/** The text with a capital as its first letter. */
export function capitalised(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

/**
 * Describes an unexpected error for stderr: `what` happened, the error's name, and its first stack frames. Its
 * message and causes are left out: they may quote anything.
 */
export function traceOf(what: string, error: unknown): string {
  if (!(error instanceof Error)) return what;
  const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  return [`${what}: ${error.name}`, ...frames.slice(0, 8)].join("\n");
}
