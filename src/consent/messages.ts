import { dateOf } from "../clock.ts";
import { Failure } from "../errors.ts";
import { neutralise } from "../text.ts";
import { formatAction } from "../tools/action.ts";
import type { ToolContext } from "../tools/context.ts";
import { type NotDone, renderNotDone } from "../tools/result.ts";
import { confirmationText } from "./code.ts";
import type { DecisionOf, PageQuestion, Question, Reason, TurnedAway, Unread } from "./question.ts";

const REASONS: Record<Exclude<Reason, "kept" | "opened_twice">, string> = {
  declined: "The client declined the question",
  cancelled: "The question was dismissed in the client",
  timed_out: "No answer came in time",
  client_error: "The client gave no valid answer",
  paused:
    "The last five questions, all within 10 minutes, ended without a yes, so nobody is asked anything for 10 minutes",
};

const TURNED_AWAY: Record<TurnedAway["why"], string> = {
  again: "The page was opened a second time: by a reload, a new tab, or another browser or program",
  address: "The page was opened by an address other than 127.0.0.1 or localhost",
  not_a_window:
    "The page was opened by something other than a browser window, such as a script or a frame",
  service_worker:
    "A service worker that another program left in the browser can read the page; deleting what the browser stores for 127.0.0.1 removes it",
  origin:
    "The browser did not say that the answer came from the page, which a privacy setting or an extension may hide",
  field: "The answer did not come from the page that was handed out",
};

/** Why a browser was turned away, as a sentence. */
export function turnedAwayText({ why, host }: TurnedAway = { why: "again" }): string {
  return `${TURNED_AWAY[why]}${host === undefined ? "" : ` (${neutralise(host)})`}.`;
}

/** Why nobody saw a page. */
export const UNREAD: Record<Unread, string> = {
  not_opened:
    "no browser could be opened on this machine; BROWSER can name a program that opens one",
  not_fetched: "no browser fetched the page within 25 seconds",
};

function noPage(unread: Unread | undefined): string {
  return unread === undefined ? "" : ` No page was used: ${UNREAD[unread]}.`;
}

/**
 * Nothing was done, and why. It never says that a person refused: a client may have answered by itself.
 */
export function notConfirmed(
  context: ToolContext,
  { reason, isInstant, action, turnedAway, unread }: DecisionOf<"no">,
): NotDone {
  const because: Record<Reason, string> = {
    ...REASONS,
    kept: `The answer was "${action.choices[0]}"`,
    opened_twice: `${turnedAwayText(turnedAway)} No answer on it counts`,
  };
  const instant = isInstant
    ? " The answer came within a second; the client may not have shown the question."
    : "";
  const note = `Nothing was done: no confirmation was obtained. ${because[reason]}.${instant}${noPage(unread)} Do not retry unless the user asks for it.`;
  return renderNotDone(context, action, "not_confirmed", note, { reason });
}

/**
 * The result that shows the action to the user and gives the model the code that confirms it. `unread` says why
 * nobody saw the page that was tried first.
 */
export function confirmationRequired(
  context: ToolContext,
  { id, action, expiresAt }: Question,
  unread: Unread | undefined,
): NotDone {
  const note = `Nothing was done yet.${noPage(unread)}`;
  return renderNotDone(context, action, "confirmation_required", note, {
    show_to_user: formatAction(action),
    next: "Show that to the user and wait for a yes. Then repeat the call with the same arguments and this confirmation, unchanged; it works once, for 10 minutes.",
    confirmation: confirmationText(action, id),
    expires_at: dateText(context, expiresAt),
  });
}

/** The question is open on a page, or was answered there with too little time left to act on it. */
export function confirmationPending(
  context: ToolContext,
  { action, answer, expiresAt, turnedAway }: PageQuestion,
): NotDone {
  const turned = turnedAway && ` An answer was turned away. ${turnedAwayText(turnedAway)}`;
  const note = `Nothing was done yet.${turned ?? ""}`;
  return renderNotDone(context, action, "confirmation_pending", note, {
    next:
      answer === "yes"
        ? "The page was answered: call again now, with the same arguments."
        : `Ask the user to answer on the page that is open in their browser ("${action.title}"). Then call again with the same arguments; each call waits for up to 30 seconds.`,
    expires_at: dateText(context, expiresAt),
  });
}

/** A moment of the monotonic clock, as a date in UTC. */
function dateText({ clock }: ToolContext, moment: number): string {
  return `${dateOf(clock, moment).toISOString().slice(0, 19)}Z`;
}

/** Nobody can be asked: says what is missing for it, and which methods this server allows. */
export function unavailable(allowed: readonly string[], missing: readonly string[]): Failure {
  return new Failure("confirmation_unavailable", {
    happened: `This needs a person's yes, and nobody can be asked: ${missing.join(", and ")} (this server is set to TRIEVE_CONFIRM=${allowed.join(",")}); nothing was done`,
  });
}

/** The answer to a form came too late, or belongs to another call. */
export function formExpired(): Failure {
  return new Failure("confirmation_invalid", {
    happened:
      "The form was answered too late, was for other arguments, or was shown before this server was restarted; nothing was done",
    next: "Call again, so that the question is asked anew",
  });
}

/** Another question is open. */
export function busy({ ms, open }: DecisionOf<"busy">): Failure {
  return new Failure("busy", {
    happened: `Another question is waiting for a person's answer: ${open.title}`,
    next: `Wait until it has been answered, or call again in ${Math.ceil(ms / 1_000)} seconds; nothing was done. To do several things at once, put them into one call, which asks only once`,
  });
}
