import { Failure, type FailureCode } from "../failures.ts";

type Words = readonly [happened: string, next: string];

const SCHEME: Words = [
  "No TLS could be agreed on: the address may speak plain HTTP, while TRIEVE_BASE_URL says https",
  "Correct the scheme or the port in TRIEVE_BASE_URL",
];
const UNKNOWN_AUTHORITY: Words = [
  "The certificate is of an authority that this machine does not know",
  "Set NODE_EXTRA_CA_CERTS to the file of that authority's certificate",
];

// What can be wrong with the certificate, by the code of Node or OpenSSL; nothing was sent then.
const TLS: Readonly<Record<string, Words>> = {
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [
    "The chain of the certificate is incomplete, or of an authority that this machine does not know",
    "Have the server send its full chain; for an authority of your own set NODE_EXTRA_CA_CERTS",
  ],
  DEPTH_ZERO_SELF_SIGNED_CERT: [
    "The certificate is signed by itself",
    "Set NODE_EXTRA_CA_CERTS to the file of that certificate, or use one of an authority",
  ],
  CERT_HAS_EXPIRED: [
    "The certificate has expired",
    "Renew the certificate of Trieve, and check the clock of this machine",
  ],
  CERT_NOT_YET_VALID: [
    "The certificate is not valid yet",
    "Check the clock of this machine, and the dates of the certificate",
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    "The certificate is for another host name",
    "Write the host in TRIEVE_BASE_URL as the certificate has it",
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: SCHEME,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: SCHEME,
  EPROTO: SCHEME,
};

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
};

const HTTP_IN_PIECES =
  /^(HPE_|Z_DATA|Z_VERSION|ERR_BROTLI|UND_ERR_(HEADERS_OVERFLOW|RES_CONTENT_LENGTH|REQ_CONTENT_LENGTH|INFO|NOT_SUPPORTED))/;
const UNKNOWN_TO_HTTP: Words = [
  "What answers there is not a Trieve: it does not speak HTTP, or breaks it",
  "Check scheme, host and port in TRIEVE_BASE_URL",
];

/** Whether a failure's detail is that of a certificate or of TLS itself. */
export function isTlsCode(code: string | undefined): boolean {
  return code !== undefined && Object.hasOwn(TLS, code);
}

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
  const isTls = isTlsCode(code);
  if (!isTls && code !== undefined && HTTP_IN_PIECES.test(code)) {
    const [happened, next] = UNKNOWN_TO_HTTP;
    return new Failure("bad_response", { happened, next, detail: code, cause });
  }
  const words = code === undefined ? undefined : (TLS[code] ?? CONNECTING[code]);
  const isSilent = code === "UND_ERR_SOCKET" || code === "ECONNRESET";
  const hint = isSilent && baseUrl.startsWith("http:") ? PERHAPS_HTTPS : {};
  return new Failure("network_error", {
    cause,
    ...(words === undefined ? hint : { happened: words[0], next: words[1] }),
    // A host may also become unreachable in the middle: that code alone proves nothing.
    nothingSent: isTls || isConnecting(code, syscall),
    detail: code,
  });
}

const PERHAPS_HTTPS = {
  next: "Check TRIEVE_BASE_URL (a port that speaks https wants https in it) and the network, then call again",
};

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
  if (!("code" in error) || typeof error.code !== "string") return systemError(error.cause);
  return { code: error.code, ...("syscall" in error ? { syscall: error.syscall } : {}) };
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
  const code = codeOfStatus(status);
  const isGate = (isPage && (status === 401 || status === 403)) || (status >= 300 && status < 400);
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
