import * as z from "zod";
import { Failure } from "../failures.ts";
import { neutralise, shortId } from "../text.ts";
import type { Invitation } from "../trieve/invitation.ts";
import type { Deed } from "./deed.ts";
import {
  confirmation,
  emailFact,
  invitationId,
  placeFacts,
  roleFact,
  sentWhen,
  shownInvitation,
} from "./fields.ts";
import { consentOutput, writeResult } from "./result.ts";
import type { Target } from "./target.ts";
import { defineTool, type ToolContext } from "./tool.ts";

const output = z.object({
  outcome: z.enum([
    "deleted",
    "already_gone",
    "confirmation_required",
    "confirmation_pending",
    "not_confirmed",
  ]),
  ...consentOutput,
  invitation: shownInvitation,
});

export const deleteInvitation = defineTool({
  name: "delete_invitation",
  title: "Delete invitation",
  description:
    "Deletes one invitation; a person is asked first. A pending one stops working; after a used one the person stays a member.",
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: { invitation_id: invitationId, confirmation },
  output,
  argued: ({ invitation_id }) => ({ invitationId: invitation_id }),
  async plan({ invitation_id }, context, call) {
    const list = await context.invitations.list(call);
    const invitation = list.invitations.find(({ id }) => id === invitation_id.toLowerCase());
    if (invitation === undefined) throw new Failure("not_found");
    return deletion(invitation, context);
  },
});

export function deletion(shown: Invitation, context: ToolContext): Deed {
  const { id, email, role } = shown;
  return {
    title: `delete invitation of ${neutralise(email)} (${role})`,
    facts: [
      "Delete this invitation? This cannot be undone.",
      emailFact(email),
      roleFact(role),
      shown.status === "used"
        ? "Status: used - the person stays a member, only the record goes"
        : "Status: pending - the mailed link stops working",
      `Sent: ${sentWhen(shown, context.clock.now())}`,
      ...placeFacts(context),
      `Invitation: ${shortId(id)}`,
    ],
    choices: ["keep", "delete"],
    targets: [deleteTarget(shown)],
    subject: { invitation: shown },
    async perform(call) {
      const { outcome, invitation, failure } = await context.invitations.delete(call, shown);
      if (failure !== undefined) throw failure;
      const note = outcome === "deleted" ? deletedNote(invitation) : GONE;
      return writeResult(context, { outcome, note, invitation, isGone: true });
    },
  };
}

/** The target that refusals are counted for, whichever tool asks. */
export function deleteTarget({ id, email, role }: Invitation): Target {
  return { key: `delete ${id}`, email, role, invitationId: id };
}

const GONE = "The invitation was gone already; this call deleted nothing.";

function deletedNote({ status }: Invitation): string {
  return status === "used"
    ? "The record of the used invitation is deleted. The person stays a member."
    : "The invitation is deleted and its link no longer works.";
}
