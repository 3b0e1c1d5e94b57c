import { Failure } from "../failures.ts";
import type { Answer, Client } from "./client.ts";
import { isWithoutDatabase } from "./http-failure.ts";

/**
 * What an answer to a POST says: that it was accepted; that nothing was done (`member`, `refused`); or
 * something that only the list can tell.
 */
export type Said =
  | "accepted"
  | "member"
  | "refused"
  | "invited"
  | "mail_failed"
  | "throttled"
  | "unclear";

/**
 * What an answer to a POST says. Trieve's 400 also stands for "stored, but the mail failed", so it
 * proves something only with a text that is known.
 */
export function readAnswer(answer: Answer | undefined): Said {
  const { status, refusal = "" } = answer ?? {};
  if (status === 204) return "accepted";
  if (status === 401 || status === 403 || status === 404) return "refused";
  // A proxy that says so has most likely passed nothing on.
  if (status === 429) return "throttled";
  if (status !== 400) return "unclear";
  if (/^User with email .* is already in the organization/s.test(refusal)) return "member";
  if (/^User with email .* has already been invited/s.test(refusal)) return "invited";
  if (refusal === "Error sending email.") return "mail_failed";
  const isRefused = isWithoutDatabase(answer) || BEFORE_ANYTHING_IS_STORED.test(refusal);
  return isRefused ? "refused" : "unclear";
}

const BEFORE_ANYTHING_IS_STORED =
  /^(Invalid email|Can not invite|Could not convert Organization|Json Deserialization Error|Json deserialize error)/i;

/** The failure behind an answer that says no, when nothing was done. */
export function refusalIn({ refused }: Client, answer: Answer): Failure {
  const { status, refusal = "" } = answer;
  if (isWithoutDatabase(answer)) {
    const known = "Its database did not answer, so nothing was sent.";
    return new Failure("upstream_error", { detail: "HTTP 400", known });
  }
  const known = status === 429 ? "The list shows no new invitation." : "Nothing was sent.";
  const [, happened, next] = REASONS.find(([said]) => status === 400 && said.test(refusal)) ?? [];
  return happened === undefined || next === undefined
    ? refused(answer, known)
    : new Failure("rejected", { happened, next, known });
}

// The reasons that Trieve gives for refusing an invitation, in our words.
const REASONS: readonly [said: RegExp, happened: string, next: string][] = [
  [/^Invalid email/, "Trieve does not take this address (400)", "Ask the user for another address"],
  [
    /^Can not invite yourself/,
    "The address belongs to the person whose key this is, and nobody can invite themselves (400)",
    "Tell the user; repeating the same call will not help",
  ],
  [
    /^Can not invite user with higher role/,
    "The role is above the role of this server's key (400)",
    "Choose a lower role, or have the operator use the key of an owner",
  ],
];
