import { Failure } from "../failures.ts";
import type { CallContext } from "./call-context.ts";
import type { Answer, Cancellable, Client } from "./client.ts";
import { isWithoutDatabase } from "./http-failure.ts";
import type { Invitation } from "./invitation.ts";

export type DeleteOutcome = { outcome: "deleted" | "already_gone"; invitation: Invitation };

/**
 * Deletes the invitation if it still is as `shown`, with at most two DELETEs. Throws Failure:
 * `changed` when it is not, `outcome_unknown` when a DELETE went out and its end is unclear.
 */
export async function deleteAsShown(
  client: Client,
  call: CallContext,
  shown: Invitation,
): Promise<DeleteOutcome> {
  const deleted: DeleteOutcome = { outcome: "deleted", invitation: shown };
  const find = async (cancellable: Cancellable) => {
    const { invitations } = await client.list(call, cancellable);
    const found = invitations.find(({ id }) => id === shown.id);
    if (found !== undefined && !isUnchanged(found, shown)) throw new Failure("changed");
    return found;
  };
  const isStillThere = async (...answers: (Answer | undefined)[]) => {
    try {
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
  const first = await client.delete(call, shown.id, "until_sent");
  if (isDone(client, first)) return deleted;
  if (!(await isStillThere(first))) {
    // Trieve answers 400, not 404, for an id that is gone: somebody else was faster. After any other
    // end it was most likely this DELETE.
    return first?.status === 400 ? { outcome: "already_gone", invitation: shown } : deleted;
  }
  const second = await client.delete(call, shown.id, "never");
  if (isDone(client, second) || !(await isStillThere(first, second))) return deleted;
  if (second === undefined) {
    throw new Failure("outcome_unknown", {
      known: "The invitation is still listed, but a request may still take effect.",
    });
  }
  // A 400 of a DELETE has nothing to do with its arguments: the row is there.
  if (second.status === 400) {
    throw new Failure("upstream_error", { detail: "HTTP 400", known: STILL_LISTED });
  }
  throw client.refused(second, STILL_LISTED);
}

const STILL_LISTED = "The invitation is still listed.";

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
