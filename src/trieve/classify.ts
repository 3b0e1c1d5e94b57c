import { Failure } from "../errors.ts";
import type { WriteResponse } from "./client.ts";
import type { Invitation } from "./invitation.ts";
import { failed, type Outcome, type Target } from "./outcome.ts";
import { type SendStatus, sendStatus } from "./send-status.ts";

/** What was seen after a send. */
export interface Seen {
  /** The invitation with this address that was not there before. */
  row: Invitation | undefined;
  /** Whether the list could be read, as fully as before the send. */
  isListRead: boolean;
  /** Whether the address is among the members; undefined where they could not be read. */
  isMember: boolean | undefined;
}

/** Whether the members decide what came of a send that left no invitation. */
export function isDecidedByMembers(response: WriteResponse): boolean {
  return ["accepted", "mail_failed"].includes(sendStatus(response));
}

/** What came of a send, by how it was answered and what was seen afterwards. */
export function classify(
  target: Target,
  response: WriteResponse,
  { row, isListRead, isMember }: Seen,
): Outcome {
  const status = sendStatus(response);
  if (row !== undefined && status === "accepted") {
    return { target, outcome: "invited", invitation: row };
  }
  if (row !== undefined) {
    const happened = status === "mail_failed" ? MAIL_FAILED : undefined;
    const failure = new Failure("mail_unconfirmed", { happened });
    return failed(target, failure, "not_sent", row);
  }
  const isTaken = status === "accepted" || status === "mail_failed";
  const isAdded = isTaken && isListRead && isMember !== false;
  if (isAdded) {
    const reasons = [
      ...(isMember === undefined ? [PROBABLY] : []),
      ...(status === "mail_failed" ? [NOT_TOLD] : []),
    ];
    return { target, outcome: "added", reason: reasons.join("; ") || undefined };
  }
  if (status === "throttled" && isListRead && response.failure) {
    return failed(target, response.failure.knowing(NOT_LISTED), "not_sent");
  }
  const says = SAYS[status] ?? unclearText(response);
  const shows = isTaken ? NEITHER : "the list does not show that address";
  const known = `${says}, and ${isListRead ? shows : UNREAD}. ${IN_DOUBT}`;
  return failed(target, new Failure("outcome_unknown", { known }), "not_sent");
}

const MAIL_FAILED = "The invitation exists. Its mail failed, so the person has no link";
const PROBABLY =
  "probably: the list shows no invitation, and the members could not be read to be sure";
const NOT_TOLD = "Trieve says that its mail failed, so nothing told the person";

const SAYS: Partial<Record<SendStatus, string>> = {
  accepted: "Trieve accepted the invitation",
  mail_failed: "Trieve says that its mail failed",
  invited: "Trieve says that the address is invited already",
  throttled: "Something before Trieve answered 429",
};
const NOT_LISTED = "The list does not show the address.";
const NEITHER = "shows the address neither as invited nor as a member";
const UNREAD = "the list could not be read in full afterwards";

/** What is said of a response that does not tell what came of the send. */
function unclearText({ status, failure }: WriteResponse): string {
  if (status === 0) return `The request was sent, but no answer came (${failure?.happened})`;
  const who = failure?.origin === "gate" ? " from something before Trieve" : "";
  return `The request was sent, and the answer was HTTP ${status}${who}`;
}

/** What has to be known of an address to which something may have been sent. */
export const IN_DOUBT =
  "A person with an account may have joined. Another send to the address is refused for two minutes.";
