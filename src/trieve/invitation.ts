import { isDeepStrictEqual } from "node:util";
import { ROLES } from "../config/policy.ts";
import { isUuid } from "../text.ts";
import type { components } from "./api.gen.ts";

/** An invitation, in this program's own form. */
export interface Invitation {
  /** Lower-case UUID. Whoever has it can join the organization, so it is never shown. */
  id: string;
  /** The beginning of the id, which is shown: 8 characters, or more where two in the list begin alike. */
  shortId: string;
  /** As Trieve stores it, untrusted. */
  email: string;
  /** A role of ROLES, or `unknown(<number>)`. */
  role: string;
  status: "pending" | "used";
  /** Milliseconds since 1970. */
  createdAt: number;
  /** Whether it has a list of scopes, even an empty one. */
  scoped: boolean;
}

export interface InvitationList {
  invitations: Invitation[];
  /** How many rows were malformed or another organization's. */
  skipped: number;
}

/** The invitations among `rows`. A row that is malformed or another organization's is counted, never shown. */
export function readInvitations(rows: readonly unknown[], organizationId: string): InvitationList {
  const invitations: Invitation[] = [];
  for (const row of rows) {
    const invitation = readInvitation(row, organizationId);
    if (invitation !== undefined) invitations.push(invitation);
  }
  lengthenSharedIds(invitations);
  return { invitations, skipped: rows.length - invitations.length };
}

function readInvitation(given: unknown, organizationId: string): Invitation | undefined {
  const row: { [column in keyof components["schemas"]["Invitation"]]?: unknown } = Object(given);
  const { id, email, organization_id, used, created_at, role, scopes } = row;
  // Checked by hand: a schema takes most of the time of reading a long list.
  if (
    typeof id !== "string" ||
    typeof email !== "string" ||
    typeof organization_id !== "string" ||
    typeof used !== "boolean" ||
    typeof created_at !== "string" ||
    typeof role !== "number" ||
    !Number.isSafeInteger(role) ||
    !isUuid(id) ||
    !isScopes(scopes ?? []) ||
    organization_id.toLowerCase() !== organizationId
  ) {
    return undefined;
  }
  const createdAt = parseTimestamp(created_at);
  if (createdAt === undefined) return undefined;
  return {
    id: id.toLowerCase(),
    shortId: id.slice(0, SHORTEST_ID).toLowerCase(),
    email,
    role: roleName(role),
    status: used ? "used" : "pending",
    createdAt,
    scoped: Array.isArray(scopes),
  };
}

function isScopes(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => one === null || typeof one === "string");
}

const SHORTEST_ID = 8;

/** Lengthens shared short ids, a character at a time, until each belongs to one invitation. */
function lengthenSharedIds(invitations: readonly Invitation[]): void {
  const ids = new Map<string, string>();
  const shared = new Set<string>();
  for (const { shortId, id } of invitations) {
    const other = ids.get(shortId);
    if (other === undefined) ids.set(shortId, id);
    else if (other !== id) shared.add(shortId);
  }
  if (shared.size === 0) return;
  const sharing = invitations.filter(({ shortId }) => shared.has(shortId));
  for (const one of sharing) one.shortId = one.id.slice(0, one.shortId.length + 1);
  lengthenSharedIds(sharing);
}

/** The name of a role, from its number in Trieve's API. */
export function roleName(role: number): string {
  return ROLES[role] ?? `unknown(${role})`;
}

const TIMESTAMP =
  /^[1-9]\d{3}-\d\d-\d\d[T ](?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d{1,9})?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)?$/;

/**
 * Milliseconds since 1970 for one of Trieve's timestamps: `2025-01-31T09:15:02.123456`, which means UTC unless a zone
 * follows. Undefined for anything else, and for a day, time or zone that does not exist.
 */
export function parseTimestamp(value: string): number | undefined {
  const match = TIMESTAMP.exec(value);
  if (match === null) return undefined;
  const at = Date.parse(match[1] === undefined ? `${value}Z` : value);
  const [day, date] = [value.slice(0, 10), value.slice(8, 10)];
  // Date.parse reads February 30th as March 2nd.
  const exists = date < "29" || new Date(day).getUTCDate() === Number(date);
  return exists && !Number.isNaN(at) ? at : undefined;
}

const DAY_MS = 86_400_000;

/** Whole days since it was created; 0 if Trieve's clock is ahead of ours. */
export function ageInDays({ createdAt }: Invitation, now: number): number {
  return Math.max(0, Math.floor((now - createdAt) / DAY_MS));
}

/** When it was created, as RFC 3339 in UTC, to the second. */
export function createdDate({ createdAt }: Invitation): string {
  return `${new Date(createdAt).toISOString().slice(0, 19)}Z`;
}

/** Whether nothing about an invitation has changed. */
export function isUnchanged(a: Invitation, b: Invitation): boolean {
  // The short id depends on the other invitations in the list.
  return isDeepStrictEqual({ ...a, shortId: "" }, { ...b, shortId: "" });
}

/** Whether two addresses are the same, ignoring case. Trieve itself compares them case-sensitively. */
export function isSameEmail(a: string, b: string): boolean {
  return a.length === b.length && a.toLowerCase() === b.toLowerCase();
}
