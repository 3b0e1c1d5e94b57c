import { allowedRoles, isDomainAllowed, type Policy } from "../config/policy.ts";
import { emailProblem } from "../email.ts";
import { Failure } from "../errors.ts";
import { neutralise } from "../text.ts";
import type { ToolContext } from "./context.ts";

// Whether something can be sent at all, to this address, with this role.

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

/** All that is wrong with addresses as one failure, a sentence for each kind of fault; undefined for nothing. */
export function addressFailures(emails: readonly string[], policy: Policy): Failure | undefined {
  const faults = emails.flatMap((email, at) => {
    const failure = addressFailure(email, policy);
    return failure === undefined ? [] : [{ name: email || `number ${at + 1}`, failure }];
  });
  const [first] = faults;
  if (first === undefined) return undefined;
  const kinds = [...new Set(faults.map(({ failure }) => failure.happened))];
  const told = kinds.map((happened) => {
    const all = faults.filter(({ failure }) => failure.happened === happened);
    const names = all.map(({ name }) => neutralise(name)).join(", ");
    return emails.length === 1 ? happened : `${happened}: ${names}`;
  });
  const { code, next } = first.failure;
  return new Failure(code, { happened: told.join(". "), known: "Nothing was done.", next });
}
