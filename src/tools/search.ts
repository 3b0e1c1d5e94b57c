import { addressPart } from "../email.ts";
import { Failure } from "../errors.ts";

/**
 * Returns a test of whether a text contains every part, or some part, of `given`, in any order. Parts are separated by
 * blanks, commas or semicolons; letter case and accents are ignored. Throws Failure `invalid_input` if `every` is asked
 * of parts of two addresses, which no text can match.
 */
export function createSearch(how: "every" | "some", given = ""): (text: string) => boolean {
  const parts = partsOf(given);
  const hasSeveral = (end: RegExp) => parts.filter((part) => end.test(part)).length > 1;
  if (how === "every" && (hasSeveral(/[^@]@/) || hasSeveral(/@[^@]/))) {
    throw new Failure("invalid_input", {
      happened: "email takes the parts of one address",
      next: "Call once for each address",
    });
  }
  // For speed in long lists, accents are stripped once per row, and not at all if there is nothing to search for.
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
