import type { Clock } from "../clock.ts";
import { QUESTION_MS, type Reply } from "../consent/consent.ts";
import type { Question } from "../consent/prompt.ts";

const PROGRESS_MS = 15_000;

interface Asking {
  ask(question: Question, signal: AbortSignal): Promise<Reply>;
  asked: Question;
  clock: Clock;
  progress?(tick: number): void;
}

/**
 * Puts a question to the person behind the client and waits: four minutes at most, until `signal`
 * fires, and with a sign of life every 15 s. Never throws; a client that fails is a reply too.
 */
export async function askPerson(asking: Asking, signal: AbortSignal): Promise<Reply> {
  const { ask, asked, clock, progress } = asking;
  const closing = new AbortController();
  const close = () => closing.abort();
  signal.addEventListener("abort", close, { once: true });
  const timeout = clock
    .sleep(QUESTION_MS, closing.signal)
    .then((): Reply => ({ failed: "timed_out" }));
  timeout.catch(() => {});
  if (progress !== undefined) keepAlive(clock, progress, closing.signal);
  try {
    return await Promise.race([ask(asked, closing.signal), timeout]);
  } catch {
    return { failed: "client_error" };
  } finally {
    close();
    signal.removeEventListener("abort", close);
  }
}

async function keepAlive(
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
