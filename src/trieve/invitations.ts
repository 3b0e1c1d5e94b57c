import type { Clock } from "../clock.ts";
import type { CallContext } from "./call-context.ts";
import type { Client } from "./client.ts";
import { type Deleted, deleteAll } from "./delete.ts";
import type { Invitation, InvitationList } from "./invitation.ts";
import { type Resend, type Resent, resendAll } from "./resend.ts";
import { type Addressee, sendAll } from "./send.ts";
import { createSendGuard } from "./send-guard.ts";
import { type Obstacle, obstacleIn, type Sent } from "./sent.ts";

/** The invitations of one organization, in words of the domain. */
export interface Invitations {
  /** Every invitation, in no order. Throws Failure. */
  list(call: CallContext): Promise<InvitationList>;
  /** What stands in the way of a new invitation to each of these addresses, if anything does. Throws Failure. */
  findObstacles(call: CallContext, emails: readonly string[]): Promise<(Obstacle | undefined)[]>;
  /** Sends one, see sendAll. Without a person's yes, Failure `rate_limited` after thirty within a minute. */
  send(call: CallContext, to: Addressee, isAgreed: boolean): Promise<Sent>;
  /** See sendAll. Sends to one address follow each other, whichever call they belong to. */
  sendAll(
    call: CallContext,
    to: readonly Addressee[],
    leftOut?: readonly string[],
  ): Promise<Sent[]>;
  /** See resendAll; likewise. */
  resendAll(call: CallContext, resends: readonly Resend[]): Promise<Resent[]>;
  /** Deletes one, see deleteAll. */
  delete(call: CallContext, shown: Invitation): Promise<Deleted>;
  /** See deleteAll. */
  deleteAll(call: CallContext, shown: readonly Invitation[]): Promise<Deleted[]>;
}

export function createInvitations(client: Client, clock: Clock): Invitations {
  const guard = createSendGuard(clock);
  const sending = { client, clock, guard };
  const invitations: Invitations = {
    list: (call) => client.list(call),
    async findObstacles(call, emails) {
      const list = await client.list(call);
      return emails.map((email) => obstacleIn(list, email, guard));
    },
    async send(call, to, isAgreed) {
      const end = isAgreed ? () => {} : guard.takeTurn();
      try {
        return only(await invitations.sendAll(call, [to]));
      } finally {
        end(call.spent.writes > 0);
      }
    },
    sendAll(call, to, leftOut = []) {
      const emails = to.map(({ email }) => email);
      return guard.oneAtATime(emails, () => sendAll(sending, call, to, leftOut));
    },
    resendAll(call, resends) {
      const emails = resends.map(({ shown }) => shown.email);
      return guard.oneAtATime(emails, () => resendAll(sending, call, resends));
    },
    delete: async (call, shown) => only(await deleteAll(sending, call, [shown])),
    deleteAll: (call, shown) => deleteAll(sending, call, shown),
  };
  return invitations;
}

function only<T>(all: readonly T[]): T {
  const [one] = all;
  if (one === undefined) throw new Error("each target is told");
  return one;
}
