import { addressPart } from "../email.ts";
import { Failure } from "../errors.ts";

/**
 * What tells whether a text has every part, or some part, that is looked for, blanks between them, in any order; letter
 * case and accents do not count. Throws Failure `invalid_input` where every one of several beginnings or ends of
 * addresses is wanted, which no text has.
 */
export function createSearch(how: "every" | "some", given = ""): (text: string) => boolean {
  const parts = partsOf(given);
  const isSeveral = (end: RegExp) => parts.filter((part) => end.test(part)).length > 1;
  if (how === "every" && (isSeveral(/[^@]@/) || isSeveral(/@[^@]/))) {
    throw new Failure("invalid_input", {
      happened: "email takes the parts of one address",
      next: "Call once for each address",
    });
  }
  // Every row of a list is searched: its accents go once, and not at all where nothing is looked for.
  if (parts.length === 0) return () => how === "every";
  return (text) => {
    const folded = withoutAccents(text);
    return parts[how]((part) => folded.includes(part));
  };
}

function partsOf(given: string): string[] {
  return given
    .split(/[,;]/)
    .flatMap((piece) => withoutAccents(addressPart(piece)).split(/\s+/))
    .map((part) => part.replace(/^\*+|\*+$/g, ""))
    .filter(Boolean);
}

function withoutAccents(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
