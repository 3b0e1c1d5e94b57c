import { addressPart } from "../email.ts";
import { Failure } from "../errors.ts";

/**
 * Whether a text has all parts that are looked for, blanks between them, in any order; letter case and accents
 * do not count. Throws Failure `invalid_input` for several beginnings or ends of addresses, which no text has.
 */
export function hasAllParts(given = ""): (text: string) => boolean {
  const parts = partsOf(given);
  const isSeveral = (end: RegExp) => parts.filter((part) => end.test(part)).length > 1;
  if (isSeveral(/[^@]@/) || isSeveral(/@[^@]/)) {
    throw new Failure("invalid_input", SEVERAL_ADDRESSES);
  }
  return searchFor(parts, "every");
}

/** Whether a text has any of the parts. */
export function hasAnyPart(given = ""): (text: string) => boolean {
  return searchFor(partsOf(given), "some");
}

// Every row of a list is searched: its accents go once, and not at all where nothing is looked for.
function searchFor(parts: readonly string[], how: "every" | "some"): (text: string) => boolean {
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

const SEVERAL_ADDRESSES = {
  happened: "email takes the parts of one address",
  next: "Call once for each address",
};
