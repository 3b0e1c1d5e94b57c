const LONGEST = 100;
const MARKDOWN = /[`*[\]()<>#|\\]/;
const ALPHANUMERIC = /[A-Za-z0-9]/;

/**
 * Makes untrusted text safe to show to a person, a model or a log: one line of printable ASCII in
 * which no markdown, link with a scheme or hidden character works. What is not printable ASCII becomes
 * `\u{...}`, markdown gets a backslash, `://` is broken. At most `longest` characters are kept, and the
 * number of characters left out is said. Different inputs stay different up to the cut; ordinary e-mail
 * addresses come out unchanged.
 */
export function neutralise(value: string, longest = LONGEST): string {
  const characters = Array.from(value.slice(0, 2 * longest));
  let shown = "";
  for (const [at, character] of characters.entries()) {
    const piece = neutralCharacter(character, characters[at - 1], characters[at + 1]);
    if (shown.length + piece.length > longest) {
      const left = Array.from(characters.slice(at).join("") + value.slice(2 * longest)).length;
      return `${shown}... (+${left} characters)`;
    }
    shown += piece;
  }
  return shown;
}

function neutralCharacter(
  character: string,
  before: string | undefined,
  after: string | undefined,
): string {
  if (character < " " || character > "~") return `\\u{${character.codePointAt(0)?.toString(16)}}`;
  if (MARKDOWN.test(character)) return `\\${character}`;
  // Between letters or digits an underscore means nothing in markdown: first_last@x.org stays as it is.
  if (character === "_") return isAlphanumeric(before) && isAlphanumeric(after) ? "_" : "\\_";
  // "://" becomes ":\//", which no client turns into a link.
  if (character === "/" && before === ":" && after === "/") return "\\/";
  return character;
}

function isAlphanumeric(character: string | undefined): boolean {
  return character !== undefined && ALPHANUMERIC.test(character);
}

/** The first 8 characters of an id: enough to tell invitations apart, useless as a join code. */
export function shortId(id: string): string {
  return neutralise(id.slice(0, 8));
}

/** An organization's id, with the name that people know it by where it has one. */
export function organizationText(id: string, name: string | undefined): string {
  return name === undefined ? id : `${id} (${neutralise(name)})`;
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
