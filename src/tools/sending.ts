import { emailProblem } from "../email.ts";
import { Failure } from "../failures.ts";
import { allowedRoles, isDomainAllowed, LINK_IS_LOCAL } from "../policy.ts";
import type { Policy } from "../settings.ts";
import { type Invitation, sentDate } from "../trieve/invitation.ts";
import type { Resent } from "../trieve/resend.ts";
import { IN_DOUBT, type Sent } from "../trieve/sent.ts";
import type { ToolContext } from "./tool.ts";

// What the tools that send have in common.

/** Throws Failure where nothing can be sent, because mailed links would lead nowhere. */
export function checkLinks({ links }: ToolContext): void {
  if (links === "none") throw new Failure("configuration_error", NO_DASHBOARD);
}

const NO_DASHBOARD = {
  happened:
    "TRIEVE_DASHBOARD_URL is not set; expected the address of your Trieve's dashboard, where invited people land",
};

/** Why nobody may be invited with this role; undefined where it may be. */
export function roleFailure(role: string, policy: Policy): Failure | undefined {
  if (allowedRoles(policy).some((allowed) => allowed === role)) return undefined;
  return new Failure("role_not_allowed", {
    happened: `This server may invite up to the role ${policy.maxRole} (TRIEVE_MAX_ROLE)`,
  });
}

/** What is wrong with an address, in itself or for the operator; undefined for nothing. */
export function addressFailure(email: string, policy: Policy): Failure | undefined {
  const happened = emailProblem(email);
  if (happened !== undefined) return new Failure("invalid_email", { happened });
  if (isDomainAllowed(policy, email)) return undefined;
  const domains = policy.allowedDomains?.join(", ");
  return new Failure("domain_not_allowed", {
    happened: `This server may only invite addresses at ${domains} (TRIEVE_ALLOWED_EMAIL_DOMAINS)`,
  });
}

/** What a person has to know of mailed links, where they reach nobody else. */
export function linkFacts({ links }: ToolContext): string[] {
  return links === "local" ? [`${LINK_IS_LOCAL}.`] : [];
}

/** All that is wrong with several targets as one failure, each named; undefined for nothing. */
export function allFailures(
  faults: readonly { name: string; failure: Failure }[],
): Failure | undefined {
  const [first] = faults;
  if (first === undefined) return undefined;
  const { code, next } = first.failure;
  const told = faults.map(({ name, failure }) => {
    const kind = failure.code === code ? "" : ` (${failure.code})`;
    return `${name}: ${failure.happened}${kind}`;
  });
  return new Failure(code, { happened: told.join(". "), known: "Nothing was done.", next });
}

/** What refusals of sending to an address are counted for, whichever tool it is asked by. */
export function sendKey(email: string): string {
  return `send ${email.toLowerCase()}`;
}

/** Which invitation there is already. */
export function asWhat(invitation: Invitation): string {
  return `as ${invitation.role}, sent ${sentDate(invitation).slice(0, 10)}`;
}

/** Of a member in other letters, whom Trieve would mail. */
export const LEARNED_BEFORE =
  "This server learned within the last 10 minutes that the person is a member, and did not ask Trieve again";

// What the tools that send to several say alike.

export const PEOPLE_JOIN =
  "People who have a Trieve account join at once, which cannot be undone here.";
export const MAIL_FAILED = "Trieve says that its mail failed";
export const ADDED_MEANS =
  "added: the person had an account and is a member now, which this server cannot undo.";
export const UNKNOWN_MEANS =
  "outcome_unknown: tell the user, and look with list_invitations before any other attempt.";

/** What has to be said besides of sends: where their links lead, and what may have come of unclear ones. */
export function sendNote(
  context: ToolContext,
  sent: readonly Pick<Resent | Sent, "outcome" | "mayHaveJoined">[],
): string {
  const isMailed = sent.some(({ outcome }) => outcome === "invited" || outcome === "resent");
  const isInDoubt = sent.some(({ mayHaveJoined }) => mayHaveJoined);
  return [...(isInDoubt ? [IN_DOUBT] : []), ...(isMailed ? linkFacts(context) : [])].join(" ");
}
