const LONGEST = 100;

// What is not printable ASCII, and markdown: an underscore between letters or digits means nothing there, so that
// first_last@x.org stays as it is. "://" becomes ":\//", which no client turns into a link.
const UNSAFE = /[^ -~]|[`*[\]()<>#|\\]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=:)\/(?=\/)/gu;
// What has this form may be the id of an invitation, with which somebody can join.
const IDS = /\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f-]{19,}/gi;
const ESCAPED_CHARACTER = /\\(?:u\{[0-9a-f]+\}|.)|./g;

/**
 * Makes untrusted text safe to show to a person, a model or a log: one line of printable ASCII in which no markdown,
 * link with a scheme or hidden character works. What is not printable ASCII becomes `\u{...}`, markdown gets a
 * backslash, `://` is broken. At most `longest` characters are kept, and the number of characters left out is said.
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

// Letters and digits that are read from left to right, one a character: nothing that reorders or stacks. The blocks
// are those that Unicode keeps for scripts from right to left.
const READABLE =
  /^(?!\p{DI}|[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}])[\p{L}\p{N}]$/u;

/**
 * Untrusted text made safe for a person; letters outside ASCII stand beside the escaped form, so that
 * whoever knows the address recognises it.
 */
export function readable(value: string): string {
  const reads = value
    .normalize("NFC")
    .replace(UNSAFE, (one) => (READABLE.test(one) ? one : escaped(one)));
  const isReadable = /[^ -~]/.test(reads) && reads.length <= LONGEST;
  return isReadable ? `${neutralise(value)} (reads ${reads})` : neutralise(value);
}

/** Whether this is a UUID in its usual spelling, of either case. */
export function isUuid(value: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value);
}

/** Text for a terminal: what is not printable ASCII becomes `\u{...}`, and all else stays as it is. */
export function printable(text: string): string {
  return text.replace(/[^ -~]/gu, escaped);
}

function escaped(character: string): string {
  const point = character.codePointAt(0)?.toString(16);
  return /[ -~]/.test(character) ? `\\${character}` : `\\u{${point}}`;
}

/** An organization's name as people know it, where it has one, and its id. */
export function organizationText(id: string, name: string | undefined): string {
  return name === undefined ? id : `${neutralise(name)} (${id})`;
}

/** Words of ours that begin with a capital. */
export function capitalised(words: string): string {
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}

/**
 * An unexpected error for stderr: what happened to whom, its name, and where it came from. Its message
 * and causes stay out: they may quote anything.
 */
export function traceOf(what: string, error: unknown): string {
  if (!(error instanceof Error)) return what;
  const frames = error.stack?.split("\n").filter((line) => /^\s+at /.test(line)) ?? [];
  return [`${what}: ${error.name}`, ...frames.slice(0, 8)].join("\n");
}
