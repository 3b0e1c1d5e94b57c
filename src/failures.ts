import { traceOf } from "./text.ts";

interface Kind {
  /** When it is seen, for the README. */
  seen: string;
  happened: string;
  next: string;
  /** Comes of talking to Trieve, so that it has to be said whether something was sent. */
  isAnswer?: true;
}

/** Every code of an error, with its words: what happened, what to do next, and when it is seen. */
export const FAILURES = {
  configuration_error: {
    seen: "a setting is missing or wrong",
    happened: "The settings are incomplete",
    next: "Correct the server's environment in the client's configuration and restart it; nothing was requested",
  },
  invalid_input: {
    seen: "an argument is missing or wrong",
    happened: "An argument is wrong",
    next: "Correct this and call again",
  },
  invalid_email: {
    seen: "the address is no plain e-mail address",
    happened:
      "The address is not a plain e-mail address (ASCII, one @, a dotted domain, at most 64 characters before the @ and 100 in all)",
    next: "Correct it and call again where that is certain; otherwise ask the user for the exact address",
  },
  domain_not_allowed: {
    seen: "the operator's policy does not allow the address",
    happened: "This server may not invite addresses at this domain (TRIEVE_ALLOWED_EMAIL_DOMAINS)",
    next: "Ask the user for another address or the operator for another domain",
  },
  role_not_allowed: {
    seen: "the operator's policy does not allow the role",
    happened: "This server may not invite with this role (TRIEVE_MAX_ROLE)",
    next: "Choose a lower role or ask the operator",
  },
  not_supported: {
    seen: "a resend would lose something or fail",
    happened: "This server cannot do that to this invitation; nothing was done",
    next: "Tell the user; leave it out, and call again for the others",
  },
  not_found: {
    seen: "the organization has no such invitation",
    happened: "No invitation of this organization has this id; nothing was deleted",
    next: "Take the id from list_invitations (status all shows used ones too)",
  },
  unauthorized: {
    seen: "Trieve refused the key",
    happened: "Trieve refused the key (401)",
    next: "Check TRIEVE_API_KEY in the client's configuration",
    isAnswer: true,
  },
  forbidden: {
    seen: "the key may not do this",
    happened: "The key may not administer this organization (403)",
    next: "Use the key of an admin or owner of the organization in TRIEVE_ORGANIZATION_ID",
    isAnswer: true,
  },
  organization_not_found: {
    seen: "the organization or the address is wrong",
    happened: "Trieve knows no such organization, or there is no Trieve at this address (404)",
    next: "Check TRIEVE_ORGANIZATION_ID and TRIEVE_BASE_URL",
    isAnswer: true,
  },
  rejected: {
    seen: "Trieve refused, and did nothing",
    happened: "Trieve refused the request (400)",
    next: "Check the arguments; repeating the same call will not help",
    isAnswer: true,
  },
  rate_limited: {
    seen: "too many requests, or more than thirty sends a minute",
    happened: "Too many requests",
    next: "Wait a minute, then call again",
    isAnswer: true,
  },
  timeout: {
    seen: "Trieve did not answer",
    happened: "Trieve did not answer in time",
    next: "Call again in a minute",
    isAnswer: true,
  },
  network_error: {
    seen: "no connection, or one that broke",
    happened: "Trieve could not be reached, or the connection broke",
    next: "Check TRIEVE_BASE_URL and the network, then call again",
    isAnswer: true,
  },
  upstream_error: {
    seen: "trouble at Trieve",
    happened: "Trieve failed",
    next: "Call again in a minute",
    isAnswer: true,
  },
  bad_response: {
    seen: "what answers is not Trieve",
    happened: "What answered does not look like Trieve",
    next: "Check TRIEVE_BASE_URL: it may point to a proxy, a login page or another service",
    isAnswer: true,
  },
  mail_unconfirmed: {
    seen: "the invitation exists, its mail is in doubt",
    happened: "The invitation exists, but whether the mail went out is unknown",
    next: "Do not send again; to mail it anew use resend_invitations, which will delete the invitation and then send a new one",
    isAnswer: true,
  },
  outcome_unknown: {
    seen: "it may or may not have happened",
    happened: "It may or may not have happened",
    next: "Tell the user, and look with list_invitations before any other attempt",
    isAnswer: true,
  },
  changed: {
    seen: "the invitation is not as it was shown",
    happened: "The invitation changed since it was shown",
    next: "Nothing more was done; list again and show the user what it is now",
    isAnswer: true,
  },
  confirmation_unavailable: {
    seen: "no way to ask a person is left",
    happened:
      "This needs a person's yes, and none of the ways that this server may use is there (TRIEVE_CONFIRM); nothing was done",
    next: "Tell the user what is missing; do not retry until it is there",
  },
  confirmation_invalid: {
    seen: "the confirmation is not, or no longer, good",
    happened:
      "The confirmation is unknown, used, older than 10 minutes, belongs to other arguments, or was made before this server was restarted; nothing was done",
    next: "Call again without confirmation, show the user what is returned, and pass it back unchanged; where that ends so each time, the client starts a server for each call: use one that keeps it running, or one that shows forms",
  },
  busy: {
    seen: "another question is open, or other mails are going out",
    happened: "Another confirmation is waiting for a person's answer",
    next: "Let it be answered, then call again; nothing was done; for several at once use the tools that take a list",
  },
  cancelled: {
    seen: "the call was cancelled in time",
    happened: "The call was cancelled before anything was sent or deleted",
    next: "Call again if it is still wanted",
  },
  internal_error: {
    seen: "a fault of this server",
    happened: "This server failed before anything was sent or deleted",
    next: "Report the lines on stderr",
  },
} as const satisfies Record<string, Kind>;

