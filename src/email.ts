import { neutralise } from "./text.ts";

const LONGEST = 100;
const LOCAL_PART = /^[A-Za-z0-9!$%&+/=?^_{}~-]+(\.[A-Za-z0-9!$%&+/=?^_{}~-]+)*$/;
const DOMAIN =
  /^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/**
 * Whether this is a plain e-mail address: one that Trieve and every mail library accept and interpret alike. ASCII;
 * before the `@` a dot-atom of at most 64 characters (RFC 5322, without markdown's characters and the apostrophe, which
 * Trieve refuses); after it dotted host labels (RFC 1035); at most 100 in all, which is what Trieve stores.
 */
export function isPlainEmail(value: string): boolean {
  if (value.length > LONGEST) return false;
  const at = value.lastIndexOf("@");
  const local = value.slice(0, at);
  return at > 0 && at <= 64 && LOCAL_PART.test(local) && DOMAIN.test(value.slice(at + 1));
}

/** An address that is safe to show: unchanged if it is plain, else neutralised. */
export function shownEmail(value: string): string {
  return isPlainEmail(value) ? value : neutralise(value);
}

/** An address for a question. A plain one is never cut, escaped as it is: nobody agrees to a domain out of sight. */
export function questionEmail(value: string, otherwise = neutralise): string {
  return isPlainEmail(value) ? neutralise(value, 2 * LONGEST) : otherwise(value);
}

/**
 * Common mistakes in an address, each with its sentence; the first match is used. Mistakes around a good address come
 * first, then hidden characters, then faults in the address itself. `{}` stands for the character found.
 */
const PROBLEMS: readonly (readonly [test: RegExp, sentence: string])[] = [
  [/mailto:|:\/\/|\]\(/i, "This is a link; give only the e-mail address in it"],
  [/@.*@/s, "There is more than one @ in it; give one address at a time"],
  [
    /[\p{Cc}\p{Cf}\p{DI}]|(?! )\p{Z}/u,
    "A hidden character or a line break ({}) is in it; take it out",
  ],
  [/[\uff01-\uff61\ufe50-\ufe6b\u3002]/, "A full-width character ({}) is in it; use the plain one"],
  [/^(?=.*@)(?:[^<].*<|.* )/s, "There is a name or a space in it; give only the address itself"],
  [/^.{101}|^[^@]{65}.*@/s, "It is too long: Trieve takes 64 characters before the @, 100 in all"],
  [/^[^@]*$/, "There is no @ in it; ask for the whole address"],
  [/[,;.:!?]$/, "The address ends with a {} that is not part of it; leave that out"],
  [
    /^[<([*"'`\u2018-\u201f\u00ab\u00bb]|[>)\]}*_"'`\u2018-\u201f\u00ab\u00bb]$/,
    "There are quotes, brackets or other characters around the address; give it without them",
  ],
  [
    /['\u2018\u2019\u02bc\u00b4]/,
    "Trieve does not take an apostrophe; ask for another address of this person",
  ],
  [
    /\P{ASCII}(?=.*@)/u,
    "The part before the @ is not plain ASCII ({}); check its spelling or ask for another address",
  ],
  [/\P{ASCII}/u, "The domain is not plain ASCII ({}); check its spelling, or give its xn-- form"],
  [/@[^.]*$/, "The domain is missing or has no dot; give it in full, like example.com"],
];
const NOT_PLAIN =
  "This is not a plain e-mail address: letters, digits, dots and signs like + - _ before one @, and a domain like example.com after it";

/**
 * What is wrong with an address, in one sentence of at most 250 printable ASCII characters without a full stop;
 * undefined exactly when the trimmed text is a plain address.
 */
export function emailProblem(value: string): string | undefined {
  const trimmed = value.trim();
  if (isPlainEmail(trimmed)) return undefined;
  // The beginning is enough, and keeps the regexes fast.
  const text = trimmed.slice(0, 400);
  for (const [test, sentence] of PROBLEMS) {
    const found = test.exec(text);
    if (found) return sentence.replace("{}", () => characterName(found[0]));
  }
  return NOT_PLAIN;
}

function characterName(character: string): string {
  if (/^[!-~]$/.test(character)) return neutralise(character);
  const point = character.codePointAt(0) ?? 0;
  return `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
}

/**
 * The part of an address that a filter looks for, without what people and models put around it: blanks, quotes,
 * brackets, stars, hidden characters, `mailto:`, a display name, punctuation after a whole address. May be empty.
 */
export function addressPart(value: string): string {
  const piece = value.split(/[<>()]/).findLast((one) => one.includes("@"));
  const part = stripWrapping(piece ?? value);
  const [whole = ""] = part.split("?", 1);
  const address = whole.replace(/[.,;:!]$/, "");
  return isPlainEmail(address) ? address : part;
}

const WRAPPING = /[\s*<>"'`()[\]\u2018-\u201f\u00ab\u00bb\p{Cf}\p{DI}]/u;
const LEADING_WRAPPING = new RegExp(`^(?:${WRAPPING.source}|mailto:)+`, "iu");

/** A text without the blanks, quotes, brackets, stars, hidden characters and `mailto:` around it. */
function stripWrapping(text: string): string {
  // By index: a regex anchored at the end takes quadratic time on a long run of stars.
  let end = text.length;
  while (end > 0 && WRAPPING.test(text.charAt(end - 1))) end--;
  return text.slice(0, end).replace(LEADING_WRAPPING, "");
}
