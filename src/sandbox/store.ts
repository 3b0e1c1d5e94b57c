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
  scopes: string[] | null;
}

/** What a sandbox knows: one organization with its keys, people and invitations. */
export interface Store {
  organizationId: string;
  /** The key of an owner. */
  apiKey: string;
  /** What each key may do: the role of its holder, in which organization. */
  keys: Map<string, { organizationId: string; role: number }>;
  /** Of every organization: Trieve deletes by id alone. */
  rows: Row[];
  /** Addresses with an account anywhere, in their exact spelling. */
  accounts: Set<string>;
  /** Addresses that are members, in their exact spelling. */
  members: Set<string>;
  /** Every mail that would have gone out. */
  mails: Mail[];
}

export interface Mail {
  to: string;
  kind: "invitation" | "added";
  link: string;
}

const OWNER = 2;
const SANDBOX_ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-000000000001";
const SANDBOX_KEY = "sandbox-key";

export function createStore(): Store {
  return {
    organizationId: SANDBOX_ORGANIZATION,
    apiKey: SANDBOX_KEY,
    keys: new Map([[SANDBOX_KEY, { organizationId: SANDBOX_ORGANIZATION, role: OWNER }]]),
    rows: [],
    accounts: new Set(),
    members: new Set(),
    mails: [],
  };
}

interface NewRow {
  email: string;
  role?: number;
  used?: boolean;
  /** When it was sent, ms since 1970. */
  at: number;
  id?: string;
  organizationId?: string;
}

/** Puts an invitation into the store, as if it had been sent at `at`. */
export function insertRow(store: Store, invitation: NewRow): Row {
  const { email, role = 0, used = false, at, id } = invitation;
  // Trieve keeps microseconds and no zone.
  const created_at = new Date(at).toISOString().replace("Z", "000");
  const row = {
    id: id ?? randomUUID(),
    email,
    organization_id: invitation.organizationId ?? store.organizationId,
    used,
    created_at,
    updated_at: created_at,
    role,
    scopes: null,
  };
  store.rows.push(row);
  return row;
}
