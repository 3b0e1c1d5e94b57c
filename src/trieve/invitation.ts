import * as z from "zod";
import type { components } from "./api.gen.ts";

type WireInvitation = components["schemas"]["Invitation"];

/** The roles Trieve knows, by their number on the wire. */
export const ROLES = ["user", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];
export type Status = "pending" | "used";

/** An invitation as this program speaks of it. */
export interface Invitation {
  /** Lower-case UUID; also the code with which the person joins. */
  id: string;
  /** As Trieve holds it, untrusted. */
  email: string;
  /** A role of ROLES, or `unknown(<number>)`. */
  role: string;
  status: Status;
  /** Milliseconds since 1970. */
  sentAt: number;
  /** Carries scopes, also an empty list of them. */
  scoped: boolean;
}

export interface InvitationList {
  invitations: Invitation[];
  /** Rows that could not be read, or were another organization's. */
  skipped: number;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether this is a UUID in its usual spelling, of either case. */
export function isUuid(value: string): boolean {
  return UUID.test(value);
}

const row = z.object({
  id: z.string().regex(UUID),
  email: z.string(),
  organization_id: z.string(),
  used: z.boolean(),
  created_at: z.string(),
  role: z.int(),
  scopes: z.array(z.string().nullable()).nullish(),
}) satisfies z.ZodType<{ [column in keyof WireInvitation]?: WireInvitation[column] | undefined }>;

/**
 * The invitations among `rows`. A row that is malformed or another organization's is counted, never
 * shown.
 */
export function readRows(rows: readonly unknown[], organizationId: string): InvitationList {
  const invitations: Invitation[] = [];
  for (const one of rows) {
    const invitation = readInvitation(one, organizationId);
    if (invitation !== undefined) invitations.push(invitation);
  }
  return { invitations, skipped: rows.length - invitations.length };
}

function readInvitation(given: unknown, organizationId: string): Invitation | undefined {
  const { data } = row.safeParse(given);
  const sentAt = data && parseTimestamp(data.created_at);
  if (sentAt === undefined || data?.organization_id.toLowerCase() !== organizationId) {
    return undefined;
  }
  return {
    id: data.id.toLowerCase(),
    email: data.email,
    role: roleName(data.role),
    status: data.used ? "used" : "pending",
    sentAt,
    scoped: Array.isArray(data.scopes),
  };
}

function roleName(role: number): string {
  return ROLES[role] ?? `unknown(${role})`;
}

const TIMESTAMP =
  /^([1-9]\d{3}-\d\d-(\d\d))[T ](\d\d:\d\d:\d\d)(?:(\.\d{1,3})\d{0,6})?(?:Z|([+-]\d\d):?(\d\d))?$/;

/**
 * Milliseconds since 1970 of a timestamp of Trieve's: `2025-01-31T09:15:02.123456`, in UTC with no
 * zone. A zone, where there is one, counts. Undefined for anything else, and for a day, time or zone
 * that does not exist.
 */
export function parseTimestamp(value: string): number | undefined {
  const [, day, date, seconds, fraction = "", hours, minutes] = TIMESTAMP.exec(value) ?? [];
  const time = `${day}T${seconds}${fraction}`;
  const utc = Date.parse(`${time}Z`);
  // Date takes February 30th for March 2nd, and 24:00 for the next day.
  if (new Date(utc).getUTCDate() !== Number(date)) return undefined;
  const at = hours === undefined ? utc : Date.parse(`${time}${hours}:${minutes}`);
  return Number.isNaN(at) ? undefined : at;
}

const DAY_MS = 86_400_000;

/** Whole days since the invitation was sent; 0 for one that comes from a clock ahead of ours. */
export function ageInDays(invitation: Invitation, now: number): number {
  return Math.max(0, Math.floor((now - invitation.sentAt) / DAY_MS));
}

/** When the invitation was sent, as RFC 3339 in UTC, to the second. */
export function sentDate(invitation: Invitation): string {
  return `${new Date(invitation.sentAt).toISOString().slice(0, 19)}Z`;
}
