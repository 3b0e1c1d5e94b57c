import * as z from "zod";
import { Failure } from "../failures.ts";
import { neutralise } from "../text.ts";
import { type Invitation, ROLES, type Role } from "../trieve/invitation.ts";
import { hasOther, OTHER_BESIDE, type Resend, type Resent } from "../trieve/resend.ts";
import type { Deed } from "./deed.ts";
import { confirmation, placeFacts, roleFact, roleField } from "./fields.ts";
import type { Result } from "./result.ts";
import {
  ADDED_MEANS,
  addressFailure,
  allFailures,
  checkLinks,
  linkFacts,
  MAIL_FAILED,
  PEOPLE_JOIN,
  roleFailure,
  sendNote,
  UNKNOWN_MEANS,
} from "./sending.ts";
import {
  CHANGED_MEANS,
  distinctIds,
  invitationIds,
  invitationsIn,
  listedFact,
  named,
  type Outcomes,
  type Row,
  severalOutput,
  severalResult,
} from "./several.ts";
import { defineTool, type ToolContext } from "./tool.ts";

type Outcome = Resent["outcome"] | "already_accepted";

const OUTCOMES: Outcomes<Outcome> = {
  resent: { is: "done" },
  added: { is: "done", means: ADDED_MEANS },
  already_accepted: {
    is: "so already",
    means: "already_accepted: left out, since the person has accepted it.",
  },
  already_gone: {
    is: "not done",
    means: "already_gone: it was gone already; this call deleted and sent nothing.",
  },
  changed: { is: "not done", means: CHANGED_MEANS },
  deleted_not_sent: {
    is: "in doubt",
    means:
      "deleted_not_sent: the old invitation is deleted and no new one was sent; tell the user, and invite again with send_invitations.",
  },
  mail_unconfirmed: {
    is: "in doubt",
    means:
      "mail_unconfirmed: the new invitation exists and its mail is in doubt; resend_invitations with new_id mails another.",
  },
  outcome_unknown: { is: "in doubt", means: UNKNOWN_MEANS },
  not_resent: { is: "not done", means: "not_resent: untouched, its link still works." },
};

export const resendInvitations = defineTool({
  name: "resend_invitations",
  title: "Resend invitations",
  description:
    "Sends pending invitations again, with another role where given; a person is asked once. Trieve has no resend, so each is deleted and sent anew: the old link stops working and the id changes.",
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  input: {
    invitation_ids: invitationIds,
    role: roleField(ROLES).optional().describe("Another role, for all of them"),
    confirmation,
  },
  output: severalOutput({
    id: z.string(),
    email: z.string(),
    outcome: z.enum(Object.keys(OUTCOMES) as [Outcome]),
    new_id: z.string().optional(),
  }),
  argued: ({ invitation_ids, role }) =>
    invitation_ids.map((invitationId) => ({ invitationId, ...(role ? { role } : {}) })),
  async plan({ invitation_ids, role }, context, call) {
    checkLinks(context);
    const notAllowed = role && roleFailure(role, context.policy);
    if (notAllowed !== undefined) throw notAllowed;
    const { invitations } = await context.invitations.list(call);
    const chosen = distinctIds(invitation_ids).map((id) => ({
      id,
      shown: invitations.find((one) => one.id === id),
    }));
    const faults = chosen.flatMap(({ id, shown }) => {
      const failure = faultOf(shown, role, invitations, context);
      const name = shown === undefined ? id : `${id} ${neutralise(shown.email)}`;
      return failure === undefined ? [] : [{ name, failure }];
    });
    const failure = allFailures(faults);
    if (failure !== undefined) throw failure;
    const listed = chosen.flatMap(({ shown }) => shown ?? []);
    const resends = listed
      .filter(({ status }) => status === "pending")
      .map((shown): Resend => ({ shown, role: role ?? (shown.role as Role) }));
    const tell = (resent: readonly Resent[]) => resendResult(listed, resent, resends, context);
    return resends.length === 0 ? tell([]) : resending(resends, listed, context, tell);
  },
});

/** Why an invitation cannot be resent; undefined where it can, or need not. */
function faultOf(
  shown: Invitation | undefined,
  role: Role | undefined,
  invitations: readonly Invitation[],
  { policy }: ToolContext,
): Failure | undefined {
  if (shown === undefined) {
    return new Failure("not_found", { happened: "No invitation of this organization has this id" });
  }
  if (shown.status === "used") return undefined;
  if (shown.scoped) return new Failure("not_supported", SCOPED);
  if (hasOther(invitations, shown)) return new Failure("not_supported", OTHER_BESIDE);
  return roleFailure(role ?? shown.role, policy) ?? addressFailure(shown.email, policy);
}

const SCOPED = { happened: "It carries scopes, which a new invitation would not have" };

function resending(
  resends: readonly Resend[],
  listed: readonly Invitation[],
  context: ToolContext,
  tell: (resent: readonly Resent[]) => Result,
): Deed {
  const count = resends.length;
  const accepted = listed.length - count;
  const now = context.clock.now();
  const invitations = invitationsIn(count);
  const roles = ROLES.filter((role) => resends.some((one) => one.role === role));
  return {
    title: `resend ${invitations} to ${named(resends.map(({ shown }) => shown.email))} (${roles.join(", ")})`,
    facts: [
      `Resend ${invitations}? Each is deleted and sent anew: the old link stops working.`,
      ...resends.map(({ shown, role }) => {
        const roles = role === shown.role ? `${role} as before` : `${shown.role}, now ${role}`;
        return listedFact(roles, shown, now);
      }),
      ...roles.map(roleFact),
      PEOPLE_JOIN,
      ...(accepted > 0 ? [`Left out: ${accepted} accepted already`] : []),
      ...linkFacts(context),
      ...placeFacts(context),
    ],
    choices: ["keep", `resend ${count}`],
    targets: resends.map(({ shown, role }) => ({
      key: `resend ${shown.id}`,
      email: shown.email,
      role,
      invitationId: shown.id,
    })),
    subject: {},
    async perform(call) {
      return tell(await context.invitations.resendAll(call, resends));
    },
  };
}

function resendResult(
  listed: readonly Invitation[],
  resent: readonly Resent[],
  resends: readonly Resend[],
  context: ToolContext,
): Result {
  const rows = listed.map((shown): Row<Outcome> => {
    const { id, email } = shown;
    const told = resent.find((one) => one.shown === shown);
    if (told === undefined) return { id, email, role: shown.role, outcome: "already_accepted" };
    const { outcome, invitation, failure, mailFailed } = told;
    const role = resends.find((one) => one.shown === shown)?.role;
    const reason = mailFailed && MAIL_FAILED;
    return { id, email, role, outcome, new_id: invitation?.id, failure, reason };
  });
  const note = sendNote(context, resent);
  return severalResult(context, { rows, outcomes: OUTCOMES, note });
}
