import { describe, expect, test } from "vitest";
import {
  classify,
  isDecidedByMembers,
  refusalOf,
  type Seen,
  sendStatus,
} from "../src/trieve/classify.ts";
import type { WriteResponse } from "../src/trieve/client.ts";
import { statusFailure } from "../src/trieve/http-errors.ts";
import type { Invitation } from "../src/trieve/invitation.ts";
import { cutShort } from "../src/trieve/network-errors.ts";
import type { OutcomeName } from "../src/trieve/outcome.ts";

// What came of a send, by its answer and by what was seen afterwards.

const EMAIL = "ann@example.com";
const target = { email: EMAIL, role: "user" as const };
const row: Invitation = {
  id: "0a4db0c5-7a0b-4d0e-9c61-000000000001",
  shortId: "0a4db0c5",
  email: EMAIL,
  role: "user",
  status: "pending",
  createdAt: 0,
  scoped: false,
};

/** An answer; status 0 is none. */
function answer(status: number, refusal = "", isPage = false): WriteResponse & { isPage: boolean } {
  const failure = status === 0 ? cutShort() : statusFailure({ status, isPage });
  return { status, refusal, isPage, failure: status === 204 ? undefined : failure };
}

/** The answers to a POST that Trieve or something before it gives, by what they say. */
const ANSWERS = {
  accepted: [answer(204)],
  member: [answer(400, `User with email ${EMAIL} is already in the organization`)],
  invited: [answer(400, `User with email ${EMAIL} has already been invited`)],
  mail_failed: [answer(400, "Error sending email.")],
  throttled: [answer(429), answer(429, "", true)],
  refused: [
    answer(401),
    answer(403),
    answer(404),
    answer(400, "Invalid email"),
    answer(400, "Can not invite yourself"),
    answer(400, "Can not invite user with higher role than yours"),
    answer(400, "Could not convert Organization"),
    answer(400, "Could not get database connection"),
    answer(400, "Json Deserialization Error: invalid InvitationData"),
  ],
  unclear: [
    // Of a gate, whatever it says.
    answer(401, "", true),
    answer(403, "", true),
    answer(404, "", true),
    answer(0),
    answer(200),
    answer(302),
    answer(400),
    answer(400, "", true),
    answer(400, "Error inserting invitation."),
    answer(400, "Error sending email. Invalid email"),
    answer(400, `Sorry: User with email ${EMAIL} is already in the organization`),
    answer(400, `Sorry: User with email ${EMAIL} has already been invited`),
    answer(500, "Invalid email"),
    answer(408),
    answer(500),
    answer(500, "", true),
    answer(502),
    answer(502, "", true),
    answer(504),
    answer(504, "", true),
  ],
};
type Says = keyof typeof ANSWERS;

type Expected = OutcomeName | "probably added";
/** With the list read, and without: the person is a member, is none, or the members could not be read. */
type NoRow = [member: Expected, none: Expected, unread: Expected];
interface Line {
  row: Expected;
  listRead: NoRow;
  listUnread: NoRow;
}

/** Whatever the members say. */
const always = (one: Expected): NoRow => [one, one, one];
const UNKNOWN = always("outcome_unknown");
/** Trieve has done something: who is a member was added, if the list shows no invitation. */
const DONE = {
  listRead: ["added", "outcome_unknown", "probably added"] as NoRow,
  listUnread: UNKNOWN,
};
/** Only an invitation proves something. */
const IN_THE_DARK = { row: "mail_unconfirmed", listRead: UNKNOWN, listUnread: UNKNOWN } as const;

const TABLE: Record<Says, Line> = {
  accepted: { row: "invited", ...DONE },
  mail_failed: { row: "mail_unconfirmed", ...DONE },
  invited: IN_THE_DARK,
  throttled: { ...IN_THE_DARK, listRead: ["already_member", "not_sent", "not_sent"] },
  unclear: IN_THE_DARK,
  // Told at once, without a look. Looked at all the same, they claim nothing.
  member: IN_THE_DARK,
  refused: IN_THE_DARK,
};

