/** Trieve's roles; the index of each is its number on the wire. */
export const ROLES = ["user", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** What the operator allows. */
export interface Policy {
  maxRole: Role;
  /** Matched exactly, in lower case; undefined allows any. */
  allowedDomains: readonly string[] | undefined;
  readOnly: boolean;
  /** A person is asked before an invitation as `user` too. */
  askAlways: boolean;
}

/** The roles that may be invited, lowest first. */
export function allowedRoles({ maxRole }: Policy): readonly Role[] {
  return ROLES.slice(0, ROLES.indexOf(maxRole) + 1);
}

/** Reported wherever the mailed link leads to an address of this machine. */
export const LINK_IS_LOCAL = "The mailed link works on this machine only";

/** Whether a person has to agree before this many are invited with this role. */
export function needsConsent({ askAlways }: Policy, role: Role, count: number): boolean {
  return count > 1 || askAlways || role !== "user";
}
