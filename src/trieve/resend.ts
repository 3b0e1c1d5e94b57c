import { Failure } from "../errors.ts";
import { runBatch } from "./batch.ts";
import { afterWrite, type CallContext, REPORT_MS, reserveTime } from "./call.ts";
import type { Trieve } from "./client.ts";
import { deleteListed, listAgain } from "./delete.ts";
import type { Invitation } from "./invitation.ts";
import {
  type Addressee,
  failedOutcome,
  type Listed,
  type Outcome,
  type TargetFailure,
} from "./outcome.ts";
import { post, reportSent, type Sent } from "./send.ts";

/** An invitation to delete and send again, with this role. */
export type Resend = Listed & Addressee;

// The least time a send gets, however long the delete took.
const SEND_MS = 5_000;

/**
 * Deletes each invitation and sends it again, one by one, in one slot for both requests. Once one is deleted, its send
 * is not cancelled. After an unclear result or a refusal the rest are left alone. Returns outcomes in the order given.
 */
export function resendAll(
  trieve: Trieve,
  call: CallContext,
  targets: readonly Resend[],
): Promise<Outcome[]> {
  const { client, clock, guard } = trieve;
  return guard.oneAtATime(call, targets, async () => {
    // Nothing is deleted unless there is time to send it again.
    const options = { untouched: "not_resent", atOnce: 1, needsMs: 30_000 } as const;
    const sent: Sent[] = [];
    await runBatch(call, targets, options, async (target, call, stop) => {
      const { invitation } = target;
      return client.inSlot(call, async (slot) => {
        const { list: before, isThere } = await listAgain(trieve, call, invitation);
        if (conflictFor(before.invitations, invitation)) throw new Failure("changed");
        if (!isThere) throw new Failure("already_gone");
        const deleting = reserveTime(call, SEND_MS + REPORT_MS);
        const isDeleted = await deleteListed(trieve, deleting, invitation, slot).catch(
          rethrowWithNothingSent,
        );
        if (!isDeleted) throw new Failure("already_gone");
        call.record(failedOutcome(target, new Failure("deleted_not_sent")));
        const sending = afterWrite(call, clock, SEND_MS);
        const response = await post(trieve, sending, target, slot, stop).catch((error) => {
          throw error instanceof Failure ? deletedNotSent(error) : error;
        });
        if (response === undefined) return asResent({ target, outcome: "already_member" });
        sent.push({ target, before, response });
        return undefined;
      });
    });
    await reportSent(trieve, call, sent, (outcome) => {
      const resent = asResent(outcome);
      const { invitation } = resent.target;
      const replacement = resent.invitation;
      if (invitation) guard.deleted.set(invitation.id, { invitation, isResent: true, replacement });
      call.record(resent);
    });
    return call.outcomes;
  });
}

/** Rethrows the error of a delete; if its outcome is unknown, adds that nothing was sent. */
function rethrowWithNothingSent(error: unknown): never {
  if (!(error instanceof Failure && error.code === "outcome_unknown")) throw error;
  throw error.withKnown(`${error.known} No new one was sent.`);
}

function deletedNotSent(cause: Failure) {
  const isThrottled = cause.code === "rate_limited";
  const known = `${cause.happened}.${isThrottled ? ` ${cause.known}` : ""}`;
  return new Failure("deleted_not_sent", { ...(isThrottled && THROTTLED), known, cause });
}

const THROTTLED = {
  happened: "The old invitation is deleted, and most likely the new one was not sent",
  next: "Tell the user, wait a minute, and look with list_invitations before send_invitation invites the person again",
};

/** Why an invitation cannot be resent if its exact address has another one: Trieve would refuse the new one. */
export function conflictFor(
  invitations: readonly Invitation[],
  { id, email }: Invitation,
): TargetFailure | undefined {
  const hasOther = invitations.some((other) => other.id !== id && other.email === email);
  return hasOther ? new Failure("not_supported", OTHER_EXISTS) : undefined;
}

const OTHER_EXISTS = {
  happened: "The address has another invitation or a used record, so Trieve would refuse a new one",
  next: "First delete the one that is not wanted, with delete_invitation",
};

/** The outcome of a send as that of a resend, whose old invitation is deleted. */
function asResent(sent: Outcome): Outcome {
  const { target, outcome, failure } = sent;
  if (outcome === "already_member") {
    return failedOutcome(target, deletedNotSent(new Failure("rejected", IS_MEMBER)));
  }
  if (failure === undefined) return outcome === "invited" ? { ...sent, outcome: "resent" } : sent;
  if (outcome !== "mail_unconfirmed" && outcome !== "outcome_unknown") {
    return failedOutcome(target, deletedNotSent(failure));
  }
  const known = [OLD_IS_GONE, failure.known].filter(Boolean).join(" ");
  return { ...sent, failure: failure.withKnown(known) };
}

const OLD_IS_GONE = "The old invitation is deleted, so its link no longer works.";
const IS_MEMBER = { happened: "The person is a member already" };
