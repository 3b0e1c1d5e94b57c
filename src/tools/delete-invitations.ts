import * as z from "zod";
import { Failure } from "../failures.ts";
import type { Deleted } from "../trieve/delete.ts";
import type { Invitation } from "../trieve/invitation.ts";
import type { Deed } from "./deed.ts";
import { deleteTarget } from "./delete-invitation.ts";
import { confirmation, placeFacts } from "./fields.ts";
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

type Outcome = Deleted["outcome"] | "not_found";

const OUTCOMES: Outcomes<Outcome> = {
  deleted: { is: "done" },
  already_gone: { is: "so already", means: "already_gone: this call did not delete it." },
  changed: { is: "not done", means: CHANGED_MEANS },
  not_found: {
    is: "not done",
    means: "not_found: no invitation of this organization has this id.",
  },
  not_deleted: { is: "not done", means: "not_deleted: untouched; the same call again deletes it." },
  outcome_unknown: {
    is: "in doubt",
    means: "outcome_unknown: look with list_invitations before any other attempt.",
  },
};

export const deleteInvitations = defineTool({
  name: "delete_invitations",
  title: "Delete several invitations",
  description:
    "Deletes several invitations; a person is asked once. Pending ones stop working; after used ones the people stay members.",
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: { invitation_ids: invitationIds, confirmation },
  output: severalOutput({
    id: z.string(),
    email: z.string().optional(),
    outcome: z.enum(Object.keys(OUTCOMES) as [Outcome]),
  }),
  argued: ({ invitation_ids }) => invitation_ids.map((invitationId) => ({ invitationId })),
  async plan({ invitation_ids }, context, call) {
    const ids = distinctIds(invitation_ids);
    const { invitations } = await context.invitations.list(call);
    const listed = ids.flatMap((id) => invitations.find((one) => one.id === id) ?? []);
    if (listed.length === 0) {
      throw new Failure("not_found", {
        happened: "No invitation of this organization has any of these ids; nothing was deleted",
      });
    }
    return deletions(listed, ids, context);
  },
});

function deletions(
  listed: readonly Invitation[],
  ids: readonly string[],
  context: ToolContext,
): Deed {
  const count = listed.length;
  const unknown = ids.length - count;
  const now = context.clock.now();
  const has = (status: string) => listed.some((one) => one.status === status);
  return {
    title: `delete ${invitationsIn(count)} of ${named(listed.map(({ email }) => email))}`,
    facts: [
      `Delete ${invitationsIn(count)}? This cannot be undone.`,
      ...listed.map((one) => listedFact(`${one.role}, ${one.status}`, one, now)),
      ...(has("pending") ? ["Pending: the mailed link stops working"] : []),
      ...(has("used") ? ["Used: the person stays a member, only the record goes"] : []),
      ...(unknown > 0 ? [`Left out: ${unknown} that this organization does not have`] : []),
      ...placeFacts(context),
    ],
    choices: ["keep", `delete ${count}`],
    targets: listed.map(deleteTarget),
    subject: {},
    async perform(call) {
      const deleted = await context.invitations.deleteAll(call, listed);
      const rows = ids.map((id): Row<Outcome> => {
        const told = deleted.find(({ invitation }) => invitation.id === id);
        if (told === undefined) return { id, outcome: "not_found" };
        const { invitation, outcome, failure } = told;
        return { id, email: invitation.email, role: invitation.role, outcome, failure };
      });
      const isUsed = deleted.some(
        ({ outcome, invitation }) => outcome === "deleted" && invitation.status === "used",
      );
      const note = isUsed ? "Where a used one was deleted, the person stays a member." : undefined;
      return severalResult(context, { rows, outcomes: OUTCOMES, note });
    },
  };
}
