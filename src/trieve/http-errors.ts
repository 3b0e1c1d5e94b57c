import type { Config } from "../config/settings.ts";
import { type ErrorCode, Failure } from "../errors.ts";
import { PROXY_NEXT } from "./network-errors.ts";

const CODES: Readonly<Record<number, ErrorCode>> = {
  400: "rejected",
  401: "unauthorized",
  403: "forbidden",
  404: "organization_not_found",
  407: "network_error",
  408: "timeout",
  429: "rate_limited",
};
const SIGN_IN = {
  happened:
    "Something before Trieve answered, with what looks like the page or redirect of a sign-in",
  next: "Check TRIEVE_BASE_URL; a gateway before the API may want headers; set them in TRIEVE_EXTRA_HEADERS",
};
const CHECK_FILE = { next: "Check the key in the file that TRIEVE_API_KEY_FILE names" };
const KEY_IS_OLD = {
  next: "The file that TRIEVE_API_KEY_FILE names has changed since this server read the key: restart the server",
};

const TRIEVE_STATUSES: readonly number[] = [200, 204, 400, 401, 403, 404, 408, 500];

/** Whether a gateway in front of Trieve answered in its place. `isPage`: with a page, which Trieve never sends. */
export function isFromGate(status: number, isPage: boolean): boolean {
  return isPage || !TRIEVE_STATUSES.includes(status);
}

/** The failure for an unexpected status; `keyFile` is where the key came from, if from a file. */
export function statusFailure(
  response: { status: number; retryAfterMs?: number | undefined; isPage?: boolean },
  keyFile?: Config["keyFile"],
): Failure {
  const { status, retryAfterMs, isPage = false } = response;
  const isRedirect = status >= 300 && status <= 399;
  const isSignIn = isRedirect || (isPage && [400, 401, 403].includes(status));
  const other = status >= 500 && status <= 599 ? "upstream_error" : "bad_response";
  const code = isPage && status === 400 ? "bad_response" : (CODES[status] ?? other);

  function describe(): { happened?: string; next?: string } {
    if (isSignIn) return SIGN_IN;
    if (status === 407) return { next: PROXY_NEXT };
    const isKeyRefused = status === 401 || status === 403;
    if (isKeyRefused && keyFile?.hasChanged()) return KEY_IS_OLD;
    if (status === 401 && keyFile !== undefined) return CHECK_FILE;
    return retryAfterMs ? { next: waitText(retryAfterMs) } : {};
  }

  return new Failure(code, {
    ...describe(),
    // The default texts of these already give the status.
    detail: [400, 401, 403, 404].includes(status) && !isSignIn ? undefined : `HTTP ${status}`,
    retryAfterMs,
    origin: isFromGate(status, isPage) ? "gate" : "trieve",
    isRepeatable: code === "upstream_error" || [407, 408, 429].includes(status),
  });
}

/** The next step that tells when to call again. */
export function waitText(ms: number): string {
  return `Wait ${Math.ceil(ms / 1_000)} seconds, then call again`;
}
