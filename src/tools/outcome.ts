import * as z from "zod";
import { isPlainEmail, neutralise } from "../text.ts";
import type { Invitation } from "../trieve/invitation.ts";
import { invitationLine, show } from "./fields.ts";
import type { Result, ToolContext } from "./tool.ts";

/** What every result of a tool that changes something may say. */
export const consentOutput = {
  organization_id: z.string(),
  note: z.string(),
  confirmed_by: z.enum(["prompt", "code"]).optional(),
  reason: z.enum(["declined", "cancelled", "timed_out", "client_error", "kept"]).optional(),
  confirmation: z.string().optional(),
  expires_at: z.string().optional(),
};

interface Outcome {
  outcome: string;
  /** One or two sentences of ours: what happened and what it means. */
  note: string;
  email?: string;
  role?: string;
  invitation?: Invitation;
  confirmed_by?: "prompt" | "code";
  reason?: string;
  confirmation?: string;
  expires_at?: string;
}

/** The result of a tool that changes something, as facts and as text. */
export function writeResult(
  context: Pick<ToolContext, "organizationId" | "clock">,
  result: Outcome,
): Result {
  const { outcome, note, email, invitation, ...rest } = result;
  const shown = invitation && show(invitation, context.clock.now());
  const facts = {
    outcome,
    organization_id: context.organizationId,
    ...(email === undefined ? {} : { email: isPlainEmail(email) ? email : neutralise(email) }),
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
  if (shown !== undefined) lines.push(`invitation: ${invitationLine(shown)}`);
  return { facts, text: lines.join("\n") };
}

/** The same result, with who agreed to it. */
export function withConsent(result: Result, confirmedBy: "prompt" | "code"): Result {
  return {
    facts: { ...result.facts, confirmed_by: confirmedBy },
    text: `${result.text}\nconfirmed_by: ${confirmedBy}`,
  };
}