export type FailureCode = keyof typeof FAILURES;

interface Details {
  /** In place of the table's words; without a full stop. */
  happened?: string;
  next?: string;
  /** A short word of ours (an error code of Node, a status, a limit), never text from upstream. */
  detail?: string | undefined;
  /** What is certain all the same, as sentences of ours. */
  known?: string | undefined;
  /** How long to wait, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** True when it is certain that nothing came of the request: it cannot have arrived, or was refused. */
  nothingSent?: boolean;
  cause?: unknown;
}

/** What cannot be done. Its words are ours: nothing from upstream stands in it but in `cause`. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly code: FailureCode;
  readonly happened: string;
  readonly next: string;
  readonly known: string | undefined;
  readonly detail: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly nothingSent: boolean;

  constructor(code: FailureCode, details: Details = {}) {
    const { detail, retryAfterMs } = details;
    const happened = details.happened ?? FAILURES[code].happened;
    const inDetail = detail === undefined ? happened : `${happened} (${detail})`;
    super(`${code}: ${inDetail}`, { cause: details.cause });
    this.code = code;
    this.happened = inDetail;
    this.next = details.next ?? FAILURES[code].next;
    this.known = details.known;
    this.detail = detail;
    this.retryAfterMs = retryAfterMs;
    this.nothingSent = details.nothingSent ?? false;
  }
}

/** What the call had done when it failed. */
export interface Progress {
  /** Whether its tool changes something. */
  isWrite: boolean;
  /** Whether a request that may have changed something went out. */
  hasWritten: boolean;
  isCancelled: boolean;
}

/** The failure as `<code>: <what happened>. <what to do next>.` */
export function tell(
  { code, happened, known, next }: Failure,
  { isWrite, hasWritten }: Omit<Progress, "isCancelled">,
): string {
  const isAnswer = "isAnswer" in FAILURES[code];
  const undone = isAnswer && isWrite && !hasWritten ? "Nothing was sent or deleted." : undefined;
  return [`${code}: ${happened}.`, known ?? undone, `${next}.`].filter(Boolean).join(" ");
}

/** Anything thrown as a Failure; `trace` is for stderr, where it was unexpected. */
export function asFailure(
  error: unknown,
  { hasWritten, isCancelled }: Progress,
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
