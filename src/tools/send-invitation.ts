import * as z from "zod";
import { emailProblem } from "../email.ts";
import { Failure } from "../failures.ts";
import { allowedRoles, isDomainAllowed, LINK_IS_LOCAL, needsConsent } from "../policy.ts";
import type { Policy } from "../settings.ts";
import { neutralise } from "../text.ts";
import { ROLES, type Role } from "../trieve/invitation.ts";
import type { SendOutcome } from "../trieve/send.ts";
import type { Deed } from "./deed.ts";
import {
  confirmation,
  emailFact,
  placeFacts,
  roleFact,
  roleField,
  shownInvitation,
} from "./fields.ts";
import { consentOutput, type Result, writeResult } from "./result.ts";
import { defineTool, type ToolContext } from "./tool.ts";

const email = z.string().describe("One plain address, at most 100 characters");

const output = z.object({
  outcome: z.enum([
    "invited",
    "added",
    "already_invited",
    "already_accepted",
    "already_member",
    "confirmation_required",
    "confirmation_pending",
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
  argued: ({ email, role }) => ({ email, role }),
  async plan({ email: given, role }, context, call) {
    const email = given.trim();
    if (context.links === "none") throw new Failure("configuration_error", NO_DASHBOARD);
    check(email, role, context.policy);
    const deed = sending(email, role, context);
    if (!deed.needsConsent) return deed;
    // A person is only asked about what can be done.
    const obstacle = await context.invitations.findObstacle(call, email);
    return obstacle === undefined ? deed : sendResult(deed, obstacle, context);
  },
});

function check(email: string, role: Role, policy: Policy): void {
  const problem = emailProblem(email);
  if (problem !== undefined) throw new Failure("invalid_email", { happened: problem });
  if (!isDomainAllowed(policy, email)) {
    const domains = policy.allowedDomains?.join(", ");
    throw new Failure("domain_not_allowed", {
      happened: `This server may only invite addresses at ${domains} (TRIEVE_ALLOWED_EMAIL_DOMAINS)`,
    });
  }
  if (!allowedRoles(policy).includes(role)) {
    throw new Failure("role_not_allowed", {
      happened: `This server may invite up to the role ${policy.maxRole} (TRIEVE_MAX_ROLE)`,
    });
  }
}

function sending(email: string, role: Role, context: ToolContext): Deed {
  const deed: Deed = {
    title: `send invitation to ${neutralise(email)} (${role})`,
    facts: [
      "Send this invitation?",
      emailFact(email),
      roleFact(role),
      "A person who has a Trieve account joins at once, which cannot be undone here.",
      ...(context.links === "local" ? [`${LINK_IS_LOCAL}.`] : []),
      ...placeFacts(context),
    ],
    choices: ["do not send", "send"],
    targets: [{ key: `send ${email.toLowerCase()}`, email, role }],
    needsConsent: needsConsent(role),
    subject: { email, role },
    async perform(call) {
      return sendResult(deed, await context.invitations.send(call, email, role), context);
    },
  };
  return deed;
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

const MAIL_FAILED = "Trieve says that its mail to the person failed, so nothing told them.";

function noteOf(result: SendOutcome, { links }: ToolContext): string {
  const note = NOTES[result.outcome];
  if ("mailFailed" in result) return `${note} ${MAIL_FAILED}`;
  return result.outcome === "invited" && links === "local" ? `${note} ${LINK_IS_LOCAL}.` : note;
}

const NO_DASHBOARD = {
  happened:
    "TRIEVE_DASHBOARD_URL is not set; expected the address of your Trieve's dashboard, where invited people land",
};

function sendResult({ subject }: Deed, result: SendOutcome, context: ToolContext): Result {
  return writeResult(context, {
    outcome: result.outcome,
    note: noteOf(result, context),
    ...subject,
    ...("invitation" in result ? { invitation: result.invitation } : {}),
  });
}
