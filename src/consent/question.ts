import type { ConfirmMethod } from "../config/settings.ts";
import type { Action } from "../tools/action.ts";
import { sameText } from "./code.ts";

/** How long a form stays open. */
export const FORM_MS = 4 * 60_000;
/** How long a page stays open, and how long a code or a kept answer is good. */
export const VALID_MS = 10 * 60_000;
/** How long after the opening a browser may come: some need to be started. */
const FETCH_MS = 25_000;
/**
 * How long after the opening a yes has no effect: where a program was faster than the person's browser, that
 * browser must still have the time to void the page.
 */
export const SETTLED_MS = 10_000;
/** How long after its opening and its reading a page that no call waits for keeps others waiting. */
const STALE_MS = 120_000;
/** How long the acting button of a page takes to appear; nobody reads faster. */
export const BUTTON_MS = 1_500;

/** Why there is no yes. */
export type Reason =
  | "declined"
  | "cancelled"
  | "timed_out"
  | "client_error"
  | "kept"
  | "opened_twice"
  | "paused";

/** Why nobody saw a page. */
export type Unread = "not_opened" | "not_fetched";

interface NoDecision {
  kind: "no";
  reason: Reason;
  action: Action;
  /** Whether it came within a second, so that nobody may have seen the question. */
  isInstant?: boolean;
  /** Why the page that was to ask in its place did not. */
  unread?: Unread;
  turnedAway?: TurnedAway;
}

/** What asking, or an answer, comes to. Moments and times are those of the clock that nobody turns, in ms. */
export type Decision =
  /** The action is agreed to as it was shown. */
  | { kind: "yes"; by: ConfirmMethod; action: Action }
  | NoDecision
  /** The question is open and has to be put to the person. */
  | { kind: "asked"; id: string; action: Action }
  /** The action is to be shown with this code. */
  | { kind: "code"; confirmation: string; action: Action; expiresAt: number }
  /** Another question is open, for `ms` more at most. */
  | { kind: "busy"; ms: number; open: Action }
  /** There is no such question, or it belongs to other arguments. */
  | { kind: "unknown" }
  /** The call ends, and the page stays open or keeps its answer. */
  | {
      kind: "pending";
      action: Action;
      isAnswered: boolean;
      expiresAt: number;
      turnedAway?: TurnedAway;
    }
  /** Nobody has seen the page, so that another method may ask. */
  | { kind: "unread"; why: Unread }
  /** Nobody can have seen the form, so that a page asks; `no` is what it comes to without one. */
  | { kind: "unseen"; no: NoDecision };

export type DecisionOf<Kind extends Decision["kind"]> = Extract<Decision, { kind: Kind }>;

/** A question in front of a person, or a code in the hands of a model. */
export type Question = PageQuestion | (Asked & { method: "form" | "code" });

interface Asked {
  id: string;
  action: Action;
  /** The tool and its arguments. */
  binding: string;
  askedAt: number;
  expiresAt: number;
  /** True while a call waits for the answer; a stateless client may never come back. */
  isAwaited: boolean;
  /** On a page that asks in place of a form that nobody saw: what that form came to. */
  instead?: NoDecision | undefined;
}

/** What a call wants to have agreed to. */
export type NewQuestion = Pick<Question, "action" | "binding" | "method" | "isAwaited" | "instead">;

/** A question on a page, and how far it has come. */
export interface PageQuestion extends Asked {
  method: "page";
  /** When the opener was told its address. */
  openedAt: number;
  hasFailed: boolean;
  /** Whether a call has taken its end, or something else its place: it only tells that from then on. */
  isDone: boolean;
  /** Stands in the page that was handed out, and nowhere else: an answer has to bring it. */
  field: string;
  /** When it was handed out, or its first reader turned away. */
  readAt?: number;
  /** The last browser that was turned away. */
  turnedAway?: TurnedAway;
  answer?: "yes" | "kept" | "opened_twice";
}

/** Why a browser was turned away, with the address that it came by where it is that. */
export type TurnedAway =
  /** The page had been handed out before. */
  | { why: "again" }
  | { why: "address"; host: string }
  /** A script, a frame, or a page of the same origin asked first. */
  | { why: "not_a_window" }
  | { why: "service_worker" }
  /** A yes without the origin of the page. */
  | { why: "origin" }
  /** A press of a button without the page's field, or of none of its buttons. */
  | { why: "field" };

