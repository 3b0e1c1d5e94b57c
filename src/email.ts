import { neutralise } from "./text.ts";

const LOCAL_PART = /^[A-Za-z0-9!$%&+/=?^_{}~-]+(\.[A-Za-z0-9!$%&+/=?^_{}~-]+)*$/;
const DOMAIN =
  /^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

/**
 * Whether this is a plain e-mail address: one that Trieve and every mail library take and that means
 * the same to everybody. ASCII, a dot-atom of at most 64 characters before the `@` (RFC 5322, without
 * the characters that markdown uses and the apostrophe, which Trieve does not take), dotted host
 * labels after it (RFC 1035), at most 100 in all, which is what Trieve stores.
 */
export function isPlainEmail(value: string): boolean {
  if (value.length > 100) return false;
  const at = value.lastIndexOf("@");
  const local = value.slice(0, at);
  return at > 0 && at <= 64 && LOCAL_PART.test(local) && DOMAIN.test(value.slice(at + 1));
}

/** An address, made safe where it is not a plain one. */
export function shownEmail(value: string): string {
  return isPlainEmail(value) ? value : neutralise(value);
}

const TOO_LONG = "The address is longer than 100 characters, the most that Trieve stores";

/**
 * What can be wrong with an address, and the sentence for it; the first that fits is told. The order
 * matters: slips that wrap or join good addresses come first, then what cannot be seen, then the
 * parts, which are only looked at once there is exactly one `@`. `{}` names the character found.
 */
