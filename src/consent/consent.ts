import type { WayName } from "../settings.ts";
import type { Deed } from "../tools/deed.ts";
import { sameText } from "./secret.ts";

/** The one field of a form. */
export const DECISION = "decision";

export type Reason = "declined" | "cancelled" | "timed_out" | "client_error" | "kept";

/** What came back for a question. `form` is an answer as the client sent it, unchecked. */
export type Reply =
  | { form: { action: string; content?: unknown } }
  | { failed: "timed_out" | "client_error" };

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
  /** The answer to the question `secret`; in the stateless era it comes with a repeated call. */
  | { type: "reply"; secret: string; binding: string; reply: Reply }
  /** The caller of an open question has gone. */
  | { type: "abandon"; secret: string }
  /** A call that carries a confirmation text. */
  | { type: "confirm"; binding: string; confirmation: string };

export type Verdict =
  | { yes: WayName; deed: Deed }
  | { no: Reason; deed: Deed; hint?: "instant" | "paused" }
  | { ask: string; deed: Deed }
  | { show: string; deed: Deed; expiresAt: number }
  | { busy: number; waiting: Deed }
  | { unavailable: true }
  | { invalid: true }
  | { dropped: true };

/** A question in front of a person, or a code in the hands of a model. */
interface Pending {
  way: WayName;
  secret: string;
  deed: Deed;
  /** The tool and its arguments. */
  binding: string;
  since: number;
  /** True while a call waits for the answer; a stateless client may never come back. */
  waits: boolean;
}

interface Refusal {
  target: string;
  reason: Reason;
  /** When it is forgotten. */
  until: number;
}

export interface ConsentState {
  readonly pending: readonly Pending[];
  readonly refusals: readonly Refusal[];
}

export const NO_CONSENT: ConsentState = { pending: [], refusals: [] };

export const QUESTION_MS = 4 * 60_000;
const VALID_MS = 10 * 60_000;
const PAUSE_MS = 10 * 60_000;
const REFUSALS = 3;
const INSTANT_MS = 1_000;
const MOST_PENDING = 100;

/**
 * The whole of consent as a pure function: what is known, what happens and when (ms since 1970) give
 * what is known next and the verdict. A `yes` comes only from a question answered with exactly the
 * acting choice, or from a code that was shown and not used; both are used up by it. The table in
 * CONTRIBUTING.md lists every case.
 */
export function decide(
  before: ConsentState,
  event: Event,
  now: number,
): { state: ConsentState; verdict: Verdict } {
  const state = forget(before, now);
  switch (event.type) {
    case "ask":
      return ask(state, event, now);
    case "reply":
      return reply(state, event, now);
    case "abandon":
      return { state: without(state, event.secret), verdict: { dropped: true } };
    case "confirm": {
      const code = state.pending.find(
        ({ way, secret, deed }) =>
          way === "code" && sameText(confirmationText(deed, secret), event.confirmation),
      );
      if (code === undefined || code.binding !== event.binding) {
        return { state, verdict: { invalid: true } };
      }
      return {
        state: without(state, code.secret),
        verdict: { yes: "code", deed: code.deed },
      };
    }
  }
}

type EventOf<T extends Event["type"]> = Extract<Event, { type: T }>;

function ask(
  state: ConsentState,
  { deed, binding, way, secret, waits }: EventOf<"ask">,
  now: number,
): { state: ConsentState; verdict: Verdict } {
  const paused = deed.targets.map(({ key }) => refusalsOf(state, key)).find(isPause);
  const last = paused?.at(-1);
  if (last !== undefined) {
    return { state, verdict: { no: last.reason, deed, hint: "paused" } };
  }
  if (way === undefined) return { state, verdict: { unavailable: true } };
  const pending: Pending = { way, secret, deed, binding, since: now, waits };
  if (way === "code") {
    const show = confirmationText(deed, secret);
    return { state: add(state, pending), verdict: { show, deed, expiresAt: now + VALID_MS } };
  }
  const open = state.pending.find((one) => one.way !== "code" && now - one.since < QUESTION_MS);
  // A stateless client that asks the same again has lost the question: the new one replaces it.
  const isLost = open !== undefined && !open.waits && open.binding === binding;
  if (open !== undefined && !isLost) {
    return { state, verdict: { busy: open.since + QUESTION_MS - now, waiting: open.deed } };
  }
  const cleared = open === undefined ? state : without(state, open.secret);
  return { state: add(cleared, pending), verdict: { ask: secret, deed } };
}

function reply(
  state: ConsentState,
  event: EventOf<"reply">,
  now: number,
): { state: ConsentState; verdict: Verdict } {
  const question = state.pending.find(
    ({ way, secret }) => way !== "code" && sameText(secret, event.secret),
  );
  if (question === undefined || question.binding !== event.binding) {
    return { state, verdict: { invalid: true } };
  }
  const answered = without(state, question.secret);
  const { deed, way } = question;
  const no = refusalIn(event.reply, deed);
  if (no === undefined) return { state: answered, verdict: { yes: way, deed } };
  const isInstant = now - question.since < INSTANT_MS;
  const verdict: Verdict = { no, deed, ...(isInstant ? { hint: "instant" } : {}) };
  // A timeout or a client's fault is nobody's refusal.
  if (no === "timed_out" || no === "client_error") return { state: answered, verdict };
  const after = deed.targets.reduce((before, { key }) => refuse(before, key, no, now), answered);
  return { state: after, verdict };
}

function refuse(before: ConsentState, target: string, reason: Reason, now: number): ConsentState {
  const until = now + PAUSE_MS;
  const state = { ...before, refusals: [...before.refusals, { target, reason, until }] };
  if (!isPause(refusalsOf(state, target))) return state;
  // The last one of three begins the pause: none of them is forgotten before it is over.
  const refusals = state.refusals.map((one) => (one.target === target ? { ...one, until } : one));
  return { ...state, refusals };
}

function refusalsOf({ refusals }: ConsentState, key: string): readonly Refusal[] {
  return refusals.filter(({ target }) => target === key);
}

function isPause(refusals: readonly Refusal[]): boolean {
  return refusals.length >= REFUSALS;
}

/** Why a reply is no yes; undefined when it is one: accepted, with exactly the acting choice. */
function refusalIn(reply: Reply, { choices }: Deed): Reason | undefined {
  if ("failed" in reply) return reply.failed;
  const { action, content } = reply.form;
  if (action === "decline") return "declined";
  if (action === "cancel") return "cancelled";
  if (action !== "accept" || typeof content !== "object" || content === null) return "client_error";
  const decision = Object.getOwnPropertyDescriptor(content, DECISION)?.value;
  const [refusing, acting] = choices;
  if (decision === acting) return undefined;
  return decision === refusing ? "kept" : "client_error";
}

function forget({ pending, refusals }: ConsentState, now: number): ConsentState {
  return {
    pending: pending.filter(({ since }) => now - since < VALID_MS),
    refusals: refusals.filter(({ until }) => now < until),
  };
}

function add(state: ConsentState, entry: Pending): ConsentState {
  return { ...state, pending: [...state.pending, entry].slice(-MOST_PENDING) };
}

function without(state: ConsentState, secret: string): ConsentState {
  return { ...state, pending: state.pending.filter((entry) => entry.secret !== secret) };
}

/** What a model passes back: the deed in plain words first, so that an approval dialog shows it. */
export function confirmationText({ title }: Deed, secret: string): string {
  return `${title} ${secret}`;
}
