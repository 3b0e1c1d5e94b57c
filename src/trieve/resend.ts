import { Failure } from "../errors.ts";
import { runBatch } from "./batch.ts";
import { afterWrite, type CallContext, REPORT_MS, reserveTime } from "./call.ts";
import type { Trieve } from "./client.ts";
import { deleteListed, listAgain } from "./delete.ts";
import type { Invitation } from "./invitation.ts";
import { type Addressee, failedOutcome, type Listed, type Outcome } from "./outcome.ts";
import { post, reportSent, type Sent } from "./send.ts";

/** An invitation to be deleted and sent anew, as this role. */
export type Resend = Listed & Addressee;

// What its send may take at least, however long the delete took.
const SEND_MS = 5_000;

/**
 * Deletes and sends the invitations, one after the other, each in one slot for both. Once one is deleted, nothing gives
 * up its send. Anything unclear or refused leaves the rest untouched. What came of each is told in the order given.
 */
export function resendAll(
  trieve: Trieve,
  call: CallContext,
  targets: readonly Resend[],
): Promise<Outcome[]> {
  const { client, clock, guard } = trieve;
  return guard.oneAtATime(call, targets, async () => {
    // None is deleted that there may be no time left to send.
    const options = { untouched: "not_resent", atOnce: 1, needsMs: 30_000 } as const;
    const sent: Sent[] = [];
    await runBatch(call, targets, options, async (target, call, stop) => {
      const { invitation } = target;
      return client.inSlot(call, async (slot) => {
        const { list: before, isThere } = await listAgain(trieve, call, invitation);
        if (conflictFor(before.invitations, invitation)) throw new Failure("changed");
        if (!isThere) throw new Failure("already_gone");
        const early = reserveTime(call, SEND_MS + REPORT_MS);
        const isDeleted = await deleteListed(trieve, early, invitation, slot).catch(rethrowUnsent);
        if (!isDeleted) throw new Failure("already_gone");
        call.record(failedOutcome(target, new Failure("deleted_not_sent"), "not_resent"));
        const own = afterWrite(call, clock, SEND_MS);
        const response = await post(trieve, own, target, slot, stop).catch((error) => {
          throw error instanceof Failure ? deletedNotSent(error) : error;
        });
        if (response === undefined) return resentAs({ target, outcome: "already_member" });
        sent.push({ target, before, response });
        return undefined;
      });
    });
    await reportSent(trieve, call, sent, (outcome) => {
      const resent = resentAs(outcome);
      const { invitation } = resent.target;
      const replacement = resent.invitation;
      if (invitation) guard.past.set(invitation.id, { invitation, isResent: true, replacement });
      call.record(resent);
    });
    return call.outcomes;
  });
}

/** A failed delete, after which nothing is sent. Throws. */
function rethrowUnsent(error: unknown): never {
  if (!(error instanceof Failure && error.code === "outcome_unknown")) throw error;
  throw error.knowing(`${error.known} No new one was sent.`);
}

function deletedNotSent(cause: Failure): Failure {
  const isThrottled = cause.code === "rate_limited";
  const known = `${cause.happened}.${isThrottled ? ` ${cause.known}` : ""}`;
  return new Failure("deleted_not_sent", { ...(isThrottled && THROTTLED), known, cause });
}

const THROTTLED = {
  happened: "The old invitation is deleted, and most likely the new one was not sent",
  next: "Tell the user, wait a minute, and look with list_invitations before send_invitation invites the person again",
};

/** Why an invitation is left alone whose exact address has another one, which Trieve would not send beside. */
export function conflictFor(
  invitations: readonly Invitation[],
  { id, email }: Invitation,
): Failure | undefined {
  const isBeside = invitations.some((other) => other.id !== id && other.email === email);
  return isBeside ? new Failure("not_supported", OTHER_BESIDE) : undefined;
}

const OTHER_BESIDE = {
  happened: "The address has another invitation or a used record, so Trieve would refuse a new one",
  next: "Delete the one that is not wanted first, with delete_invitation",
};

/** What a send comes to once the old invitation is deleted. */
function resentAs(sent: Outcome): Outcome {
  const { target, outcome, failure } = sent;
  if (outcome === "already_member") {
    return failedOutcome(target, deletedNotSent(new Failure("rejected", IS_MEMBER)), "not_resent");
  }
  if (failure === undefined) return outcome === "invited" ? { ...sent, outcome: "resent" } : sent;
  if (outcome !== "mail_unconfirmed" && outcome !== "outcome_unknown") {
    return failedOutcome(target, deletedNotSent(failure), "not_resent");
  }
  const known = [OLD_IS_GONE, failure.known].filter(Boolean).join(" ");
  return { ...sent, failure: failure.knowing(known) };
}

const OLD_IS_GONE = "The old invitation is deleted, so its link no longer works.";
const IS_MEMBER = { happened: "The person is a member already" };
