import type { Clock } from "../clock.ts";
import type { CallContext } from "./call-context.ts";
import type { Client } from "./client.ts";
import { type DeleteOutcome, deleteAsShown } from "./delete.ts";
import type { Invitation, InvitationList, Role } from "./invitation.ts";
import { obstacleIn, type SendOutcome, sendOnce } from "./send.ts";
import { createSendGuard } from "./send-guard.ts";

/** The invitations of one organization, in words of the domain. */
export interface Invitations {
  /** Every invitation, in no order. Throws Failure. */
  list(call: CallContext): Promise<InvitationList>;
  /**
   * What stands in the way of a new invitation to this address, if anything does. Throws Failure,
   * `rate_limited` before any request.
   */
  findObstacle(call: CallContext, email: string): Promise<SendOutcome | undefined>;
  /** See sendOnce. Sends to one address follow each other, and thirty a minute are let through. */
  send(call: CallContext, email: string, role: Role): Promise<SendOutcome>;
  /** See deleteAsShown. */
  delete(call: CallContext, shown: Invitation): Promise<DeleteOutcome>;
}

export function createInvitations(client: Client, clock: Clock): Invitations {
  const guard = createSendGuard(clock);
  return {
    list: (call) => client.list(call),
    async findObstacle(call, email) {
      guard.takeTurn()();
      return obstacleIn(await client.list(call), email, guard);
    },
    send(call, email, role) {
      const giveBack = guard.takeTurn();
      return guard
        .oneAtATime(email, () => sendOnce({ client, clock, guard }, call, email, role))
        .finally(() => {
          if (call.spent.writes === 0) giveBack();
        });
    },
    delete: (call, shown) => deleteAsShown(client, call, shown),
  };
}
