import { type Clock, dateOf } from "../clock.ts";
import { Failure } from "../failures.ts";
import type { Deed } from "../tools/deed.ts";
import { attemptsOf, type Result, writeResult } from "../tools/result.ts";
import type { Reason, Verdict } from "./state.ts";

interface Context {
  organizationId: string;
  clock: Clock;
}

const REASONS: Record<Reason, string> = {
  declined: "The client answered the question with a decline",
  cancelled: "The question was dismissed in the client",
  timed_out: "No answer came in time",
  client_error: "The client gave no valid answer",
  kept: "The refusing choice was taken",
  opened_twice:
    "The page with the question was opened a second time, by another browser or program, so no answer on it counts",
};

/**
 * Nothing was done, and why. It never says that a person refused: a client may have answered by itself.
 */
export function notConfirmed(context: Context, verdict: Extract<Verdict, { no: Reason }>): Result {
  const { no, hint, deed } = verdict;
  const because =
    hint === "paused"
      ? "This was asked three times within 10 minutes without a yes, so it is not asked again for now"
      : REASONS[no];
  const instant =
    hint === "instant"
      ? " The answer came within a second; the client may not have shown the question."
      : "";
  return undone(context, deed, {
    outcome: "not_confirmed",
    reason: no,
    note: `Nothing was done: no confirmation was obtained. ${because}.${instant} Do not retry unless the user asks for it.`,
  });
}

/** The answer to a deed that was not done: one attempt for each of its targets. */
function undone(context: Context, deed: Deed, about: Parameters<typeof writeResult>[1]): Result {
  const result = writeResult(context, { ...about, ...deed.subject });
  return { ...result, attempts: attemptsOf(deed.targets, about.outcome) };
}

/** A moment of the clock that nobody turns, as a date in UTC. */
function untilWhen({ clock }: Context, moment: number): string {
  return `${dateOf(clock, moment).toISOString().slice(0, 19)}Z`;
}

/**
 * The deed is shown and waits for its code: one text is for the user, the other for the model.
 * `passed` says why ways before this one could not be used.
 */
export function toBeConfirmed(
  context: Context,
  verdict: Extract<Verdict, { show: string }>,
  passed: readonly string[],
): Result {
  const { show, deed, expiresAt } = verdict;
  const [what, ...facts] = deed.facts;
  return undone(context, deed, {
    outcome: "confirmation_required",
    show_to_user: `${what} ${facts.map(inOneLine).join("; ")}`,
    next: "Show that to the user and wait for a yes. Then repeat the call with the same arguments and this confirmation, unchanged; it works once, for 10 minutes.",
    confirmation: show,
    expires_at: untilWhen(context, expiresAt),
    note: ["Nothing was done yet.", ...passed.map((why) => `No page was used: ${why}.`)].join(" "),
  });
}

/** A semicolon in a stored address must not pass for the one that stands between two facts. */
function inOneLine(fact: string): string {
  return fact.replace(/\.$/, "").replaceAll(";", "\\;");
}

/** The question stands on a page, or was answered there with too little time left to act on it. */
export function toBeAnswered(context: Context, verdict: Extract<Verdict, { later: true }>): Result {
  const { deed, isAnswered, expiresAt } = verdict;
  const again = "call again with the same arguments";
  return undone(context, deed, {
    outcome: "confirmation_pending",
    next: isAnswered
      ? `The page was answered: ${again} at once.`
      : `Ask the user to answer on the page that is open in their browser ("${deed.title}"). Then ${again}; each call waits for up to 30 seconds.`,
    expires_at: untilWhen(context, expiresAt),
    note: "Nothing was done yet.",
  });
}

const LATE_FORM = {
  happened:
    "The form was answered too late, belongs to other arguments, or was shown before this server was restarted; nothing was done",
  next: "Call again, so that the question is asked anew",
};

/** No way to ask is there: what is missing, and what this server is set to. */
export function unavailable(allowed: readonly string[], missing: readonly string[]): Failure {
  return new Failure("confirmation_unavailable", {
    happened: `This needs a person's yes, and nobody can be asked: ${missing.join(", and ")} (this server is set to TRIEVE_CONFIRM=${allowed.join(",")}); nothing was done`,
  });
}

/**
 * A call that got no verdict on its deed: something else is open, or what it brought along is no good: a
 * confirmation, or the answer to a form.
 */
export function withoutVerdict(verdict: Verdict, brought: "confirmation" | "form"): Failure {
  if (!("busy" in verdict)) {
    return new Failure("confirmation_invalid", brought === "form" ? LATE_FORM : {});
  }
  const seconds = Math.ceil(verdict.busy / 1_000);
  return new Failure("busy", {
    happened: `Another question is waiting for a person's answer: ${verdict.waiting.title}`,
    next: `Let it be answered, or call again in ${seconds} seconds at the latest; nothing was done. For several at once use send_invitations, resend_invitations or delete_invitations, which ask once`,
  });
}
