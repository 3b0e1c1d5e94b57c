import type { ConfirmMethod } from "../config/settings.ts";
import type { Action } from "../tools/action.ts";
import { randomSecret, sameText } from "./code.ts";

/** How long a form stays open. */
export const FORM_MS = 4 * 60_000;
/** How long a page stays open, and how long a code or a kept answer is good. */
export const VALID_MS = 10 * 60_000;
/** How long after the opening a browser may still fetch the page: some have to start first. */
const FETCH_MS = 25_000;
/**
 * How long after the opening a yes does not count yet: if a program was faster than the person's browser, that
 * browser still has time to void the page.
 */
const SETTLED_MS = 10_000;
/** How long after it was opened or read a page that no call waits for still blocks other questions. */
const STALE_MS = 120_000;
/** How long the acting button of a page takes to appear: nobody reads the page faster. */
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

/** The result of asking, or of an answer. All times in this file are milliseconds of the monotonic clock. */
export type Decision =
  /** The action is agreed to as it was shown. */
  | { kind: "yes"; by: ConfirmMethod; action: Action }
  | {
      kind: "no";
      reason: Reason;
      action: Action;
      /** Whether it came within a second, so that nobody may have seen the question. */
      isInstant?: boolean;
      /** Why nobody saw the page that asked in place of a form. */
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

/** A question put to a person, or a code given to a model. */
export type Question = PageQuestion | (Asked & { method: "form" | "code" });

interface Asked {
  id: string;
  action: Action;
  /** The tool and its arguments. */
  binding: string;
  /** When it was put to the person: for a page, when the program that opens it was given its URL. */
  openedAt: number;
  /** Until when it blocks other questions. */
  until: number;
  /** When it is forgotten. A form that a call waits for ends only with its call, even if the machine slept. */
  expiresAt: number;
  /** The call that waits for the answer; a stateless client may never come back. */
  awaitedBy: object | undefined;
  /** On a page that asks in place of a form that nobody saw: how that form ended. */
  unseenForm?: Reason | undefined;
}

/** What a call asks consent for, and how. */
export type NewQuestion = Pick<
  Question,
  "action" | "binding" | "method" | "awaitedBy" | "unseenForm"
>;

/**
 * A question on a page. Its state ends by itself at `until`: if `opening`, no browser has come by then; if `read`, its
 * time is up; if `answered`, the answer counts. It is `over` once a call has taken its result or another question its
 * place; then it only shows what became of it.
 */
export interface PageQuestion extends Asked {
  method: "page";
  state: "opening" | "read" | "answered" | "over";
  /** When it was opened or read, whichever came last. */
  seenAt: number;
  /** A secret in the page that was handed out, and nowhere else: an answer has to carry it. */
  field: string;
  answer?: "yes" | "kept" | "opened_twice" | undefined;
  /** Why nobody saw it, if nobody does. */
  unread: Unread;
  /** Why the last browser was turned away, if any was. */
  turnedAway?: TurnedAway;
}

/**
 * Why a browser was turned away. `again`: the page had been handed out before; `address`: it was opened under another
 * host name, `host`; `origin`: a yes came without the page's origin; `field`: an answer came without the page's field.
 */
export interface TurnedAway {
  why: "again" | "address" | "not_a_window" | "service_worker" | "origin" | "field";
  host?: string;
}

/** What a browser gets. */
export interface PageReply {
  kind: "question" | "answer" | "turned_away";
  page: PageQuestion;
}

/** Whether a newer question about a target of `action`, or a no to one, ends this question. */
export function isSuperseded(one: Question, action: Action): boolean {
  const keys = targetKeys(action);
  return targetKeys(one.action).some((key) => keys.includes(key)) && !isAwaitedForm(one);
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

/** For how long it still blocks other questions; not above zero for a code or an answer that counts. */
export function blocksFor(one: Question, now: number): number {
  return (isUnattended(one) ? Math.min(one.until, one.seenAt + STALE_MS) : one.until) - now;
}

/** Whether it is a page that gives way to the next question; the same call again opens a new one. */
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
  return { ...asked, ...openingTimes(now), method, state, unread, field: randomSecret() };
}

/** The times of a page whose URL is given now to the program that opens it. */
export function openingTimes(now: number) {
  return { openedAt: now, seenAt: now, until: now + FETCH_MS };
}

/**
 * Handles a fetch of the page. The first reader gets the question, if nothing is `wrong` with its request; any
 * other reader voids it, so that readers need not be told apart.
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

/** What the press of a button sends, unchecked. */
export interface Click {
  field: string | null;
  choice: string | null;
  /** Whether the browser says that it comes from the page itself. */
  isFromPage: boolean;
}

/** Handles the press of a button. A no counts at once; a yes from before its button appears changes nothing. */
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
