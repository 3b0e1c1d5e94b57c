import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import { type CallContext, createDeadline } from "./call.ts";
import { waitFor } from "./http-errors.ts";
import type { Invitation } from "./invitation.ts";
import type { Outcome } from "./outcome.ts";

const SENDS_A_MINUTE = 30;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const OTHER_SEND = {
  happened: "Another call still sends to the same address; nothing was sent by this one",
  isCertain: true,
};

/** An invitation that this process deleted. */
export interface PastInvitation {
  invitation: Invitation;
  /** A new one was asked for in its place. */
  isResent: boolean;
  /** The new one; its request may still take effect where that is missing. */
  replacement?: Invitation | undefined;
}

export type SendGuard = ReturnType<typeof createSendGuard>;

/** What has to be remembered so that nothing is sent twice, nor too much at once. Letter case does not count. */
export function createSendGuard(clock: Clock) {
  const running = createExpiringMap<Promise<void>>(clock, DAY_MS);
  const turns = createExpiringMap<number>(clock, MINUTE_MS);
  const doubts = createExpiringMap<true>(clock, 2 * MINUTE_MS);
  const members = createExpiringMap<string>(clock, 10 * MINUTE_MS);
  const mailFailures = createExpiringMap<true>(clock, DAY_MS);

  return {
    /** Addresses to which a mail may be on its way. */
    doubts,
    /** Members, as their address was written: Trieve would mail it in other letters. */
    members,
    /** The ids of invitations whose mail failed. */
    mailFailures,
    /** What was deleted, and what took its place, by id. */
    past: createExpiringMap<PastInvitation>(clock, 10 * MINUTE_MS),
    /** Runs `send` when no other send to these addresses runs. Throws Failure `busy` when the call's time is up. */
    oneAtATime<T>(
      call: CallContext,
      targets: readonly { email: string }[],
      send: () => Promise<T>,
    ): Promise<T> {
      const earlier = Promise.allSettled(targets.map(({ email }) => running.get(email)));
      const wait = createDeadline(call.timeLeft(), call.signal);
      const gaveUp = new Promise<never>((_, reject) => {
        const giveUp = () => reject(call.signal.reason ?? new Failure("busy", OTHER_SEND));
        wait.signal.addEventListener("abort", giveUp);
      });
      const mine = Promise.race([earlier, gaveUp]).finally(wait.end).then(send);
      // All are taken at once, so that two calls never wait for each other.
      const both = Promise.allSettled([earlier, mine]).then(() => {
        for (const { email } of targets) if (running.get(email) === both) running.delete(email);
      });
      for (const { email } of targets) running.set(email, both);
      return mine;
    },
    /**
     * Takes one of the sends of a minute. Throws Failure `rate_limited` when all are taken. The returned function ends
     * it: one that was not needed is given back, the minute of another begins.
     */
    reserveSend() {
      const taken = turns.values();
      if (taken.length >= SENDS_A_MINUTE) {
        throw new Failure("rate_limited", {
          detail: `this server's own limit of ${SENDS_A_MINUTE} invitations a minute`,
          known: "Nothing was sent.",
          next: waitFor(Math.min(...taken) + MINUTE_MS - clock.elapsed()),
        });
      }
      const turn = randomUUID();
      turns.set(turn, clock.elapsed());
      // The request goes out some time after the call begins.
      return (hasSent: boolean) =>
        hasSent ? turns.set(turn, clock.elapsed()) : turns.delete(turn);
    },
    /** Keeps what a later call has to know of a send. */
    remember({ target: { email = "" }, outcome, invitation }: Outcome, didMailFail = false): void {
      if (outcome === "outcome_unknown") doubts.set(email, true);
      else doubts.delete(email);
      if (outcome === "added" || outcome === "already_member") members.set(email, email);
      if (didMailFail && invitation) mailFailures.set(invitation.id, true);
    },
  };
}

/** Remembers each value for `ms` milliseconds, by a key in which letter case does not count. */
export function createExpiringMap<T>(clock: Clock, ms: number) {
  const entries = new Map<string, { value: T; until: number }>();

  function current() {
    const now = clock.elapsed();
    for (const [key, { until }] of entries) if (until <= now) entries.delete(key);
    return entries;
  }

  return {
    set(key: string, value: T): void {
      current().set(key.toLowerCase(), { value, until: clock.elapsed() + ms });
    },
    get: (key: string) => current().get(key.toLowerCase())?.value,
    delete: (key: string) => void entries.delete(key.toLowerCase()),
    values: () => Array.from(current().values(), ({ value }) => value),
  };
}
