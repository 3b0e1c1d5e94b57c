import { faultOfCaFile, isContainer } from "../config/machine.ts";
import type { Config } from "../config/settings.ts";
import { isLocal } from "../config/url.ts";
import { type ErrorCode, Failure, type FailureDetails } from "../errors.ts";

/** What a kind of network error means. */
interface Meaning extends FailureDetails {
  /** Matches the code of Node or OpenSSL followed by the message. */
  when: RegExp;
  /** `network_error` if missing. */
  code?: ErrorCode;
  /** More specific details, if this machine's setup explains the error. */
  explain?(config: Partial<Config>, isInContainer: () => boolean): FailureDetails | undefined;
}

// These end the TLS handshake, so nothing reached Trieve. (Over TLS 1.3 a missing client certificate is reported after
// the request is written, but the server has not read it.)
const TLS = { origin: "tls", hadNoEffect: true } as const;
// The connection was never opened, so nothing can have arrived.
const UNOPENED = { hadNoEffect: true } as const;
const NOT_HTTP = { code: "bad_response", isRepeatable: false } as const;

/** The first match is used. */
const MEANINGS: readonly Meaning[] = [
  {
    when: /SELF_SIGNED_CERT|UNABLE_TO_(GET_ISSUER_CERT|VERIFY_LEAF)/,
    ...TLS,
    happened:
      "The certificate is self-signed or from an authority that this machine does not know, or its chain is incomplete",
    next: "Set NODE_EXTRA_CA_CERTS to the file of that certificate or authority, or have the server send its full chain",
    explain: ({ caFile }) => (caFile ? CA_FILE[faultOfCaFile(caFile)] : undefined),
  },
  {
    when: /CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/,
    ...TLS,
    happened: "The certificate has expired or is not valid yet",
    next: "Renew the certificate of Trieve, and check the clock of this machine",
  },
  {
    when: /ERR_TLS_CERT_ALTNAME_INVALID/,
    ...TLS,
    happened: "The certificate is for another host name",
    next: "Write the host in TRIEVE_BASE_URL as the certificate has it",
  },
  {
    when: /certificate.required|alert.(handshake.failure|bad.certificate|certificate.unknown|unknown.ca|access.denied)/i,
    ...TLS,
    happened:
      "The server ended the TLS handshake: most likely it wants a client certificate, and this program has none",
    next: "Go around that gateway, or have it accept a header (TRIEVE_EXTRA_HEADERS) instead",
  },
  {
    when: /no.application.protocol|protocol.version|unsupported.protocol|no.protocols|insufficient.security|no.(shared.)?cipher/i,
    ...TLS,
    happened: "The server and this program have no version of TLS or HTTP, or no cipher, in common",
    next: "Have the gateway before Trieve offer TLS 1.2 or 1.3, and HTTP/1.1",
  },
  {
    when: /ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)|\bEPROTO\b|before secure TLS connection/,
    ...TLS,
    happened: "No TLS connection could be set up: perhaps this port speaks plain HTTP",
    next: "Check scheme and port in TRIEVE_BASE_URL; a firewall, or a gateway that wants a client certificate, can end the handshake too",
  },
  { when: /^ERR_SSL_/, origin: "tls" },
  {
    when: /^(HPE_|HTTPParserError|Z_DATA|Z_VERSION|ERR_BROTLI|UND_ERR_(HEADERS_OVERFLOW|RES_CONTENT_LENGTH|REQ_CONTENT_LENGTH|INFO|NOT_SUPPORTED))/,
    ...NOT_HTTP,
    happened: "What answers there is not Trieve: it does not speak HTTP, or not correctly",
    next: "Check scheme, host and port in TRIEVE_BASE_URL",
  },
  {
    when: /^ECONNREFUSED/,
    ...UNOPENED,
    happened: "Nothing listens at this address",
    next: "Start Trieve, or check host and port in TRIEVE_BASE_URL",
    explain: ({ baseUrl }, isInContainer) =>
      baseUrl && isLocal(baseUrl) && isInContainer() ? CONTAINER : undefined,
  },
  {
    when: /^(ENOTFOUND|EAI_AGAIN)/,
    ...UNOPENED,
    happened: "The name of the host could not be looked up",
    next: "Check the host in TRIEVE_BASE_URL and this machine's network, then call again",
  },
  {
    when: /^bad port/,
    ...UNOPENED,
    happened: "Node's fetch refuses this port, which belongs to another service",
    next: "Have Trieve listen on another port, and set that in TRIEVE_BASE_URL",
  },
  // ERR_ACCESS_DENIED comes from Node's permission model.
  { when: /^(UND_ERR_CONNECT_TIMEOUT|ERR_ACCESS_DENIED)/, ...UNOPENED },
  // The server closed the connection without a reason, as one that requires a client certificate may over TLS 1.3.
  {
    when: /^(ECONNRESET|UND_ERR_SOCKET)/,
    next: "Check TRIEVE_BASE_URL and the network, then call again; a firewall, or a gateway that wants a client certificate, ends connections like this too",
  },
];

