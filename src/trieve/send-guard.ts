import type { Clock } from "../clock.ts";
import { Failure } from "../failures.ts";
import { waitFor } from "./http-failure.ts";
import type { Invitation } from "./invitation.ts";
import { LAG_MS } from "./limits.ts";
import { createMemory } from "./memory.ts";

const SENDS_A_MINUTE = 30;
const MINUTE_MS = 60_000;
const DOUBT_MS = 2 * MINUTE_MS;
const MEMBER_MS = 10 * MINUTE_MS;

/** What has to be remembered of sends so that no mail goes out twice, nor too many at once. */
export interface SendGuard {
  /** Runs `send` when no other send to these addresses, in any case, is running. */
  oneAtATime<T>(emails: readonly string[], send: () => Promise<T>): Promise<T>;
  /**
   * Takes one of the sends of a minute. Throws Failure `rate_limited` when all are taken. The returned
   * function ends it: one that was not needed is given back, the minute of another begins.
   */
  takeTurn(): (hasSent: boolean) => void;
  /** Remembers for two minutes that a mail to this address may be on its way. */
  doubt(email: string): void;
  isInDoubt(email: string): boolean;
  /** Ends that: what came of the last send to this address is certain. */
  settle(email: string): void;
  /**
   * Remembers who was invited just now, which a list that lags may not show yet, or, without an
   * invitation, who is a member, which no list shows.
   */
  remember(email: string, invitation?: Invitation): void;
  /** What is remembered of an address; of a member only in other letters, since Trieve refuses the same. */
  known(email: string): { invitation?: Invitation | undefined } | undefined;
  /** Notes that this invitation is gone. */
  noteDelete(invitation: Invitation): void;
  /** How many have gone so far. */
  deletes(email: string): number;
}

export function createSendGuard(clock: Clock): SendGuard {
  const running = new Map<string, Promise<unknown>>();
  const doubts = createMemory<true>(clock);
  const remembered = createMemory<{
    invitation?: Invitation | undefined;
    email: string;
  }>(clock);
  const deleted = new Map<string, number>();
  let turns: { at: number }[] = [];

  return {
    async oneAtATime(emails, send) {
      const keys = emails.map((email) => email.toLowerCase());
      // All are taken at once, so that two calls never wait for each other.
      const mine = Promise.allSettled(keys.map((key) => running.get(key))).then(send);
      for (const key of keys) running.set(key, mine);
      try {
        return await mine;
      } finally {
        for (const key of keys) if (running.get(key) === mine) running.delete(key);
      }
    },
    takeTurn() {
      const now = clock.elapsed();
      turns = turns.filter(({ at }) => at > now - MINUTE_MS);
      if (turns.length >= SENDS_A_MINUTE) {
        const oldest = Math.min(...turns.map(({ at }) => at));
        throw new Failure("rate_limited", {
          detail: `this server's own limit of ${SENDS_A_MINUTE} invitations a minute`,
          next: waitFor(oldest + MINUTE_MS - now),
        });
      }
      const turn = { at: now };
      turns.push(turn);
      return (hasSent) => {
        // The request goes out some time after the call begins.
        if (hasSent) turn.at = clock.elapsed();
        else turns = turns.filter((one) => one !== turn);
      };
    },
    doubt: (email) => doubts.set(email.toLowerCase(), true, DOUBT_MS),
    isInDoubt: (email) => doubts.get(email.toLowerCase()) ?? false,
    settle: (email) => doubts.delete(email.toLowerCase()),
    remember(email, invitation) {
      const ms = invitation === undefined ? MEMBER_MS : LAG_MS;
      remembered.set(email.toLowerCase(), { invitation, email }, ms);
    },
    known(email) {
      const found = remembered.get(email.toLowerCase());
      return found?.invitation === undefined && found?.email === email ? undefined : found;
    },
    noteDelete({ email, id }) {
      const key = email.toLowerCase();
      if (remembered.get(key)?.invitation?.id === id) remembered.delete(key);
      deleted.set(key, (deleted.get(key) ?? 0) + 1);
    },
    deletes: (email) => deleted.get(email.toLowerCase()) ?? 0,
  };
}
