import type { Clock } from "../clock.ts";
import type { Outcome, Target } from "./outcome.ts";

/** One call's time limit, the requests it has made, and what is known of its targets. */
export interface CallContext {
  /** Fires when the caller gives up. Aborts reads, and writes that are not sent yet. */
  readonly signal: AbortSignal;
  readonly spent: Readonly<{ requests: number; writes: number }>;
  /** What is known so far of each target, so that a call that breaks off can still report it. */
  readonly outcomes: Outcome[];
  /** Milliseconds until the call's time is up; zero or less once it is. */
  timeLeft(): number;
  /** Waits for something that does not count towards the call's time, such as a person's answer. */
  offTheClock<T>(wait: () => Promise<T>): Promise<T>;
  /** Counts a request that changes nothing. */
  beginRequest(): void;
  /** Counts a request that may change `target`. Call the returned function if it turns out that it cannot have. */
  beginWrite(target?: Target): () => void;
  /** Replaces the target's entry in `outcomes`. */
  record(outcome: Outcome): void;
  /** Reports one more step, and how many are left. Present if the client asked for progress. */
  progress?: ((message: string, left: number) => void) | undefined;
}

/** The context of a call that starts now and may take `ms` milliseconds. */
export function createCallContext(
  clock: Clock,
  signal: AbortSignal,
  ms: number,
  on: Pick<CallContext, "progress"> & { write?(target: Target): void } = {},
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
    progress: on.progress,
  };
}

/** How much of the call's time a batch reserves for finding out what its writes did. */
export const REPORT_MS = 8_000;

/**
 * The same call after a write whose result it must report: it cannot be cancelled, and has at least `ms` milliseconds
 * left even if the machine slept through the time it had reserved.
 */
export function afterWrite(call: CallContext, clock: Clock, ms: number): CallContext {
  const endsAt = clock.elapsed() + Math.max(ms, call.timeLeft());
  const { signal } = new AbortController();
  return { ...call, signal, timeLeft: () => endsAt - clock.elapsed() };
}

/** The same call with `ms` milliseconds less, which are reserved for later steps. */
export function reserveTime(call: CallContext, ms: number): CallContext {
  return { ...call, timeLeft: () => call.timeLeft() - ms };
}

/** A signal that fires after `ms` milliseconds or when `signal` does; `end` clears the timer and the listener. */
export function createDeadline(ms: number, signal?: AbortSignal) {
  const deadline = new AbortController();
  const giveUp = () => deadline.abort();
  const timeout = setTimeout(giveUp, ms);
  signal?.addEventListener("abort", giveUp, { once: true });
  return {
    signal: deadline.signal,
    end() {
      clearTimeout(timeout);
      signal?.removeEventListener("abort", giveUp);
    },
  };
}
