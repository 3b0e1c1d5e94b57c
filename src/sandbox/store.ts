import { randomUUID } from "node:crypto";

/** A row as Trieve stores it; timestamps are naive UTC, as on the wire. */
export interface Row {
  id: string;
  email: string;
  organization_id: string;
  used: boolean;
  created_at: string;
  updated_at: string;
  role: number;
  scopes: (string | null)[] | null;
}

/** A person of the organization. */
export interface Member {
  id: string;
  email: string;
  name: string | null;
  /** 0 user, 1 admin, 2 owner. */
  role: number;
}

/** What a key may do. */
export interface Key {
  organizationId: string;
  /** The holder's: 0 user, 1 admin, 2 owner. */
  role: number;
  /** The holder's address; a key of the organization itself has none. */
  person?: string;
  /** Limits the key to these routes, as in `GET /api/invitations/...`. */
  routes?: RegExp;
}

/** The state of a sandbox: one organization with its keys, people and invitations, and what is broken. */
export interface Store extends Faults {
  organizationId: string;
  /** The key of an owner. */
  apiKey: string;
  keys: Map<string, Key>;
  /** The rows of every organization, since Trieve deletes by id alone. */
  rows: Row[];
  /** Addresses with an account anywhere, in their exact spelling. */
  accounts: Set<string>;
  /** By address, in its exact spelling. */
  members: Map<string, Member>;
  /** Every mail that would have gone out. */
  mails: Mail[];
}

/** What is broken in a sandbox. */
export interface Faults {
  /** How long sending one mail takes, ms; the request that causes it takes as long. */
  mailMs: number;
  /** Whether the mail relay refuses everything. */
  refuseMail: boolean;
  /** Whether the database can be reached. */
  database: boolean;
}

/** A mail that would have gone out: "added" to an address with an account, "invitation" to any other. */
export interface Mail {
  to: string;
  kind: "invitation" | "added";
  link: string;
}

const OWNER = 2;
const SANDBOX_ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-000000000001";
const SANDBOX_KEY = "sandbox-key";

/** An empty organization with one key, that of an owner; nothing is broken. */
export function createStore(): Store {
  return {
    organizationId: SANDBOX_ORGANIZATION,
    apiKey: SANDBOX_KEY,
    keys: new Map([[SANDBOX_KEY, { organizationId: SANDBOX_ORGANIZATION, role: OWNER }]]),
    rows: [],
    accounts: new Set(),
    members: new Map(),
    mails: [],
    mailMs: 0,
    refuseMail: false,
    database: true,
  };
}

interface NewRow {
  email: string;
  role?: number;
  used?: boolean;
  /** When it was sent, ms since 1970; fractions are microseconds. */
  at: number;
  scopes?: Row["scopes"];
  id?: string;
  organizationId?: string;
}

/** Puts an invitation into the store, as if it had been sent at `at`. */
export function insertRow(store: Store, invitation: NewRow): Row {
  const { email, role = 0, used = false, scopes = null } = invitation;
  const created_at = toTimestamp(invitation.at);
  const row = {
    id: invitation.id ?? randomUUID(),
    email,
    organization_id: invitation.organizationId ?? store.organizationId,
    used,
    created_at,
    updated_at: created_at,
    role,
    scopes,
  };
  store.rows.push(row);
  return row;
}

/** Makes the person at an address a member, as a user unless a role is given. */
export function addMember(store: Store, member: Partial<Member> & { email: string }): void {
  store.members.set(member.email, { id: randomUUID(), name: null, role: 0, ...member });
}

// Trieve keeps microseconds and no zone, and writes 0, 3 or 6 digits of fraction: as few as will do.
function toTimestamp(at: number): string {
  const micros = Math.round(at * 1000);
  return new Date(Math.floor(micros / 1000))
    .toISOString()
    .replace("Z", String(micros % 1000).padStart(3, "0"))
    .replace(/(\.000)?000$/, "");
}
