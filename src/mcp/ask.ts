import type { Clock } from "../clock.ts";
import { QUESTION_MS, type Reply } from "../consent/consent.ts";
import type { Question } from "../consent/prompt.ts";

/** Who calls, and how that client can be asked. */
export interface Caller {
  /** Fires when the client cancels the call or goes away. */
  signal: AbortSignal;
  /** Whether the client declared that it can show a form to a person. */
  canPrompt: boolean;
  /** Puts a question and waits. Absent where the answer can only come with a repeated call. */
  ask?(question: Question, signal: AbortSignal): Promise<Reply>;
  /** The answer to an earlier question, on a repeated call. */
  answer?: { secret: string; reply: Reply };
  /** Tells the client that the call is alive; present when it asked for that. */
  progress?(tick: number): void;
}

const PROGRESS_MS = 15_000;

/**
 * Puts a question to the person behind the client and waits: four minutes at most, until `signal`
 * fires, and with a sign of life every 15 s. Never throws; a client that fails is a reply too.
 */
export async function askPerson(
  { ask, progress }: Required<Pick<Caller, "ask">> & Caller,
  asked: Question,
  clock: Clock,
  signal: AbortSignal,
): Promise<Reply> {
  const asking = new AbortController();
  const close = () => asking.abort("the question is closed");
  signal.addEventListener("abort", close, { once: true });
  const timers = new AbortController();
  const timeout = clock
    .sleep(QUESTION_MS, timers.signal)
    .then((): Reply => ({ failed: "timed_out" }));
  timeout.catch(() => {});
  if (progress !== undefined) keepAlive(clock, progress, timers.signal);
  try {
    const reply = await Promise.race([ask(asked, asking.signal), timeout]);
    // Only then: to the client the end of an answered question would be news of a cancelled one.
    if ("failed" in reply) close();
    return reply;
  } catch {
    return { failed: "client_error" };
  } finally {
    timers.abort();
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
