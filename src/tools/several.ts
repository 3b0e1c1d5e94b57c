import * as z from "zod";
import { shownEmail } from "../email.ts";
import { Failure } from "../failures.ts";
import { neutralise, shortId } from "../text.ts";
import { concernsOne } from "../trieve/course.ts";
import type { Invitation } from "../trieve/invitation.ts";
import { id, sentWhen } from "./fields.ts";
import { attemptOn, consentOutput, type Result } from "./result.ts";

const MOST = 50;
const MOST_NAMED = 3;

/** The ids of several invitations, as an argument. */
export const invitationIds = z
  .array(id)
  .min(1)
  .max(MOST)
  .describe("1-50 ids from list_invitations");

/** Several addresses, as an argument. */
export const emails = z
  .array(z.string())
  .min(1)
  .max(MOST)
  .describe("1-50 plain addresses, each at most 100 characters");

/** The same ids, each once and as the list has them. */
export function distinctIds(ids: readonly string[]): string[] {
  return [...new Set(ids.map((id) => id.toLowerCase()))];
}

/** What a tool for several answers; `row` is what it tells of a target. */
export function severalOutput<Row extends z.ZodRawShape>(row: Row) {
  return z.object({
    outcome: z.enum([
      "done",
      "partly_done",
      "nothing_to_do",
      "confirmation_required",
      "confirmation_pending",
      "not_confirmed",
    ]),
    ...consentOutput,
    role: z.string().optional(),
    counts: z.object({}).optional(),
    results: z.array(z.object({ ...row, reason: z.string().optional() })).optional(),
  });
}

/**
 * What an outcome of one target comes to: it was done, it was so already, it is not as asked with
 * nothing done to it, or something happened that is not as asked or not known.
 */
type ComesTo = "done" | "so already" | "not done" | "in doubt";

/** The outcomes of a tool's targets, with what has to be said of them once. */
export type Outcomes<Name extends string> = Record<Name, { is: ComesTo; means?: string }>;

/** One target, as it is told. */
export interface Row<Name extends string> {
  outcome: Name;
  /** Where it comes to something else than the outcome does in general. */
  is?: ComesTo;
  /** Untrusted. */
  email?: string | undefined;
  id?: string | undefined;
  new_id?: string | undefined;
  /** For the audit, untrusted. */
  role?: string | undefined;
  failure?: Failure | undefined;
  /** In place of the failure's words. */
  reason?: string | undefined;
}

interface Several<Name extends string> {
  rows: readonly Row<Name>[];
  outcomes: Outcomes<Name>;
  role?: string | undefined;
  /** What has to be said besides. */
  note?: string | undefined;
}

/**
 * The result of a call for several targets; the error that stopped it, where nothing at all was achieved
 * and nothing is in doubt.
 */
export function severalResult<Name extends string>(
  { organizationId }: { organizationId: string },
  { rows, outcomes, role, note }: Several<Name>,
): Result {
  const counts = new Map<Name, number>();
  for (const { outcome } of rows) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const whatIs = ({ is, outcome }: Row<Name>) => is ?? outcomes[outcome].is;
  const has = (what: ComesTo) => rows.some((row) => whatIs(row) === what);

  const undone = rows.filter((row) => whatIs(row) === "not done");
  const failures = undone.flatMap(({ failure }) => failure ?? []);
  const stop = undone.map(stopIn).find((failure) => failure !== undefined);
  const isVain = !has("done") && !has("in doubt");
  const because = stop ?? failures[0];
  const failure = isVain && because ? inVain(because, rows, undone) : undefined;
  const isWhole = undone.length === 0 && !has("in doubt");
  const outcome = isVain ? "nothing_to_do" : isWhole ? "done" : "partly_done";

  const told = [
    `${[...counts].map(([name, count]) => `${count} ${name}`).join(", ")}.`,
    ...(stop === undefined ? [] : [`Stopped: ${stop.happened}.`]),
    ...[...counts.keys()].flatMap((name) => outcomes[name].means ?? []),
    ...(note ? [note] : []),
  ].join(" ");
  const shared = { organization_id: organizationId, ...(role === undefined ? {} : { role }) };
  const results = rows.map((row) => showRow(row, whatIs(row) === "not done"));
  const lines = [
    `${outcome}: ${told}`,
    ...Object.entries(shared).map(([name, value]) => `${name}: ${value}`),
    ...results.map(rowLine),
  ];
  return {
    facts: { outcome, ...shared, counts: Object.fromEntries(counts), results, note: told },
    text: lines.join("\n"),
    attempts: rows.map((row) => {
      const { email, role, id: invitationId } = row;
      // Where all is told as one error, that error is what came of those that it stopped.
      const code = failure === undefined ? undefined : stopIn(row)?.code;
      return attemptOn({ email, role, invitationId }, code ?? row.outcome);
    }),
    ...(failure === undefined ? {} : { failure }),
  };
}

