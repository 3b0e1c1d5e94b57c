import { LINK_IS_LOCAL, ROLES } from "../config/policy.ts";
import { ageInDays, createdDate, type Invitation } from "../trieve/invitation.ts";
import type { Fact } from "./action.ts";
import type { ToolContext } from "./context.ts";

// What a person is told in a question, whatever it is about.

const ROLE_MEANS: Record<string, string> = {
  user: "an ordinary member",
  admin: "can invite and remove people",
  owner: "has full control of the organization",
};

/** Targets by their role, the highest first. */
export function byRole<T extends { role: string }>(targets: readonly T[]): T[] {
  const names: readonly string[] = ROLES;
  const rank = ({ role }: T) => names.indexOf(role);
  return targets.toSorted((a, b) => rank(b) - rank(a));
}

/** The roles of targets, each once, the highest first. */
export function rolesOf(targets: readonly { role: string }[]): string[] {
  return [...new Set(byRole(targets).map(({ role }) => role))];
}

/** A role, and what it may do. */
export function roleFact(role: string): Fact {
  const means = ROLE_MEANS[role] ?? "a role this server does not know";
  return { label: "Role", text: `${role} (${means})` };
}

/** When an invitation was created, and the beginning of its id. */
export function invitationFacts(invitation: Invitation, now: number): Required<Fact>[] {
  const days = ageInDays(invitation, now);
  const age = `${days} ${days === 1 ? "day" : "days"} ago`;
  return [
    { label: "Created", text: `${createdDate(invitation).slice(0, 10)} (${age})` },
    { label: "Invitation", text: invitation.shortId },
  ];
}

/** What has to be known of mailed links, where they reach nobody else. */
export function linkFacts({ links }: ToolContext): Fact[] {
  return links === "local" ? [{ text: `${LINK_IS_LOCAL}.` }] : [];
}

/** What a mail may bring about, and how far its link reaches. */
export function mailFacts(context: ToolContext): Fact[] {
  const text = "A person who has a Trieve account joins at once, which cannot be undone here.";
  return [{ text }, ...linkFacts(context)];
}
