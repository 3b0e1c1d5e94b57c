import type { Clock } from "../clock.ts";
import type { Outcome, Target } from "./outcome.ts";

/** What one call may spend, what it has spent, and what is known of its targets. */
export interface CallContext {
  /** Fires when the caller has given up. Heeded by reads, and by writes until they are sent. */
  readonly signal: AbortSignal;
  readonly spent: Readonly<{ requests: number; writes: number }>;
  /** What is known by now of each target, for a call that does not come to its end. */
  readonly outcomes: Outcome[];
  /** Milliseconds until its time is up; not above zero when it is. */
  timeLeft(): number;
  /** Waits for something that does not count as the call's time, like a person's answer. */
  offTheClock<T>(wait: () => Promise<T>): Promise<T>;
  /** Counts a request that changes nothing. */
  beginRequest(): void;
  /** Counts one that may change something about `target`. The returned function takes back that it may. */
  beginWrite(target?: Target): () => void;
  /** Keeps what is known of a target in `outcomes`. */
  record(outcome: Outcome): void;
  /** Says that one more target is done. */
  step(): void;
}

/** The context of a call that begins now and may take `ms` milliseconds. */
export function createCallContext(
  clock: Clock,
  signal: AbortSignal,
  ms: number,
  on: { step?(): void; write?(target: Target): void } = {},
): CallContext {
  const spent = { requests: 0, writes: 0 };
  const outcomes: Outcome[] = [];
  let endsAt = clock.elapsed() + ms;
  return {
    signal,
    spent,
    outcomes,
    timeLeft: () => endsAt - clock.elapsed(),
    async offTheClock(wait) {
      const since = clock.elapsed();
      try {
        return await wait();
      } finally {
        endsAt += clock.elapsed() - since;
      }
    },
    beginRequest() {
      spent.requests += 1;
    },
    beginWrite(target = {}) {
      spent.requests += 1;
      on.write?.(target);
      spent.writes += 1;
      return () => {
        spent.writes -= 1;
      };
    },
    record(outcome) {
      outcomes[outcomes.findIndex(({ target }) => target === outcome.target)] = outcome;
    },
    step: () => on.step?.(),
  };
}

/** What a batch keeps of the call's time, to tell what came of its writes. */
export const REPORT_MS = 8_000;

/**
 * The same call after a write, which it has to account for: nothing cancels it, and at least `ms` milliseconds are left,
 * which it kept, or which the machine slept away.
 */
export function afterWrite(call: CallContext, clock: Clock, ms: number): CallContext {
  const endsAt = clock.elapsed() + Math.max(ms, call.timeLeft());
  const { signal } = new AbortController();
  return { ...call, signal, timeLeft: () => endsAt - clock.elapsed() };
}

/** The same call, which keeps `ms` milliseconds of its time for what comes later. */
export function reserveTime(call: CallContext, ms: number): CallContext {
  return { ...call, timeLeft: () => call.timeLeft() - ms };
}

/** A signal that fires after `ms` milliseconds, or with `signal`; `end` lets go of both. */
export function createDeadline(
  ms: number,
  signal?: AbortSignal,
): { signal: AbortSignal; end(): void } {
  const given = new AbortController();
  const giveUp = () => given.abort();
  const timeout = setTimeout(giveUp, ms);
  signal?.addEventListener("abort", giveUp, { once: true });
  return {
    signal: given.signal,
    end() {
      clearTimeout(timeout);
      signal?.removeEventListener("abort", giveUp);
    },
  };
}
