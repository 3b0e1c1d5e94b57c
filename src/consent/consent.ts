import type { Deed } from "../tools/deed.ts";
import { decidePage, isPage, pageIn, pageRest } from "./page-state.ts";
import { pauseOf, refuse, withoutOlder } from "./refusals.ts";
import { sameText } from "./secret.ts";
import {
  type ConsentState,
  type Event,
  type Pending,
  QUESTION_MS,
  type Reason,
  type Reply,
  type Step,
  VALID_MS,
  type Verdict,
  without,
} from "./state.ts";

/** The one field of a form. */
export const DECISION = "decision";

const INSTANT_MS = 1_000;
const MOST_PENDING = 100;

/**
 * The whole of consent as a pure function: what is known, what happens and when (ms of a clock that nobody turns) give
 * what is known next and the verdict. A `yes` comes only from a question answered with exactly the
 * acting choice, or from a code that was shown and not used; both are used up by it. The table in
 * CONTRIBUTING.md lists every case.
 */
export function decide(before: ConsentState, event: Event, now: number): Step {
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
    default:
      return decidePage(state, event, now);
  }
}

/** Milliseconds for which the page `secret` has to be served; not above zero when it is over. */
export function restOf(before: ConsentState, secret: string, now: number): number {
  const question = pageIn(forget(before, now), secret);
  return question === undefined ? 0 : pageRest(question, now);
}

type EventOf<T extends Event["type"]> = Extract<Event, { type: T }>;

function ask(
  state: ConsentState,
  { deed, binding, way, secret, waits }: EventOf<"ask">,
  now: number,
): Step {
  const pause = pauseOf(state, deed);
  if (pause !== undefined) {
    return { state, verdict: { no: pause.reason, deed, hint: "paused" } };
  }
  if (way === undefined) return { state, verdict: { unavailable: true } };
  const pending: Pending = { way, secret, deed, binding, since: now, waits };
  if (way === "code") {
    // One question has one code: a yes to it must not serve twice.
    const isOlder = (one: Pending) => one.way === "code" && one.binding === binding;
    const others = { ...state, pending: state.pending.filter((one) => !isOlder(one)) };
    const show = confirmationText(deed, secret);
    return { state: add(others, pending), verdict: { show, deed, expiresAt: now + VALID_MS } };
  }
  const open = state.pending.find((one) => opensFor(one, now) > 0);
  // A stateless client that asks the same again has lost the question: the new one replaces it.
  const isLost = open !== undefined && !open.waits && open.binding === binding;
  if (open !== undefined && !isLost) {
    return { state, verdict: { busy: opensFor(open, now), waiting: open.deed } };
  }
  const cleared = open === undefined ? state : without(state, open.secret);
  const asked =
    way === "page" ? { ...pending, page: { openedAt: now, hasFailed: false } } : pending;
  return { state: add(withoutOlder(cleared, deed), asked), verdict: { ask: secret, deed } };
}

/** Milliseconds for which a question keeps others waiting. A code and a given answer keep nobody. */
function opensFor(one: Pending, now: number): number {
  if (one.way === "code") return 0;
  if (!isPage(one)) return one.since + QUESTION_MS - now;
  return pageRest(one, now) > 0 ? one.since + VALID_MS - now : 0;
}

function reply(state: ConsentState, event: EventOf<"reply">, now: number): Step {
  const question = state.pending.find(
    ({ way, secret }) => way === "form" && sameText(secret, event.secret),
  );
  if (question === undefined || question.binding !== event.binding) {
    return { state, verdict: { invalid: true } };
  }
  const answered = without(state, question.secret);
  const { deed, way } = question;
  const isLate = now - question.since >= VALID_MS;
  const no = isLate ? "timed_out" : refusalIn(event.reply, deed);
  if (no === undefined) return { state: answered, verdict: { yes: way, deed } };
  const isInstant = now - question.since < INSTANT_MS;
  const verdict: Verdict = { no, deed, ...(isInstant ? { hint: "instant" } : {}) };
  // A timeout or a client's fault is nobody's refusal.
  if (no === "timed_out" || no === "client_error") return { state: answered, verdict };
  return { state: refuse(answered, deed, no, now), verdict };
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
    // What a call waits for goes with its answer, which may come after a night's sleep.
    pending: pending.filter(
      ({ way, since, waits }) => (way === "form" && waits) || now - since < VALID_MS,
    ),
    refusals: refusals.filter(({ until }) => now < until),
  };
}

function add(state: ConsentState, entry: Pending): ConsentState {
  return { ...state, pending: [...state.pending, entry].slice(-MOST_PENDING) };
}

/**
 * What a model passes back: the deed in plain words first, so that an approval dialog shows it. Models
 * fold blanks, so there are never two in a row.
 */
export function confirmationText({ title }: Deed, secret: string): string {
  return `${title} ${secret}`.replace(/\s+/g, " ");
}
