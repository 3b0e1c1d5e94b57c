import * as z from "zod";
import { ROLES } from "../config/policy.ts";
import { shownEmail } from "../email.ts";
import { neutralise } from "../text.ts";
import { createPaging, cursor, limit, listOutput } from "./paging.ts";
import { createSearch } from "./search.ts";
import { defineTool } from "./tool.ts";

const member = z.object({ email: z.string(), name: z.string().optional(), role: z.string() });

export const listMembers = defineTool({
  name: "list_members",
  title: "List members",
  description: "Lists the organization's members, with their roles. matched counts them all.",
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input: {
    email: z.string().optional().describe("Parts of address or name, all must occur"),
    role: z.enum(ROLES).optional().describe("Members with this role"),
    limit,
    cursor,
  },
  output: listOutput({ members: z.array(member) }, ROLES),
  async plan(filters, context, call) {
    const show = createPaging(filters, context);
    const matches = createSearch("every", filters.email);
    const { members: all, skipped } = await context.client.members(call);
    const withRole = (role: string) => all.filter((member) => member.role === role);
    return show({
      name: "members",
      matching: (filters.role === undefined ? all : withRole(filters.role)).filter(
        ({ email, name = "" }) => matches(`${email} ${name}`),
      ),
      keyOf: ({ email }) => [0, `${email.toLowerCase()} ${email}`],
      factsOf: ({ email, name, role }) => ({
        email: shownEmail(email),
        name: name && neutralise(name),
        role,
      }),
      columns: "role email (name)",
      formatRow: ({ email, name, role }) =>
        name === undefined ? `${role} ${email}` : `${role} ${email} (${name})`,
      totals: Object.fromEntries(ROLES.map((role) => [role, withRole(role).length])),
      skipped,
    });
  },
});
