import { expect, test } from "vitest";
import { ERRORS, type ErrorCode, Failure, formatFailure, type Origin } from "../src/errors.ts";
import { statusFailure } from "../src/trieve/http-errors.ts";
import { cutShort, networkFailure } from "../src/trieve/network-errors.ts";

// The words of every failure at Trieve stand in one file, so that a change of them shows as a diff.

type Details = ConstructorParameters<typeof Failure>[1];

const explain = (failure: Failure, isWrite: boolean, hasWritten: boolean) =>
  formatFailure(failure, isWrite && !hasWritten);

const CODES: Partial<Record<ErrorCode, Details>> = {
  unauthorized: { origin: "trieve" },
  forbidden: { origin: "trieve" },
  organization_not_found: { origin: "trieve" },
  rejected: { origin: "trieve" },
  rate_limited: { origin: "gate", detail: "HTTP 429" },
  timeout: { origin: "network" },
  network_error: { origin: "network", detail: "ECONNRESET" },
  upstream_error: { origin: "trieve", detail: "HTTP 500" },
  bad_response: { origin: "gate", detail: "HTTP 302" },
  mail_unconfirmed: {},
  outcome_unknown: { known: "The request went out." },
  changed: {},
};

test("each failure says what happened, what is known and what to do, as test/contract has it", async () => {
  const texts = Object.entries(CODES).flatMap(([code, details]) => {
    const error = new Failure(code as ErrorCode, details);
    return [
      `reading: ${explain(error, false, false)}`,
      `nothing sent yet: ${explain(error, true, false)}`,
      `after a write: ${explain(error, true, true)}`,
    ];
  });
  const wait = statusFailure({ status: 429, retryAfterMs: 1_001 });
  const bare = new Failure("network_error");
  texts.push(explain(wait, false, false), explain(bare, false, false));
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    if (code in CODES) continue;
    texts.push(explain(new Failure(code), true, false));
  }
  await expect(`${texts.join("\n")}\n`).toMatchFileSnapshot("contract/failures.txt");
});

test.each<[number, boolean, ErrorCode, Origin, boolean]>([
  [302, false, "bad_response", "gate", false],
  [400, false, "rejected", "trieve", false],
  [400, true, "bad_response", "gate", false],
  [401, false, "unauthorized", "trieve", false],
  [401, true, "unauthorized", "gate", false],
  [403, true, "forbidden", "gate", false],
  [404, false, "organization_not_found", "trieve", false],
  [407, false, "network_error", "gate", true],
  [408, false, "timeout", "trieve", true],
  [418, false, "bad_response", "gate", false],
  [429, false, "rate_limited", "gate", true],
  [429, true, "rate_limited", "gate", true],
  [500, false, "upstream_error", "trieve", true],
  [502, false, "upstream_error", "gate", true],
  [504, false, "upstream_error", "gate", true],
  [599, false, "upstream_error", "gate", true],
  [999, false, "bad_response", "gate", false],
])(
  "a %i (as a page: %s) is %s of %s, repeatable: %s",
  (status, isPage, code, origin, isRepeatable) => {
    const failure = statusFailure({ status, isPage });
    expect(failure).toMatchObject({ code, origin, isRepeatable, hadNoEffect: false });
  },
);

test.each<[string, string, ErrorCode, Origin, boolean, boolean]>([
  ["ECONNREFUSED", "", "network_error", "network", true, true],
  ["ENOTFOUND", "", "network_error", "network", true, true],
  ["UND_ERR_CONNECT_TIMEOUT", "", "network_error", "network", true, true],
  ["ECONNRESET", "", "network_error", "network", true, false],
  ["EPROTONOSUPPORT", "", "network_error", "network", true, false],
  ["CERT_HAS_EXPIRED", "", "network_error", "tls", true, true],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "", "network_error", "tls", true, true],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "", "network_error", "tls", true, true],
  ["EPROTO", "write EPROTO ... no application protocol", "network_error", "tls", true, true],
  ["ECONNRESET", "... before secure TLS connection ...", "network_error", "tls", true, true],
  ["ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "", "network_error", "tls", true, false],
  ["HPE_INVALID_CONSTANT", "", "bad_response", "network", false, false],
])(
  "%s %s is %s of %s, repeatable: %s, certain: %s",
  (system, message, code, origin, isRepeatable, hadNoEffect) => {
    const cause = Object.assign(new Error(message), { code: system });
    const failure = networkFailure(new TypeError("fetch failed", { cause }));
    expect(failure).toMatchObject({ code, origin, isRepeatable, hadNoEffect });
  },
);

test("a port that fetch refuses is certain to have got nothing, and says so", async () => {
  const cause = await fetch("http://127.0.0.1:6667").catch((error: unknown) => error);
  const failure = networkFailure(cause);
  expect(failure).toMatchObject({ code: "network_error", hadNoEffect: true });
  expect(failure.next).toContain("another port");
});

test.each([
  ["http://localhost:8090", true, /inside a container, localhost is the container itself/],
  ["http://127.0.0.1:8090", true, /inside a container/],
  ["http://localhost:8090", false, /^Nothing listens at this address$/],
  ["https://trieve.example.com", true, /^Nothing listens at this address$/],
])("%s refused, in a container: %s", (baseUrl, isInContainer, expected) => {
  const cause = Object.assign(new Error("no words"), { code: "ECONNREFUSED", syscall: "connect" });
  const failure = networkFailure(cause, { baseUrl }, () => isInContainer);
  expect(failure.happened.replace(" (ECONNREFUSED)", "")).toMatch(expected);
  expect(failure.next.includes("host.docker.internal")).toBe(/container/.test(failure.happened));
});

test("an answer that broke off may be asked for again, and proves nothing", () => {
  expect(cutShort()).toMatchObject({ origin: "network", isRepeatable: true, hadNoEffect: false });
});

test.each(["ECONNRESET", "UND_ERR_SOCKET"])("%s names what may end a connection", (code) => {
  const cause = Object.assign(new Error("other side closed"), { code });
  expect(networkFailure(cause).next).toContain("client certificate");
});

test("a failure of our own making is not repeated", () => {
  expect(new Failure("timeout")).toMatchObject({ origin: "program", isRepeatable: false });
});