const CA_FILE = {
  unreadable: {
    happened:
      "The certificate is not trusted, and the file that NODE_EXTRA_CA_CERTS names cannot be read",
    next: "Correct that path, and restart this server",
  },
  "no PEM": {
    happened:
      "The certificate is not trusted, and the file that NODE_EXTRA_CA_CERTS names holds no certificate in PEM",
    next: "Convert it to PEM, a text that begins with BEGIN CERTIFICATE, and restart this server",
  },
  other: {
    happened:
      "The certificate is of an authority that is not in the file that NODE_EXTRA_CA_CERTS names, or its chain is incomplete",
    next: "Add the certificate of that authority to the file and restart this server, or have Trieve's side send its full chain",
  },
};
const CONTAINER = {
  happened:
    "Nothing listens at this address; inside a container, localhost is the container itself",
  next: "Start Trieve, or set TRIEVE_BASE_URL to the name of its container, or to host.docker.internal where it runs on the host (host.containers.internal with Podman); http needs TRIEVE_ALLOW_INSECURE_HTTP=true then",
};

/** What to do about a proxy that does not forward requests. */
export const PROXY_NEXT =
  "Check HTTPS_PROXY and HTTP_PROXY in the server's environment, or exclude the host with NO_PROXY";

/** The failure for a rejected `fetch` or a body that was cut off. */
export function networkFailure(
  cause: unknown,
  config: Partial<Config> = {},
  isInContainer = isContainer,
): Failure {
  const { proxy } = config;
  const { code: systemCode, syscall, message } = systemError(cause);
  const text = `${systemCode} ${message}`;
  const found: Partial<Meaning> = MEANINGS.find(({ when }) => when.test(text)) ?? {};
  // The code alone is not enough: a host may also become unreachable after the connection is open.
  const isUnopened = syscall === "connect" || (found.hadNoEffect && found.origin !== "tls");
  const proxyStatus = /^Proxy response \((\d+)\)/.exec(message)?.[1];
  const about = { detail: systemCode || undefined, cause };
  if (proxy !== undefined && (isUnopened || proxyStatus !== undefined)) {
    return proxyFailure(new URL(proxy).host, proxyStatus, about);
  }
  // What fetch calls a body that was cut off.
  const isCut = cause instanceof TypeError && cause.message === "terminated";
  if (isCut && found.code === undefined) return cutShort(about);
  const details = { ...found, ...found.explain?.(config, isInContainer) };
  return connectionError({ ...about, hadNoEffect: isUnopened, ...details }, found.code);
}

/** The failure for a response that was cut off. */
export function cutShort(details: FailureDetails = {}): Failure {
  return connectionError({
    ...details,
    happened: "The answer broke off in the middle",
    next: "Call again; if it breaks off every time, look at the proxy before Trieve",
  });
}

function proxyFailure(host: string, status: string | undefined, about: FailureDetails): Failure {
  const refusal = status === "407" ? "asks for a user and password" : "refused the connection";
  return connectionError({
    ...about,
    ...(status === undefined ? {} : { detail: `HTTP ${status}`, origin: "gate" }),
    happened: `The proxy ${host} ${status === undefined ? "could not be reached" : refusal}`,
    next: PROXY_NEXT,
    hadNoEffect: true,
  });
}

function connectionError(details: FailureDetails, code: ErrorCode = "network_error"): Failure {
  return new Failure(code, { origin: "network", isRepeatable: true, ...details });
}

/** The underlying system error, which fetch puts in `cause`; if there are several, they are in `errors`. */
function systemError(error: unknown): { code: string; message: string; syscall?: unknown } {
  if (!(error instanceof Error)) return { code: "", message: "" };
  const { message, name, cause } = error;
  if ("code" in error && typeof error.code === "string") {
    // If Node could connect to none of the host's addresses, there is one error for each.
    const errors: unknown[] = error instanceof AggregateError ? error.errors : [error];
    const calls = new Set(errors.map((one) => Object(one).syscall));
    return { code: error.code, message, syscall: calls.size === 1 ? [...calls][0] : undefined };
  }
  if (message === "bad port") return { code: message, message };
  // From Node 24 on, it has no code if the answer is not HTTP at all.
  if (name === "HTTPParserError") return { code: name, message };
  return systemError(cause);
}
