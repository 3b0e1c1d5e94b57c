import { ROLES } from "../config/policy.ts";
import { capitalised, neutralise, organizationText, readable } from "../text.ts";
import type { CallContext } from "../trieve/call.ts";
import { ageInDays, createdDate, type Invitation } from "../trieve/invitation.ts";
import type { Outcome, Target } from "../trieve/outcome.ts";
import type { Action, Fact, Row } from "./action.ts";
import { linkText, type ToolContext } from "./context.ts";
import type { Resolved } from "./targets.ts";
import type { Plan } from "./tool.ts";

const MOST_NAMED = 3;
const ROLE_ORDER: readonly string[] = ROLES;
const REFUSING = { send: "do not send", resend: "keep", delete: "keep" };
const JOINS = "A person who has a Trieve account joins at once, which cannot be undone here.";
const ROLE_MEANS: Record<string, string> = {
  user: "an ordinary member",
  admin: "can invite and remove people",
  owner: "has full control of the organization",
};

/** What a tool says of its action. All else follows from it. */
interface Parts<T> extends Pick<Action, "meaning" | "needsConsent" | "role"> {
  verb: keyof typeof REFUSING;
  /** What is told of a target beside its address and date. */
  aboutOf?(target: T): readonly Required<Fact>[];
  /** What is told once for all of them beside their roles. */
  facts?: readonly Required<Fact>[];
  /** Does it to the targets that are open. */
  perform(call: CallContext, targets: readonly T[]): Promise<readonly Outcome[]>;
}

/** The action on those of `named` that are open, put together of its parts; their outcomes where none is. */
export function createPlan<T extends Target & { email: string; role: string }>(
  context: ToolContext,
  named: readonly Resolved<T>[],
  { verb, meaning, needsConsent, role, ...parts }: Parts<T>,
): Plan {
  const targets = openTargets(named);
  const leftOut = named.filter((one) => one.outcome !== undefined);
  if (targets.length === 0) return { kind: "outcomes", outcomes: leftOut, role };
  const count = targets.length;
  const only = count === 1 ? targets[0] : undefined;
  const emails = targets.map(({ email }) => email);
  const what = only ? "invitation" : `${count} invitations`;
  const now = context.clock.now();
  const { organizationId, organizationName, host } = context;
  const rankOf = ({ role }: T) => ROLE_ORDER.indexOf(role);
  const highestFirst = targets.toSorted((a, b) => rankOf(b) - rankOf(a));
  const roles = [...new Set(highestFirst.map((target) => target.role))];
  const isMailed = verb !== "delete";
  const explanations = [...roles.map(roleFact), ...(parts.facts ?? [])];
  const cellsOf = (target: T): Row["cells"] => [
    { label: "E-mail", text: readable(target.email) },
    ...(parts.aboutOf?.(target) ?? []),
    ...(target.invitation ? invitationFacts(target.invitation, now) : []),
  ];
  // Of one, what explains a cell takes its place.
  const own = only === undefined ? [] : [...cellsOf(only), ...explanations];
  const explained = new Map(own.map((fact) => [fact.label, fact]));
  // First of all: how many will have rights. Claude Code shows three lines of a question and no more.
  const rights = roles
    .filter((role) => isMailed && hasRights(role))
    .map((role) => `, ${targets.filter((one) => one.role === role).length} as ${role}`);
  const action: Action = {
    title: `${verb} ${what} ${isMailed ? "to" : "of"} ${formatAddresses(emails)} (${roles.join(", ")})`,
    question: `${capitalised(verb)} ${only ? "this invitation" : what + rights.join("")}?`,
    meaning,
    rows: only
      ? []
      : highestFirst.map((one) => ({ cells: cellsOf(one), hasRights: hasRights(one.role) })),
    facts: [
      ...(only ? explained.values() : explanations),
      ...(isMailed ? [JOINS, ...linkText(context)].map((text) => ({ text })) : []),
      ...leftOut.map(({ target, outcome }) => ({
        label: "Left out",
        text: `${outcome} ${readable(target.email ?? target.name ?? "")}`,
      })),
      { label: "Organization", text: organizationText(organizationId, organizationName) },
      { label: "Trieve", text: host },
    ],
    choices: [REFUSING[verb], only ? verb : `${verb} ${count}`],
    needsConsent,
    targets,
    role,
    async perform(call) {
      const outcomes = await parts.perform(call, targets);
      const all = named.map((one) => outcomes.find(({ target }) => target === one.target) ?? one);
      return all.filter((one) => one.outcome !== undefined);
    },
  };
  return { kind: "action", action };
}

function hasRights(role: string): boolean {
  return role === "admin" || role === "owner";
}

/** A role, and what it may do. */
function roleFact(role: string): Required<Fact> {
  const means = ROLE_MEANS[role] ?? "a role this server does not know";
  return { label: "Role", text: `${role} (${means})` };
}

/** When an invitation was created, and the beginning of its id. */
function invitationFacts(invitation: Invitation, now: number): Required<Fact>[] {
  const days = ageInDays(invitation, now);
  const age = `${days} ${days === 1 ? "day" : "days"} ago`;
  return [
    { label: "Created", text: `${createdDate(invitation).slice(0, 10)} (${age})` },
    { label: "Invitation", text: invitation.shortId },
  ];
}

/** The first few of several addresses, in words. */
function formatAddresses(emails: readonly string[]): string {
  const shown = emails.slice(0, MOST_NAMED).map((email) => neutralise(email));
  const more = emails.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The targets to which something can be done. */
export function openTargets<T extends Target>(named: readonly Resolved<T>[]): T[] {
  return named.flatMap((one) => (one.outcome === undefined ? one.target : []));
}
