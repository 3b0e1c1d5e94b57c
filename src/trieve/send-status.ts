import { Failure } from "../errors.ts";
import type { WriteResponse } from "./client.ts";

/**
 * What the response to a send says: that Trieve took it; that nothing was done (`member`, `refused`); or
 * something that only the list can tell.
 */
export type SendStatus =
  | "accepted"
  | "member"
  | "refused"
  | "invited"
  | "mail_failed"
  | "throttled"
  | "unclear";

/**
 * What a response to a POST says. Trieve's 400 also stands for "stored, but the mail failed", so it
 * proves something only with a text that is known.
 */
export function sendStatus({ status, refusal, failure }: WriteResponse): SendStatus {
  if (failure === undefined) return "accepted";
  // A proxy that says so has most likely passed nothing on.
  if (status === 429) return "throttled";
  // What something before Trieve answers proves nothing, whatever it says.
  if (failure.origin !== "trieve") return "unclear";
  if (status === 401 || status === 403 || status === 404) return "refused";
  if (status !== 400) return "unclear";
  if (/^User with email .* is already in the organization/s.test(refusal)) return "member";
  if (/^User with email .* has already been invited/s.test(refusal)) return "invited";
  if (refusal === "Error sending email.") return "mail_failed";
  return BEFORE_ANYTHING_IS_STORED.test(refusal) ? "refused" : "unclear";
}

const BEFORE_ANYTHING_IS_STORED =
  /^(Invalid email|Can not invite|Could not convert Organization|Could not get database connection|Json Deserialization Error|Json deserialize error)/i;

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

/** The failure behind a refusal by which nothing was sent. */
export function refusalOf({
  status,
  refusal,
  failure = new Failure("rejected"),
}: WriteResponse): Failure {
  const known = "Nothing was sent.";
  if (status !== 400) return failure.knowing(known);
  if (refusal.startsWith("Could not get database connection")) {
    const detail = "HTTP 400, its database did not answer";
    return new Failure("upstream_error", { detail, known, origin: "trieve" });
  }
  const [, happened, next] = REASONS.find(([said]) => said.test(refusal)) ?? [];
  return new Failure("rejected", { happened, next, known, origin: "trieve" });
}
