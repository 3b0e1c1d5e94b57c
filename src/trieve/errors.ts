/**
 * What went wrong with Trieve, in the words that a tool's caller sees. `network_error` and `timeout`
 * mean that no full answer came; `mail_unconfirmed`, `outcome_unknown` and `changed` come from
 * looking at the list afterwards; the others are answers.
 */
export type TrieveErrorCode =
  | "network_error"
  | "timeout"
  | "unauthorized"
  | "forbidden"
  | "organization_not_found"
  | "rejected"
  | "rate_limited"
  | "upstream_error"
  | "bad_response"
  | "mail_unconfirmed"
  | "outcome_unknown"
  | "changed";

interface Details {
  cause?: unknown;
  /** How long Trieve, or a proxy before it, asks to wait, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** True when the request cannot have reached Trieve, so that nothing was done. */
  nothingSent?: boolean;
  /** A short word of ours (an error code of Node, a status, a limit), never text from upstream. */
  detail?: string;
  /** What is known all the same, as a sentence of ours. */
  known?: string;
}

/** A call to Trieve that brought no usable answer. Holds no text from upstream. */
export class TrieveError extends Error {
  override readonly name = "TrieveError";
  readonly code: TrieveErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly nothingSent: boolean;
  readonly detail: string | undefined;
  readonly known: string | undefined;

  constructor(code: TrieveErrorCode, details: Details = {}) {
    super(code, { cause: details.cause });
    this.code = code;
    this.retryAfterMs = details.retryAfterMs;
    this.nothingSent = details.nothingSent ?? false;
    this.detail = details.detail;
    this.known = details.known;
  }
}

// Failures before the first byte of a request: refused, not found, or in the TLS handshake.
const CANNOT_HAVE_ARRIVED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "UND_ERR_CONNECT_TIMEOUT",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "CERT_HAS_EXPIRED",
  "ERR_TLS_CERT_ALTNAME_INVALID",
]);

/** The failure behind a rejected `fetch` or a body that broke off. */
export function networkError(cause: unknown): TrieveError {
  const { code, syscall } = systemError(cause);
  return new TrieveError("network_error", {
    cause,
    // A host may also become unreachable in the middle: that code alone proves nothing.
    nothingSent: syscall === "connect" || (code !== undefined && CANNOT_HAVE_ARRIVED.has(code)),
    ...(code === undefined ? {} : { detail: code }),
  });
}

// fetch hides the system's error in `cause`.
function systemError(error: unknown): { code?: string; syscall?: unknown } {
  if (!(error instanceof Error)) return {};
  if (!("code" in error) || typeof error.code !== "string") return systemError(error.cause);
  return { code: error.code, syscall: "syscall" in error ? error.syscall : undefined };
}

/** The failure behind a status that is not the expected one. */
export function statusError(status: number, details: Omit<Details, "detail"> = {}): TrieveError {
  return new TrieveError(codeOfStatus(status), { ...details, detail: `HTTP ${status}` });
}

function codeOfStatus(status: number): TrieveErrorCode {
  if (status === 400) return "rejected";
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 404) return "organization_not_found";
  if (status === 408) return "timeout";
  if (status === 429) return "rate_limited";
  return status >= 500 && status <= 599 ? "upstream_error" : "bad_response";
}

/** A write that may or may not have happened; `known` says what is certain. */
export function outcomeUnknown(known: string, cause?: unknown): TrieveError {
  return new TrieveError("outcome_unknown", { known, cause });
}

/** An invitation that exists, of which nobody knows whether it was mailed. */
export function mailUnconfirmed(known?: string): TrieveError {
  return new TrieveError("mail_unconfirmed", known === undefined ? {} : { known });
}
