import type { Reason, Verdict } from "../consent/consent.ts";
import { traceOf } from "../text.ts";
import { ToolError } from "../tools/tool.ts";
import type { Scope } from "../trieve/client.ts";
import { TrieveError, type TrieveErrorCode } from "../trieve/errors.ts";

type Explanation = [happened: string, next: string];

/**
 * A failure at Trieve as `<code>: <what happened>. <what to do next>.`, in words of ours only.
 * `isWrite` and `wrote` say whether the tool changes something and whether a request that may have
 * done so went out.
 */
export function explain(error: TrieveError, isWrite: boolean, wrote: boolean): string {
  const [happened, next] = EXPLANATIONS[error.code](error);
  const known = error.known ?? (isWrite && !wrote ? "Nothing was sent or deleted." : undefined);
  return [`${error.code}: ${happened}.`, known, `${next}.`].filter(Boolean).join(" ");
}

const EXPLANATIONS: Record<TrieveErrorCode, (error: TrieveError) => Explanation> = {
  unauthorized: () => [
    "Trieve refused the key (401)",
    "Check TRIEVE_API_KEY in the client's configuration",
  ],
  forbidden: () => [
    "The key may not administer this organization (403)",
    "Use the key of an admin or owner of the organization in TRIEVE_ORGANIZATION_ID",
  ],
  organization_not_found: () => [
    "Trieve knows no such organization, or there is no Trieve at this address (404)",
    "Check TRIEVE_ORGANIZATION_ID and TRIEVE_BASE_URL",
  ],
  rejected: () => [
    "Trieve refused the request (400)",
    "Check the arguments; repeating the same call will not help",
  ],
  rate_limited: ({ detail, retryAfterMs }) => [
    `Too many requests (${detail})`,
    retryAfterMs === undefined
      ? "Wait a minute, then call again"
      : `Wait ${Math.ceil(retryAfterMs / 1_000)} seconds, then call again`,
  ],
  timeout: () => ["Trieve did not answer in time", "Call again in a minute"],
  network_error: ({ detail }) => [
    `Trieve could not be reached, or the connection broke${detail ? ` (${detail})` : ""}`,
    "Check TRIEVE_BASE_URL and the network, then call again",
  ],
  upstream_error: ({ detail }) => [`Trieve failed (${detail})`, "Call again in a minute"],
  bad_response: ({ detail }) => [
    `What answered does not look like Trieve (${detail})`,
    "Check TRIEVE_BASE_URL: it may point to a proxy, a login page or another service",
  ],
  mail_unconfirmed: () => [
    "The invitation exists, but whether the mail went out is unknown",
    "Do not send again; to resend, delete the invitation and then send a new one",
  ],
  outcome_unknown: () => [
    "It may or may not have happened",
    "Tell the user, and look with list_invitations before any other attempt",
  ],
  changed: () => [
    "The invitation changed since it was shown",
    "Nothing more was done; list again and show the user what it is now",
  ],
};

/** What is wrong with the configuration, as every call tells it. */
export function configurationError(faults: readonly string[]): ToolError {
  return new ToolError(
    "configuration_error",
    faults.join("; "),
    "Correct the server's environment in the client's configuration and restart it; nothing was requested",
  );
}

/** A call that got no verdict on its deed: something else is open, or the confirmation is no good. */
export function withoutVerdict(
  verdict: Exclude<Verdict, { yes: unknown } | { no: Reason } | { show: string }>,
): Error {
  if ("busy" in verdict) {
    return new ToolError(
      "busy",
      "Another confirmation is waiting for a person's answer",
      `Let it be answered, or call again in ${Math.ceil(verdict.busy / 1_000)} seconds at the latest; nothing was done`,
    );
  }
  if ("unavailable" in verdict) {
    return new ToolError(
      "confirmation_unavailable",
      "This needs a person's confirmation, the client does not offer form elicitation, and TRIEVE_CONFIRM=prompt allows no other way; nothing was done",
      "Use a client with form elicitation, or have the operator set TRIEVE_CONFIRM=auto",
    );
  }
  return new ToolError(
    "confirmation_invalid",
    "The confirmation is unknown, used, older than 10 minutes, or belongs to other arguments; nothing was done",
    "Call again without confirmation, show the user what is returned, and pass it back unchanged",
  );
}

/** What the caller is told of anything thrown, and what stderr is told where it was unexpected. */
export function describeFailure(
  error: unknown,
  isWrite: boolean,
  { signal, writes }: Scope,
): { code: string; text: string; trace?: string } {
  if (error instanceof ToolError) return { code: error.code, text: error.message };
  if (error instanceof TrieveError) {
    return { code: error.code, text: explain(error, isWrite, writes > 0) };
  }
  if (signal.aborted && writes === 0) {
    const { code, message } = new ToolError(
      "cancelled",
      "The call was cancelled before anything was sent or deleted",
      "Call again if it is still wanted",
    );
    return { code, text: message };
  }
  const trace = traceOf("internal error", error);
  if (writes > 0) {
    const text =
      "outcome_unknown: This server failed after a request went out. Look with list_invitations before any other attempt, and report the lines on stderr.";
    return { code: "outcome_unknown", text, trace };
  }
  const text =
    "internal_error: This server failed before anything was sent or deleted. Report the lines on stderr.";
  return { code: "internal_error", text, trace };
}
