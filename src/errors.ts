import { traceOf } from "./text.ts";

/** Every error code: what happened and what to do next, each without a full stop. docs/errors.md shows this table. */
export const ERRORS = {
  configuration_error: {
    happened: "A setting is missing or wrong",
    next: "Correct the server's environment in the client's configuration and restart it; no request was sent",
  },
  invalid_input: {
    happened: "An argument is missing or wrong",
    next: "Correct this and call again",
  },
  invalid_email: {
    happened:
      "The address is not a plain e-mail address (ASCII, one @, a dotted domain, at most 64 characters before the @ and 100 in all)",
    next: "Correct it and call again where that is certain; otherwise ask the user for the exact address",
  },
  domain_not_allowed: {
    happened: "This server may not invite addresses at this domain (TRIEVE_ALLOWED_EMAIL_DOMAINS)",
    next: "Ask the user for another address or the operator for another domain",
  },
  role_not_allowed: {
    happened: "This server may not invite with this role (TRIEVE_MAX_ROLE)",
    next: "Choose a lower role or ask the operator",
  },
  not_supported: {
    happened: "This server cannot do that to this invitation; nothing was done",
    next: "Tell the user; leave it out, and call again for the others",
  },
  ambiguous: {
    happened: "An address, or the beginning of an id, fits several invitations",
    next: "Ask the user which is meant, and call again with its id as shown here",
  },
  not_found: {
    happened: "This organization has no such invitation; nothing was done",
    next: "Look for it with list_invitations (status all shows used ones too); a member shown by list_members can be removed only in Trieve's dashboard",
  },
  unauthorized: {
    happened: "Trieve refused the key (401)",
    next: "Check TRIEVE_API_KEY in the client's configuration",
  },
  forbidden: {
    happened: "The key may not administer this organization (403)",
    next: "Use the key of an admin or owner of the organization in TRIEVE_ORGANIZATION_ID",
  },
  organization_not_found: {
    happened: "Trieve knows no such organization, or there is no Trieve at this address (404)",
    next: "Check TRIEVE_ORGANIZATION_ID and TRIEVE_BASE_URL",
  },
  rejected: {
    happened: "Trieve refused the request (400)",
    next: "Check the arguments; repeating the same call will not help",
  },
  rate_limited: {
    happened: "Too many requests",
    next: "Wait a minute, then call again",
  },
  timeout: {
    happened: "Trieve did not answer in time",
    next: "Call again in a minute",
  },
  network_error: {
    happened: "Trieve could not be reached, or the connection broke",
    next: "Check TRIEVE_BASE_URL and the network, then call again",
  },
  upstream_error: {
    happened: "Trieve failed",
    next: "Call again in a minute",
  },
  bad_response: {
    happened: "The answer does not look like Trieve's",
    next: "Check TRIEVE_BASE_URL: it may point to a proxy, a login page or another service",
  },
  mail_unconfirmed: {
    happened: "The invitation exists, but whether the mail went out is unknown",
    next: "Do not send again; to mail it again use resend_invitation, which deletes the invitation and then sends a new one",
  },
  outcome_unknown: {
    happened: "It may or may not have happened",
    next: "Tell the user, and look with list_invitations before any other attempt",
  },
  already_invited: {
    happened: "A pending invitation to this address exists; nothing was sent",
    next: "To mail it again, or to change its role, use resend_invitation",
  },
  already_accepted: {
    happened: "An accepted invitation to this address blocks a new one; nothing was sent",
    next: "To invite the person again, delete that record first, with delete_invitation",
  },
  already_gone: {
    happened: "The invitation was already gone; nothing was sent",
    next: "To invite the person anew, use send_invitation",
  },
  deleted_not_sent: {
    happened: "The old invitation is deleted, and the new one was not sent",
    next: "Tell the user; send_invitation invites the person again",
  },
  changed: {
    happened: "The invitation changed since it was shown, and was left alone",
    next: "Nothing more was done; list again, and show the user what it is now",
  },
  confirmation_unavailable: {
    happened:
      "This needs a person's yes, and there is no way to ask for it (TRIEVE_CONFIRM); nothing was done",
    next: "Tell the user what is missing; do not retry until it is there",
  },
  confirmation_invalid: {
    happened:
      "The confirmation is unknown, used, replaced by a newer one, older than 10 minutes, for other arguments, or from before this server was restarted; nothing was done",
    next: "Call again without confirmation, show the user what is returned, and pass it back unchanged. If this happens every time, the client starts a new server for each call: use a client that keeps it running, or one that shows forms",
  },
  busy: {
    happened: "Another question is open, or earlier requests are still under way",
    next: "Call again in a minute; nothing was done",
  },
  cancelled: {
    happened: "The call was cancelled before anything was sent or deleted",
    next: "Call again if this is still wanted",
  },
  internal_error: {
    happened: "This server failed before anything was sent or deleted",
    next: "Report the lines on stderr",
  },
} as const satisfies Record<string, { happened: string; next: string }>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * Where a failure comes from: this program, the network, TLS, something before Trieve (a proxy, a sign-in),
 * or Trieve itself.
 */
