import { setTimeout as delay } from "node:timers/promises";

/** Where the program gets the time from; tests set it by hand. */
export interface Clock {
  /** Wall-clock milliseconds since 1970, only for what is shown: people and NTP can change them. */
  now(): number;
  /** Monotonic milliseconds since an arbitrary moment: for every duration. */
  elapsed(): number;
  /** Resolves after `ms`; rejects with an AbortError when `signal` fires first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => Math.floor(performance.now()),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
};

/** The date of a moment of the monotonic clock, `elapsed`. */
export function dateOf({ now, elapsed }: Pick<Clock, "now" | "elapsed">, moment: number): Date {
  return new Date(now() + moment - elapsed());
}
