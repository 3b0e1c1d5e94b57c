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

/** What a call comes to before anything is done. */
export type Answer =
  /** Nothing is to be done. */
  | Exclude<Plan, { kind: "action" }>
  /** It is not done: a question is open, or there is no yes. */
  | NotDone
  /** The client has to show this form, and to repeat the call with the answer to the question `id`. */
  | { kind: "form"; form: Form; id: string }
  /** Go ahead. `by` is missing where nobody had to be asked. */
  | { kind: "act"; action: Action; by?: ConfirmMethod };

/**
 * The consent of one process: it takes a checked call to an answer, and tells `onAction` what that is about as soon
 * as it is known. Throws Failure, and what aborts the call. `methods` are those that may be used, the preferred one
 * first; why a page could not be used goes to `log`. A call ends at the first step that has an answer for it:
 *
 * 1. What it brings along: the answer to a form, or a code.
 * 2. A page that an earlier call with the same arguments left open: it waits for that one again.
 * 3. The tool's plan: there may be nothing to do, or nobody to ask.
 * 4. The methods in their order, as far as the client and the machine have them. A page that nobody has
 *    seen passes to the next one; a form that nobody can have seen passes to the page, and to that alone.
 * 5. Nobody can be asked.
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
    /** Why a page was tried and nobody saw it. */
    let unread: Unread | undefined;
    /** What a form came to that nobody can have seen. */
    let instead: Reason | undefined;

    /** What a decision comes to, once a person had the time for it; undefined where another method may ask. */
    async function conclude(decision: Decision): Promise<Answer | undefined> {
      if ("action" in decision) onAction(decision.action);
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
          instead = decision.reason;
          return undefined;
      }
    }

    /** Takes an open question to its answer by its method. */
    async function obtainAnswer(question: Question): Promise<Answer | undefined> {
      const { id, action, method } = question;
      onAction(action);
      if (method === "code") return confirmationRequired(context, question, unread);
      if (method === "page") return conclude(await waitForPage(questions, question, call, caller));
      const { putForm } = caller;
      const form = createForm(action);
      if (putForm === undefined) return { kind: "form", form, id };
      const send = (signal: AbortSignal) => putForm(form, signal);
      const wait = () => waitForReply(send, caller, context.clock, call.signal);
      const reply = await call.offTheClock(wait);
      if (caller.signal.aborted) questions.close(id);
      caller.signal.throwIfAborted();
      return conclude(questions.answer(id, binding, reply, isPageNext));
    }

    /** What an answer that the call brings along comes to. A page has none to bring. */
    function decideGiven(): Decision | undefined {
      const method = usable.find((one) => one !== "page");
      const { answer } = caller;
      if (method === "form" && answer) {
        return questions.answer(answer.id, binding, answer.reply, isPageNext);
      }
      if (method !== "code" || confirmation === undefined) return undefined;
      return questions.confirm(binding, confirmation);
    }

    if (mayNeedConsent) {
      const brought = decideGiven();
      // Where a page comes first, an answer that is no good gives way to it.
      const givesWay = brought?.kind === "unknown" && usable[0] === "page";
      const answer = brought && !givesWay ? await conclude(brought) : undefined;
      if (answer !== undefined) return answer;

      const page = questions.resume(binding, call);
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
      if (instead !== undefined && method !== "page") continue;
      if (missing[method] !== undefined) {
        if (method === "page" && unread === undefined) log(`no question page: ${missing.page}`);
        continue;
      }
      const awaitedBy = method === "page" || caller.putForm ? call : undefined;
      const asked = questions.ask({ action, binding, method, awaitedBy, instead });
      const answer = await conclude(asked);
      if (answer !== undefined) return answer;
    }

    throw unavailable(
      methods,
      methods.flatMap((one) => missing[one] ?? []),
    );
  };
}
