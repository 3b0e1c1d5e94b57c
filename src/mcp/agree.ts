import type { Clock } from "../clock.ts";
import { randomCode } from "../consent/codes.ts";
import { decide, type Event, NO_CONSENT, type Verdict, type Way } from "../consent/consent.ts";
import { type Place, type Question, question } from "../consent/prompt.ts";
import type { Proposal, Result, ToolCall, ToolContext } from "../tools/tool.ts";
import { askPerson, type Caller } from "./ask.ts";
import { withoutVerdict } from "./explain.ts";
import { notConfirmed, toBeConfirmed } from "./unconfirmed.ts";

/** What a call comes to before anything is done. */
export type Agreement =
  /** Nothing is to be done: there was no need, or no yes. */
  | { result: Result }
  /** The client has to put this, and to repeat the call with the answer. */
  | { question: Question; secret: string }
  /** Go ahead. `confirmedBy` is missing where nobody had to be asked. */
  | { proposal: Proposal; confirmedBy?: "prompt" | "code" };

/**
 * Takes a checked call to an agreement, and tells `onProposal` what it is about as soon as that is
 * known. Throws ToolError and TrieveError.
 */
export type Agree = (
  call: ToolCall,
  context: ToolContext,
  caller: Caller,
  onProposal: (proposal: Proposal) => void,
) => Promise<Agreement>;

export interface AgreeOptions {
  clock: Clock;
  confirm: "auto" | "prompt";
  place: Place;
}

/** The consent of one process: every call of it goes through the one state. */
export function createAgree({ clock, confirm, place }: AgreeOptions): Agree {
  let state = NO_CONSENT;

  function step(event: Event): Verdict {
    const next = decide(state, event, clock.now());
    state = next.state;
    return next.verdict;
  }

  function conclude(verdict: Verdict, context: ToolContext): Agreement {
    if ("yes" in verdict) return { proposal: verdict.proposal, confirmedBy: verdict.yes };
    if ("no" in verdict) return { result: notConfirmed(context, verdict) };
    if ("show" in verdict) return { result: toBeConfirmed(context, verdict, place) };
    throw withoutVerdict(verdict);
  }

  return async ({ binding, confirmation, propose }, context, caller, onProposal) => {
    const { canPrompt, ask, answer } = caller;
    const settle = (event: Event) => {
      const verdict = step(event);
      if ("proposal" in verdict) onProposal(verdict.proposal);
      return conclude(verdict, context);
    };
    const way: Way = canPrompt ? "prompt" : confirm === "auto" ? "code" : "unavailable";
    if (way === "prompt" && answer !== undefined) {
      return settle({ type: "reply", binding, ...answer });
    }
    if (way === "code" && confirmation !== undefined) {
      return settle({ type: "confirm", binding, confirmation });
    }

    const proposed = await propose(context);
    if ("result" in proposed) return proposed;
    const { proposal, needsConsent } = proposed;
    onProposal(proposal);
    if (!needsConsent) return { proposal };

    const { scope } = context;
    scope.signal.throwIfAborted();
    const secret = randomCode();
    const deed = { binding, target: targetOf(proposal), proposal };
    const verdict = step({ type: "propose", deed, way, secret, waits: ask !== undefined });
    if (!("ask" in verdict)) return conclude(verdict, context);

    const asked = question(proposal, place, clock.now());
    if (ask === undefined) return { question: asked, secret };
    const started = clock.now();
    const reply = await askPerson({ ...caller, ask }, asked, clock, scope.signal);
    // Waiting for a person is not the call's own time.
    scope.endsAt += clock.now() - started;
    if (caller.signal.aborted) step({ type: "abandon", secret });
    caller.signal.throwIfAborted();
    return settle({ type: "reply", secret, binding, reply });
  };
}

/** Refusals are counted for the person or record concerned, whatever else the arguments say. */
function targetOf(proposal: Proposal): string {
  return proposal.deed === "delete"
    ? `delete ${proposal.invitation.id}`
    : `send ${proposal.email.toLowerCase()}`;
}
