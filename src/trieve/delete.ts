import { Failure } from "../errors.ts";
import { runBatch } from "./batch.ts";
import { afterWrite, type CallContext, REPORT_MS } from "./call.ts";
import { lookTwice, type Trieve } from "./client.ts";
import { type Invitation, type InvitationList, isUnchanged } from "./invitation.ts";
import type { Listed, Outcome } from "./outcome.ts";
import type { Slot } from "./slots.ts";

/**
 * Deletes the invitations one after the other, each only if it is still as listed. After an unclear result or a
 * refusal the rest are left alone. Returns the outcomes in the order given.
 */
export async function deleteAll(
  trieve: Trieve,
  call: CallContext,
  targets: readonly Listed[],
): Promise<Outcome[]> {
  const options = { untouched: "not_deleted", atOnce: 1, needsMs: 20_000 } as const;
  await runBatch(call, targets, options, async (target, call) => {
    const { isThere } = await listAgain(trieve, call, target.invitation);
    const isDeleted = isThere && (await deleteListed(trieve, call, target.invitation));
    return { target, outcome: isDeleted ? "deleted" : "already_gone" };
  });
  return call.outcomes;
}

/** Reads the list again and looks for an invitation in it. Throws Failure `changed` if it is not as it was listed. */
export async function listAgain(
  { client }: Trieve,
  call: CallContext,
  listed: Invitation,
): Promise<{ list: InvitationList; isThere: boolean }> {
  const list = await client.list(call);
  const state = stateIn(list, listed);
  if (state === "changed") throw new Failure("changed");
  return { list, isThere: state === "there" };
}

type State = "there" | "gone" | "changed" | "unread";

function stateIn(list: InvitationList | undefined, listed: Invitation): State {
  if (list === undefined) return "unread";
  const found = list.invitations.find(({ id }) => id === listed.id);
  if (found !== undefined) return isUnchanged(found, listed) ? "there" : "changed";
  // An unreadable row may be this invitation, so its absence proves nothing.
  return list.skipped === 0 ? "gone" : "changed";
}

/**
 * Deletes a listed invitation with at most two DELETEs, in `slot` if one is given. False if another call of this
 * process is known to have deleted it first. Throws Failure, `outcome_unknown` if the result is unclear.
 */
export async function deleteListed(
  trieve: Trieve,
  call: CallContext,
  listed: Invitation,
  slot?: Slot,
): Promise<boolean> {
  const { client, guard } = trieve;
  const { status, failure } = await client.delete(call, listed.id, slot);
  const isRefused = status === 401 || status === 403;
  if (isRefused && failure?.origin === "trieve") throw failure.withKnown("Nothing was deleted.");
  let state: State | "deleted" = failure ? await stateAfter(trieve, call, listed) : "deleted";
  if (state === "there") {
    // Whatever becomes of the second DELETE, the first may still take effect.
    const second = await client.delete(call, listed.id, slot).catch(() => undefined);
    if (second?.status === 204) state = "deleted";
    else if (second) state = await stateAfter(trieve, call, listed);
  }
  if (failure && state !== "deleted" && state !== "gone") {
    throw new Failure("outcome_unknown", { known: `${failure.happened}. ${UNCLEAR[state]}` });
  }
  if (state === "gone" && guard.deleted.get(listed.id) !== undefined) return false;
  guard.deleted.set(listed.id, { invitation: listed, isResent: false });
  return true;
}

/**
 * What the list shows of an invitation after a DELETE, by up to two looks 3 s apart. Trieve answers 400, not 404, for
 * an id that is gone, so only the list can tell.
 */
async function stateAfter(trieve: Trieve, call: CallContext, listed: Invitation): Promise<State> {
  const isSettled = (list: InvitationList) => stateIn(list, listed) !== "there";
  const own = afterWrite(call, trieve.clock, REPORT_MS);
  return stateIn((await lookTwice(trieve, own, isSettled)).at(-1), listed);
}

const UNCLEAR = {
  there: "The invitation is still listed, but a request may still take effect.",
  changed:
    "The invitation changed meanwhile, or cannot be read any more, and a request may still take effect.",
  unread: "The request went out, and the list could not be read in time to tell what it did.",
};
