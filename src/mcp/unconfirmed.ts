import type { Reason, Verdict } from "../consent/consent.ts";
import { type Place, summary } from "../consent/prompt.ts";
import { writeResult } from "../tools/outcome.ts";
import type { Proposal, Result, ToolContext } from "../tools/tool.ts";

type Context = Pick<ToolContext, "organizationId" | "clock">;

const REASONS: Record<Reason, string> = {
  declined: "The client answered the question with a decline",
  cancelled: "The question was dismissed in the client",
  timed_out: "Nobody answered within 4 minutes",
  client_error: "The client gave no valid answer",
  kept: "The refusing choice was taken",
};

/**
 * Nothing was done, and why. It never says that a person refused: a client may have answered by itself.
 */
export function notConfirmed(context: Context, verdict: Extract<Verdict, { no: Reason }>): Result {
  const { no, hint, proposal } = verdict;
  const because =
    hint === "paused"
      ? "This was asked three times within 10 minutes without a yes, so it is not asked again for now"
      : REASONS[no];
  const instant =
    hint === "instant"
      ? " The answer came within a second; the client may not have shown the question."
      : "";
  return writeResult(context, {
    outcome: "not_confirmed",
    reason: no,
    ...about(proposal),
    note: `Nothing was done: no confirmation was obtained. ${because}.${instant} Do not retry unless the user asks for it.`,
  });
}

/** The deed is shown and waits for its code. */
export function toBeConfirmed(
  context: Context,
  verdict: Extract<Verdict, { show: string }>,
  place: Place,
): Result {
  const { show, proposal, expiresAt } = verdict;
  return writeResult(context, {
    outcome: "confirmation_required",
    confirmation: show,
    expires_at: `${new Date(expiresAt).toISOString().slice(0, 19)}Z`,
    ...about(proposal),
    note: `Nothing was done yet. Show this to the user and wait for a yes: ${summary(proposal, place, context.clock.now())}. Then repeat the call with the same arguments and this confirmation, unchanged; it works once, for 10 minutes.`,
  });
}

function about(proposal: Proposal) {
  return proposal.deed === "delete"
    ? { invitation: proposal.invitation }
    : { email: proposal.email, role: proposal.role };
}
