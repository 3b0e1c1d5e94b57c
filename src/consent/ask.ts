import type { Browser } from "../browser.ts";
import type { Clock } from "../clock.ts";
import type { WayName } from "../settings.ts";
import type { Deed } from "../tools/deed.ts";
import type { Result } from "../tools/result.ts";
import type { ToolCall, ToolContext } from "../tools/tool.ts";
import type { CallContext } from "../trieve/call-context.ts";
import { code } from "./code.ts";
import { form } from "./form.ts";
import { createKeeper } from "./keeper.ts";
import { createPage, waitForPage } from "./page.ts";
import { randomSecret } from "./secret.ts";
import type { Verdict } from "./state.ts";
import type { Caller, Form, Put, Way } from "./way.ts";
import { notConfirmed, toBeAnswered, toBeConfirmed, unavailable, withoutVerdict } from "./words.ts";

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

/** The consent of one process. `allowed` are the ways that may be taken, the preferred one first. */
export function createAsk(
  context: ToolContext,
  allowed: readonly WayName[],
  browser: Browser,
): Ask {
  const all: readonly Way[] = [form, createPage(browser), code];
  const ways = allowed.flatMap((name) => all.filter((way) => way.name === name));
  const keeper = createKeeper(context.clock);
  const { step } = keeper;

  return async (toolCall, call, caller, onDeed) => {
    const { binding } = toolCall;
    const asking = { keeper, call, caller };
    const there = ways.filter((way) => way.isThere(caller));
    /** Why ways were not taken although they were there. */
    const passed: string[] = [];

    function settle(put: Exclude<Put, { passes: string }>): Answer {
      if ("form" in put) return put;
      if ("deed" in put) onDeed(put.deed);
      if ("unavailable" in put) {
        const missing = ways.filter((way) => !there.includes(way)).map((way) => way.missing);
        throw unavailable(allowed, [...missing, ...passed]);
      }
      return conclude(put, context, passed, caller.answer === undefined ? "confirmation" : "form");
    }

    async function putIn([way, ...others]: readonly Way[], deed: Deed): Promise<Answer> {
      const question = { secret: randomSecret(), deed, binding };
      const waits = way?.name === "page" || caller.putForm !== undefined;
      const verdict = step({ type: "ask", ...question, way: way?.name, waits });
      if (!("ask" in verdict) || way?.put === undefined) return settle(verdict);
      const put = await way.put(question, asking);
      if (!("passes" in put)) return settle(put);
      passed.push(put.passes);
      return putIn(others, deed);
    }

    // Nothing comes along for a page, so that a code from a time without one is still taken.
    const way = there.find(({ name }) => name !== "page");
    const brought = way?.answerIn(caller, toolCall);
    const answered = brought && step(brought);
    // What is no good does no harm where nobody has to agree, or where a page is asked first.
    const mustAgree = toolCall.needsConsent;
    const isFirst = mustAgree && way === there[0];
    if (answered !== undefined && (isFirst || !("invalid" in answered))) return settle(answered);
    const resumed = step({ type: "resume", binding });
    if ("ask" in resumed) {
      const { ask: secret, deed } = resumed;
      onDeed(deed);
      const put = await waitForPage({ secret, deed, binding }, asking);
      if (!("passes" in put)) return settle(put);
    }

    const plan = await toolCall.plan(context, call);
    if (!("perform" in plan)) return { result: plan };
    onDeed(plan);
    if (!mustAgree) return { deed: plan };

    call.signal.throwIfAborted();
    return putIn(there, plan);
  };
}

function conclude(
  verdict: Exclude<Verdict, { unavailable: true }>,
  context: { organizationId: string; clock: Clock },
  passed: readonly string[],
  brought: "confirmation" | "form",
): Answer {
  if ("yes" in verdict) return { deed: verdict.deed, confirmedBy: verdict.yes };
  if ("no" in verdict) return { result: notConfirmed(context, verdict) };
  if ("show" in verdict) return { result: toBeConfirmed(context, verdict, passed) };
  if ("later" in verdict) return { result: toBeAnswered(context, verdict) };
  throw withoutVerdict(verdict, brought);
}
