import type { Clock } from "../clock.ts";
import { decide, restOf } from "./consent.ts";
import { type Event, NO_CONSENT, type Verdict } from "./state.ts";

/** Keeps the state of consent of a process: every call goes through the one. */
export interface Keeper {
  readonly clock: Clock;
  step(event: Event): Verdict;
  /** Milliseconds for which the page `secret` has to be served; not above zero when it is over. */
  rest(secret: string): number;
  /** Resolves after the next event, after `ms`, or when `signal` fires. */
  next(ms: number, signal?: AbortSignal): Promise<void>;
}

export function createKeeper(clock: Clock): Keeper {
  let state = NO_CONSENT;
  let waiting = new Set<() => void>();
  return {
    clock,
    step(event) {
      const { state: after, verdict } = decide(state, event, clock.elapsed());
      state = after;
      // Looking changes nothing, and those who wait look when they wake.
      if ("wait" in verdict) return verdict;
      const woken = waiting;
      waiting = new Set();
      for (const wake of woken) wake();
      return verdict;
    },
    rest: (secret) => restOf(state, secret, clock.elapsed()),
    async next(ms, signal) {
      const timer = new AbortController();
      const wake = () => timer.abort();
      waiting.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
      if (signal?.aborted) wake();
      await clock.sleep(ms, timer.signal).catch(() => {});
      waiting.delete(wake);
      signal?.removeEventListener("abort", wake);
    },
  };
}
