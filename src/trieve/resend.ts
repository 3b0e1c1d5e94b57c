import type { Role } from "../config/policy.ts";
import { Failure } from "../errors.ts";
import { createBatch } from "./batch.ts";
import { type CallContext, withoutCancel } from "./call.ts";
import type { Trieve } from "./client.ts";
import { deleteListed, listAgain } from "./delete.ts";
import type { Invitation } from "./invitation.ts";
import { failed, type Listed, type Outcome } from "./outcome.ts";
import { post, type Sent, tellSent } from "./send.ts";

/** An invitation to be deleted and sent anew, as this role. */
export interface Resend extends Listed {
  role: Role;
}

// How much of the call's time one needs: none is deleted that there may be no time left to send.
const NEEDS_MS = 30_000;
const AFTER_LISTING_MS = 20_000;
// What the send after a delete has at any rate: 5 s for its answer, and 8 s to tell what came of it.
const OWED_MS = 13_000;

/**
 * Deletes and sends the invitations, one after the other, each in one slot for both. Once one is deleted,
 * nothing gives up its send. Anything unclear or refused leaves the rest untouched. What came of each is told
 * in the order given.
 */
export function resendAll(
  trieve: Trieve,
  call: CallContext,
  targets: readonly Resend[],
): Promise<Outcome[]> {
  const { client, guard } = trieve;
  const emails = targets.map(({ email }) => email);
  return guard.oneAtATime(emails, async () => {
    const batch = createBatch(call, targets, "not_resent", NEEDS_MS);
    const sent: Sent[] = [];
    await batch.each(1, async (target, call) => {
      const { invitation } = target;
      const slot = await client.slot(call, "send");
      try {
        const { list: before, isThere } = await listAgain(trieve, call, invitation);
        if (besideIt(before.invitations, invitation)) throw new Failure("changed");
        if (!isThere) throw new Failure("already_gone");
        if (call.timeLeft() < AFTER_LISTING_MS) throw new Failure("timeout");
        const isDeleted = await deleteListed(trieve, call, invitation, slot).catch(withoutSend);
        if (!isDeleted) throw new Failure("already_gone");
        batch.tell(failed(target, new Failure("deleted_not_sent"), "not_resent"));
        const own = withoutCancel(call);
        own.assure(OWED_MS);
        const response = await post(trieve, own, target, slot, batch).catch(afterDelete);
        sent.push({ target, before, response });
      } finally {
        slot.release();
      }
      return undefined;
    });
    await tellSent(trieve, call, sent, (outcome) => {
      const resent = resentAs(outcome);
      const { invitation } = resent.target;
      const replacement = resent.invitation;
      if (invitation) guard.past.set(invitation.id, { invitation, isResent: true, replacement });
      batch.tell(resent);
    });
    return call.outcomes;
  });
}

/** A failed delete, after which nothing is sent. Throws. */
function withoutSend(error: unknown): never {
  if (!(error instanceof Failure && error.code === "outcome_unknown")) throw error;
  const known = [error.known, "No new one was sent."].filter(Boolean).join(" ");
  throw new Failure("outcome_unknown", { known, cause: error });
}

/** A failed send whose old invitation is deleted. Throws. */
function afterDelete(error: unknown): never {
  throw error instanceof Failure ? deletedNotSent(error) : error;
}

function deletedNotSent(cause: Failure): Failure {
  return new Failure("deleted_not_sent", { known: `${cause.happened}.`, cause });
}

/** Why an invitation is left alone whose exact address has another one, which Trieve would not send beside. */
export function besideIt(
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
  const { target, outcome, failure, invitation } = sent;
  switch (outcome) {
    case "invited":
      return { ...sent, outcome: "resent" };
    case "added":
      return sent;
    case "mail_unconfirmed": {
      const details = { happened: failure?.happened, known: OLD_LINK, cause: failure };
      return failed(target, new Failure(outcome, details), "not_resent", invitation);
    }
    case "outcome_unknown": {
      const known = [OLD_IS_GONE, failure?.known].filter(Boolean).join(" ");
      return failed(target, new Failure(outcome, { known, cause: failure }), "not_resent");
    }
    default: {
      const cause = failure ?? new Failure("rejected", { happened: IS_MEMBER });
      return failed(target, deletedNotSent(cause), "not_resent", invitation);
    }
  }
}

const OLD_LINK = "The old invitation is deleted, so its link no longer works.";
const OLD_IS_GONE = "The old invitation is deleted, and what came of sending it anew is not known.";
const IS_MEMBER = "Trieve says that the person is a member";
