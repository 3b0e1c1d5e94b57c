import type { Clock } from "../clock.ts";
import type { Deed } from "../tools/deed.ts";
import { DECISION } from "./consent.ts";
import { keepAlive } from "./keep-alive.ts";
import { QUESTION_MS, type Reply } from "./state.ts";
import type { Caller, Form, Way } from "./way.ts";

/** The client shows a form to the person. */
export const form: Way = {
  name: "form",
  missing: "the client does not offer form elicitation",
  isThere: ({ hasForms }) => hasForms,
  answerIn: ({ answer }, { binding }) =>
    answer === undefined ? undefined : { type: "reply", binding, ...answer },
  async put({ secret, deed, binding }, { keeper, call, caller }) {
    const form = formOf(deed);
    const { putForm, signal } = caller;
    if (putForm === undefined) return { form, secret };
    const put = (asking: AbortSignal) => putForm(form, asking);
    const wait = () => waitFor(put, caller, keeper.clock, call.signal);
    const reply = await call.offTheClock(wait);
    if (signal.aborted) keeper.step({ type: "abandon", secret });
    signal.throwIfAborted();
    return keeper.step({ type: "reply", secret, binding, reply });
  },
};

/** A required choice without default. */
function formOf({ facts, choices }: Deed): Form {
  return {
    message: facts.join("\n"),
    requestedSchema: {
      type: "object",
      properties: { [DECISION]: { type: "string", title: "Decision", enum: [...choices] } },
      required: [DECISION],
    },
  };
}

/**
 * Waits for the person behind the client: four minutes at most, until `signal` fires, and with a sign
 * of life every 15 s. Never throws; a client that fails is a reply too.
 */
async function waitFor(
  ask: (signal: AbortSignal) => Promise<Reply>,
  { progress }: Caller,
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
    const reply = await Promise.race([ask(asking.signal), timeout]);
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
