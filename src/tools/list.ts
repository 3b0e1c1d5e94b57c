import * as z from "zod";
import { ROLES } from "../config/policy.ts";
import { isPlainEmail, shownEmail } from "../email.ts";
import { ageInDays, createdDate, type Invitation } from "../trieve/invitation.ts";
import { createPaging, cursor, limit, listOutput } from "./paging.ts";
import { createSearch } from "./search.ts";
import { defineTool } from "./tool.ts";

const days = z.int().min(0).max(3650).optional();

const input = {
  status: z.enum(["pending", "used", "all"]).default("pending").describe("used: accepted"),
  email: z.string().optional().describe("Parts of the address, all must occur"),
  not_email: z.string().optional().describe("Parts that must not occur"),
  role: z.enum(ROLES).optional().describe("Invited as"),
  older_than_days: days.describe("Minimum age, 0-3650"),
  newer_than_days: days.describe("Maximum age, 0-3650"),
  order: z.enum(["newest", "oldest"]).default("newest").describe("By date created"),
  limit,
  cursor,
};

type Input = z.output<z.ZodObject<typeof input>>;

const listed = z.object({
  id: z.string(),
  email: z.string(),
  role: z.string(),
  status: z.enum(["pending", "used"]),
  created_at: z.string(),
  age_days: z.int(),
  email_suspicious: z.boolean().optional(),
  scoped: z.boolean().optional(),
  mail_failed: z.boolean().optional(),
});
type ListedInvitation = z.infer<typeof listed>;

export const listInvitations = defineTool({
  name: "list_invitations",
  title: "List invitations",
  description:
    "Lists invitations, which never expire. matched counts all of them. People who were added at once are only in list_members.",
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input,
  output: listOutput({ invitations: z.array(listed) }, ["pending", "used"]),
  async plan(filters, context, call) {
    const { client, clock, guard } = context;
    const show = createPaging(filters, context);
    const matches = matcher(filters);
    const { invitations: all, skipped } = await client.list(call);
    const now = clock.now();
    const sign = filters.order === "newest" ? -1 : 1;
    const used = all.filter(({ status }) => status === "used").length;
    // If only one status is listed, the first line of the text names it.
    const isAll = filters.status === "all";
    return show({
      name: "invitations",
      matching: all.filter((invitation) => matches(invitation, now)),
      // The whole id never leaves this server, not even in a cursor.
      keyOf: ({ createdAt, shortId }) => [sign * createdAt, shortId],
      factsOf: (one): ListedInvitation => ({
        id: one.shortId,
        email: shownEmail(one.email),
        role: one.role,
        status: one.status,
        created_at: createdDate(one),
        age_days: ageInDays(one, now),
        email_suspicious: !isPlainEmail(one.email) || undefined,
        scoped: one.scoped || undefined,
        mail_failed: guard.mailFailures.get(one.id),
      }),
      columns: `id role ${isAll ? "status " : ""}created age_days email`,
      formatRow: (one) => formatInvitation(one, isAll),
      which: isAll ? "" : ` ${filters.status}`,
      totals: { pending: all.length - used, used },
      skipped,
    });
  },
});

/** An invitation as a line of text. The address comes last, so that no part of it can be taken for another column. */
function formatInvitation(one: ListedInvitation, isStatusShown: boolean): string {
  return [
    one.id,
    one.role,
    isStatusShown && one.status,
    one.created_at.slice(0, 10),
    String(one.age_days),
    one.scoped && "scoped",
    one.mail_failed && "mail_failed",
    one.email_suspicious && "email_suspicious:",
    one.email,
  ]
    .filter(Boolean)
    .join(" ");
}

function matcher(filters: Input): (invitation: Invitation, now: number) => boolean {
  const { status, role, older_than_days: min = 0, newer_than_days: max = Infinity } = filters;
  const hasEmail = createSearch("every", filters.email);
  const hasNotEmail = createSearch("some", filters.not_email);
  return (invitation, now) => {
    const age = ageInDays(invitation, now);
    return (
      (status === "all" || invitation.status === status) &&
      (role === undefined || invitation.role === role) &&
      hasEmail(invitation.email) &&
      !hasNotEmail(invitation.email) &&
      age >= min &&
      age <= max
    );
  };
}
