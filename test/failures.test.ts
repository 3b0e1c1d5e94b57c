import { expect, test } from "vitest";
import { FAILURES, Failure, type FailureCode, tell } from "../src/failures.ts";
import { statusFailure } from "../src/trieve/http-failure.ts";

// The words of every failure at Trieve stand in one file, so that a change of them shows as a diff.

type Details = ConstructorParameters<typeof Failure>[1];

const explain = (failure: Failure, isWrite: boolean, hasWritten: boolean) =>
  tell(failure, { isWrite, hasWritten });

const CODES: Partial<Record<FailureCode, Details>> = {
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
    const error = new Failure(code as FailureCode, details);
    return [
      `reading: ${explain(error, false, false)}`,
      `nothing sent yet: ${explain(error, true, false)}`,
      `after a write: ${explain(error, true, true)}`,
    ];
  });
  const wait = statusFailure({ status: 429, retryAfterMs: 1_001 });
  const bare = new Failure("network_error");
  texts.push(explain(wait, false, false), explain(bare, false, false));
  for (const code of Object.keys(FAILURES) as FailureCode[]) {
    if (code in CODES) continue;
    texts.push(explain(new Failure(code), true, false));
  }
  await expect(`${texts.join("\n")}\n`).toMatchFileSnapshot("contract/failures.txt");
});
