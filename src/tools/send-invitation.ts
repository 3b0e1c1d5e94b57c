import * as z from "zod";
import type { Policy } from "../config.ts";
import { allowedRoles, isDomainAllowed, needsConsent } from "../policy.ts";
import { isPlainEmail } from "../text.ts";
import { ROLES } from "../trieve/invitation.ts";
import type { SendOutcome } from "../trieve/send.ts";
import { confirmation, roleField, shownInvitation } from "./fields.ts";
import { consentOutput, writeResult } from "./outcome.ts";
import { defineTool, type Proposal, type Result, type ToolContext, ToolError } from "./tool.ts";

const email = z.string().describe("One plain address, at most 100 characters");

const output = z.object({
  outcome: z.enum([
    "invited",
    "added",
    "already_invited",
    "already_accepted",
    "already_member",
    "confirmation_required",
    "not_confirmed",
  ]),
  ...consentOutput,
  email: z.string(),
  role: z.string(),
  invitation: shownInvitation.optional(),
});

export const sendInvitation = defineTool({
  name: "send_invitation",
  title: "Send invitation",
  description:
    "Invites one person by e-mail. Somebody with a Trieve account becomes a member at once. A mail cannot be called back: never repeat a call whose outcome is unclear.",
  hints: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: true,
  },
  input: { email, role: roleField(ROLES).default("user"), confirmation },
  output,
  subject: ({ email, role }) => ({ email, role }),
  async propose(input, context) {
    check(input.email, context.policy);
    if (!allowedRoles(context.policy).includes(input.role)) {
      throw new ToolError(
        "role_not_allowed",
        `This server may invite up to the role ${context.policy.maxRole} (TRIEVE_MAX_ROLE)`,
        "Choose a lower role or ask the operator",
      );
    }
    const proposal = { deed: "send", email: input.email, role: input.role } as const;
    if (!needsConsent(input.role)) return { proposal, needsConsent: false };
    // A person is only asked about what can be done.
    const obstacle = await context.invitations.findObstacle(context.scope, input.email);
    if (obstacle !== undefined) return { result: sendResult(proposal, obstacle, context) };
    return { proposal, needsConsent: true };
  },
  async apply(proposal, context) {
    if (proposal.deed !== "send") throw new Error("not a proposal of send_invitation");
    const { email, role } = proposal;
    return sendResult(
      proposal,
      await context.invitations.send(context.scope, email, role),
      context,
    );
  },
});

function check(address: string, policy: Policy): void {
  if (!isPlainEmail(address)) {
    throw new ToolError(
      "invalid_email",
      "The address is not a plain e-mail address (ASCII, one @, a dotted domain, at most 64 characters before the @ and 100 in all)",
      "Ask the user for the exact address",
    );
  }
  if (!isDomainAllowed(policy, address)) {
    throw new ToolError(
      "domain_not_allowed",
      `This server may only invite addresses at ${policy.allowedDomains?.join(", ")} (TRIEVE_ALLOWED_EMAIL_DOMAINS)`,
      "Ask the user for another address or the operator for another domain",
    );
  }
}

const NOTES: Record<SendOutcome["outcome"], string> = {
  invited: "The invitation exists and Trieve accepted the mail.",
  added:
    "Trieve accepted, and no invitation appeared: the person had an account and is a member now. This server cannot undo that.",
  already_invited: "A pending invitation to this address exists. Nothing was sent.",
  already_accepted:
    "An accepted invitation to this address blocks a new one. Nothing was sent. To invite again, delete that record first.",
  already_member: "The person is a member already. Nothing was sent.",
};

function sendResult(proposal: Proposal, result: SendOutcome, context: ToolContext): Result {
  return writeResult(context, {
    outcome: result.outcome,
    note: NOTES[result.outcome],
    email: proposal.email,
    role: proposal.role,
    ...("invitation" in result ? { invitation: result.invitation } : {}),
  });
}