/** What ended the call, where that is why nothing was done to this one. */
function stopIn({ failure }: Row<string>): Failure | undefined {
  return failure === undefined || concernsOne(failure.code) ? undefined : failure;
}

/** Why nothing was achieved, with everything named that it was to be done to. */
function inVain(
  { code, happened, next, known }: Failure,
  rows: readonly Row<string>[],
  undone: readonly Row<string>[],
): Failure {
  const all = undone.map((row) => {
    const { email, id, reason = row.outcome } = showRow(row, true);
    return `${email ?? id}${reason === code ? "" : ` (${reason})`}`;
  });
  const others = rows.filter((row) => !undone.includes(row));
  const told = [
    ...(known ? [known] : []),
    `Nothing was done for ${all.join(", ")}.`,
    ...(others.length > 0
      ? [`Left out: ${others.map((row) => rowLine(showRow(row, false))).join(", ")}.`]
      : []),
  ];
  return new Failure(code, { happened, next, known: told.join(" ") });
}

type ShownRow = Partial<Record<"email" | "id" | "new_id" | "reason", string>> & { outcome: string };

/** A target in a result, with everything untrusted in it made safe. */
function showRow(
  { outcome, email, id, new_id, failure, reason }: Row<string>,
  isUndone: boolean,
): ShownRow {
  const why = reason ?? (failure && reasonIn(failure, isUndone));
  return {
    ...(id === undefined ? {} : { id }),
    ...(email === undefined ? {} : { email: shownEmail(email) }),
    outcome,
    ...(new_id === undefined ? {} : { new_id }),
    ...(why === undefined ? {} : { reason: why }),
  };
}

/** What stopped the whole call is told once, and its code with each; all else is told where it is. */
function reasonIn({ code, happened, known }: Failure, isUndone: boolean): string {
  const isDoubt = code === "outcome_unknown" || code === "mail_unconfirmed";
  if (isUndone && !concernsOne(code)) return isDoubt ? "stopped" : code;
  return code === "outcome_unknown" ? (known?.split(". ", 1)[0] ?? happened) : happened;
}

/** The same as one line of text. The address comes last, so that nothing in it passes for the rest. */
function rowLine({ outcome, id, new_id, reason, email }: ShownRow): string {
  const parts = [outcome, id, new_id && `new_id ${new_id}`, reason && `(${reason})`, email];
  return parts.filter(Boolean).join(" ");
}

/** How many invitations, in words. */
export function invitationsIn(count: number): string {
  return count === 1 ? "1 invitation" : `${count} invitations`;
}

/** One of several in a question, a fact; `role` is what is said of its role. */
export function listedFact(role: string, invitation: Invitation, now: number): string {
  const { id, email } = invitation;
  return `${role}, sent ${sentWhen(invitation, now)}, ${shortId(id)}: ${neutralise(email)}`;
}

/** What is said of those that are not as they were shown. */
export const CHANGED_MEANS =
  "changed: left alone, since it is not as it was shown; list again and show the user.";

/** The first few of several, in words. */
export function named(all: readonly string[]): string {
  const shown = all.slice(0, MOST_NAMED).map((one) => neutralise(one));
  const more = all.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
