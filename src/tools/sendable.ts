import { allowedRoles, type Policy } from "../config/policy.ts";
import { emailProblem, shownEmail } from "../email.ts";
import { Failure } from "../errors.ts";
import type { ToolContext } from "./context.ts";

// Whether the settings allow a send at all, to this address, with this role.

/** Throws Failure if nothing can be sent: the dashboard URL for mailed links is missing, or the role is not allowed. */
export function checkSend({ links, policy }: ToolContext, role: string | undefined): void {
  if (links === "none") {
    throw new Failure("configuration_error", {
      happened:
        "TRIEVE_DASHBOARD_URL is not set; expected the address of your Trieve's dashboard, where invited people land",
    });
  }
  const failure = role && roleFailure(role, policy);
  if (failure) throw failure;
}

/** Why nobody may be invited with this role; undefined if it is allowed. */
export function roleFailure(role: string, policy: Policy) {
  if (allowedRoles(policy).some((allowed) => allowed === role)) return undefined;
  return new Failure("role_not_allowed", {
    happened: `This server may invite up to the role ${policy.maxRole} (TRIEVE_MAX_ROLE)`,
  });
}

/**
 * Why an address may not be invited; undefined if it may. `next` replaces the default next step for an address that is
 * not valid.
 */
export function addressFailure(email: string, policy: Policy, next?: string) {
  const happened = emailProblem(email);
  if (happened !== undefined) return new Failure("invalid_email", { happened, next });
  const { allowedDomains } = policy;
  const domain = email.slice(email.lastIndexOf("@") + 1).toLowerCase();
  if (allowedDomains === undefined || allowedDomains.includes(domain)) return undefined;
  return new Failure("domain_not_allowed", {
    happened: `This server may only invite addresses at ${allowedDomains.join(", ")} (TRIEVE_ALLOWED_EMAIL_DOMAINS)`,
  });
}

/** Throws one Failure for all addresses that may not be invited, with a sentence for each kind of fault. */
export function checkAddresses(emails: readonly string[], policy: Policy): void {
  const faults = emails.flatMap((email, at) => {
    const failure = addressFailure(email, policy);
    return failure === undefined ? [] : [{ name: email || `number ${at + 1}`, failure }];
  });
  const [first] = faults;
  if (first === undefined) return;
  const kinds = [...new Set(faults.map(({ failure }) => failure.happened))];
  const lines = kinds.map((happened) => {
    const all = faults.filter(({ failure }) => failure.happened === happened);
    const names = all.map(({ name }) => shownEmail(name)).join(", ");
    return emails.length === 1 ? happened : `${names}: ${happened}`;
  });
  const { code, next } = first.failure;
  const rest = faults.length < emails.length ? " The other addresses are fine." : "";
  throw new Failure(code, { happened: lines.join(". "), known: `Nothing was done.${rest}`, next });
}
