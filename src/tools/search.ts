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
  return (text) => parts.every((part) => withoutAccents(text).includes(part));
}

/** Whether a text has any of the parts. */
export function hasAnyPart(given = ""): (text: string) => boolean {
  const parts = partsOf(given);
  return (text) => parts.some((part) => withoutAccents(text).includes(part));
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
