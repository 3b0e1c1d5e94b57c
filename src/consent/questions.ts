import type { Clock } from "../clock.ts";
import type { Action } from "../tools/action.ts";
import { bareConfirmation, confirmationText, sameText } from "./code.ts";
import { type Reply, reasonAgainst } from "./form.ts";
import {
  blocksFor,
  type Click,
  clickPage,
  type Decision,
  isAbandoned,
  isSuperseded,
  type NewQuestion,
  newQuestion,
  openingTimes,
  type PageQuestion,
  type PageReply,
  type Question,
  readPage,
  type TurnedAway,
  VALID_MS,
} from "./question.ts";

const INSTANT_MS = 1_000;
const MAX_QUESTIONS = 100;
const MAX_WITHOUT_YES = 5;
const PAUSE_MS = 10 * 60_000;

export type Questions = ReturnType<typeof createQuestions>;

/**
 * The open questions and shown codes of one process, how the last ones ended, and every operation on them.
 * A yes comes only from a question answered with exactly the acting choice, or from a code that was shown
 * and not used; either is used up by it. The tables in CONTRIBUTING.md list every case.
 */
export function createQuestions(clock: Clock) {
  const questions = new Map<string, Question>();
  /** When questions ended without a yes, since the last one with a yes. */
  let withoutYes: number[] = [];
  let pausedUntil = 0;
  /** Set while a call waits for a change. */
  let waiting: AbortController | undefined;

  function wake(): void {
    waiting?.abort();
    waiting = undefined;
  }

  function find(matches: (question: Question) => boolean): Question | undefined {
    return [...questions.values()].find(matches);
  }

  /** Counts an end. Several in a row without a yes pause all asking, to stop a model in a loop, whatever it varies. */
  function countEnd(isAgreed: boolean): void {
    const now = clock.elapsed();
    withoutYes = isAgreed ? [] : [...withoutYes.filter((one) => now - one < PAUSE_MS), now];
    if (withoutYes.length < MAX_WITHOUT_YES) return;
    withoutYes = [];
    pausedUntil = now + PAUSE_MS;
  }

  /** Ends questions. A page stays until it expires, to show what became of it. */
  function end(isOver: (question: Question) => boolean, isAgreed = false): void {
    for (const one of [...questions.values()].filter(isOver)) {
      const isUnanswered = one.method === "form" || (one.method === "page" && one.state === "read");
      if (isAgreed || isUnanswered) countEnd(isAgreed);
      if (one.method !== "page") questions.delete(one.id);
      else if (one.state !== "over") {
        if (!isAgreed && one.answer === "yes") one.answer = undefined;
        Object.assign(one, { state: "over", until: 0 });
      }
    }
    wake();
  }

  /** Forgets what has expired, and the oldest where there are too many. Returns the current time. */
  function forget(): number {
    const now = clock.elapsed();
    const oldest = questions.size <= MAX_QUESTIONS ? undefined : questions.keys().next().value;
    const over = [...questions.values()].filter((one) => now >= one.expiresAt || one.id === oldest);
    if (over.length > 0) end((one) => over.includes(one));
    for (const { id } of over) questions.delete(id);
    return now;
  }

  /** A yes serves once, so it also uses up whatever else was asked about the same targets. */
  function agree(question: Question): Decision {
    const { method: by, action } = question;
    end((one) => one !== question && isSuperseded(one, action));
    end((one) => one === question, true);
    return { kind: "yes", by, action };
  }

  /** A person's no also ends older questions and codes about the same targets. */
  function refuse(action: Action): void {
    end((one) => one.method !== "page" && isSuperseded(one, action));
  }

  /** Handles a browser's request. A page that can no longer change shows what became of it, until it is forgotten. */
  function onPage(page: PageQuestion, act: (now: number) => PageReply): PageReply | undefined {
    const now = forget();
    if (now >= page.expiresAt) return undefined;
    if (now >= page.until) return { kind: "answer", page };
    const reply = act(now);
    if (page.answer === "kept") refuse(page.action);
    if (page.answer === "kept" || page.answer === "opened_twice") countEnd(false);
    wake();
    return reply;
  }

  /** The program that opens the page was given its URL, or could not be started; too late once the page was read. */
  function changeOpening(page: PageQuestion, change: Partial<PageQuestion>): void {
    if (page.state === "opening") Object.assign(page, change);
    wake();
  }

  /** The call that waited for a page has gone; the same call again finds the page. */
  function leave(page: PageQuestion, call: object): void {
    if (page.awaitedBy === call) page.awaitedBy = undefined;
  }

  return {
    clock,
    leave,

    /** A call asks for a yes to its action by this method. `awaitedBy`: the call, if it waits for the answer. */
    ask(wanted: NewQuestion): Decision {
      const { action, binding, method } = wanted;
      const now = forget();
      if (now < pausedUntil) return { kind: "no", reason: "paused", action };
      if (method === "code") {
        // One question has one code: a yes to it must not serve twice.
        end((one) => one.method === "code" && one.binding === binding);
      } else {
        const blocking = find((one) => blocksFor(one, now) > 0);
        // A stateless client that asks the same again has lost the question: the new one replaces it.
        const isReplaced =
          blocking?.method === "form" &&
          blocking.awaitedBy === undefined &&
          blocking.binding === binding;
        if (blocking !== undefined && !isReplaced) {
          return { kind: "busy", ms: blocksFor(blocking, now), open: blocking.action };
        }
        // Nothing asked before about the same targets may get around what a person is asked now.
        end((one) => one === blocking || isAbandoned(one, now) || isSuperseded(one, action));
      }
      const question = newQuestion(wanted, now);
      questions.set(question.id, question);
      return { kind: "asked", question };
    },

    /** The answer to a form has come. `isPageNext`: a page can ask, if nobody has seen the form. */
    answer(id: string, binding: string, reply: Reply, isPageNext: boolean): Decision {
      const now = forget();
      const form = questions.get(id);
      if (form?.method !== "form" || form.binding !== binding) return { kind: "unknown" };
      const { action, openedAt } = form;
      const isLate = now - openedAt >= VALID_MS;
      const reason = isLate ? "timed_out" : reasonAgainst(reply, action);
      if (reason === undefined) return agree(form);
      const isInstant = now - openedAt < INSTANT_MS;
      if (isPageNext && isInstant && (reason === "declined" || reason === "cancelled")) {
        // Not counted as an end: the page goes on with the question.
        questions.delete(id);
        return { kind: "unseen", reason };
      }
      end((one) => one === form);
      // A timeout or a client's error is nobody's refusal.
      if (reason !== "timed_out" && reason !== "client_error") refuse(action);
      return { kind: "no", reason, action, isInstant };
    },

    /** A call brings along a confirmation, which holds a code. */
    confirm(binding: string, text: string): Decision {
      forget();
      const given = bareConfirmation(text);
      const code = find(
        ({ method, action, id }) =>
          method === "code" && sameText(confirmationText(action, id), given),
      );
      return code?.binding === binding ? agree(code) : { kind: "unknown" };
    },

    /** The caller of a form has gone. */
    close: (id: string) => end((one) => one.id === id),

    /** A call begins that may repeat one with an open page: it waits for that page, in place of the earlier call. */
    resume(binding: string, call: object): PageQuestion | undefined {
      const now = forget();
      // No browser came for an abandoned page, or its tab may be gone: the question is asked again.
      end((one) => one.binding === binding && isAbandoned(one, now));
      const isOpenPage = (one: Question) => one.method === "page" && one.state !== "over";
      const page = find((one) => one.binding === binding && isOpenPage(one));
      if (page?.method !== "page") return undefined;
      page.awaitedBy = call;
      wake();
      return page;
    },

    /** The program that opens the page was given its URL. */
    opened: (page: PageQuestion) => changeOpening(page, openingTimes(clock.elapsed())),

    /** The page could not be served, or no program to open it could be started. */
    failed: (page: PageQuestion) =>
      changeOpening(page, { unread: "not_opened", until: clock.elapsed() }),

    /** The page is fetched; `wrong` says what is wrong with the request. */
    read: (page: PageQuestion, wrong?: TurnedAway) =>
      onPage(page, (now) => readPage(page, wrong, now)),

    /** A button of the page is pressed. */
    click: (page: PageQuestion, click: Click) => onPage(page, (now) => clickPage(page, click, now)),

    /** Resolves when the page is settled or another call waits for it, after `ms`, or when `signal` fires. */
    async settled(
      page: PageQuestion,
      call: object,
      ms: number,
      signal: AbortSignal,
    ): Promise<void> {
      const endsAt = clock.elapsed() + ms;
      while (!signal.aborted && page.awaitedBy === call) {
        const now = forget();
        const left = Math.min(endsAt, page.until) - now;
        if (left <= 0) return;
        waiting ??= new AbortController();
        await clock.sleep(left, AbortSignal.any([waiting.signal, signal])).catch(() => {});
      }
    },

    /** The call that waited for a page ends its wait. `hasTime`: enough of its time is left to act. */
    decide(page: PageQuestion, call: object, hasTime: boolean): Decision {
      const now = forget();
      const { action, answer, unseenForm, turnedAway, unread } = page;
      if (page.state === "over") return { kind: "no", reason: "timed_out", action };
      if (page.awaitedBy !== call || now < page.until || (answer === "yes" && !hasTime)) {
        leave(page, call);
        return { kind: "pending", page };
      }
      if (answer === "yes") return agree(page);
      end((one) => one === page);
      if (answer !== undefined) return { kind: "no", reason: answer, action, turnedAway };
      if (unseenForm === undefined) return { kind: "unread", unread };
      countEnd(false);
      return { kind: "no", reason: unseenForm, action, isInstant: true, unread };
    },
  };
}
