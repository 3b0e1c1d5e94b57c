import type { Proposal } from "../tools/tool.ts";
import { sameText } from "./codes.ts";
import { choicesOf, confirmationText, DECISION } from "./prompt.ts";

/** How this client can be asked, and whether a code is good enough where it cannot. */
export type Way = "prompt" | "code" | "unavailable";

/** A call that needs a yes before `proposal` is carried out. */
export interface Deed {
  /** The tool and its arguments. */
  binding: string;
  /** What refusals are counted for: the invitation, or the address. */
  target: string;
  proposal: Proposal;
}

export type Reason = "declined" | "cancelled" | "timed_out" | "client_error" | "kept";

/** What came back for a question. `form` is an answer as the client sent it, unchecked. */
export type Reply =
  | { form: { action: string; content?: unknown } }
  | { failed: "timed_out" | "client_error" };

export type Event =
  /** A call without a usable confirmation. `secret` is fresh and random. */
  | { type: "propose"; deed: Deed; way: Way; secret: string; waits: boolean }
  /** The answer to the question `secret`; in the stateless era it comes with a repeated call. */
  | { type: "reply"; secret: string; binding: string; reply: Reply }
  /** The caller of an open question has gone. */
  | { type: "abandon"; secret: string }
  /** A call that carries a confirmation text. */
  | { type: "confirm"; binding: string; confirmation: string };

export type Verdict =
  | { yes: "prompt" | "code"; proposal: Proposal }
  | { no: Reason; proposal: Proposal; hint?: "instant" | "paused" }
  | { ask: string; proposal: Proposal }
  | { show: string; proposal: Proposal; expiresAt: number }
  | { busy: number }
  | { unavailable: true }
  | { invalid: true }
  | { dropped: true };

/** A question in front of a person, or a code in the hands of a model. */
interface Pending {
  kind: "question" | "code";
  secret: string;
  deed: Deed;
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
    case "propose":
      return propose(state, event, now);
    case "reply":
      return reply(state, event, now);
    case "abandon":
      return { state: without(state, event.secret), verdict: { dropped: true } };
    case "confirm": {
      const code = state.pending.find(
        ({ kind, secret, deed }) =>
          kind === "code" && sameText(confirmationText(deed.proposal, secret), event.confirmation),
      );
      if (code === undefined || code.deed.binding !== event.binding) {
        return { state, verdict: { invalid: true } };
      }
      return {
        state: without(state, code.secret),
        verdict: { yes: "code", proposal: code.deed.proposal },
      };
    }
  }
}

type EventOf<T extends Event["type"]> = Extract<Event, { type: T }>;

function propose(
  state: ConsentState,
  { deed, way, secret, waits }: EventOf<"propose">,
  now: number,
): { state: ConsentState; verdict: Verdict } {
  const { proposal } = deed;
  const refused = state.refusals.filter(({ target }) => target === deed.target);
  const last = refused.at(-1);
  if (last !== undefined && refused.length >= REFUSALS) {
    return { state, verdict: { no: last.reason, proposal, hint: "paused" } };
  }
  if (way === "unavailable") return { state, verdict: { unavailable: true } };
  if (way === "code") {
    const verdict = {
      show: confirmationText(proposal, secret),
      proposal,
      expiresAt: now + VALID_MS,
    };
    return { state: add(state, { kind: "code", secret, deed, since: now, waits: false }), verdict };
  }
  const open = state.pending.find(
    ({ kind, since }) => kind === "question" && now - since < QUESTION_MS,
  );
  // A stateless client that asks the same again has lost the question: the new one replaces it.
  const isLost = open !== undefined && !open.waits && open.deed.binding === deed.binding;
  if (open !== undefined && !isLost) {
    return { state, verdict: { busy: open.since + QUESTION_MS - now } };
  }
  const cleared = open === undefined ? state : without(state, open.secret);
  return {
    state: add(cleared, { kind: "question", secret, deed, since: now, waits }),
    verdict: { ask: secret, proposal },
  };
}

function reply(
  state: ConsentState,
  event: EventOf<"reply">,
  now: number,
): { state: ConsentState; verdict: Verdict } {
  const question = state.pending.find(
    ({ kind, secret }) => kind === "question" && sameText(secret, event.secret),
  );
  if (question === undefined || question.deed.binding !== event.binding) {
    return { state, verdict: { invalid: true } };
  }
  const answered = without(state, question.secret);
  const { proposal, target } = question.deed;
  const no = refusalIn(event.reply, proposal);
  if (no === undefined) return { state: answered, verdict: { yes: "prompt", proposal } };
  const isInstant = now - question.since < INSTANT_MS;
  const verdict: Verdict = { no, proposal, ...(isInstant ? { hint: "instant" } : {}) };
  // A timeout or a client's fault is nobody's refusal.
  if (no === "timed_out" || no === "client_error") return { state: answered, verdict };
  const refusals = refuse(answered.refusals, target, no, now);
  return { state: { ...answered, refusals }, verdict };
}

function refuse(
  before: readonly Refusal[],
  target: string,
  reason: Reason,
  now: number,
): readonly Refusal[] {
  const until = now + PAUSE_MS;
  const refusals = [...before, { target, reason, until }];
  // The last one of three begins the pause: none of them is forgotten before it is over.
  const isPause = refusals.filter((one) => one.target === target).length >= REFUSALS;
  return isPause
    ? refusals.map((one) => (one.target === target ? { ...one, until } : one))
    : refusals;
}

/** Why a reply is no yes; undefined when it is one: accepted, with exactly the acting choice. */
function refusalIn(reply: Reply, proposal: Proposal): Reason | undefined {
  if ("failed" in reply) return reply.failed;
  const { action, content } = reply.form;
  if (action === "decline") return "declined";
  if (action === "cancel") return "cancelled";
  if (action !== "accept" || typeof content !== "object" || content === null) return "client_error";
  const decision = Object.getOwnPropertyDescriptor(content, DECISION)?.value;
  const [refusing, acting] = choicesOf(proposal);
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
