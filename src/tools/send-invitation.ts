import * as z from "zod";
import { needsConsent } from "../policy.ts";
import { neutralise } from "../text.ts";
import { ROLES, type Role } from "../trieve/invitation.ts";
import type { Sent } from "../trieve/sent.ts";
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
import {
  addressFailure,
  asWhat,
  checkLinks,
  LEARNED_BEFORE,
  linkFacts,
  roleFailure,
  sendKey,
} from "./sending.ts";
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
  input: {
    email,
    role: roleField(ROLES).default("user").describe("Role to invite as"),
    confirmation,
  },
  output,
  argued: ({ email, role }) => ({ email, role }),
  needsConsent: ({ role }, policy) => needsConsent(policy, role),
  async plan({ email, role }, context, call) {
    checkLinks(context);
    const failure = addressFailure(email, context.policy) ?? roleFailure(role, context.policy);
    if (failure !== undefined) throw failure;
    const deed = sending(email, role, context);
    if (!needsConsent(context.policy, role)) return deed;
    // A person is only asked about what can be done.
    const [obstacle] = await context.invitations.findObstacles(call, [email]);
    return obstacle === undefined ? deed : sendResult(deed, obstacle, context);
  },
});

function sending(email: string, role: Role, context: ToolContext): Deed {
  const deed: Deed = {
    title: `send invitation to ${neutralise(email)} (${role})`,
    facts: [
      "Send this invitation?",
      emailFact(email),
      roleFact(role),
      "A person who has a Trieve account joins at once, which cannot be undone here.",
      ...linkFacts(context),
      ...placeFacts(context),
    ],
    choices: ["do not send", "send"],
    targets: [{ key: sendKey(email), email, role }],
    subject: { email, role },
    async perform(call) {
      const isAgreed = needsConsent(context.policy, role);
      const sent = await context.invitations.send(call, { email, role }, isAgreed);
      return sendResult(deed, sent, context);
    },
  };
  return deed;
}

/** The result of one; throws what there is no good to tell of. */
function sendResult({ subject }: Deed, sent: Sent, context: ToolContext): Result {
  const { outcome, invitation, failure } = sent;
  if (failure !== undefined) throw failure;
  return writeResult(context, {
    outcome,
    note: noteOf(sent, context),
    ...subject,
    ...(invitation === undefined ? {} : { invitation }),
  });
}

const NOTES: Partial<Record<Sent["outcome"], string>> = {
  invited: "The invitation exists and Trieve accepted the mail.",
  added:
    "Trieve accepted, and no invitation appeared: the person had an account and is a member now. This server cannot undo that.",
  already_accepted:
    "An accepted invitation to this address blocks a new one. Nothing was sent. To invite again, delete that record first.",
  already_member: "The person is a member already. Nothing was sent.",
};

const MAIL_FAILED = "Trieve says that its mail to the person failed, so nothing told them.";

function noteOf(sent: Sent, context: ToolContext): string {
  const { outcome, invitation, mailFailed, isRemembered } = sent;
  if (isRemembered) return `${LEARNED_BEFORE}. Nothing was sent.`;
  if (outcome === "already_invited" && invitation !== undefined) {
    return `A pending invitation to this address exists (${asWhat(invitation)}). Nothing was sent. To send it again, or as another role, use resend_invitations with its id.`;
  }
  const more = outcome === "invited" ? linkFacts(context) : mailFailed ? [MAIL_FAILED] : [];
  return [NOTES[outcome], ...more].join(" ");
}
