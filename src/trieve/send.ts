import { Failure } from "../errors.ts";
import { earlierUnclear, runBatch } from "./batch.ts";
import { afterWrite, type CallContext, REPORT_MS, reserveTime } from "./call.ts";
import { classify, isDecidedByMembers, refusalOf, sendStatus } from "./classify.ts";
import { lookTwice, type Trieve, type WriteResponse } from "./client.ts";
import { type InvitationList, isSameEmail } from "./invitation.ts";
import { createMemberCheck, doubtFailure, findObstacle } from "./obstacle.ts";
import type { Addressee, Outcome } from "./outcome.ts";
import type { Slot } from "./slots.ts";

/** A send whose outcome only the list shows. */
export interface Sent {
  target: Addressee;
  response: WriteResponse;
  /** The list before the send. */
  before: InvitationList;
}

/**
 * Invites the addresses: reads the list, sends one POST for each `agreed` one without an obstacle, two at a time, and
 * reads the list again to see what they did. Returns the outcomes in the order given. Sends to one address never
 * overlap, even across calls.
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
  happened: "Something stood in its way when this call began, and no longer does",
  next: "Call again with the same arguments for these",
});

/**
 * Sends one POST, and stops the batch if further sends could do harm. Undefined if Trieve says that the person is a
 * member. Throws Failure if it is certain that nothing was sent.
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
  if (status === "throttled" && response.failure) stop(response.failure);
  else if (status !== "accepted") stop(earlierUnclear("outcome_unknown"));
  return response;
}

/**
 * Finds out what sends did, and calls `report` for each: reads the list, again 3 s later if an invitation is missing,
 * and the members if only they can tell.
 */
export async function reportSent(
  trieve: Trieve,
  call: CallContext,
  sent: readonly Sent[],
  report: (outcome: Outcome) => void,
): Promise<void> {
  if (sent.length === 0) return;
  const areAllThere = (list: InvitationList) => sent.every((one) => newRow(one, list));
  const reading = afterWrite(call, trieve.clock, REPORT_MS);
  const seen = await lookTwice(trieve, reading, areAllThere);
  const isMember = createMemberCheck(trieve.client, reading);
  for (const one of sent) {
    const { target, response, before } = one;
    const row = seen.map((list) => newRow(one, list)).find(Boolean);
    const asksMembers = row === undefined && isDecidedByMembers(response);
    const outcome = classify(target, response, {
      row,
      // If more rows are unreadable than before, one of them may be the missing invitation.
      isListRead: (seen.at(-1)?.skipped ?? Number.POSITIVE_INFINITY) <= before.skipped,
      isMember: asksMembers ? await isMember(target.email) : undefined,
    });
    trieve.guard.remember(outcome, sendStatus(response) === "mail_failed");
    report(outcome);
  }
}

/** The invitation to a send's address that was not listed before the send. */
function newRow({ target, before }: Sent, after: InvitationList | undefined) {
  return after?.invitations.find(
    ({ id, email }) =>
      isSameEmail(email, target.email) && !before.invitations.some((old) => old.id === id),
  );
}
