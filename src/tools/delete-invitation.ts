import * as z from "zod";
import type { Invitation } from "../trieve/invitation.ts";
import { confirmation, invitationId, shownInvitation } from "./fields.ts";
import { consentOutput, writeResult } from "./outcome.ts";
import { defineTool, ToolError } from "./tool.ts";

const output = z.object({
  outcome: z.enum(["deleted", "already_gone", "confirmation_required", "not_confirmed"]),
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
  subject: ({ invitation_id }) => ({ invitationId: invitation_id }),
  async propose({ invitation_id }, { invitations, scope }) {
    const list = await invitations.list(scope);
    const invitation = list.invitations.find(({ id }) => id === invitation_id.toLowerCase());
    if (invitation === undefined) {
      throw new ToolError(
        "not_found",
        "No invitation of this organization has this id; nothing was deleted",
        "Take the id from list_invitations (status all shows used ones too)",
      );
    }
    const { email, role } = invitation;
    return { proposal: { deed: "delete", email, role, invitation }, needsConsent: true };
  },
  async apply(proposal, context) {
    if (proposal.deed !== "delete") throw new Error("not a proposal of delete_invitation");
    const { outcome, invitation } = await context.invitations.delete(
      context.scope,
      proposal.invitation,
    );
    const note = outcome === "deleted" ? deletedNote(invitation) : GONE;
    return writeResult(context, { outcome, note, invitation });
  },
});

const GONE = "The invitation was gone already; this call deleted nothing.";

function deletedNote({ status }: Invitation): string {
  return status === "used"
    ? "The record of the used invitation is deleted. The person stays a member."
    : "The invitation is deleted and its link no longer works.";
}
