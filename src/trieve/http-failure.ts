import { Failure, type FailureCode } from "../failures.ts";

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
export function networkFailure(cause: unknown): Failure {
  const { code, syscall } = systemError(cause);
  return new Failure("network_error", {
    cause,
    // A host may also become unreachable in the middle: that code alone proves nothing.
    nothingSent: syscall === "connect" || (code !== undefined && CANNOT_HAVE_ARRIVED.has(code)),
    detail: code,
  });
}

// fetch hides the system's error in `cause`.
function systemError(error: unknown): { code?: string; syscall?: unknown } {
  if (!(error instanceof Error)) return {};
  if (!("code" in error) || typeof error.code !== "string") return systemError(error.cause);
  return { code: error.code, syscall: "syscall" in error ? error.syscall : undefined };
}

interface Known {
  retryAfterMs?: number | undefined;
  /** What is certain all the same, as a sentence of ours. */
  known?: string;
}

/** The failure behind a status that is not the expected one. */
export function statusFailure(status: number, known: Known = {}): Failure {
  const code = codeOfStatus(status);
  const saysStatus =
    code === "timeout" ||
    code === "rate_limited" ||
    code === "upstream_error" ||
    code === "bad_response";
  const { retryAfterMs } = known;
  return new Failure(code, {
    ...known,
    ...(saysStatus ? { detail: `HTTP ${status}` } : {}),
    ...(code === "rate_limited" && retryAfterMs !== undefined
      ? { next: waitFor(retryAfterMs) }
      : {}),
  });
}

/** When to call again, as a next step. */
export function waitFor(ms: number): string {
  return `Wait ${Math.ceil(ms / 1_000)} seconds, then call again`;
}

function codeOfStatus(status: number): FailureCode {
  if (status === 400) return "rejected";
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 404) return "organization_not_found";
  if (status === 408) return "timeout";
  if (status === 429) return "rate_limited";
  return status >= 500 && status <= 599 ? "upstream_error" : "bad_response";
}

/** Whether an answer to a write says that nothing was done because Trieve's database was not there. */
export function isWithoutDatabase(
  answer: { status: number; refusal?: string } | undefined,
): boolean {
  const said = answer?.refusal ?? "";
  return answer?.status === 400 && said.startsWith("Could not get database connection");
}
