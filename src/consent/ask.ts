import type { Clock } from "../clock.ts";
import type { WayName } from "../settings.ts";
import type { Deed } from "../tools/deed.ts";
import type { Result } from "../tools/result.ts";
import type { ToolCall, ToolContext } from "../tools/tool.ts";
import type { CallContext } from "../trieve/call-context.ts";
import { code } from "./code.ts";
import { decide, type Event, NO_CONSENT, type Verdict } from "./consent.ts";
import { form } from "./form.ts";
import { randomSecret } from "./secret.ts";
import type { Caller, Form, Way } from "./way.ts";
import { notConfirmed, toBeConfirmed, unavailable, withoutVerdict } from "./words.ts";

/** The ways there are. */
const WAYS: readonly Way[] = [form, code];

/** What a call comes to before anything is done. */
export type Answer =
  /** Nothing is to be done: there was no need, or no yes. */
  | { result: Result }
  /** The client has to show this, and to repeat the call with the answer. */
  | { form: Form; secret: string }
  /** Go ahead. `confirmedBy` is missing where nobody had to be asked. */
  | { deed: Deed; confirmedBy?: WayName };

/**
 * Takes a checked call to an answer, and tells `onDeed` what it is about as soon as that is known.
 * Throws Failure.
 */
export type Ask = (
  toolCall: ToolCall,
  call: CallContext,
  caller: Caller,
  onDeed: (deed: Deed) => void,
) => Promise<Answer>;

/** The consent of one process: every call of it goes through the one state. */
export function createAsk(context: ToolContext, allowed: readonly WayName[]): Ask {
  const { clock } = context;
  const ways = allowed.flatMap((name) => WAYS.filter((way) => way.name === name));
  let state = NO_CONSENT;

  function step(event: Event): Verdict {
    const next = decide(state, event, clock.now());
    state = next.state;
    return next.verdict;
  }

  return async (toolCall, call, caller, onDeed) => {
    const settle = (verdict: Verdict): Answer => {
      if ("deed" in verdict) onDeed(verdict.deed);
      if ("unavailable" in verdict) throw unavailable(allowed, ways);
      return conclude(verdict, context);
    };
    const way = ways.find((one) => one.isThere(caller));
    const answer = way?.answerIn(caller, toolCall);
    const answered = answer && step(answer);
    // A confirmation that is no good does no harm where none is needed.
    const isMoot = answer?.type === "confirm" && answered !== undefined && "invalid" in answered;
    if (answered !== undefined && !isMoot) return settle(answered);

    const plan = await toolCall.plan(context, call);
    if (!("perform" in plan)) return { result: plan };
    onDeed(plan);
    if (!plan.needsConsent) return { deed: plan };
    if (answered !== undefined) return settle(answered);

    call.signal.throwIfAborted();
    const { binding } = toolCall;
    const secret = randomSecret();
    const waits = caller.putForm !== undefined;
    const verdict = step({ type: "ask", deed: plan, binding, way: way?.name, secret, waits });
    if (!("ask" in verdict) || way?.put === undefined) return settle(verdict);

    const { put } = way;
    const reply = await call.offTheClock(() => put(plan, caller, clock, call.signal));
    if ("message" in reply) return { form: reply, secret };
    if (caller.signal.aborted) step({ type: "abandon", secret });
    caller.signal.throwIfAborted();
    return settle(step({ type: "reply", secret, binding, reply }));
  };
}

function conclude(
  verdict: Exclude<Verdict, { unavailable: true }>,
  context: { organizationId: string; clock: Clock },
): Answer {
  if ("yes" in verdict) return { deed: verdict.deed, confirmedBy: verdict.yes };
  if ("no" in verdict) return { result: notConfirmed(context, verdict) };
  if ("show" in verdict) return { result: toBeConfirmed(context, verdict) };
  throw withoutVerdict(verdict);
}
