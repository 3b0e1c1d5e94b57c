import { setTimeout as delay } from "node:timers/promises";

/** Time as the program sees it; tests turn it by hand. */
export interface Clock {
  /** Milliseconds since 1970, for what is shown: people and networks turn this clock. */
  now(): number;
  /** Milliseconds since some moment, by a clock that nobody turns: for every duration. */
  elapsed(): number;
  /** Resolves after `ms`; rejects with an AbortError when `signal` fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => Math.floor(performance.now()),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
};

/** The date of a moment that `elapsed` tells. */
export function dateOf({ now, elapsed }: Pick<Clock, "now" | "elapsed">, moment: number): Date {
  return new Date(now() + moment - elapsed());
}
