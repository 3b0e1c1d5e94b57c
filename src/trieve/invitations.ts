import type { Clock } from "../clock.ts";
import type { Client, Scope } from "./client.ts";
import { type DeleteOutcome, deleteAsShown } from "./delete.ts";
import type { Invitation, InvitationList, Role } from "./invitation.ts";
import { obstacleIn, type SendOutcome, sendOnce } from "./send.ts";
import { createSendGuard } from "./send-guard.ts";
import { createSharedList } from "./shared-list.ts";

/** The invitations of one organization, in words of the domain. */
export interface Invitations {
  /** Every invitation, in no order. Simultaneous calls share one request. Throws TrieveError. */
  list(scope: Scope): Promise<InvitationList>;
  /**
   * What stands in the way of a new invitation to this address, if anything does. Throws TrieveError,
   * `rate_limited` before any request.
   */
  findObstacle(scope: Scope, email: string): Promise<SendOutcome | undefined>;
  /** See sendOnce. Sends to one address follow each other, and thirty a minute are let through. */
  send(scope: Scope, email: string, role: Role): Promise<SendOutcome>;
  /** See deleteAsShown. */
  delete(scope: Scope, shown: Invitation): Promise<DeleteOutcome>;
}

export interface InvitationsOptions {
  client: Client;
  clock: Clock;
  /** The most a shared list may take, in milliseconds. */
  callMs: number;
}

export function createInvitations({ client, clock, callMs }: InvitationsOptions): Invitations {
  const guard = createSendGuard(clock);
  const shared = createSharedList(client, clock, callMs);
  // What was being read before a write does not show it.
  const writing: Client = {
    ...client,
    send: (...args) => client.send(...args).finally(shared.outdate),
    delete: (...args) => client.delete(...args).finally(shared.outdate),
  };

  return {
    list: shared.read,
    async findObstacle(scope, email) {
      guard.takeTurn()();
      return obstacleIn(await shared.read(scope), email, guard);
    },
    send(scope, email, role) {
      const giveBack = guard.takeTurn();
      const sending = { client: writing, clock, guard };
      return guard
        .oneAtATime(email, () => sendOnce(sending, scope, email, role))
        .finally(() => {
          if (scope.writes === 0) giveBack();
        });
    },
    delete: (scope, shown) => deleteAsShown(writing, scope, shown),
  };
}
