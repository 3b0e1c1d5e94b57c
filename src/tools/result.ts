import * as z from "zod";
import type { Clock } from "../clock.ts";
import { shownEmail } from "../email.ts";
import type { Failure } from "../failures.ts";
import { WAY_NAMES } from "../settings.ts";
import type { Invitation } from "../trieve/invitation.ts";
import { invitationLine, show } from "./fields.ts";
import type { Target } from "./target.ts";

/** The facts of an answer, for `structuredContent`, and the same facts as text. */
export interface Result {
  facts: { organization_id: string; [fact: string]: unknown };
  text: string;
  /** What came of each target, for the audit; none for what only reads. */
  attempts: readonly Attempt[];
  /** Nothing was achieved, so that it is told as this error, and no facts. */
  failure?: Failure;
}

export interface Attempt extends Omit<Target, "key"> {
  outcome: string;
}

/** What an answer is about: an address and a role, or an invitation. */
export interface Subject {
  email?: string;
  role?: string;
  invitation?: Invitation;
}

/** What every result of a tool that changes something may say. */
export const consentOutput = {
  organization_id: z.string(),
  note: z.string(),
  confirmed_by: z.enum(WAY_NAMES).optional(),
  reason: z
    .enum(["declined", "cancelled", "timed_out", "client_error", "kept", "opened_twice"])
    .optional(),
  show_to_user: z.string().optional(),
  next: z.string().optional(),
  confirmation: z.string().optional(),
  expires_at: z.string().optional(),
};

interface Outcome extends Subject {
  outcome: string;
  /** One or two sentences of ours: what happened and what it means. */
  note: string;
  /** The invitation was there, and is no more. */
  isGone?: boolean;
  reason?: string;
  show_to_user?: string;
  next?: string;
  confirmation?: string;
  expires_at?: string;
}

/** The result of a tool that changes one thing, as facts and as text. */
export function writeResult(
  { organizationId, clock }: { organizationId: string; clock: Clock },
  result: Outcome,
): Result {
  const { outcome, note, email, invitation, isGone, ...rest } = result;
  const shown = invitation && show(invitation, clock.now());
  const facts = {
    outcome,
    organization_id: organizationId,
    ...(email === undefined ? {} : { email: shownEmail(email) }),
    ...rest,
    ...(shown === undefined ? {} : { invitation: shown }),
    note,
  };
  const lines = [`${outcome}: ${note}`];
  for (const [name, fact] of Object.entries(facts)) {
    if (typeof fact === "string" && name !== "outcome" && name !== "note") {
      lines.push(`${name}: ${fact}`);
    }
  }
  if (shown !== undefined) {
    const status = isGone ? `was ${shown.status}` : shown.status;
    lines.push(`invitation: ${invitationLine({ ...shown, status })}`);
  }
  const about = {
    email: email ?? invitation?.email,
    role: rest.role ?? invitation?.role,
    invitationId: invitation?.id,
  };
  return { facts, text: lines.join("\n"), attempts: [attemptOn(about, outcome)] };
}

/** One attempt, of whose target only what is known is kept. */
export function attemptOn(
  about: Record<"email" | "role" | "invitationId", string | undefined>,
  outcome: string,
): Attempt {
  const known = Object.entries(about).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(known), outcome };
}

/** One attempt for each target, all with the same outcome. */
export function attemptsOf(targets: readonly Target[], outcome: string): Attempt[] {
  return targets.map(({ key: _, ...about }) => ({ ...about, outcome }));
}

/** The same result, with who agreed to it. */
export function withConsent(result: Result, confirmedBy: string): Result {
  return {
    ...result,
    facts: { ...result.facts, confirmed_by: confirmedBy },
    text: `${result.text}\nconfirmed_by: ${confirmedBy}`,
  };
}

/** The same result with one more sentence in its note. */
export function withRemark(result: Result, remark: string | undefined): Result {
  if (remark === undefined) return result;
  const note = [result.facts["note"], remark].filter(Boolean).join(" ");
  return { ...result, facts: { ...result.facts, note }, text: `${result.text}\n${remark}` };
}
