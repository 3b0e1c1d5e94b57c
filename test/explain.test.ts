import { expect, test } from "vitest";
import { explain } from "../src/mcp/explain.ts";
import { TrieveError, type TrieveErrorCode } from "../src/trieve/errors.ts";

// The words of every failure at Trieve stand in one file, so that a change of them shows as a diff.

const CODES: Record<TrieveErrorCode, ConstructorParameters<typeof TrieveError>[1]> = {
  unauthorized: {},
  forbidden: {},
  organization_not_found: {},
  rejected: {},
  rate_limited: { detail: "HTTP 429" },
  timeout: {},
  network_error: { detail: "ECONNRESET" },
  upstream_error: { detail: "HTTP 500" },
  bad_response: { detail: "HTTP 302" },
  mail_unconfirmed: {},
  outcome_unknown: { known: "The request went out." },
  changed: {},
};

test("each failure says what happened, what is known and what to do, as test/contract has it", async () => {
  const texts = Object.entries(CODES).flatMap(([code, details]) => {
    const error = new TrieveError(code as TrieveErrorCode, details);
    return [
      `reading: ${explain(error, false, false)}`,
      `nothing sent yet: ${explain(error, true, false)}`,
      `after a write: ${explain(error, true, true)}`,
    ];
  });
  const wait = new TrieveError("rate_limited", { detail: "HTTP 429", retryAfterMs: 1_001 });
  const bare = new TrieveError("network_error");
  texts.push(explain(wait, false, false), explain(bare, false, false));
  await expect(`${texts.join("\n")}\n`).toMatchFileSnapshot("contract/failures.txt");
});
