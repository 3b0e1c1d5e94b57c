import { randomUUID } from "node:crypto";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import { type CallContext, createDeadline } from "./call.ts";
import { waitText } from "./http-errors.ts";
import type { Invitation } from "./invitation.ts";
import type { Outcome } from "./outcome.ts";

const SENDS_A_MINUTE = 30;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const OTHER_SEND = {
  happened: "Another call still sends to the same address; nothing was sent by this one",
  hadNoEffect: true,
};

/** An invitation that this process deleted. */
export interface DeletedInvitation {
  invitation: Invitation;
  /** Whether a new one was sent in its place, or may have been. */
  isResent: boolean;
  /** The new invitation. If missing, the request for it may still take effect. */
  replacement?: Invitation | undefined;
}

export type SendGuard = ReturnType<typeof createSendGuard>;

/** Remembers what is needed to send nothing twice and not too much at once. Keys ignore letter case. */
export function createSendGuard(clock: Clock) {
  const running = createExpiringMap<Promise<void>>(clock, DAY_MS);
  const turns = createExpiringMap<number>(clock, MINUTE_MS);
  const doubts = createExpiringMap<true>(clock, 2 * MINUTE_MS);
  const members = createExpiringMap<string>(clock, 10 * MINUTE_MS);
  const mailFailures = createExpiringMap<true>(clock, DAY_MS);

  return {
    /** Addresses to which a mail may be under way. */
    doubts,
    /** Members' addresses, as written in the send: Trieve would mail the same address in other letter case. */
    members,
    /** The ids of invitations whose mail failed. */
    mailFailures,
    /** Deleted invitations and their replacements, by id. */
    deleted: createExpiringMap<DeletedInvitation>(clock, 10 * MINUTE_MS),
    /** Runs `send` when no other send to these addresses is running. Throws Failure `busy` if that takes too long. */
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
      // All addresses are claimed in one step, so that two calls never wait for each other.
      const both = Promise.allSettled([earlier, mine]).then(() => {
        for (const { email } of targets) if (running.get(email) === both) running.delete(email);
      });
      for (const { email } of targets) running.set(email, both);
      return mine;
    },
    /**
     * Runs `send` as one of those allowed per minute; it does not count if it wrote nothing. Throws Failure
     * `rate_limited` if none is left.
     */
    async countSend<T>(call: CallContext, send: () => Promise<T>): Promise<T> {
      const taken = turns.values();
      if (taken.length >= SENDS_A_MINUTE) {
        throw new Failure("rate_limited", {
          detail: `this server's own limit of ${SENDS_A_MINUTE} invitations a minute`,
          known: "Nothing was sent.",
          next: waitText(Math.min(...taken) + MINUTE_MS - clock.elapsed()),
        });
      }
      const turn = randomUUID();
      turns.set(turn, clock.elapsed());
      try {
        return await send();
      } finally {
        if (call.spent.writes > 0) turns.set(turn, clock.elapsed());
        else turns.delete(turn);
      }
    },
    /** Records what later calls need to know about a send. */
    remember({ target: { email = "" }, outcome, invitation }: Outcome, didMailFail = false): void {
      if (outcome === "outcome_unknown") doubts.set(email, true);
      else doubts.delete(email);
      if (outcome === "added" || outcome === "already_member") members.set(email, email);
      if (didMailFail && invitation) mailFailures.set(invitation.id, true);
    },
  };
}

/** A map that keeps each value for `ms` milliseconds. Keys ignore letter case. */
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