/** What a browser gets to see. */
export type PageReply =
  | { kind: "question" | "answer"; page: PageQuestion }
  | { kind: "turned_away"; page: PageQuestion; turnedAway: TurnedAway }
  /** Nothing is asked here, or no more. */
  | { kind: "over" };

/** Whether it has to be forgotten. A form that a call waits for may be answered after a night's sleep. */
export function isExpired(one: Question, now: number): boolean {
  return !isAwaitedForm(one) && now >= one.expiresAt;
}

/**
 * Whether a newer question about a target of `action`, or a no to it, ends this one. An awaited form ends
 * with its call.
 */
export function isOutdated(one: Question, action: Action): boolean {
  const names = namesOf(action);
  return namesOf(one.action).some((name) => names.includes(name)) && !isAwaitedForm(one);
}

function namesOf({ targets }: Action): (string | undefined)[] {
  return targets.map(({ invitation, email }) => invitation?.id ?? email?.toLowerCase());
}

/** Whether it ends without a yes when it is taken out of the box now. A code is no question to a person. */
export function isUnanswered(one: Question): boolean {
  if (one.method === "page") return one.readAt !== undefined && isOpen(one);
  return one.method === "form";
}

function isAwaitedForm({ method, isAwaited }: Question): boolean {
  return method === "form" && isAwaited;
}

/** Milliseconds for which it keeps other questions waiting. A code and a given answer keep none. */
export function blocksFor(one: Question, now: number): number {
  switch (one.method) {
    case "code":
      return 0;
    case "form":
      return one.askedAt + FORM_MS - now;
    case "page": {
      const left = changesFor(one, now);
      return isOpen(one) && !one.isAwaited ? Math.min(left, staleAt(one) - now) : left;
    }
  }
}

/** Whether its tab may be gone: it gives way to the next question. One that was answered never does. */
export function isStale(one: Question, now: number): boolean {
  return one.method === "page" && isOpen(one) && !one.isAwaited && now >= staleAt(one);
}

function staleAt({ openedAt, readAt = openedAt }: PageQuestion): number {
  return Math.max(openedAt, readAt) + STALE_MS;
}

function isOpen({ answer, isDone }: PageQuestion): boolean {
  return answer === undefined && !isDone;
}

/** Milliseconds for which a page can still come to another end; not above zero when it is settled. */
export function changesFor(page: PageQuestion, now: number): number {
  const { answer, readAt, hasFailed, isDone, expiresAt, openedAt } = page;
  if (isDone) return 0;
  if (answer === "kept" || answer === "opened_twice") return 0;
  if (answer === "yes") return openedAt + SETTLED_MS - now;
  if (readAt !== undefined) return expiresAt - now;
  return hasFailed ? 0 : openedAt + FETCH_MS - now;
}

/**
 * Something fetches the page. The first reader gets the question, if nothing is wrong with how it came;
 * everybody else voids it, so that nobody has to tell one reader from another.
 */
export function readPage(
  page: PageQuestion,
  wrong: TurnedAway | undefined,
  now: number,
): PageReply {
  const isFirst = page.readAt === undefined;
  page.readAt ??= now;
  const turnedAway = wrong ?? (isFirst ? undefined : ({ why: "again" } as const));
  if (turnedAway === undefined) return { kind: "question", page };
  Object.assign(page, { answer: "opened_twice", turnedAway });
  return { kind: "answer", page };
}

/** What comes with the press of a button, unchecked. */
export interface Click {
  field: string | null;
  choice: string | null;
  /** Whether the browser says that it comes from the page itself. */
  isFromPage: boolean;
}

/** A button is pressed. A no counts at once; a yes from before the button is there changes nothing. */
export function clickPage(page: PageQuestion, click: Click, now: number): PageReply {
  const { readAt, field, action } = page;
  const [refusing, acting] = action.choices;
  const turnAway = (why: "origin" | "field"): PageReply => {
    const turnedAway = { why };
    page.turnedAway = turnedAway;
    return { kind: "turned_away", page, turnedAway };
  };
  if (readAt === undefined || !sameText(click.field ?? "", field)) return turnAway("field");
  if (click.choice === refusing) page.answer = "kept";
  else if (click.choice !== acting) return turnAway("field");
  else if (!click.isFromPage) return turnAway("origin");
  else if (now - readAt >= BUTTON_MS) page.answer = "yes";
  return { kind: page.answer === undefined ? "question" : "answer", page };
}
