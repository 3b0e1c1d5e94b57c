import { Failure } from "../errors.ts";
import { runBatch } from "./batch.ts";
import { afterWrite, type CallContext, REPORT_MS, reserveTime } from "./call.ts";
import { classify, isDecidedByMembers, refusalOf, sendStatus } from "./classify.ts";
import { lookTwice, type Trieve, type WriteResponse } from "./client.ts";
import { type InvitationList, isSameEmail } from "./invitation.ts";
import { createMemberCheck, doubtFailure, findObstacle } from "./obstacle.ts";
import type { Addressee, Outcome } from "./outcome.ts";
import type { Slot } from "./slots.ts";

/** A send whose outcome only the list can tell. */
export interface Sent {
  target: Addressee;
  response: WriteResponse;
  /** The list as it was before. */
  before: InvitationList;
}

/**
 * Invites the addresses: reads the list, sends one POST to each that is `agreed` to and that nothing stands in the way
 * of, two at a time, and reads the list again to tell what came of them, in the order given. Sends to one address never
 * overlap, whichever call they belong to.
 */
export function sendAll(
  trieve: Trieve,
  call: CallContext,
  targets: readonly Addressee[],
  agreed: readonly Addressee[],
): Promise<Outcome[]> {
  const { client, guard } = trieve;
  return guard.oneAtATime(call, targets, async () => {
    const options = { untouched: "not_sent", atOnce: 2, needsMs: 20_000 } as const;
    const isMember = createMemberCheck(client, reserveTime(call, REPORT_MS));
    const sent: Sent[] = [];
    const reading = client.list(call);
    await runBatch(call, targets, options, async (target, call, stop) => {
      const before = await reading.catch((error) => {
        throw guard.doubts.get(target.email) ? doubtFailure() : error;
      });
      const obstacle = await findObstacle(trieve, target, before, isMember);
      if (obstacle !== undefined) return obstacle;
      if (!agreed.includes(target)) {
        return { target, outcome: "not_sent", failure: NOT_ASKED_ABOUT };
      }
      const work = (slot: Slot) => post(trieve, call, target, slot, stop);
      const response = await client.inSlot(call, work);
      if (response === undefined) return { target, outcome: "already_member" };
      sent.push({ target, before, response });
      return undefined;
    });
    await reportSent(trieve, call, sent, call.record);
    return call.outcomes;
  });
}

const NOT_ASKED_ABOUT = new Failure("changed", {
  happened: "It was left out of the question, but what stood in its way is gone now",
  next: "Call again with the same arguments for these",
});

/**
 * Sends one POST, and stops the batch where more would make things worse. Undefined where Trieve says that the person is
 * a member. Throws Failure when it is certain that nothing was sent.
 */
export async function post(
  { client, guard }: Trieve,
  call: CallContext,
  target: Addressee,
  slot: Slot,
  stop: (reason: Failure) => void,
): Promise<WriteResponse | undefined> {
  const response = await client.send(call, target, slot);
  const status = sendStatus(response);
  if (status === "refused") throw refusalOf(response);
  if (status === "member") {
    guard.remember({ target, outcome: "already_member" });
    return undefined;
  }
  if (status === "throttled") stop(response.failure ?? NOT_CLEAR);
  else if (status !== "accepted") stop(NOT_CLEAR);
  return response;
}

const NOT_CLEAR = new Failure("outcome_unknown", {
  happened: "The mail of another send failed, or what came of it is unclear",
  next: "First find out what came of that one",
});

/**
 * Tells what came of sends by reading the list, once more after 3 s where an invitation is missing, and the
 * members where those decide.
 */
export async function reportSent(
  trieve: Trieve,
  call: CallContext,
  sent: readonly Sent[],
  tell: (outcome: Outcome) => void,
): Promise<void> {
  if (sent.length === 0) return;
  const areAllThere = (list: InvitationList) => sent.every((one) => newRow(one, list));
  const own = afterWrite(call, trieve.clock, REPORT_MS);
  const seen = await lookTwice(trieve, own, areAllThere);
  const isMember = createMemberCheck(trieve.client, own);
  for (const one of sent) {
    const { target, response, before } = one;
    const row = seen.map((list) => newRow(one, list)).find(Boolean);
    const asksMembers = row === undefined && isDecidedByMembers(response);
    const outcome = classify(target, response, {
      row,
      // One more row that cannot be read may be the one that is missing.
      isListRead: (seen.at(-1)?.skipped ?? Number.POSITIVE_INFINITY) <= before.skipped,
      isMember: asksMembers ? await isMember(target.email) : undefined,
    });
    trieve.guard.remember(outcome, sendStatus(response) === "mail_failed");
    tell(outcome);
  }
}

/** The invitation with the address of a send that was not there before. */
function newRow({ target, before }: Sent, after: InvitationList | undefined) {
  return after?.invitations.find(
    ({ id, email }) =>
      isSameEmail(email, target.email) && !before.invitations.some((old) => old.id === id),
  );
}
