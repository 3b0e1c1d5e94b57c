import { Failure, type FailureCode } from "../failures.ts";
import { tlsWords, type Words } from "./tls.ts";

const FIREWALL: Words = [
  "The connection could not be opened",
  "Check host and port in TRIEVE_BASE_URL, and whether a firewall is in the way",
];
const CONNECTING: Readonly<Record<string, Words>> = {
  ECONNREFUSED: [
    "Nothing listens at this address",
    "Start Trieve, or check host and port in TRIEVE_BASE_URL",
  ],
  ENOTFOUND: ["There is no host of this name", "Check the host in TRIEVE_BASE_URL"],
  EAI_AGAIN: [
    "The name of the host could not be looked up",
    "Check the host in TRIEVE_BASE_URL and this machine's network, then call again",
  ],
  UND_ERR_CONNECT_TIMEOUT: FIREWALL,
  ERR_ACCESS_DENIED: [
    "Node's permission model keeps this process off the network",
    "Start it with --allow-net, or without --permission",
  ],
};

const HTTP_IN_PIECES =
  /^(HPE_|HTTPParserError|Z_DATA|Z_VERSION|ERR_BROTLI|UND_ERR_(HEADERS_OVERFLOW|RES_CONTENT_LENGTH|REQ_CONTENT_LENGTH|INFO|NOT_SUPPORTED))/;
const UNKNOWN_TO_HTTP: Words = [
  "What answers there is not a Trieve: it does not speak HTTP, or breaks it",
  "Check scheme, host and port in TRIEVE_BASE_URL",
];

/** The failure behind a rejected `fetch` or a body that broke off. */
export function networkFailure(
  cause: unknown,
  { proxy, baseUrl = "" }: { proxy?: string | undefined; baseUrl?: string } = {},
): Failure {
  const { code, syscall, message = "" } = systemError(cause);
  const asked = /^Proxy response \((\d+)\)/.exec(message)?.[1];
  if (proxy !== undefined && (asked !== undefined || isConnecting(code, syscall))) {
    return proxyFailure(proxy, asked === undefined ? code : `HTTP ${asked}`, cause);
  }
  const tls = tlsWords(code, message);
  if (tls === undefined && code !== undefined && HTTP_IN_PIECES.test(code)) {
    const [happened, next] = UNKNOWN_TO_HTTP;
    return new Failure("bad_response", { happened, next, detail: code, cause });
  }
  if (isCutOff(cause)) return new Failure("network_error", { ...CUT_OFF, detail: code, cause });
  const words = tls ?? (code === undefined ? undefined : CONNECTING[code]);
  const isSilent = code === "UND_ERR_SOCKET" || code === "ECONNRESET";
  const hint = isSilent ? (baseUrl.startsWith("http:") ? PERHAPS_HTTPS : PERHAPS_TLS) : {};
  return new Failure("network_error", {
    cause,
    ...(words === undefined ? hint : { happened: words[0], next: words[1] }),
    // A host may also become unreachable in the middle: that code alone proves nothing.
    nothingSent: tls !== undefined || isConnecting(code, syscall),
    detail: code,
  });
}

const PERHAPS_HTTPS = {
  next: "Check TRIEVE_BASE_URL (a port that speaks https wants https in it) and the network, then call again",
};

const PERHAPS_TLS = {
  next: "Check the network, then call again; a firewall, or a gate that wants a certificate of the client, ends connections so too",
};

/** What is said of an answer that ended in the middle, which is nobody's address. */
export const CUT_OFF = {
  happened: "The answer broke off in the middle",
  next: "Call again; where it always breaks off, look at the proxy before Trieve",
};

// The name that fetch has for a body that broke off.
function isCutOff(cause: unknown): boolean {
  return cause instanceof TypeError && cause.message === "terminated";
}

