import { Failure } from "../errors.ts";
import type { WriteResponse } from "./client.ts";
import type { Invitation } from "./invitation.ts";
import { failedOutcome, type Outcome, type Target } from "./outcome.ts";

/**
 * What the response to a send says: Trieve accepted it, nothing was done (`member`, `refused`), or only the list can
 * tell. Trieve also answers 400 when it stored the invitation but the mail failed, so a 400 proves something only if
 * its text is a known one.
 */
export function sendStatus({ status, refusal, failure }: WriteResponse) {
  if (failure === undefined) return "accepted";
  // A proxy that answers 429 has most likely not forwarded the request.
  if (status === 429) return "throttled";
  // The answer of a gateway in front of Trieve proves nothing, whatever it says.
  if (failure.origin !== "trieve") return "unclear";
  if (status === 401 || status === 403 || status === 404) return "refused";
  if (status !== 400) return "unclear";
  if (/^User with email .* is already in the organization/s.test(refusal)) return "member";
  if (/^User with email .* has already been invited/s.test(refusal)) return "invited";
  if (refusal === "Error sending email.") return "mail_failed";
  return NOTHING_STORED.test(refusal) ? "refused" : "unclear";
}

const NOTHING_STORED =
  /^(Invalid email|Can not invite|Could not convert Organization|Could not get database connection|Json Deserialization Error|Json deserialize error)/i;

// Trieve's reasons for refusing an invitation, and our words for them.
const REASONS: readonly [pattern: RegExp, happened: string, next: string][] = [
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

/** The failure for a response that proves nothing was sent. */
export function refusalOf({ status, refusal, failure }: WriteResponse): Failure {
  const known = "Nothing was sent.";
  if (failure && status !== 400) return failure.withKnown(known);
  if (refusal.startsWith("Could not get database connection")) {
    const detail = "HTTP 400, its database did not answer";
    return new Failure("upstream_error", { detail, known, origin: "trieve" });
  }
  const [, happened, next] = REASONS.find(([pattern]) => pattern.test(refusal)) ?? [];
  return new Failure("rejected", { happened, next, known, origin: "trieve" });
}

/** What the list and the members show after a send. */
export interface Seen {
  /** The new invitation to this address, if there is one. */
  row: Invitation | undefined;
  /** Whether the list could be read, as fully as before the send. */
  isListRead: boolean;
  /** Whether the address is a member's; undefined if the members could not be read. */
  isMember: boolean | undefined;
}

/** Whether the list of members is needed to tell what a send did that left no invitation. */
export function isDecidedByMembers(response: WriteResponse): boolean {
  return ["accepted", "mail_failed", "throttled"].includes(sendStatus(response));
}

/** The outcome of a send, from its response and from what the list and the members show afterwards. */
export function classify(
  target: Target,
  response: WriteResponse,
  { row, isListRead, isMember }: Seen,
): Outcome {
  const status = sendStatus(response);
  if (row !== undefined) {
    if (status === "accepted") return { target, outcome: "invited", invitation: row };
    const happened = status === "mail_failed" ? MAIL_FAILED : undefined;
    return failedOutcome(target, new Failure("mail_unconfirmed", { happened }), row);
  }
  const isStored = status === "accepted" || status === "mail_failed";
  if (isStored && isListRead && isMember !== false) {
    const reasons = [isMember === undefined && PROBABLY, status === "mail_failed" && NO_MAIL];
    return { target, outcome: "added", reason: reasons.filter(Boolean).join("; ") || undefined };
  }
  if (status === "throttled" && isListRead && response.failure) {
    if (isMember) return { target, outcome: "already_member" };
    return { target, outcome: "not_sent", failure: response.failure.withKnown(NOT_LISTED) };
  }
  const says = SAYS[status] ?? unclearText(response);
  const shows = isStored ? NEITHER : "the list does not show that address";
  const known = `${says}, and ${isListRead ? shows : UNREAD}. ${IN_DOUBT}`;
  return failedOutcome(target, new Failure("outcome_unknown", { known }));
}

const MAIL_FAILED = "The invitation exists. Its mail failed, so the person has no link";
const PROBABLY =
  "probably: the list shows no invitation, and the members could not be read to be sure";
const NO_MAIL = "Trieve says that its mail failed, so the person was not told";

const SAYS: Partial<Record<ReturnType<typeof sendStatus>, string>> = {
  accepted: "Trieve accepted the invitation",
  mail_failed: "Trieve says that its mail failed",
  invited: "Trieve says that the address is invited already",
  throttled: "Something before Trieve answered 429",
};
const NOT_LISTED = "The list does not show the address.";
const NEITHER = "shows the address neither as invited nor as a member";
const UNREAD = "the list could not be read in full afterwards";

/** Describes a response that leaves open what the send did. */
function unclearText({ status, failure }: WriteResponse): string {
  if (status === 0) return `The request was sent, no answer came (${failure?.happened})`;
  const who = failure?.origin === "gate" ? "something before Trieve" : "Trieve";
  return `The request was sent, ${who} answered HTTP ${status}`;
}

/** Added to every message about a send that may have reached the address. */
export const IN_DOUBT =
  "A person with an account may have joined. Another send to the address is refused for two minutes.";
