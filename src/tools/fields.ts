import * as z from "zod";
import { isPlainEmail, withoutSigns } from "../email.ts";
import { neutralise, organizationText } from "../text.ts";
import { ageInDays, type Invitation, isUuid, type Role, sentDate } from "../trieve/invitation.ts";

/** One of `roles`, as an argument. */
export function roleField(roles: readonly Role[]) {
  return z.enum(roles);
}

export const confirmation = z
  .string()
  .optional()
  .describe("Only the text returned by a confirmation_required answer");

/** An id, with or without quotes and brackets around it. */
export const id = z
  .string()
  .overwrite(withoutSigns)
  .refine(isUuid, "must be a whole id, 36 characters, as list_invitations returned it");

export const invitationId = id.describe("id from list_invitations");

/** An invitation in a result. */
export const shownInvitation = z.object({
  id: z.string(),
  email: z.string(),
  role: z.string(),
  status: z.enum(["pending", "used"]),
  sent_at: z.string(),
  age_days: z.int(),
  email_suspicious: z.boolean().optional(),
  scoped: z.boolean().optional(),
});

export type ShownInvitation = z.infer<typeof shownInvitation>;

/** An invitation with everything untrusted in it made safe. */
export function show(invitation: Invitation, now: number): ShownInvitation {
  const { id, email, role, status, scoped } = invitation;
  const facts = {
    role,
    status,
    sent_at: sentDate(invitation),
    age_days: ageInDays(invitation, now),
    ...(scoped ? { scoped } : {}),
  };
  if (isPlainEmail(email)) return { id, email, ...facts };
  return { id, email: neutralise(email), ...facts, email_suspicious: true };
}

/**
 * The same as one line of text. The address comes last, so that blanks in it cannot pass for other
 * columns.
 */
export function invitationLine(
  shown: Omit<ShownInvitation, "status"> & { status: string },
  columns: readonly (typeof COLUMNS)[number][] = COLUMNS,
): string {
  const flag = [
    ...(shown.scoped ? ["scoped"] : []),
    ...(shown.email_suspicious ? ["email_suspicious:"] : []),
  ];
  return [...columns.map((column) => shown[column]), ...flag, shown.email].join(" ");
}

/** The columns of invitationLine before the address. */
export const COLUMNS = ["id", "role", "status", "sent_at", "age_days"] as const;

const ROLE_MEANS: Record<string, string> = {
  user: "an ordinary member",
  admin: "can invite and remove people",
  owner: "has full control of the organization",
};

// The facts that a person is shown of whatever is to be done, each a line.

export function emailFact(email: string): string {
  return `E-mail: ${neutralise(email)}`;
}

/** The role and what it may do. */
export function roleFact(role: string): string {
  return `Role: ${role} (${ROLE_MEANS[role] ?? "a role this server does not know"})`;
}

/** When an invitation was sent: the day, and how long ago that is. */
export function sentWhen(invitation: Invitation, now: number): string {
  const days = ageInDays(invitation, now);
  return `${sentDate(invitation).slice(0, 10)} (${days} ${days === 1 ? "day" : "days"} ago)`;
}

interface Place {
  organizationId: string;
  organizationName?: string | undefined;
  host: string;
}

/** Where it would happen. */
export function placeFacts({ organizationId, organizationName, host }: Place): string[] {
  const organization = organizationText(organizationId, organizationName);
  return [`Organization: ${organization}`, `Trieve: ${host}`];
}