const lines = (Object.keys(TABLE) as Says[]).flatMap((says) =>
  ANSWERS[says].map((response): [string, Says, WriteResponse] => {
    const { status, refusal, isPage } = response;
    return [`${status} ${isPage ? "as a page" : refusal}`.trim(), says, response];
  }),
);

describe("an answer", () => {
  test.each(lines)("%s says %s", (_, says, response) => {
    expect(sendStatus(response)).toBe(says);
    expect(isDecidedByMembers(response)).toBe(
      says === "accepted" || says === "mail_failed" || says === "throttled",
    );
  });

  test.each(lines)("%s, which says %s, comes to what was seen", (_, says, response) => {
    const { row: withRow, listRead, listUnread } = TABLE[says];
    for (const isListRead of [true, false]) {
      for (const [at, isMember] of [true, false, undefined].entries()) {
        const seen = { row: undefined, isListRead, isMember };
        expectOutcome(says, response, seen, (isListRead ? listRead : listUnread)[at]);
        expectOutcome(says, response, { ...seen, row }, withRow);
      }
    }
  });
});

function expectOutcome(says: Says, response: WriteResponse, seen: Seen, expected?: Expected): void {
  const words = JSON.stringify(seen);
  const told = classify(target, response, seen);
  const { outcome, failure, reason, invitation } = told;
  const isProbable = reason?.startsWith("probably: ");
  expect(isProbable ? `probably ${outcome}` : outcome, words).toBe(expected);
  expect(told.target).toBe(target);
  const isThere = outcome === "invited" || outcome === "mail_unconfirmed";
  expect(invitation, words).toBe(isThere ? row : undefined);
  // Whatever else is as it was asked for has no failure.
  expect(failure?.code, words).toBe(CODES[outcome]);
  const sentences = [failure?.happened, failure?.known, reason].join(" ");
  if (outcome === "outcome_unknown") expect(sentences, words).toContain("may have joined");
  expect(sentences, words).not.toMatch(/nothing was (sent|done)/i);
  // A mail is said to have failed where Trieve says so, and nowhere else.
  const isToldToFail = says === "mail_failed" && (isThere || outcome === "added");
  if (isToldToFail) expect(sentences, words).toContain("mail failed");
  if (says !== "mail_failed") expect(sentences, words).not.toContain("mail failed");
}

const CODES: Partial<Record<OutcomeName, string>> = {
  mail_unconfirmed: "mail_unconfirmed",
  outcome_unknown: "outcome_unknown",
  not_sent: "rate_limited",
};

test.each<[WriteResponse, string]>([
  [answer(401), "unauthorized"],
  [answer(403), "forbidden"],
  [answer(404), "organization_not_found"],
  [answer(400, "Invalid email"), "rejected"],
  [answer(400, "Can not invite yourself"), "rejected"],
  [answer(400, "Can not invite user with higher role than yours"), "rejected"],
  [answer(400, "Json Deserialization Error: invalid InvitationData"), "rejected"],
  [answer(400, "Could not get database connection"), "upstream_error"],
  [answer(400, "Could not get database connection: timed out"), "upstream_error"],
])("a refusal, %j, is told as %s, and that nothing was sent", (response, code) => {
  expect(refusalOf(response)).toMatchObject({ code, known: "Nothing was sent." });
});

test("a gate that asks to wait says for how long", () => {
  const failure = statusFailure({ status: 429, retryAfterMs: 7_000 });
  const response = { status: 429, refusal: "", failure };
  const seen = { row: undefined, isListRead: true, isMember: undefined };
  const told = classify(target, response, seen);
  expect(told.failure?.next).toMatch(/^Wait 7 seconds/);
  expect(told.failure?.known).toContain("does not show the address");
});
