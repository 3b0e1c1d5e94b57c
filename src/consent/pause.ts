import type { Clock } from "../clock.ts";

const MOST_ENDS = 5;
const PAUSE_MS = 10 * 60_000;

/**
 * Keeps how the last questions of a process ended. Five running without a yes, within 10 minutes, pause all
 * for 10 more: a model in a loop is stopped, whatever it varies.
 */
export function createPause({ elapsed }: Clock) {
  /** When questions ended without a yes, since the last one with a yes. */
  let ends: number[] = [];
  let until = 0;

  return {
    isPaused: () => elapsed() < until,

    /** A question has ended. */
    ended(isAgreed: boolean): void {
      const now = elapsed();
      ends = isAgreed ? [] : [...ends.filter((end) => now - end < PAUSE_MS), now];
      if (ends.length < MOST_ENDS) return;
      ends = [];
      until = now + PAUSE_MS;
    },
  };
}
