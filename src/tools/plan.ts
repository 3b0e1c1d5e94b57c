import { capitalised, neutralise, organizationText, readable } from "../text.ts";
import type { CallContext } from "../trieve/call.ts";
import type { Outcome, Target } from "../trieve/outcome.ts";
import type { Action, Fact, Row } from "./action.ts";
import type { ToolContext } from "./context.ts";
import { byRole, invitationFacts, rolesOf } from "./facts.ts";
import type { Named } from "./targets.ts";
import type { Plan } from "./tool.ts";

const MOST_NAMED = 3;

/** What a tool says of its action. All else follows from it. */
interface Parts<T> extends Pick<Action, "meaning" | "needsConsent" | "role"> {
  verb: string;
  /** What comes before the addresses: `delete invitation of`. */
  preposition: string;
  refusing: string;
  /** What the question adds where there are several: ` as admin`. */
  several?: string;
  /** What is told of one of several beside its address and date. */
  aboutOf?(target: T): readonly Required<Fact>[];
  /** What is told beside the address; `only` is the only target. */
  factsOf(only: T | undefined): readonly Fact[];
  /** Does it to the targets that are open. */
  perform(call: CallContext, targets: readonly T[]): Promise<readonly Outcome[]>;
}

/** The action on those of `named` that are open, put together of its parts; their outcomes where none is. */
export function createPlan<T extends Target & { email: string; role: string }>(
  context: ToolContext,
  named: readonly Named<T>[],
  { verb, meaning, needsConsent, role, ...parts }: Parts<T>,
): Plan {
  const targets = openIn(named);
  const leftOut = named.filter((one) => one.outcome !== undefined);
  if (targets.length === 0) return { kind: "outcomes", outcomes: leftOut, role };
  const count = targets.length;
  const only = count === 1 ? targets[0] : undefined;
  const emails = targets.map(({ email }) => email);
  const what = only ? "invitation" : `${count} invitations`;
  const now = context.clock.now();
  const { organizationId, organizationName, host } = context;
  const rowOf = (target: T): Row => ({
    cells: [
      emailFact(target.email),
      ...(parts.aboutOf?.(target) ?? []),
      ...(target.invitation ? invitationFacts(target.invitation, now) : []),
    ],
    hasRights: target.role === "admin" || target.role === "owner",
  });
  const which = only ? "this invitation" : `${what}${parts.several ?? ""}`;
  const action: Action = {
    title: `${verb} ${what} ${parts.preposition} ${namedText(emails)} (${rolesOf(targets).join(", ")})`,
    question: `${capitalised(verb)} ${which}?`,
    meaning,
    rows: only ? [] : byRole(targets).map(rowOf),
    facts: [
      ...(only ? [emailFact(only.email)] : []),
      ...parts.factsOf(only),
      ...leftOut.map(({ target, outcome }) => ({
        label: "Left out",
        text: `${outcome} ${readable(target.email ?? target.name ?? "")}`,
      })),
      { label: "Organization", text: organizationText(organizationId, organizationName) },
      { label: "Trieve", text: host },
    ],
    choices: [parts.refusing, only ? verb : `${verb} ${count}`],
    needsConsent,
    targets,
    role,
    async perform(call) {
      const outcomes = await parts.perform(call, targets);
      const told = named.map((one) => outcomes.find(({ target }) => target === one.target) ?? one);
      return told.filter((one) => one.outcome !== undefined);
    },
  };
  return { kind: "action", action };
}

function emailFact(email: string): Required<Fact> {
  return { label: "E-mail", text: readable(email) };
}

/** The first few of several addresses, in words. */
function namedText(emails: readonly string[]): string {
  const shown = emails.slice(0, MOST_NAMED).map((email) => neutralise(email));
  const more = emails.length - shown.length;
  return `${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** The targets to which something can be done. */
export function openIn<T extends Target>(named: readonly Named<T>[]): T[] {
  return named.flatMap((one) => (one.outcome === undefined ? one.target : []));
}
