import type { ConfirmMethod } from "../config/settings.ts";
import type { Action } from "../tools/action.ts";
import { randomSecret, sameText } from "./code.ts";

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

/** What asking, or an answer, comes to. Moments and times are those of the clock that nobody turns, in ms. */
export type Decision =
  /** The action is agreed to as it was shown. */
  | { kind: "yes"; by: ConfirmMethod; action: Action }
  | {
      kind: "no";
      reason: Reason;
      action: Action;
      /** Whether it came within a second, so that nobody may have seen the question. */
      isInstant?: boolean;
      /** Why the page that was to ask in its place did not. */
      unread?: Unread;
      turnedAway?: TurnedAway | undefined;
    }
  /** The question is open and has to be put to the person. */
  | { kind: "asked"; question: Question }
  /** Another question is open, for `ms` more at most. */
  | { kind: "busy"; ms: number; open: Action }
  /** There is no such question, or it belongs to other arguments. */
  | { kind: "unknown" }
  /** The call ends, and the page stays open or keeps its answer. */
  | { kind: "pending"; page: PageQuestion }
  /** Nobody has seen the page, so that another method may ask. */
  | { kind: "unread"; unread: Unread }
  /** Nobody can have seen the form, so that a page asks. */
  | { kind: "unseen"; reason: Reason };

export type DecisionOf<Kind extends Decision["kind"]> = Extract<Decision, { kind: Kind }>;

/** A question in front of a person, or a code in the hands of a model. */
export type Question = PageQuestion | (Asked & { method: "form" | "code" });

interface Asked {
  id: string;
  action: Action;
  /** The tool and its arguments. */
  binding: string;
  /** When it was put to the person; a page, when its opener was told the address. */
  openedAt: number;
  /** Until when it keeps other questions waiting. */
  until: number;
  /** When it is forgotten. A form that a call waits for is not: it ends with its call, if after a night's sleep. */
  expiresAt: number;
  /** The call that waits for the answer; a stateless client may never come back. */
  awaitedBy: object | undefined;
  /** On a page that asks in place of a form that nobody saw: what that form came to. */
  instead?: Reason | undefined;
}

/** What a call wants to have agreed to. */
export type NewQuestion = Pick<Question, "action" | "binding" | "method" | "awaitedBy" | "instead">;

/**
 * A question on a page. Its state ends by itself at `until`: no browser has come while it was `opening`, the
 * time is over for one that was `read`, the answer counts of one that is `answered`. Once it is `over`, a call has
 * taken its end, or something else its place, and it only tells that.
 */
export interface PageQuestion extends Asked {
  method: "page";
  state: "opening" | "read" | "answered" | "over";
  /** When it was opened or read, whichever came last. */
  seenAt: number;
  /** Stands in the page that was handed out, and nowhere else: an answer has to bring it. */
  field: string;
  answer?: "yes" | "kept" | "opened_twice" | undefined;
  /** Why nobody saw it, if nobody does. */
  unread: Unread;
  /** The last browser that was turned away. */
  turnedAway?: TurnedAway;
}

/**
 * Why a browser was turned away: the page had been handed out before, was opened by another name (`host`), by
 * something else than a window or past a service worker, a yes came without its origin, an answer without its field.
 */
export interface TurnedAway {
  why: "again" | "address" | "not_a_window" | "service_worker" | "origin" | "field";
  host?: string;
}

/** What a browser gets to see. */
export interface PageReply {
  kind: "question" | "answer" | "turned_away";
  page: PageQuestion;
}

/** Whether a newer question about a target of `action`, or a no to it, ends this one. */
export function isSuperseded(one: Question, action: Action): boolean {
  const names = targetKeys(action);
  return targetKeys(one.action).some((name) => names.includes(name)) && !isAwaitedForm(one);
}

function targetKeys({ targets }: Action): (string | undefined)[] {
  return targets.map(({ invitation, email }) => invitation?.id ?? email?.toLowerCase());
}

function isAwaitedForm({ method, awaitedBy }: NewQuestion): boolean {
  return method === "form" && awaitedBy !== undefined;
}

/** A page that no call waits for and nobody has answered: its tab may be gone. */
function isUnattended(one: Question): one is PageQuestion {
  if (one.method !== "page" || one.awaitedBy !== undefined) return false;
  return one.state === "opening" || one.state === "read";
}

/** Milliseconds for which it keeps other questions waiting. A code and a given answer keep none. */
export function blocksFor(one: Question, now: number): number {
  return (isUnattended(one) ? Math.min(one.until, one.seenAt + STALE_MS) : one.until) - now;
}

/** Whether it is a page that gives way to the next question, and is opened anew for its own call. */
export function isAbandoned(one: Question, now: number): boolean {
  return isUnattended(one) && blocksFor(one, now) <= 0;
}

/** A question that is about to be put to the person, or a code that is about to be shown. */
export function newQuestion(wanted: NewQuestion, now: number): Question {
  const { method } = wanted;
  const expiresAt = isAwaitedForm(wanted) ? Infinity : now + VALID_MS;
  const asked = { ...wanted, id: randomSecret(), openedAt: now, expiresAt };
  if (method !== "page")
    return { ...asked, method, until: method === "form" ? now + FORM_MS : now };
  const [state, unread] = ["opening", "not_fetched"] as const;
  return { ...asked, ...openedAt(now), method, state, unread, field: randomSecret() };
}

/** The times of a page whose opener is told its address now. */
export function openedAt(now: number) {
  return { openedAt: now, seenAt: now, until: now + FETCH_MS };
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
  if (page.state !== "opening" || wrong !== undefined) {
    page.turnedAway = wrong ?? { why: "again" };
    return settlePage(page, "opened_twice", now);
  }
  Object.assign(page, { state: "read", seenAt: now, until: page.expiresAt });
  return { kind: "question", page };
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
  const { state, seenAt, openedAt, field, action } = page;
  const [refusing, acting] = action.choices;
  const turnAway = (why: "origin" | "field"): PageReply => {
    page.turnedAway = { why };
    return { kind: "turned_away", page };
  };
  if (state === "opening" || !sameText(click.field ?? "", field)) return turnAway("field");
  if (click.choice === refusing) return settlePage(page, "kept", now);
  if (click.choice !== acting) return turnAway("field");
  if (!click.isFromPage) return turnAway("origin");
  if (now - seenAt < BUTTON_MS) return { kind: "question", page };
  return settlePage(page, "yes", Math.max(now, openedAt + SETTLED_MS));
}

function settlePage(
  page: PageQuestion,
  answer: "yes" | "kept" | "opened_twice",
  until: number,
): PageReply {
  Object.assign(page, { state: "answered", answer, until });
  return { kind: "answer", page };
}
