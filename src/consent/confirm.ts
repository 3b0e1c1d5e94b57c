import type { Browser } from "../config/browser.ts";
import type { ConfirmMethod } from "../config/settings.ts";
import { Failure } from "../errors.ts";
import type { Action } from "../tools/action.ts";
import type { ToolContext } from "../tools/context.ts";
import type { NotDone } from "../tools/result.ts";
import type { Plan, ToolCall } from "../tools/tool.ts";
import type { CallContext } from "../trieve/call.ts";
import type { Caller, Form } from "./form.ts";
import { createForm, waitForReply } from "./form.ts";
import {
  busy,
  confirmationPending,
  confirmationRequired,
  formExpired,
  notConfirmed,
  UNREAD,
  unavailable,
} from "./messages.ts";
import { createPageOpener, missingForPage, waitForPage } from "./page.ts";
import type { Decision, Question, Reason, Unread } from "./question.ts";
import { createQuestions } from "./questions.ts";

/** The result of planning a call and asking for consent. */
export type Answer =
  /** There is nothing to ask or to perform. */
  | Exclude<Plan, { kind: "action" }>
  /** Nothing was done: a question is open, or there is no yes. */
  | NotDone
  /** The client has to show this form, then repeat the call with the answer to the question `id`. */
  | { kind: "form"; form: Form; id: string }
  /** Go ahead. `by` is missing where nobody had to be asked. */
  | { kind: "act"; action: Action; by?: ConfirmMethod };

/**
 * Obtains consent for the calls of one process. The returned function takes a checked call to an answer, and passes
 * its action to `onAction` as soon as that is known. It throws Failure, or the abort reason of the call. `methods` are
 * those allowed, preferred first; `log` gets the reason why no page was used. The first step with an answer ends it:
 *
 * 1. What the call brings along: the answer to a form, or a code.
 * 2. A page that an earlier call with the same arguments left open: the call waits for it again.
 * 3. The tool's plan: there may be nothing to do, or no consent needed.
 * 4. The methods in order, as far as the client and the machine support them. If nobody saw a page, the next
 *    method asks; if nobody can have seen a form, a page asks, and no other method.
 * 5. Nobody can be asked: a Failure.
 */
export function createConfirm(
  context: ToolContext,
  methods: readonly ConfirmMethod[],
  browser: Browser,
  log: (line: string) => void,
) {
  const questions = createQuestions(context.clock);
  const openPage = createPageOpener(questions, browser);

  return async (
    toolCall: ToolCall,
    call: CallContext,
    caller: Caller,
    onAction: (action: Action) => void,
  ): Promise<Answer> => {
    const { binding, confirmation, mayNeedConsent } = toolCall;
    const missing: Record<ConfirmMethod, string | undefined> = {
      form: caller.hasForms ? undefined : "the client does not offer form elicitation",
      page: missingForPage(browser),
      code: undefined,
    };
    const usable = methods.filter((method) => missing[method] === undefined);
    const isPageNext = usable.indexOf("page") > usable.indexOf("form");
    /** Why nobody saw the page that was tried. */
    let unread: Unread | undefined;
    /** How a form ended that nobody can have seen. */
    let unseenForm: Reason | undefined;

    /** Turns a decision into an answer, after any wait for a person; undefined if another method may ask. */
    async function conclude(decision: Decision): Promise<Answer | undefined> {
      if ("unread" in decision && decision.unread) {
        log(`no question page: ${UNREAD[decision.unread]}`);
      }
      switch (decision.kind) {
        case "yes":
          return { kind: "act", action: decision.action, by: decision.by };
        case "no":
          return notConfirmed(context, decision);
        case "asked":
          if (decision.question.method === "page") await openPage(decision.question);
          return obtainAnswer(decision.question);
        case "pending":
          return confirmationPending(context, decision.page);
        case "busy":
          throw busy(decision);
        case "unknown":
          throw caller.answer === undefined ? new Failure("confirmation_invalid") : formExpired();
        case "unread":
          unread = decision.unread;
          missing.page = UNREAD[unread];
          return undefined;
        case "unseen":
          unseenForm = decision.reason;
          return undefined;
      }
    }

    /** Puts an open question to the person by its method; returns as `conclude` does. */
    async function obtainAnswer(question: Question): Promise<Answer | undefined> {
      const { id, action, method } = question;
      if (method === "code") return confirmationRequired(context, question, unread);
      if (method === "page") return conclude(await waitForPage(questions, question, call, caller));
      const { showForm } = caller;
      const form = createForm(action);
      if (showForm === undefined) return { kind: "form", form, id };
      const show = (signal: AbortSignal) => showForm(form, signal);
      const wait = () => waitForReply(show, caller, context.clock, call.signal);
      const reply = await call.offTheClock(wait);
      if (caller.signal.aborted) questions.close(id);
      caller.signal.throwIfAborted();
      return conclude(questions.answer(id, binding, reply, isPageNext));
    }

    /** Decides by the answer that the call brings along, if any. A page's answer comes from the browser. */
    function decideFromCall(): Decision | undefined {
      const method = usable.find((one) => one !== "page");
      const { answer } = caller;
      if (method === "form" && answer) {
        return questions.answer(answer.id, binding, answer.reply, isPageNext);
      }
      if (method !== "code" || confirmation === undefined) return undefined;
      return questions.confirm(binding, confirmation);
    }

    if (mayNeedConsent) {
      const brought = decideFromCall();
      if (brought && "action" in brought) onAction(brought.action);
      // Where a page is preferred, an invalid answer is ignored and the page asks.
      const isIgnored = brought?.kind === "unknown" && usable[0] === "page";
      const answer = brought && !isIgnored ? await conclude(brought) : undefined;
      if (answer !== undefined) return answer;

      const page = questions.resume(binding, call);
      if (page) onAction(page.action);
      const resumed = page && (await obtainAnswer(page));
      if (resumed !== undefined) return resumed;
    }

    const plan = await toolCall.plan(context, call);
    if (plan.kind !== "action") return plan;
    const { action } = plan;
    onAction(action);
    if (!action.needsConsent) return { kind: "act", action };

    call.signal.throwIfAborted();
    for (const method of methods) {
      if (unseenForm !== undefined && method !== "page") continue;
      if (missing[method] !== undefined) {
        if (method === "page" && unread === undefined) log(`no question page: ${missing.page}`);
        continue;
      }
      const awaitedBy = method === "page" || caller.showForm ? call : undefined;
      const asked = questions.ask({ action, binding, method, awaitedBy, unseenForm });
      const answer = await conclude(asked);
      if (answer !== undefined) return answer;
    }

    throw unavailable(
      methods,
      methods.flatMap((one) => missing[one] ?? []),
    );
  };
}
