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
  /** Sees to it that at least `ms` milliseconds are left: a machine may have slept in the meantime. */
  assure(ms: number): void;
  /** Waits for something that does not count as the call's time, like a person's answer. */
  offTheClock<T>(wait: () => Promise<T>): Promise<T>;
  beginRequest(): void;
  /** Counts a request that may change something about `target`. The returned function takes that back. */
  beginWrite(target?: Target): () => void;
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
  let endsAt = clock.elapsed() + ms;
  return {
    signal,
    spent,
    outcomes: [],
    timeLeft: () => endsAt - clock.elapsed(),
    assure(ms) {
      endsAt = Math.max(endsAt, clock.elapsed() + ms);
    },
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
      on.write?.(target);
      spent.writes += 1;
      return () => {
        spent.writes -= 1;
      };
    },
    step: () => on.step?.(),
  };
}

/** The same call, which nothing cancels any more: it has done something that it has to account for. */
export function withoutCancel(call: CallContext): CallContext {
  return { ...call, signal: new AbortController().signal };
}
