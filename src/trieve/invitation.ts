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

/**
 * Adds the invitations among `rows` to `list`. A row that is malformed or another organization's is
 * counted, never shown.
 */
export function readRows(
  rows: readonly unknown[],
  organizationId: string,
  list: InvitationList,
): void {
  for (const row of rows) {
    const invitation = readInvitation(row, organizationId);
    if (invitation === undefined) list.skipped += 1;
    else list.invitations.push(invitation);
  }
}

// By hand and not by a schema: a list has no upper bound, and a schema takes ten times as long a row.
function readInvitation(row: unknown, organizationId: string): Invitation | undefined {
  if (!isInvitationRow(row)) return undefined;
  const sentAt = parseTimestamp(row.created_at);
  if (sentAt === undefined || row.organization_id.toLowerCase() !== organizationId)
    return undefined;
  return {
    id: row.id.toLowerCase(),
    email: row.email,
    role: roleName(row.role),
    status: row.used ? "used" : "pending",
    sentAt,
  };
}

type ReadColumns = Pick<
  WireInvitation,
  "id" | "email" | "organization_id" | "used" | "created_at" | "role"
>;

function isInvitationRow(row: unknown): row is ReadColumns {
  if (typeof row !== "object" || row === null) return false;
  const { id, email, organization_id, used, created_at, role } = row as Record<
    keyof ReadColumns,
    unknown
  >;
  return (
    typeof id === "string" &&
    isUuid(id) &&
    typeof email === "string" &&
    typeof organization_id === "string" &&
    typeof used === "boolean" &&
    typeof created_at === "string" &&
    Number.isInteger(role)
  );
}

function roleName(role: number): string {
  return ROLES[role] ?? `unknown(${role})`;
}

const TIMESTAMP = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)?$/;

/**
 * Milliseconds since 1970 of a timestamp of Trieve's: `2025-01-31T09:15:02.123456`, in UTC with no
 * zone, in older rows with a blank for the T. A zone, where there is one, counts. Undefined for
 * anything else, and for a day or time that does not exist.
 */
export function parseTimestamp(value: string): number | undefined {
  if (!TIMESTAMP.test(value)) return undefined;
  const [year, month, day] = [digits(value, 0, 4), digits(value, 5, 2), digits(value, 8, 2)];
  const hours = digits(value, 11, 2);
  const minutes = digits(value, 14, 2);
  const seconds = digits(value, 17, 2);
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  // Date.UTC takes February 30th for March 2nd, month 0 for December, and the year 99 for 1999.
  if (month < 1 || month > 12 || year < 1000) return undefined;
  const date = Date.UTC(year, month - 1, day);
  if (day < 1 || (day > 28 && new Date(date).getUTCDate() !== day)) return undefined;
  const ms = value[19] === "." ? digits(value, 20, 3) : 0;
  return date + ((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms - zoneMs(value);
}

/**
 * The number that `count` characters from `start` spell; with fewer digits there, as if zeros followed.
 * By hand, because a long list has a million of these.
 */
function digits(value: string, start: number, count: number): number {
  let number = 0;
  for (let at = 0; at < count; at += 1) {
    const digit = value.charCodeAt(start + at) - 48;
    if (!(digit >= 0 && digit <= 9)) return number * 10 ** (count - at);
    number = number * 10 + digit;
  }
  return number;
}

function zoneMs(value: string): number {
  const sign = Math.max(value.lastIndexOf("+"), value.lastIndexOf("-"));
  // A date has hyphens of its own; only what comes after the time is a zone.
  if (sign < 19) return 0;
  const ms = (digits(value, sign + 1, 2) * 60 + digits(value, value.length - 2, 2)) * 60_000;
  return value[sign] === "-" ? -ms : ms;
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
