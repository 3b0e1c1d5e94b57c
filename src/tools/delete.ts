import { deleteAll } from "../trieve/delete.ts";
import { createPlan, openTargets } from "./plan.ts";
import { confirmation, invitations, writeOutput } from "./schema.ts";
import { resolveTargets, targetNamed } from "./targets.ts";
import { defineTool } from "./tool.ts";

export const deleteInvitation = defineTool({
  name: "delete_invitation",
  title: "Delete invitations",
  description:
    "Deletes invitations; a person is asked first. A pending one stops working; after a used one the person stays a member.",
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: { invitations, confirmation },
  output: writeOutput,
  targets: ({ invitations }) => invitations.map(targetNamed),
  async plan({ invitations }, context, call) {
    const { client, guard } = context;
    const list = await client.list(call);
    const resolved = resolveTargets(invitations, { list, guard, isResend: false });
    const statuses = new Set(openTargets(resolved).map(({ invitation }) => invitation.status));
    return createPlan(context, resolved, {
      verb: "delete",
      consequence: "This cannot be undone.",
      detailsOf: ({ invitation: { role, status } }) => [
        { label: "Role", text: role },
        { label: "Status", text: status },
      ],
      facts: [...statuses]
        .sort()
        .map((status) => ({ label: "Status", text: `${status} - ${STATUS_MEANINGS[status]}` })),
      needsConsent: true,
      perform: (call, targets) => deleteAll(context, call, targets),
    });
  },
});

const STATUS_MEANINGS = {
  pending: "the mailed link stops working",
  used: "the person stays a member; the record is the only trace of the invitation",
};