/** Whether the connection was never there, so that nothing can have arrived. */
function isConnecting(code: string | undefined, syscall: unknown): boolean {
  return syscall === "connect" || (code !== undefined && Object.hasOwn(CONNECTING, code));
}

function proxyFailure(proxy: string, detail: string | undefined, cause?: unknown): Failure {
  const host = new URL(proxy).host;
  const happened =
    detail === "HTTP 407"
      ? `The proxy ${host} asks for a user and password`
      : detail?.startsWith("HTTP")
        ? `The proxy ${host} refused the connection`
        : `The proxy ${host} could not be reached`;
  const next =
    "Check HTTPS_PROXY and HTTP_PROXY in the server's environment, or leave the host out with NO_PROXY";
  return new Failure("network_error", { happened, next, detail, nothingSent: true, cause });
}

interface SystemError {
  code?: string;
  syscall?: unknown;
  message?: string;
}

// fetch hides the system's error in `cause`, and several of them in `errors`.
function systemError(error: unknown): SystemError {
  if (!(error instanceof Error)) return {};
  if (/^Proxy response/.test(error.message)) return { message: error.message };
  if (!("code" in error) || typeof error.code !== "string") {
    // Since 24, Node gives it no code where the answer is no HTTP at all.
    return error.name === "HTTPParserError" ? { code: error.name } : systemError(error.cause);
  }
  const { code, message } = error;
  // One for each address of a name, where Node could connect to none.
  const each: unknown[] = error instanceof AggregateError ? error.errors : [error];
  const calls = new Set(each.map((one) => Object(one).syscall));
  return { code, message, syscall: calls.size === 1 ? [...calls][0] : undefined };
}

interface Known {
  /** What is certain all the same, as a sentence of ours. */
  known?: string | undefined;
  isKeyInFile?: boolean;
}

interface Refusal {
  status: number;
  retryAfterMs?: number | undefined;
  isPage?: boolean;
}

/** The failure behind a status that is not the expected one. */
export function statusFailure(
  { status, retryAfterMs, isPage = false }: Refusal,
  { known, isKeyInFile = false }: Known = {},
): Failure {
  const code = isPage && status === 400 ? "bad_response" : codeOfStatus(status);
  const isGate =
    (isPage && (status === 400 || status === 401 || status === 403)) ||
    (status >= 300 && status < 400);
  const saysStatus = isGate || SAYS_STATUS.has(code);
  return new Failure(code, {
    known,
    retryAfterMs,
    ...(saysStatus ? { detail: `HTTP ${status}` } : {}),
    ...(code === "rate_limited" && retryAfterMs !== undefined
      ? { next: waitFor(retryAfterMs) }
      : {}),
    ...(status === 401 && isKeyInFile ? { next: CHECK_FILE } : {}),
    ...(isGate ? GATE : {}),
    ...(status === 407 ? PROXY_PASSWORD : {}),
  });
}

const SAYS_STATUS: ReadonlySet<FailureCode> = new Set([
  "timeout",
  "rate_limited",
  "upstream_error",
  "bad_response",
]);
const CHECK_FILE = "Check the key in the file that TRIEVE_API_KEY_FILE names";
const GATE = {
  happened: "Something before Trieve answered, as the page or the redirect of a sign-in does",
  next: "Check TRIEVE_BASE_URL; a gate before the API may want headers, which TRIEVE_EXTRA_HEADERS adds",
};
const PROXY_PASSWORD = {
  happened: "A proxy on the way asks for a user and password",
  next: "Check HTTPS_PROXY and HTTP_PROXY in the server's environment",
};

/** When to call again, as a next step. */
export function waitFor(ms: number): string {
  return `Wait ${Math.ceil(ms / 1_000)} seconds, then call again`;
}

function codeOfStatus(status: number): FailureCode {
  if (status === 400) return "rejected";
  if (status === 401) return "unauthorized";
  if (status === 403) return "forbidden";
  if (status === 404) return "organization_not_found";
  if (status === 407) return "network_error";
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