const PROBLEMS: readonly (readonly [test: RegExp, sentence: string])[] = [
  [/^$/, "The address is empty"],
  [/\]\(|<mailto:[^>]*\|/i, "This is a link; give only the address in it"],
  [
    /^(["'])(?:(?!\1).)*\1@/s,
    "The part before the @ is in quotes, which many mail systems do not take; ask for another address",
  ],
  [
    /^(?![^<]*@[^<]*[,;])(?=[^<]*[\p{L}\p{N}])[^<]+<[^<>]*@[^<>]*>?[^<@]*$/u,
    "A display name stands with the address; give only the part in the brackets",
  ],
  [
    /[^\s@]@[^\s@,;\uff0c\uff1b\u3001]+[\s,;\uff0c\uff1b\u3001].*[^\s@,;]@[^\s@,;]/s,
    "These are several addresses; give each by itself",
  ],
  [/mailto:/i, "The address is written as a link; give it without mailto: and what follows a ?"],
  [/:\/\/|^www\./i, "This is a web address, not an e-mail address"],
  [/\p{Cc}/u, "A line break or another control character ({}) is in the address; leave it out"],
  [
    /(?! )[\p{Cf}\p{DI}\p{Z}]/u,
    "A hidden character or unusual blank ({}) is in the address; type it anew without that",
  ],
  [/[\uff01-\uff61\ufe50-\ufe6b\u3002]/, "A full-width character ({}) is in it; use the plain one"],
  // Only the beginning is here of what is this long: its end, and a missing @, cannot be judged.
  [/^.{400}/s, TOO_LONG],
  [
    /^[^@]*(?:%40|&#0*64;|&commat;|[\s([{<]at[\s)\]}>])[^@]*$/i,
    "The @ is written in another way; put the sign itself in its place",
  ],
  [/^[^@]*$/, "There is no @ in it; ask for the whole address"],
  [/@\[/, "An address literal stands after the @; a named domain is needed"],
  [/[,;.:!?]$/, "The address ends with a {} that is no part of it; leave it out"],
  [
    /^[<([*"'`\u2018-\u201f\u00ab\u00bb]|[>)\]}*_"'`\u2018-\u201f\u00ab\u00bb]$/,
    "Quotes, brackets or other signs stand around the address; give it without them",
  ],
  [/@.*@/, "There is more than one @ in it; an address has exactly one"],
  [/^@/, "Nothing stands before the @; ask for the whole address"],
  [/@$/, "Nothing stands after the @; ask for the whole address"],
  [/[,;]/, "A comma or semicolon is in it; give one address, with dots in its domain"],
  [/ /, "A blank is in it; give one address without blanks and without a name"],
  [
    /['\u2018\u2019\u02bc\u00b4]/,
    "Trieve takes no address with an apostrophe; ask for another address of this person",
  ],
  [
    /\P{ASCII}(?=.*@)/su,
    "The part before the @ is not plain ASCII ({}); check its spelling or ask for another address",
  ],
  [
    /\P{ASCII}/u,
    "The domain is not plain ASCII ({}); check its spelling or give it in its xn-- form",
  ],
  [/^[^@]{65}/, "The part before the @ is longer than 64 characters; ask for another address"],
  [/^.{101}/, TOO_LONG],
  [
    /^\.|\.@|\.\..*@/,
    "A dot starts or ends the part before the @, or two stand together in it; check its spelling",
  ],
  [/@\.|\.\./, "A dot starts the domain, or two stand together in it; check its spelling"],
  [/@\d+(?:\.\d+){3}$/, "An IP address stands after the @; a named domain is needed"],
  [
    /[^A-Za-z0-9!$%&+/=?^_{}~.@-](?=.*@)/,
    "The part before the @ has a {} in it, which Trieve or mail libraries do not take; check its spelling",
  ],
  [/@.*_/, "An underscore is in the domain, where none is allowed; check its spelling"],
  [
    /(?<=@.*)[^A-Za-z0-9.-]/,
    "A {} stands after the @; a domain has only letters, digits, hyphens and dots",
  ],
  [/@[^.]*$/, "The domain has no dot; give it in full, like example.com"],
  [/@(?:.*\.)?-|@.*-(?:\.|$)/, "A part of the domain starts or ends with a hyphen"],
  [/@(?:.*\.)?[^.]{64}/, "A part of the domain is longer than 63 characters"],
  [/\.\d[^.]*$/, "The last part of the domain starts with a digit, which no domain does"],
];

/**
 * What is wrong with an address, in one sentence of at most 250 printable ASCII characters without a
 * full stop; undefined exactly when the trimmed text is a plain address.
 */
export function emailProblem(value: string): string | undefined {
  const trimmed = value.trim();
  if (isPlainEmail(trimmed)) return undefined;
  // The beginning tells enough, and keeps the searches short.
  const text = trimmed.slice(0, 400);
  for (const [test, sentence] of PROBLEMS) {
    const found = test.exec(text);
    if (found) return sentence.replace("{}", () => nameOf(found[0]));
  }
  return "This is not a plain e-mail address";
}

function nameOf(character: string): string {
  if (/^[!-~]$/.test(character)) return neutralise(character);
  const point = character.codePointAt(0) ?? 0;
  return `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
}

/**
 * What is meant by a part of an address in a filter: without blanks, quotes, brackets, hidden characters,
 * `*` and `mailto:` around it, of `Bob <bob@x>`, `Bob (bob@x)` and a link only the address, and without
 * what ends a sentence after a whole address. May be empty.
 */
export function addressPart(value: string): string {
  const open = value.lastIndexOf("<");
  const named = open < 0 ? undefined : value.slice(open + 1).split(">", 1)[0];
  const inside = named || /\(([^()]*@[^()]*)\)/.exec(value.slice(0, 400))?.[1];
  const part = withoutSigns(inside ?? "") || withoutSigns(value);
  const whole = part.replace(/[?].{0,400}$|[.,;:!]$/s, "");
  return isPlainEmail(whole) ? whole : part;
}

const SIGN = /[\s*<>"'`()[\]\u2018-\u201f\u00ab\u00bb\p{Cf}\p{DI}]/u;

/** A text without the blanks, quotes, brackets, stars, hidden characters and `mailto:` around it. */
export function withoutSigns(text: string): string {
  // By index, since a regex for the end takes quadratic time on a long run of stars.
  let start = 0;
  let end = text.length;
  while (end > 0 && SIGN.test(text.charAt(end - 1))) end--;
  while (start < end) {
    if (SIGN.test(text.charAt(start))) start++;
    else if (text.slice(start, start + 7).toLowerCase() === "mailto:") start += 7;
    else break;
  }
  return text.slice(start, end);
}
