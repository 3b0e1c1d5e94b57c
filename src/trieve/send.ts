import { Failure } from "../errors.ts";
import { type Batch, createBatch } from "./batch.ts";
import { type CallContext, withoutCancel } from "./call.ts";
import { classify, isDecidedByMembers } from "./classify.ts";
import type { Trieve, WriteResponse } from "./client.ts";
import { type InvitationList, isSameEmail } from "./invitation.ts";
import { SECOND_LOOK_MS } from "./limits.ts";
import { findObstacle, memberCheck } from "./obstacle.ts";
import type { Addressee, Outcome } from "./outcome.ts";
import type { SendGuard } from "./send-guard.ts";
import { refusalOf, type SendStatus, sendStatus } from "./send-status.ts";
import type { Slot } from "./slots.ts";

/** A send whose outcome only the list can tell. */
export interface Sent {
  target: Addressee;
  response: WriteResponse;
  /** The list as it was before. */
  before: InvitationList;
}

const AT_ONCE = 2;
// How much of the call's time a send needs, so that what came of it can be told.
const NEEDS_MS = 20_000;

/**
 * Invites the addresses: reads the list, sends one POST to each that is `agreed` to and that nothing stands in
 * the way of, two at a time, and reads the list again to tell what came of them, in the order given. Sends to
 * one address never overlap, whichever call they belong to.
 */
export function sendAll(
  trieve: Trieve,
  call: CallContext,
  targets: readonly Addressee[],
  agreed: readonly Addressee[],
): Promise<Outcome[]> {
  const { client, guard } = trieve;
  const emails = targets.map(({ email }) => email);
  return guard.oneAtATime(emails, async () => {
    const batch = createBatch(call, targets, "not_sent", NEEDS_MS);
    const isMember = memberCheck(client, call);
    const sent: Sent[] = [];
    const reading = client.list(call);
    await batch.each(AT_ONCE, async (target, call) => {
      const before = await reading;
      const obstacle = await findObstacle(trieve, target, before, isMember);
      if (obstacle !== undefined) return obstacle;
      if (!agreed.includes(target)) {
        return { target, outcome: "not_sent", failure: NOT_ASKED_ABOUT };
      }
      const slot = await client.slot(call, "send");
      try {
        batch.check();
        const one = { target, before, response: await post(trieve, call, target, slot, batch) };
        // What is known already is told at once: a call may break off.
        if (sendStatus(one.response) === "member") await tellSent(trieve, call, [one], batch.tell);
        else sent.push(one);
      } finally {
        slot.release();
      }
      return undefined;
    });
    await tellSent(trieve, call, sent, batch.tell);
    return call.outcomes;
  });
}

const NOT_ASKED_ABOUT = new Failure("changed", {
  happened: "It was left out of the question, but what stood in its way is gone now",
  next: "Call again with the same arguments for these",
});

/**
 * Sends one POST, and stops the batch where more would make things worse. Throws Failure when it is certain that
 * nothing was sent.
 */
export async function post(
  { client }: Trieve,
  call: CallContext,
  target: Addressee,
  slot: Slot,
  batch: Pick<Batch<Addressee>, "stop">,
): Promise<WriteResponse> {
  const response = await client.send(call, slot, target);
  const status = sendStatus(response);
  if (status === "refused") throw refusalOf(client, response);
  if (status === "throttled") batch.stop(client.failureOf(response));
  const happened = STOPS[status];
  if (happened !== undefined) batch.stop(new Failure("outcome_unknown", { happened }));
  return response;
}

const STOPS: Partial<Record<SendStatus, string>> = {
  unclear: "What came of another send is unclear",
  invited: "What came of another send is unclear",
  mail_failed: "Trieve says that the mail of another send failed",
};

/**
 * Tells what came of sends by reading the list, once more after 3 s where an invitation is missing, and the
 * members where those decide.
 */
export async function tellSent(
  { client, clock, guard }: Trieve,
  call: CallContext,
  sent: readonly Sent[],
  tell: (outcome: Outcome) => void,
): Promise<void> {
  const own = withoutCancel(call);
  const look = () => client.list(own).catch(() => undefined);
  const open = sent.filter(({ response }) => sendStatus(response) !== "member");
  const first = open.length > 0 ? await look() : undefined;
  const missing = open.filter((one) => newRow(one, first) === undefined);
  if (missing.length > 0) await clock.sleep(SECOND_LOOK_MS);
  const last = missing.length > 0 ? await look() : first;
  const isMember = memberCheck(client, own);
  for (const one of sent) {
    const { target, response } = one;
    const row = newRow(one, first) ?? newRow(one, last);
    const asksMembers = row === undefined && isDecidedByMembers(response);
    const outcome = classify(client, target, response, {
      row,
      isListRead: last !== undefined,
      isMember: asksMembers ? await isMember(target.email) : undefined,
    });
    remember(guard, outcome, response);
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

/** Keeps what a later call has to know of a send. */
function remember(
  guard: SendGuard,
  { target, outcome, invitation }: Outcome,
  response: WriteResponse,
) {
  const { email = "" } = target;
  if (outcome === "outcome_unknown") guard.doubts.set(email, true);
  else guard.doubts.delete(email);
  if (outcome === "added" || outcome === "already_member") guard.members.set(email, email);
  if (sendStatus(response) === "mail_failed" && invitation) {
    guard.mailFailures.set(invitation.id, true);
  }
}
