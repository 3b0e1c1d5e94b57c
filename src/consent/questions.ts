import type { Clock } from "../clock.ts";
import type { Action } from "../tools/action.ts";
import { bareConfirmation, confirmationText, randomSecret, sameText } from "./code.ts";
import { type Reply, reasonAgainst } from "./form.ts";
import { createPause } from "./pause.ts";
import {
  blocksFor,
  type Click,
  changesFor,
  clickPage,
  type DecisionOf,
  isExpired,
  isOutdated,
  isStale,
  isUnanswered,
  type NewQuestion,
  type PageQuestion,
  type PageReply,
  type Question,
  readPage,
  type TurnedAway,
  VALID_MS,
} from "./question.ts";

const INSTANT_MS = 1_000;
const MOST_QUESTIONS = 100;

export type Questions = ReturnType<typeof createQuestions>;

/**
 * The open questions and shown codes of one process, how the last ones ended, and all that may happen to
 * them.
 * A yes comes only from a question answered with exactly the acting choice, or from a code that was shown
 * and not used; both are used up by it. The table in CONTRIBUTING.md lists every case.
 */
export function createQuestions(clock: Clock) {
  const questions = new Map<string, Question>();
  const pause = createPause(clock);
  /** There while somebody waits for a change. */
  let waiting: AbortController | undefined;

  function wake(): void {
    waiting?.abort();
    waiting = undefined;
  }

  function find(isIt: (question: Question) => boolean): Question | undefined {
    return [...questions.values()].find(isIt);
  }

  /** Ends questions. A page stays until it expires, to tell what became of it. */
  function end(isOver: (question: Question) => boolean, isAgreed = false): void {
    const over = [...questions.values()].filter(isOver);
    for (const one of over) {
      if (isAgreed || isUnanswered(one)) pause.ended(isAgreed);
      if (one.method !== "page") questions.delete(one.id);
      else if (!one.isDone) {
        one.isDone = true;
        if (one.answer === "yes" && !isAgreed) delete one.answer;
      }
    }
    if (over.length > 0) wake();
  }

  function drop(isOver: (question: Question) => boolean): void {
    end(isOver);
    for (const one of [...questions.values()].filter(isOver)) questions.delete(one.id);
  }

  function add(question: Question): void {
    questions.set(question.id, question);
    const [oldest] = questions.keys();
    if (questions.size > MOST_QUESTIONS) drop(({ id }) => id === oldest);
  }

  /** Forgets what has expired, and gives the time by now. */
  function forget(): number {
    const now = clock.elapsed();
    drop((one) => isExpired(one, now));
    return now;
  }

  function pageOf(id: string): PageQuestion | undefined {
    const question = questions.get(id);
    return question?.method === "page" ? question : undefined;
  }

  /** A yes serves once, so that it uses up whatever else was asked of the same targets. */
  function agree(question: Question): DecisionOf<"yes"> {
    const { method: by, action } = question;
    end((one) => one !== question && isOutdated(one, action));
    end((one) => one === question, true);
    return { kind: "yes", by, action };
  }

  /** A person's no ends what is older, too. */
  function refuse(action: Action): void {
    end((one) => one.method !== "page" && isOutdated(one, action));
  }

  /** Milliseconds for which a page can still change; not above zero when it is settled or gone. */
  function openFor(id: string): number {
    const now = forget();
    const page = pageOf(id);
    return page === undefined ? 0 : changesFor(page, now);
  }

  function change(id: string, made: Partial<PageQuestion>): void {
    const page = pageOf(id);
    if (page !== undefined) Object.assign(page, made);
    wake();
  }

  /** What a browser does on a page, and what it is told of one that can no longer change. */
  function onPage(id: string, act: (page: PageQuestion, now: number) => PageReply): PageReply {
    const now = forget();
    const page = pageOf(id);
    if (page === undefined) return { kind: "over" };
    if (changesFor(page, now) <= 0) return { kind: "answer", page };
    const reply = act(page, now);
    if (page.answer === "kept") refuse(page.action);
    if (page.answer === "kept" || page.answer === "opened_twice") pause.ended(false);
    wake();
    return reply;
  }

  return {
    clock,
    openFor,

    /** A call wants a yes to its action by this method. `isAwaited`: it waits for the answer. */
    ask(question: NewQuestion): DecisionOf<"asked" | "code" | "busy" | "no"> {
      const { action, binding, method, isAwaited, instead } = question;
      const now = forget();
      if (pause.isPaused()) return { kind: "no", reason: "paused", action };
      const [id, expiresAt] = [randomSecret(), now + VALID_MS];
      const asked = { id, action, binding, isAwaited, askedAt: now, expiresAt, instead };
      if (method === "code") {
        // One question has one code: a yes to it must not serve twice.
        end((one) => one.method === "code" && one.binding === binding);
        add({ ...asked, method });
        return { kind: "code", confirmation: confirmationText(action, id), action, expiresAt };
      }
      const open = find((one) => blocksFor(one, now) > 0);
      // A stateless client that asks the same again has lost the question: the new one replaces it.
      const isLost = open?.method === "form" && !open.isAwaited && open.binding === binding;
      if (open !== undefined && !isLost) {
        return { kind: "busy", ms: blocksFor(open, now), open: open.action };
      }
      // What was asked before of the same targets is no way around what a person is asked now.
      end((one) => one === open || isStale(one, now) || isOutdated(one, action));
      if (method === "form") add({ ...asked, method });
      else
        add({
          ...asked,
          method,
          field: randomSecret(),
          openedAt: now,
          hasFailed: false,
          isDone: false,
        });
      return { kind: "asked", id, action };
    },

    /** The answer to a form has come. `isPageNext`: a page can ask, if nobody has seen the form. */
    answer(
      id: string,
      binding: string,
      reply: Reply,
      isPageNext: boolean,
    ): DecisionOf<"yes" | "no" | "unseen" | "unknown"> {
      const now = forget();
      const form = questions.get(id);
      if (form?.method !== "form" || form.binding !== binding) return { kind: "unknown" };
      const { action, askedAt, expiresAt } = form;
      const reason = now >= expiresAt ? "timed_out" : reasonAgainst(reply, action);
      if (reason === undefined) return agree(form);
      const isInstant = now - askedAt < INSTANT_MS;
      if (isPageNext && isInstant && (reason === "declined" || reason === "cancelled")) {
        // It has not ended: the page goes on with it.
        questions.delete(id);
        return { kind: "unseen", no: { kind: "no", reason, action, isInstant } };
      }
      end((one) => one === form);
      // A timeout or a client's fault is nobody's refusal.
      if (reason !== "timed_out" && reason !== "client_error") refuse(action);
      return { kind: "no", reason, action, isInstant };
    },

    /** A call brings along the text of a code. */
    confirm(binding: string, text: string): DecisionOf<"yes" | "unknown"> {
      forget();
      const given = bareConfirmation(text);
      const isIt = ({ method, action, id }: Question) =>
        method === "code" && sameText(confirmationText(action, id), given);
      const code = find(isIt);
      return code?.binding === binding ? agree(code) : { kind: "unknown" };
    },

    /** The caller of a form has gone. */
    close(id: string): void {
      end((one) => one.id === id);
    },

    /** The call that waited for a page has gone; the same call finds it again. */
    leave: (id: string) => change(id, { isAwaited: false }),

    /** A call begins that may have been told to come back for its page: it waits for it again. */
    resume(binding: string): DecisionOf<"asked" | "unknown"> {
      const now = forget();
      const page = find(
        (one) => one.method === "page" && one.binding === binding && !one.isAwaited && !one.isDone,
      );
      if (page?.method !== "page") return { kind: "unknown" };
      const isLost = page.readAt === undefined && changesFor(page, now) <= 0;
      if (isLost || isStale(page, now)) {
        // Its browser never came, or its tab may be gone, so that it is opened anew.
        end((one) => one === page);
        return { kind: "unknown" };
      }
      page.isAwaited = true;
      return { kind: "asked", id: page.id, action: page.action };
    },

    /** What opens the page is given its address. */
    opened: (id: string) => change(id, { openedAt: clock.elapsed() }),

    /** What should have opened the page failed. */
    failed: (id: string) => change(id, { hasFailed: true }),

    /** Something fetches the page; `wrong` says what is wrong with how it does. */
    read: (id: string, wrong?: TurnedAway) => onPage(id, (page, now) => readPage(page, wrong, now)),

    /** A button of the page is pressed. */
    click(id: string, click: Click): PageReply {
      return onPage(id, (page, now) => clickPage(page, click, now));
    },

    /** Resolves when nothing can change on the page any more, after `ms`, or when `signal` fires. */
    async settled(id: string, ms: number, signal = new AbortController().signal): Promise<void> {
      const endsAt = clock.elapsed() + ms;
      while (!signal.aborted) {
        const left = Math.min(endsAt - clock.elapsed(), openFor(id));
        if (left <= 0) return;
        waiting ??= new AbortController();
        await clock.sleep(left, AbortSignal.any([waiting.signal, signal])).catch(() => {});
      }
    },

    /** The call that waited for a page ends its wait. `hasTime`: enough is left of its time to act. */
    decide(
      id: string,
      hasTime: boolean,
    ): DecisionOf<"yes" | "no" | "unread" | "pending" | "unknown"> {
      const now = forget();
      const page = pageOf(id);
      if (page === undefined || page.isDone) return { kind: "unknown" };
      const { action, answer, hasFailed, expiresAt } = page;
      const turnedAway = page.turnedAway && { turnedAway: page.turnedAway };
      const isAnswered = answer === "yes";
      if (changesFor(page, now) > 0 || (isAnswered && !hasTime)) {
        page.isAwaited = false;
        return { kind: "pending", action, isAnswered, expiresAt, ...turnedAway };
      }
      if (isAnswered) return agree(page);
      end((one) => one === page);
      if (answer !== undefined) return { kind: "no", reason: answer, action, ...turnedAway };
      const why = hasFailed ? "not_opened" : "not_fetched";
      if (page.instead === undefined) return { kind: "unread", why };
      pause.ended(false);
      return { ...page.instead, unread: why };
    },
  };
}
