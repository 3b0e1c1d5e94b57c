import { createHash } from "node:crypto";
import * as z from "zod";
import { addressPart } from "../email.ts";
import { Failure } from "../failures.ts";
import { ageInDays, type Invitation, ROLES } from "../trieve/invitation.ts";
import { COLUMNS, invitationLine, roleField, show, shownInvitation } from "./fields.ts";
import { defineTool } from "./tool.ts";

const input = {
  status: z
    .enum(["pending", "used", "all"])
    .default("pending")
    .describe("pending: not accepted yet; used: accepted"),
  email: z.string().optional().describe("Part of the address, any case"),
  not_email: z.string().optional().describe("Leaves out addresses with this part"),
  role: roleField(ROLES).optional().describe("Invited as this"),
  older_than_days: z
    .int()
    .min(0)
    .max(3650)
    .optional()
    .describe("Sent at least so many days ago, 0-3650"),
  order: z.enum(["newest", "oldest"]).default("newest").describe("By date sent"),
  limit: z.int().min(1).max(200).default(50).describe("1-200"),
  cursor: z.string().optional().describe("next_cursor of the previous page, same filters"),
};

type Input = z.output<z.ZodObject<typeof input>>;

const output = z.object({
  organization_id: z.string(),
  invitations: z.array(shownInvitation),
  matched: z.int(),
  next_cursor: z.string().optional(),
  totals: z.object({ pending: z.int(), used: z.int() }),
  skipped: z.int().optional(),
  ignored: z.array(z.string()).optional(),
});

export const listInvitations = defineTool({
  name: "list_invitations",
  title: "List invitations",
  description:
    "Lists the organization's invitations, which never expire. Does not show members, nor people who were added at once.",
  hints: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
  input,
  output,
  async plan(filters, { invitations, organizationId, clock }, call) {
    const after = readCursor(filters, organizationId);
    const { invitations: all, skipped } = await invitations.list(call);
    const now = clock.now();
    const matching = all.filter(matcher(filters, now));
    const compare = inOrder(filters.order);
    const rest = after === undefined ? matching : matching.filter((one) => compare(after, one) < 0);
    const page = rest.sort(compare).slice(0, filters.limit);
    const last = page.at(-1);
    const used = all.reduce((count, { status }) => count + (status === "used" ? 1 : 0), 0);
    const facts: z.input<typeof output> = {
      organization_id: organizationId,
      invitations: page.map((invitation) => show(invitation, now)),
      matched: matching.length,
      totals: { pending: all.length - used, used },
      ...(last !== undefined && rest.length > page.length
        ? { next_cursor: writeCursor(last, filters, organizationId) }
        : {}),
      ...(skipped > 0 ? { skipped } : {}),
    };
    return { facts, text: render(facts, filters), attempts: [] };
  },
});

function matcher(filters: Input, now: number): (invitation: Invitation) => boolean {
  const { status, role, older_than_days: days } = filters;
  const email = partOf(filters.email);
  const notEmail = partOf(filters.not_email);
  const has = (invitation: Invitation, part: string) =>
    invitation.email.toLowerCase().includes(part);
  return (invitation) =>
    (status === "all" || invitation.status === status) &&
    (role === undefined || invitation.role === role) &&
    (email === undefined || has(invitation, email)) &&
    (notEmail === undefined || !has(invitation, notEmail)) &&
    (days === undefined || ageInDays(invitation, now) >= days);
}

/**
 * A part of addresses that is looked for, in lower case; what comes to nothing is no filter. Throws
 * Failure `invalid_input` for several, of which none would be found.
 */
function partOf(given = ""): string | undefined {
  const part = addressPart(given).toLowerCase();
  if (/[,;]/.test(part)) throw new Failure("invalid_input", SEVERAL_PARTS);
  return part || undefined;
}

const SEVERAL_PARTS = {
  happened: "email and not_email take one part of an address each, and no list",
  next: "Call once for each part",
};

type Position = Pick<Invitation, "sentAt" | "id">;

/** By date, then by id. */
function inOrder(order: Input["order"]): (a: Position, b: Position) => number {
  const sign = order === "newest" ? -1 : 1;
  return (a, b) => sign * (a.sentAt - b.sentAt) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

// A cursor is the place of the last row shown, bound to the filters: `<ms>.<id>.<digest>`.
function writeCursor(last: Position, filters: Input, organizationId: string): string {
  return `${last.sentAt}.${last.id}.${filterDigest(filters, organizationId)}`;
}

/** Throws Failure `invalid_input` for a cursor that was made for another question, or never. */
function readCursor(filters: Input, organizationId: string): Position | undefined {
  if (filters.cursor === undefined) return undefined;
  const [ms = "", id = "", digest, ...rest] = filters.cursor.split(".");
  const belongs =
    /^-?\d{1,16}$/.test(ms) &&
    rest.length === 0 &&
    digest === filterDigest(filters, organizationId);
  if (belongs) return { sentAt: Number(ms), id };
  throw new Failure("invalid_input", {
    happened: "cursor does not belong to these filters",
    next: "Repeat the call without cursor, or with exactly the filters that returned it",
  });
}

function filterDigest(filters: Input, organizationId: string): string {
  const { status, email, not_email, role, older_than_days, order } = filters;
  const parts = [partOf(email), partOf(not_email)];
  const key = JSON.stringify([organizationId, status, parts, role, older_than_days, order]);
  return createHash("sha256").update(key).digest("base64url").slice(0, 8);
}

function render(facts: z.input<typeof output>, { status }: Input): string {
  const { organization_id, invitations, matched, next_cursor, totals, skipped } = facts;
  const which = status === "all" ? "" : ` ${status}`;
  const shown = invitations.length < matched ? `, ${invitations.length} shown` : "";
  const lines = [
    `${matched}${which} matched${shown}. Organization ${organization_id} has ${totals.pending} pending, ${totals.used} used.`,
  ];
  if (skipped !== undefined) lines.push(`skipped: ${skipped} rows could not be read`);
  if (invitations.length > 0) {
    // With one status asked for, the first line says which.
    const columns = COLUMNS.filter((column) => column !== "status" || status === "all");
    lines.push(
      `${columns.join(" ")} email`,
      ...invitations.map((one) => invitationLine(one, columns)),
    );
  }
  if (next_cursor !== undefined) lines.push(`next_cursor: ${next_cursor}`);
  return lines.join("\n");
}
