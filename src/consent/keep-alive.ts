import type { Clock } from "../clock.ts";

const PROGRESS_MS = 15_000;

/** Gives a sign of life every 15 s until `signal` fires. */
export async function keepAlive(
  clock: Clock,
  progress: (message: string) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    for (;;) {
      await clock.sleep(PROGRESS_MS, signal);
      progress("Waiting for a person's answer");
    }
  } catch {
    // The question is closed.
  }
}
