import { Failure } from "../failures.ts";
import type { CallContext } from "./call-context.ts";
import { createCourse } from "./course.ts";
import { deleteAsShown } from "./delete.ts";
import type { Invitation, InvitationList, Role } from "./invitation.ts";
import { post } from "./send.ts";
import { isSameEmail, lookAfter, type Posted, type Sending, type Sent } from "./sent.ts";

/** An invitation to be deleted and sent anew, as this role. */
export interface Resend {
  shown: Invitation;
  role: Role;
}

/** What came of one. */
export interface Resent {
  outcome:
    | "resent"
    | "added"
    | "already_gone"
    | "changed"
    | "deleted_not_sent"
    | "mail_unconfirmed"
    | "outcome_unknown"
    | "not_resent";
  shown: Invitation;
  /** The new one. */
  invitation?: Invitation;
  mailFailed?: true;
  mayHaveJoined?: true;
  /** Why it is not as it was asked for. */
  failure?: Failure;
}

// How much of the call's time one needs: none is deleted that there may be no time left to send.
const NEEDS_MS = 30_000;
const AFTER_LISTING_MS = 20_000;

/**
 * Deletes and sends the invitations, one after the other, each in a turn for sends that is taken before
 * the delete. Once one is deleted, nothing gives up its send. Anything unclear or refused leaves the
 * rest untouched. What came of each is told in the order given.
 */
export async function resendAll(
  sending: Sending,
  call: CallContext,
  resends: readonly Resend[],
): Promise<Resent[]> {
  const untouched = "not_resent" as const;
  const course = createCourse(call, { count: resends.length, untouched, needsMs: NEEDS_MS });
  let skipped = 0;
  const ends: (Resent | { shown: Invitation; posted: Posted | Sent })[] = [];
  for (const [at, { shown, role }] of resends.entries()) {
    let old = "listed" as Old;
    const end = await course.run(at, (call) =>
      post(sending, call, { email: shown.email, role }, course, async () => {
        const check = (list: InvitationList) => {
          skipped = list.skipped;
          checkSendable(list, shown, call);
        };
        const { outcome } = await deleteAsShown(sending, call, shown, check);
        old = outcome;
        if (outcome === "already_gone") throw new Failure("changed", GONE);
        call.know("deleted_not_sent");
      }),
    );
    if ("left" in end) ends.push({ outcome: untouched, shown, failure: end.left });
    else if ("done" in end) {
      ends.push({ shown, posted: end.done });
      if ("outcome" in end.done || end.done.said === "invited") course.stop(NOT_SENT);
    } else {
      const told = failed(shown, end.failed, old);
      call.at(at).know(told.outcome);
      if (told.outcome === "deleted_not_sent") course.stop(NOT_SENT);
      ends.push(told);
    }
  }
  const posts = ends.flatMap((end) => ("posted" in end ? end.posted : []));
  const sent = await lookAfter(sending, call, posts, skipped);
  return ends.flatMap((end) => {
    if (!("posted" in end)) return end;
    const after = sent[posts.indexOf(end.posted)];
    return after === undefined ? [] : resent(end.shown, after);
  });
}

/** Throws Failure where the send after the delete would be refused, or might come too late. */
function checkSendable({ invitations }: InvitationList, shown: Invitation, call: CallContext) {
  if (hasOther(invitations, shown)) throw new Failure("not_supported", OTHER_BESIDE);
  if (call.timeLeft() < AFTER_LISTING_MS) throw new Failure("timeout", { nothingSent: true });
}

/** Whether the address has another invitation or a used record, which blocks a new one. */
export function hasOther(invitations: readonly Invitation[], { id, email }: Invitation): boolean {
  return invitations.some((other) => other.id !== id && isSameEmail(other.email, email));
}

/** Why an invitation is left alone whose address has another record. */
export const OTHER_BESIDE = {
  happened: "The address has another invitation or a used record, so Trieve would refuse a new one",
  next: "Delete the one that is not wanted first, with delete_invitation",
};

const GONE = { happened: "It was gone already, and nothing was sent" };
// What Trieve said of one address is not told of those that were left alone for it.
const NOT_SENT = new Failure("outcome_unknown", {
  happened: "An invitation was deleted and could not be sent anew",
});
const IS_MEMBER = new Failure("rejected", { happened: "Trieve says that the person is a member" });
const OTHER_CAME = new Failure("rejected", {
  happened: "The address was invited by somebody else in the meantime",
});

const OLD_IS_GONE = "The old invitation is deleted, and what came of sending it anew is not known.";

/** What has become of the old invitation. */
type Old = "listed" | "deleted" | "already_gone";

function failed(shown: Invitation, failure: Failure, old: Old): Resent {
  if (old === "deleted") return { outcome: "deleted_not_sent", shown, failure };
  if (old === "already_gone") return { outcome: old, shown };
  const { code } = failure;
  const outcome = code === "changed" || code === "outcome_unknown" ? code : "not_resent";
  return { outcome, shown, failure };
}

/** What came of the send, once the old invitation was deleted. */
function resent(shown: Invitation, { email: _, ...sent }: Sent): Resent {
  const { outcome } = sent;
  switch (outcome) {
    case "invited":
      return { ...sent, outcome: "resent", shown };
    case "added":
    case "mail_unconfirmed":
      return { ...sent, outcome, shown };
    case "outcome_unknown": {
      const { failure } = sent;
      if (failure?.nothingSent) return failed(shown, failure, "deleted");
      const known = [OLD_IS_GONE, failure?.known].filter(Boolean).join(" ");
      return { ...sent, outcome, shown, failure: new Failure(outcome, { known, cause: failure }) };
    }
    case "already_member":
      return failed(shown, IS_MEMBER, "deleted");
    default:
      return failed(shown, sent.failure ?? OTHER_CAME, "deleted");
  }
}
