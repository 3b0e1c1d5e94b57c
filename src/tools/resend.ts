import * as z from "zod";
import { type Policy, ROLES, type Role } from "../config/policy.ts";
import { Failure } from "../errors.ts";
import type { Invitation, InvitationList } from "../trieve/invitation.ts";
import { alreadyAccepted, createMemberCheck, type IsMember } from "../trieve/obstacle.ts";
import { failedOutcome, type Listed, type Outcome, type TargetFailure } from "../trieve/outcome.ts";
import { conflictFor, type Resend, resendAll } from "../trieve/resend.ts";
import { createPlan } from "./plan.ts";
import { confirmation, invitations, writeOutput } from "./schema.ts";
import { addressFailure, checkSend, roleFailure } from "./sendable.ts";
import { type Resolved, resolveTargets, targetNamed } from "./targets.ts";
import { defineTool } from "./tool.ts";

export const resendInvitation = defineTool({
  name: "resend_invitation",
  title: "Resend invitations",
  description:
    "Mails pending invitations again, with another role where given; a person is asked. Each is deleted and sent anew: the old link stops working, the id changes.",
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  input: {
    invitations,
    role: z.enum(ROLES).optional().describe("Another role for all"),
    confirmation,
  },
  output: writeOutput,
  targets: ({ invitations, role }) => invitations.map((name) => ({ ...targetNamed(name), role })),
  async plan({ invitations, role }, context, call) {
    const { policy, client, guard } = context;
    checkSend(context, role);
    const list = await client.list(call);
    const found = resolveTargets(invitations, { list, guard, isResend: true, role });
    const isMember = createMemberCheck(client, call);
    const resolved = await Promise.all(
      found.map(async (one): Promise<Resolved<Resend>> => {
        if (one.outcome !== undefined) return one;
        const { target } = one;
        if (target.invitation.status === "used") return usedOutcome(target, isMember);
        const failure = resendFailure(target.invitation, role, list, policy);
        if (failure !== undefined) return failedOutcome(target, failure);
        return { target: { ...target, role: role ?? (target.role as Role) } };
      }),
    );
    return createPlan(context, resolved, {
      verb: "resend",
      consequence:
        "Resending deletes the old invitation and sends a new one: the old link stops working, and the age starts again.",
      detailsOf({ invitation, role }) {
        const change = `invited as ${invitation.role}, will be ${role}`;
        const isSame = role === invitation.role;
        return [{ label: "Change", text: isSame ? `as ${role} (unchanged)` : change }];
      },
      needsConsent: true,
      role,
      perform: (call, targets) => resendAll(context, call, targets),
    });
  },
});

/** The outcome for an invitation that was accepted. */
async function usedOutcome(target: Listed, isMember: IsMember): Promise<Outcome> {
  const isJoined = await isMember(target.email);
  if (isJoined) return { target, outcome: "already_member" };
  return failedOutcome(target, alreadyAccepted(isJoined));
}

/** Why a pending invitation cannot be resent; undefined if it can. */
function resendFailure(
  invitation: Invitation,
  role: Role | undefined,
  { invitations }: InvitationList,
  policy: Policy,
): TargetFailure | undefined {
  if (invitation.scoped) return new Failure("not_supported", SCOPED);
  return (
    conflictFor(invitations, invitation) ??
    roleFailure(role ?? invitation.role, policy) ??
    addressFailure(invitation.email, policy, INVITE_ANEW)
  );
}

// The address of an existing invitation cannot be corrected.
const INVITE_ANEW =
  "Ask the user for another address of this person, invite that one, and delete this invitation";

const SCOPED = {
  happened: "It carries scopes, which a new invitation would not have",
  next: "Tell the user; what it allows can only be given in Trieve itself",
};
