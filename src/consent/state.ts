import type { WayName } from "../settings.ts";
import type { Deed } from "../tools/deed.ts";

export type Reason =
  | "declined"
  | "cancelled"
  | "timed_out"
  | "client_error"
  | "kept"
  | "opened_twice";

/** What came back for a form. `form` is an answer as the client sent it, unchecked. */
export type Reply =
  | { form: { action: string; content?: unknown } }
  | { failed: "timed_out" | "client_error" };

/** What tells the browser that a page belongs to from every other reader. */
export interface Reader {
  cookie: string;
  /** Stands in the page alone. */
  field: string;
}

export type Event =
  /** A call without an answer. `secret` is fresh and random; no way is left where `way` is missing. */
  | {
      type: "ask";
      deed: Deed;
      binding: string;
      way: WayName | undefined;
      secret: string;
      waits: boolean;
    }
  /** The answer to the form `secret`; in the stateless era it comes with a repeated call. */
  | { type: "reply"; secret: string; binding: string; reply: Reply }
  /** The caller of an open question has gone. */
  | { type: "abandon"; secret: string }
  /** A call that carries a confirmation text. */
  | { type: "confirm"; binding: string; confirmation: string }
  | PageEvent;

export type PageEvent =
  /** A call begins that may have been told to come back for its page. */
  | { type: "resume"; binding: string }
  /** The opener is told the address. */
  | { type: "opened"; secret: string }
  /** The opener failed. */
  | { type: "unopened"; secret: string }
  /** Something fetches the page; `fresh` is random, for a first reader. */
  | { type: "read"; secret: string; cookie: readonly string[]; fresh: Reader }
  /** A button was pressed. */
  | {
      type: "click";
      secret: string;
      cookie: readonly string[];
      field: string | null;
      decision: string | null;
    }
  /** The call that waits looks how things are. `isOver`: it may wait no longer. */
  | { type: "look"; secret: string; isOver: boolean; hasTime: boolean };

export type Verdict =
  | { yes: WayName; deed: Deed }
  | { no: Reason; deed: Deed; hint?: "instant" | "paused" }
  | { ask: string; deed: Deed }
  | { show: string; deed: Deed; expiresAt: number }
  | { busy: number; waiting: Deed }
  | { unavailable: true }
  | { invalid: true }
  | { dropped: true }
  | PageVerdict;

export type PageVerdict =
  /** Nothing is decided yet; look again after this many milliseconds, or when something happens. */
  | { wait: number }
  /** The call ends, and the page goes on. */
  | { later: true; deed: Deed; isAnswered: boolean; expiresAt: number }
  /** Nobody was asked, so the next way may be taken. */
  | { unread: "failed" | "unread" }
  /** What the browser gets. */
  | { view: View };

export type View =
  | { shows: "question"; deed: Deed; reader: Reader }
  | { shows: "yes"; deed: Deed; waits: boolean; countsAt: number; expiresAt: number }
  | { shows: "no"; deed: Deed }
  /** A second reader: nothing more can come of this page. */
  | { shows: "void" }
  | { shows: "nothing" };

/** A question in front of a person, or a code in the hands of a model. */
export interface Pending {
  way: WayName;
  secret: string;
  deed: Deed;
  /** The tool and its arguments. */
  binding: string;
  since: number;
  /** True while a call waits for the answer; a stateless client may never come back. */
  waits: boolean;
  page?: Page;
}

/** How far a page has come. */
export interface Page {
  openedAt: number;
  hasFailed: boolean;
  reader?: Reader & { since: number };
  answer?: "yes" | "kept" | "opened_twice";
}

export interface Refusal {
  target: string;
  reason: Reason;
  /** When it is forgotten. */
  until: number;
}

export interface ConsentState {
  readonly pending: readonly Pending[];
  readonly refusals: readonly Refusal[];
}

export interface Step {
  state: ConsentState;
  verdict: Verdict;
}

export const NO_CONSENT: ConsentState = { pending: [], refusals: [] };

/** How long a form stays open. */
export const QUESTION_MS = 4 * 60_000;
/** How long a page stays open, and how long a code or a kept answer is good. */
export const VALID_MS = 10 * 60_000;

/** The state without the question or code `secret`. */
export function without(state: ConsentState, secret: string): ConsentState {
  return { ...state, pending: state.pending.filter((entry) => entry.secret !== secret) };
}
