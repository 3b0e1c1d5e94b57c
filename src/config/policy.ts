/** The roles Trieve knows, by their number on the wire. */
export const ROLES = ["user", "admin", "owner"] as const;
export type Role = (typeof ROLES)[number];

/** What the operator allows. */
export interface Policy {
  maxRole: Role;
  /** In lower case; undefined allows any. */
  allowedDomains: readonly string[] | undefined;
  readOnly: boolean;
  /** A person is asked before an invitation as `user` too. */
  askAlways: boolean;
}

/** The roles that may be invited, lowest first. */
export function allowedRoles({ maxRole }: Policy): readonly Role[] {
  return ROLES.slice(0, ROLES.indexOf(maxRole) + 1);
}

/** Whether the operator lets this address be invited: its domain must be listed, letter case aside. */
export function isDomainAllowed({ allowedDomains }: Policy, email: string): boolean {
  const domain = email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  return allowedDomains === undefined || allowedDomains.includes(domain);
}

/** What is said wherever an invitation leads to addresses that exist on this machine only. */
export const LINK_IS_LOCAL = "The mailed link works on this machine only";

/** Whether a person has to agree before somebody is invited with this role. */
export function needsConsent({ askAlways }: Policy, role: Role): boolean {
  return askAlways || role !== "user";
}
