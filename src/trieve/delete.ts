import type { Clock } from "../clock.ts";
import { Failure } from "../failures.ts";
import type { Cancellable } from "./attempt.ts";
import type { CallContext } from "./call-context.ts";
import type { Answer, Client } from "./client.ts";
import { createCourse } from "./course.ts";
import { isWithoutDatabase } from "./http-failure.ts";
import type { Invitation, InvitationList } from "./invitation.ts";
import { SECOND_LOOK_MS } from "./limits.ts";
import type { SendGuard } from "./send-guard.ts";

/** What came of deleting one invitation. */
export interface Deleted {
  outcome: "deleted" | "already_gone" | "changed" | "not_deleted" | "outcome_unknown";
  invitation: Invitation;
  /** Why it is one of the last three. */
  failure?: Failure;
}

export interface Deleting {
  client: Client;
  clock: Clock;
  guard: SendGuard;
}

// How much of the call's time a delete needs, so that its end can be told.
const NEEDS_MS = 20_000;

/**
 * Deletes the invitations one after the other, each if it still is as shown. An end that is unclear, or
 * a refusal, leaves the rest untouched. What came of each is told in the order given.
 */
export async function deleteAll(
  deleting: Deleting,
  call: CallContext,
  shown: readonly Invitation[],
): Promise<Deleted[]> {
  const untouched = "not_deleted" as const;
  const course = createCourse(call, { count: shown.length, untouched, needsMs: NEEDS_MS });
  const told: Deleted[] = [];
  for (const [at, invitation] of shown.entries()) {
    const end = await course.run(at, (call) => deleteAsShown(deleting, call, invitation));
    if ("left" in end) told.push({ outcome: untouched, invitation, failure: end.left });
    else {
      const deleted = "done" in end ? end.done : failed(invitation, end.failed);
      call.at(at).know(deleted.outcome);
      told.push(deleted);
    }
  }
  return told;
}

function failed(invitation: Invitation, failure: Failure): Deleted {
  const { code } = failure;
  const outcome = code === "changed" || code === "outcome_unknown" ? code : "not_deleted";
  return { outcome, invitation, failure };
}

/**
 * Deletes the invitation if it still is as `shown` and the list is fine with `check`, with at most two
 * DELETEs. Throws Failure: `changed` when it is not as shown, `outcome_unknown` when a DELETE went out
 * and its end is unclear.
 */
export async function deleteAsShown(
  deleting: Deleting,
  call: CallContext,
  shown: Invitation,
  check: (list: InvitationList) => void = () => {},
): Promise<DeletedOne> {
  const end = await deleteOne(deleting, call, shown, check);
  deleting.client.hide(shown.id);
  deleting.guard.noteDelete(shown);
  return end;
}

interface DeletedOne {
  outcome: "deleted" | "already_gone";
  invitation: Invitation;
}

async function deleteOne(
  { client, clock }: Deleting,
  call: CallContext,
  shown: Invitation,
  check: (list: InvitationList) => void,
): Promise<DeletedOne> {
  const deleted = { outcome: "deleted", invitation: shown } as const;
  const find = async (cancellable: Cancellable) => {
    const list = await client.list(call, cancellable);
    const found = list.invitations.find(({ id }) => id === shown.id);
    if (found !== undefined && !isUnchanged(found, shown)) throw new Failure("changed");
    // Before the first DELETE only: afterwards it has to be told what came of it.
    if (found !== undefined && cancellable === "always") check(list);
    return found;
  };
  const isStillThere = async (...answers: (Answer | undefined)[]) => {
    try {
      if ((await find("never")) === undefined) return false;
      await clock.sleep(SECOND_LOOK_MS);
      return (await find("never")) !== undefined;
    } catch (error) {
      if (error instanceof Failure && error.code === "changed") throw error;
      if (answers.every(isWithoutDatabase)) {
        const known = "Its database did not answer, so nothing was deleted.";
        throw new Failure("upstream_error", { detail: "HTTP 400", known });
      }
      throw new Failure("outcome_unknown", {
        known: "The request went out, and afterwards the list could not be read.",
        cause: error,
      });
    }
  };

  if ((await find("always")) === undefined) {
    return { outcome: "already_gone", invitation: shown };
  }
  const again = async (first: Answer | undefined): Promise<DeletedOne> => {
    if (!(await isStillThere(first))) {
      // Trieve answers 400, not 404, for an id that is gone: somebody else was faster. After any other
      // end it was most likely this DELETE.
      return first?.status === 400 ? { outcome: "already_gone", invitation: shown } : deleted;
    }
    const second = await client.delete(call, shown.id, "never");
    if (isDone(client, second) || !(await isStillThere(first, second))) return deleted;
    if (second === undefined || isUnclear(second)) {
      throw new Failure("outcome_unknown", { known: MAY_STILL });
    }
    // A 400 of a DELETE has nothing to do with its arguments: the row is there.
    if (second.status === 400 && !second.isPage) {
      throw new Failure("upstream_error", { detail: "HTTP 400", known: STILL_LISTED });
    }
    throw client.refused(second, STILL_LISTED);
  };

  const first = await client.delete(call, shown.id, "until_sent");
  if (isDone(client, first)) return deleted;
  try {
    return await again(first);
  } catch (error) {
    if (!(error instanceof Failure) || error.code === "outcome_unknown" || !isUnclear(first)) {
      throw error;
    }
    // However the second went, the first is on its way.
    throw new Failure("outcome_unknown", { known: MAY_STILL, cause: error });
  }
}

const STILL_LISTED = "The invitation is still listed.";
const MAY_STILL = "The invitation is still listed, but a request may still take effect.";

/** Whether Trieve may still be at work: no answer came, or that of a proxy which waited no longer. */
function isUnclear(answer: Answer | undefined): boolean {
  return answer === undefined || answer.status === 502 || answer.status === 504;
}

/** True for 204; throws for the answers that say no and leave no doubt. */
function isDone({ refused }: Client, answer: Answer | undefined): boolean {
  if (answer?.status === 401 || answer?.status === 403) throw refused(answer);
  return answer?.status === 204;
}

function isUnchanged(a: Invitation, b: Invitation): boolean {
  return (
    a.email === b.email &&
    a.role === b.role &&
    a.status === b.status &&
    a.sentAt === b.sentAt &&
    a.scoped === b.scoped
  );
}
