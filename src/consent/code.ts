import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Action } from "../tools/action.ts";

// Far longer than any confirmation; it keeps the regexes fast.
const LONGEST = 1_000;

/** 128 random bits as 22 characters that copy safely: letters, digits, `-` and `_`. */
export function randomSecret(): string {
  return randomBytes(16).toString("base64url");
}

/** Whether two texts are equal, in a time that does not depend on where they differ. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/**
 * What the model passes back after the user's yes: the action in plain words first, so that the client's
 * own approval dialog shows it. Models collapse blanks, so there are never two in a row.
 */
export function confirmationText({ title }: Action, secret: string): string {
  return `${title} ${secret}`.replace(/\s+/g, " ");
}

/** The confirmation without what models put around it: the argument's name, quotes of any kind, a full stop. */
export function bareConfirmation(confirmation: string): string {
  return confirmation
    .replace(/\s+/g, " ")
    .slice(0, LONGEST)
    .replace(/^[^a-z]*(confirmation\W+)?/i, "")
    .replace(/[^\w-]+$/, "");
}
