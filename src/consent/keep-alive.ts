import type { Clock } from "../clock.ts";

const PROGRESS_MS = 15_000;

/** Gives a sign of life every 15 s until `signal` fires. */
export async function keepAlive(
  clock: Clock,
  progress: (tick: number) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (let tick = 1; ; tick += 1) {
      await clock.sleep(PROGRESS_MS, signal);
      progress(tick);
    }
  } catch {
    // The question is closed.
  }
}