export type Origin = "program" | "network" | "tls" | "gate" | "trieve";

/** Details of a failure besides its code: wording in place of the table's, and the fields that callers decide by. */
export type FailureDetails = {
  [Field in Exclude<keyof Failure, "name" | "code" | "message" | "withKnown">]?:
    | Failure[Field]
    | undefined;
} & {
  /** A short addition to `happened` (a Node error code, a status, a limit), never text from upstream. */
  detail?: string | undefined;
};

/** An expected failure. Its texts are this program's own: only `cause` may hold anything from upstream. */
export class Failure<Code extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "Failure";
  readonly code: Code;
  /** Without a full stop, like `next`. */
  readonly happened: string;
  readonly next: string;
  /** What is known despite the failure, as full sentences. */
  readonly known: string | undefined;
  readonly origin: Origin;
  /** How long to wait, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** The same request may succeed if it is repeated soon. */
  readonly isRepeatable: boolean;
  /** The request certainly had no effect: it cannot have arrived, or was refused. */
  readonly hadNoEffect: boolean;

  constructor(code: Code, details: FailureDetails = {}) {
    const { detail, happened = ERRORS[code].happened, next = ERRORS[code].next } = details;
    const withDetail = detail === undefined ? happened : `${happened} (${detail})`;
    super(`${code}: ${withDetail}`, { cause: details.cause });
    this.code = code;
    this.happened = withDetail;
    this.next = next;
    this.known = details.known;
    this.origin = details.origin ?? "program";
    this.retryAfterMs = details.retryAfterMs;
    this.isRepeatable = details.isRepeatable ?? false;
    this.hadNoEffect = details.hadNoEffect ?? false;
  }

  /** The same failure, with full sentences on what is known despite it. */
  withKnown(known: string): Failure<Code> {
    return new Failure(this.code, { ...this, known, cause: this.cause });
  }
}

/** The failure as `<code>: <what happened>. <what is known, if anything.> <what to do next>.` */
export function formatFailure(
  { code, happened, known, next, origin }: Failure,
  isUndone: boolean,
): string {
  // Only a failed request needs this: the texts of this program's own failures say it already.
  const remark = known ?? (isUndone && origin !== "program" && "Nothing was sent or deleted.");
  return [`${code}: ${happened}.`, remark, `${next}.`].filter(Boolean).join(" ");
}

/** Turns anything thrown into a Failure; `trace`, for stderr, is there if it was unexpected. */
export function asFailure(
  error: unknown,
  { hasWritten, isCancelled }: { hasWritten: boolean; isCancelled: boolean },
): { failure: Failure; trace?: string } {
  if (error instanceof Failure) return { failure: error };
  if (isCancelled && !hasWritten) return { failure: new Failure("cancelled") };
  const trace = traceOf("internal error", error);
  if (!hasWritten) return { failure: new Failure("internal_error"), trace };
  const failure = new Failure("outcome_unknown", {
    happened: "This server failed after a request went out",
    next: "Look with list_invitations before any other attempt, and report the lines on stderr",
  });
  return { failure, trace };
}
