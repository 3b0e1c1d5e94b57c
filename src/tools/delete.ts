import { deleteAll } from "../trieve/delete.ts";
import { invitationFacts, roleFact } from "./facts.ts";
import { createPlan, openIn } from "./plan.ts";
import { confirmation, invitations, writeOutput } from "./schema.ts";
import { findTargets, namedTarget } from "./targets.ts";
import { defineTool } from "./tool.ts";

export const deleteInvitation = defineTool({
  name: "delete_invitation",
  title: "Delete invitations",
  description:
    "Deletes invitations; a person is asked first. A pending one stops working; after a used one the person stays a member.",
  hints: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: true },
  input: { invitations, confirmation },
  output: writeOutput,
  targets: ({ invitations }) => invitations.map(namedTarget),
  async plan({ invitations }, context, call) {
    const { trieve, clock } = context;
    const list = await trieve.client.list(call);
    const sources = { list, guard: trieve.guard, untouched: "not_deleted" } as const;
    const named = findTargets(invitations, sources);
    const all = openIn(named).map(({ invitation }) => invitation);
    const statusFacts = (["pending", "used"] as const)
      .filter((status) => all.some((invitation) => invitation.status === status))
      .map((status) => ({ label: "Status", text: `${status} - ${STATUS_MEANS[status]}` }));
    const now = clock.now();
    return createPlan(context, named, {
      verb: "delete",
      preposition: "of",
      refusing: "keep",
      meaning: "This cannot be undone.",
      aboutOf: ({ invitation: { role, status } }) => [
        { label: "Role", text: role },
        { label: "Status", text: status },
      ],
      factsOf: (only) =>
        only
          ? [roleFact(only.role), ...statusFacts, ...invitationFacts(only.invitation, now)]
          : statusFacts,
      needsConsent: true,
      perform: (call, targets) => deleteAll(trieve, call, targets),
    });
  },
});

const STATUS_MEANS = {
  pending: "the mailed link stops working",
  used: "the person stays a member; the record is the only trace of the invitation",
};
