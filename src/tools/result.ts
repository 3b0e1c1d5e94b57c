import type * as z from "zod";
import type { ConfirmMethod } from "../config/settings.ts";
import { shownEmail } from "../email.ts";
import { Failure, formatFailure } from "../errors.ts";
import { type Outcome, type OutcomeName, summarise } from "../trieve/outcome.ts";
import type { Action } from "./action.ts";
import { linkWarning, organizationNameOrId, type ToolContext } from "./context.ts";
import type { resultRow } from "./schema.ts";

/** What the model gets: facts for `structuredContent` and the same facts as text, or the text of an error alone. */
export interface Result {
  text: string;
  facts?: { organization: string; [fact: string]: unknown } | undefined;
}

/** Notes on outcomes, each given once for all targets with that outcome. */
const MEANINGS: Partial<Record<OutcomeName, string>> = {
  added:
    "a person with an account is a member now, with nothing to accept; this server cannot undo that",
  already_invited: "nothing was sent; resend_invitation mails it again, or changes the role",
  already_member:
    "the person is a member already, with the role that list_members shows; roles of members are changed in Trieve's dashboard",
  already_resent:
    "this server resent it within the last 10 minutes; to resend it once more, use its id from the list",
  already_gone: "it was gone already; this call did not delete it",
};

const UNTOUCHED: ReadonlySet<OutcomeName> = new Set(["not_sent", "not_resent", "not_deleted"]);

/** Renders the outcomes of a call; `role` is the role given in the call, `isUndone` whether it has written nothing. */
export function renderOutcomes(
  outcomes: readonly Outcome[],
  context: ToolContext,
  role: string | undefined,
  confirmedBy: ConfirmMethod | undefined,
  isUndone: boolean,
): Result {
  const outcome = summarise(outcomes);
  const rows = outcomes.map(toRow);
  if (outcome instanceof Failure) {
    const [row] = rows;
    // With a single target, the error's own text already gives the reason.
    if (row !== undefined && rows.length === 1) row.reason = undefined;
    return { text: [formatFailure(outcome, isUndone), ...rows.map(formatRow)].join("\n") };
  }
  const counts = new Map<OutcomeName, number>();
  for (const { outcome } of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const isMailed = outcomes.some(({ outcome }) => outcome === "invited" || outcome === "resent");
  const note = [...notesOf(outcomes), ...(isMailed ? linkWarning(context) : [])].join(" ");
  const shared = { organization: organizationNameOrId(context), role, confirmed_by: confirmedBy };
  const summary = [...counts].map(([name, count]) => `${count} ${name}`).join(", ");
  const facts = { outcome, ...shared, counts: Object.fromEntries(counts), results: rows, note };
  const lines = [
    `${outcome}: ${summary}.${note === "" ? "" : ` ${note}`}`,
    ...formatFields(shared),
    ...rows.map(formatRow),
  ];
  return { facts, text: lines.join("\n") };
}

/** What the outcomes mean and what to do next, without repetitions. */
function notesOf(outcomes: readonly Outcome[]): string[] {
  const notes = outcomes.flatMap(({ outcome, failure, target }) => {
    if (failure === undefined) {
      const isUsed = outcome === "deleted" && target.invitation?.status === "used";
      const meaning = isUsed ? STAYS_A_MEMBER : MEANINGS[outcome];
      return meaning === undefined ? [] : `${outcome}: ${meaning}.`;
    }
    if (!UNTOUCHED.has(outcome)) return `${outcome}: ${failure.next}.`;
    // A proxy that answers 429 may have forwarded the request, so "nothing was done" may be wrong.
    const state = (failure.code === "rate_limited" && failure.known) || UNTOUCHED_MEANING;
    return `${outcome}: ${failure.happened}. ${state} ${failure.next}.`;
  });
  return [...new Set(notes)];
}

const STAYS_A_MEMBER = "whoever had accepted stays a member; the record was the only trace of that";
const UNTOUCHED_MEANING = "Nothing was done to these, and the same call again does them.";

type Row = z.infer<typeof resultRow>;

/** One target of a result, with untrusted text made safe. */
function toRow(one: Outcome): Row {
  const { target, outcome, invitation } = one;
  const { email, givenId, invitation: existing } = target;
  return {
    email: email === undefined ? undefined : shownEmail(email),
    id: (existing ?? invitation)?.shortId ?? givenId,
    outcome,
    new_id: existing && invitation?.shortId,
    reason: reasonOf(one),
  };
}

/** The reason for an outcome; for a target that was not started, the code of the failure that stopped the call. */
function reasonOf({ target, outcome, failure, reason }: Outcome): string | undefined {
  const { spellings = [] } = target;
  const also = spellings.length > 0 && `also given as ${spellings.map(shownEmail).join(", ")}`;
  const why = UNTOUCHED.has(outcome) ? failure?.code : (failure?.happened ?? reason);
  const known = !UNTOUCHED.has(outcome) && failure?.known?.replace(/\.$/, "");
  return [why, known, also].filter(Boolean).join(". ") || undefined;
}

/** A target as a line of text. The address comes last, so that no part of it can be taken for another field. */
function formatRow({ outcome, id, new_id, reason, email }: Row): string {
  const parts = [outcome, id, new_id && `new_id ${new_id}`, reason && `(${reason})`, email];
  return parts.filter(Boolean).join(" ");
}

/** The response to a call that has not acted: a question is still open, or nobody said yes. */
export interface NotDone extends Result {
  kind: "not_done";
  outcome: "confirmation_required" | "confirmation_pending" | "not_confirmed";
}

/** Renders the response for an action that was not done. `note` and `fields` must be trusted text. */
export function renderNotDone(
  context: ToolContext,
  { role }: Action,
  outcome: NotDone["outcome"],
  note: string,
  fields: Readonly<Record<string, string>>,
): NotDone {
  const shared = { organization: organizationNameOrId(context), role, ...fields };
  const text = [`${outcome}: ${note}`, ...formatFields(shared)].join("\n");
  return { kind: "not_done", outcome, facts: { outcome, ...shared, note }, text };
}

function formatFields(fields: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : `${name}: ${value}`,
  );
}
