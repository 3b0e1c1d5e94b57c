import { LINK_IS_LOCAL, ROLES } from "../config/policy.ts";
import { neutralise, organizationText, readable } from "../text.ts";
import { ageInDays, createdDate, type Invitation } from "../trieve/invitation.ts";
import type { Outcome } from "../trieve/outcome.ts";
import type { Fact, Row } from "./action.ts";
import type { ToolContext } from "./context.ts";

// What a person is told in a question, whatever it is about.

const MOST_NAMED = 3;

const ROLE_MEANS: Record<string, string> = {
  user: "an ordinary member",
  admin: "can invite and remove people",
  owner: "has full control of the organization",
};

export function emailFact(email: string): Required<Fact> {
  return { label: "E-mail", text: readable(email) };
}

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
  return [
    { label: "Created", text: createdText(invitation, now) },
    { label: "Invitation", text: invitation.shortId },
  ];
}

/** One of several targets; in its line the address comes last, so that nothing in it passes for the rest. */
export function rowOf(
  { email, role, invitation }: { email: string; role: string; invitation?: Invitation | undefined },
  about: readonly Required<Fact>[],
  now: number,
): Row {
  const address = emailFact(email);
  const hasRights = role === "admin" || role === "owner";
  if (invitation === undefined)
    return { cells: [address, ...about], line: address.text, hasRights };
  const told = about.map(({ text }) => text).join(", ");
  const line = `${told}, created ${createdText(invitation, now)}, ${invitation.shortId}: ${address.text}`;
  return { cells: [address, ...about, ...invitationFacts(invitation, now)], line, hasRights };
}

function createdText(invitation: Invitation, now: number): string {
  const days = ageInDays(invitation, now);
  return `${createdDate(invitation).slice(0, 10)} (${days} ${days === 1 ? "day" : "days"} ago)`;
}

/** Those that nothing would be done to, each with why. */
export function leftOutFacts(outcomes: readonly Outcome[]): Fact[] {
  return outcomes.map(({ target, outcome }) => ({
    label: "Left out",
    text: `${outcome} ${readable(target.email ?? target.name ?? "")}`,
  }));
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

/** Where it would happen. */
export function placeFacts({ organizationId, organizationName, host }: ToolContext): Fact[] {
  return [
    { label: "Organization", text: organizationText(organizationId, organizationName) },
    { label: "Trieve", text: host },
  ];
}

/** The first few of several addresses, in words. */
export function namedText(emails: readonly string[]): string {
  const shown = emails.slice(0, MOST_NAMED).map((email) => neutralise(email));
  const more = emails.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
