/** What happened, and what to do next. */
export type Words = readonly [happened: string, next: string];

const SCHEME: Words = [
  "No TLS could be agreed on: the address may speak plain HTTP, while TRIEVE_BASE_URL says https",
  "Correct the scheme or the port in TRIEVE_BASE_URL",
];
const UNKNOWN_AUTHORITY: Words = [
  "The certificate is of an authority that this machine does not know",
  "Set NODE_EXTRA_CA_CERTS to the file of that authority's certificate",
];

// What can be wrong with the certificate or the scheme, by the code of Node or OpenSSL.
const BY_CODE: Readonly<Record<string, Words>> = {
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
};

// How a server ends a handshake, as OpenSSL words it in its codes and texts. Over TLS 1.3 a missing
// certificate is told when the request is already written; a server that wants one has not read it.
const ENDED: readonly [said: RegExp, words: Words][] = [
  [
    /no.application.protocol/i,
    [
      "The server offers no HTTP/1.1: it may speak HTTP/2 only",
      "Have the gate before Trieve offer HTTP/1.1 too",
    ],
  ],
  [
    /certificate.required|alert.(handshake.failure|bad.certificate|certificate.unknown|unknown.ca|access.denied)/i,
    [
      "The server ended the TLS handshake: most likely it wants a certificate of the client, and this program has none",
      "Reach Trieve past that gate, or have it accept a header (TRIEVE_EXTRA_HEADERS) instead",
    ],
  ],
  [
    /protocol.version|unsupported.protocol|no.protocols|insufficient.security|no.(shared.)?cipher/i,
    [
      "The server and this program have no version or cipher of TLS in common",
      "Have the gate before Trieve offer TLS 1.2 or 1.3",
    ],
  ],
  [
    /before secure TLS connection/,
    [
      "The connection was closed in the TLS handshake",
      "Check the port in TRIEVE_BASE_URL; a firewall, or a gate that wants a certificate of the client, closes it so too",
    ],
  ],
];

/** What a code and message of Node say of TLS that could not be set up, so that nothing was sent. */
export function tlsWords(code: string | undefined, message = ""): Words | undefined {
  if (code !== undefined && Object.hasOwn(BY_CODE, code)) return BY_CODE[code];
  const ended = ENDED.find(([said]) => said.test(`${code} ${message}`));
  return ended?.[1] ?? (code === "EPROTO" ? SCHEME : undefined);
}

/** Whether a failure's detail is that of a certificate or of TLS itself. */
export function isTlsCode(code: string | undefined): boolean {
  return code !== undefined && (Object.hasOwn(BY_CODE, code) || /^(ERR_SSL_|EPROTO$)/.test(code));
}
