import { ROLES } from "../config/policy.ts";
import { questionEmail } from "../email.ts";
import { capitalised, organizationNameAndId, readable } from "../text.ts";
import type { CallContext } from "../trieve/call.ts";
import { ageInDays, createdDate, type Invitation } from "../trieve/invitation.ts";
import type { Outcome, Target } from "../trieve/outcome.ts";
import type { Action, Fact, Row } from "./action.ts";
import { linkWarning, type ToolContext } from "./context.ts";
import type { Resolved } from "./targets.ts";
import type { Plan } from "./tool.ts";

const MAX_SHOWN = 3;
const ROLE_ORDER: readonly string[] = ROLES;
const REFUSAL = { send: "do not send", resend: "keep", delete: "keep" };
const JOINS = "A person who has a Trieve account joins at once, which cannot be undone here.";
const ROLE_MEANINGS: Record<string, string> = {
  user: "an ordinary member",
  admin: "can invite and remove people",
  owner: "has full control of the organization",
};

/** What differs between the actions of the tools. */
interface ActionParts<T> extends Pick<Action, "consequence" | "needsConsent" | "role"> {
  verb: keyof typeof REFUSAL;
  /** What the question says about a target besides its address and date. */
  detailsOf?(target: T): readonly Required<Fact>[];
  /** What the question says once for all targets, besides their roles. */
  facts?: readonly Required<Fact>[];
  /** Acts on the targets that something can be done to. */
  perform(call: CallContext, targets: readonly T[]): Promise<readonly Outcome[]>;
}

/**
 * A plan to act on the targets in `resolved` that have no outcome yet. If there are none, the action does nothing, and
 * nobody is asked.
 */
export function createPlan<T extends Target & { email: string; role: string }>(
  context: ToolContext,
  resolved: readonly Resolved<T>[],
  { verb, consequence, needsConsent, role, ...parts }: ActionParts<T>,
): Plan {
  const targets = openTargets(resolved);
  const leftOut = resolved.filter((one) => one.outcome !== undefined);
  const count = targets.length;
  const only = count === 1 ? targets[0] : undefined;
  const what = only ? "invitation" : `${count} invitations`;
  const now = context.clock.now();
  const { organizationId, organizationName, host } = context;
  const rankOf = ({ role }: T) => ROLE_ORDER.indexOf(role);
  const highestFirst = targets.toSorted((a, b) => rankOf(b) - rankOf(a));
  const roles = [...new Set(highestFirst.map((target) => target.role))];
  const isMailed = verb !== "delete";
  const explanations = [...roles.map(roleFact), ...(parts.facts ?? [])];
  const cellsOf = (target: T): Row["cells"] => [
    { label: "E-mail", text: questionEmail(target.email, readable) },
    ...(parts.detailsOf?.(target) ?? []),
    ...(target.invitation ? invitationFacts(target.invitation, now) : []),
  ];
  // For a single target, an explanation replaces the cell with the same label.
  const cells = only === undefined ? [] : [...cellsOf(only), ...explanations];
  const explained = new Map(cells.map((fact) => [fact.label, fact]));
  // In the question itself, because Claude Code shows only three lines: how many will be admins or owners.
  const privileged = roles
    .filter((role) => isMailed && isPrivileged(role))
    .map((role) => `, ${targets.filter((one) => one.role === role).length} as ${role}`);
  const action: Action = {
    title: `${verb} ${what} ${isMailed ? "to" : "of"} ${formatTargets(highestFirst)}`,
    question: `${capitalised(verb)} ${only ? "this invitation" : what + privileged.join("")}?`,
    consequence,
    rows: only
      ? []
      : highestFirst.map((one) => ({ cells: cellsOf(one), isPrivileged: isPrivileged(one.role) })),
    facts: [
      ...(only ? explained.values() : explanations),
      ...(isMailed ? [JOINS, ...linkWarning(context)].map((text) => ({ text })) : []),
      ...leftOut.map(({ target, outcome }) => ({
        label: "Left out",
        text: `${questionEmail(target.email ?? target.givenId ?? "", readable)} (${outcome.replaceAll("_", " ")})`,
      })),
      { label: "Organization", text: organizationNameAndId(organizationId, organizationName) },
      { label: "Trieve", text: host },
    ],
    choices: [REFUSAL[verb], only ? verb : `${verb} ${count}`],
    needsConsent: needsConsent && count > 0,
    targets,
    role,
    async perform(call) {
      const outcomes = count > 0 ? await parts.perform(call, targets) : [];
      const all = resolved.map((one) => outcomes.find((o) => o.target === one.target) ?? one);
      return all.filter((one) => one.outcome !== undefined);
    },
  };
  return { kind: "action", action };
}

function isPrivileged(role: string): boolean {
  return role === "admin" || role === "owner";
}

/** A role with its explanation. */
function roleFact(role: string): Required<Fact> {
  const explanation = ROLE_MEANINGS[role] ?? "a role this server does not know";
  return { label: "Role", text: `${role} (${explanation})` };
}

/** The date of an invitation, and its short id. */
function invitationFacts(invitation: Invitation, now: number): Required<Fact>[] {
  const days = ageInDays(invitation, now);
  const age = `${days} ${days === 1 ? "day" : "days"} ago`;
  return [
    { label: "Created", text: `${createdDate(invitation).slice(0, 10)} (${age})` },
    { label: "Invitation", text: invitation.shortId },
  ];
}

/** The first few targets, each with its role where they differ, and how many more there are. */
function formatTargets(targets: readonly { email: string; role: string }[]): string {
  const [role, ...others] = new Set(targets.map((one) => one.role));
  const own = others.length > 0 ? (one: { role: string }) => ` (${one.role})` : () => "";
  const shown = targets.slice(0, MAX_SHOWN).map((one) => questionEmail(one.email) + own(one));
  const more = targets.length > MAX_SHOWN ? ` and ${targets.length - MAX_SHOWN} more` : "";
  return `${shown.join(", ")}${more}${others.length > 0 ? "" : ` (${role})`}`;
}

/** The targets that something can be done to: those without an outcome yet. */
export function openTargets<T extends Target>(resolved: readonly Resolved<T>[]): T[] {
  return resolved.flatMap((one) => (one.outcome === undefined ? one.target : []));
}
