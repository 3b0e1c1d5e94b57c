import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { LIMITS } from "../src/trieve/limits.ts";
import { fastClock } from "./support/app.ts";
import type { CallAnswer, Person } from "./support/client.ts";
import { PROTOCOLS } from "./support/protocols.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// Every answer of a client, crossed with every change in between, and the writes that follow.

let trieve: TestTrieve;
beforeAll(async () => {
  trieve = await startTrieve();
});
afterAll(() => trieve.close());
beforeEach(() => {
  trieve.store.rows = [];
  trieve.store.mails = [];
  trieve.proxy.seen.length = 0;
});

const EMAIL = "ann@example.com";
const ID = "5a4db0c5-7a0b-4d0e-9c61-aaaaaaaaaaaa";

/** What a client may answer, and what is told when it is no yes. */
const ANSWERS: [string, (choices: string[]) => unknown, reason?: string][] = [
  ["the acting choice", ([, acting]) => ({ action: "accept", content: { decision: acting } })],
  [
    "the refusing choice",
    ([refusing]) => ({ action: "accept", content: { decision: refusing } }),
    "kept",
  ],
  ["accept without content", () => ({ action: "accept" }), "client_error"],
  ["accept with empty content", () => ({ action: "accept", content: {} }), "client_error"],
  [
    "accept with an unknown value",
    () => ({ action: "accept", content: { decision: "yes" } }),
    "client_error",
  ],
  ["accept with true", () => ({ action: "accept", content: { decision: true } }), "client_error"],
  [
    "accept with a list",
    ([, acting]) => ({ action: "accept", content: { decision: [acting] } }),
    "client_error",
  ],
  [
    "the acting choice in capitals",
    ([, acting]) => ({ action: "accept", content: { decision: acting?.toUpperCase() } }),
    "client_error",
  ],
  [
    "the acting choice in another field",
    ([, acting]) => ({ action: "accept", content: { confirm: acting } }),
    "client_error",
  ],
  [
    "decline with the acting choice",
    ([, acting]) => ({ action: "decline", content: { decision: acting } }),
    "declined",
  ],
  [
    "cancel with the acting choice",
    ([, acting]) => ({ action: "cancel", content: { decision: acting } }),
    "cancelled",
  ],
  [
    "an unknown action",
    ([, acting]) => ({ action: "ok", content: { decision: acting } }),
    "client_error",
  ],
  ["nothing", () => null, "client_error"],
  [
    "an error",
    () => {
      throw new Error("no window");
    },
    "client_error",
  ],
];

type Row = TestTrieve["store"]["rows"][number];

/** What may happen to the invitation while the person thinks, and what a yes then comes to. */
const CHANGES: [string, (row: Row) => void, outcome: string, writes: number][] = [
  ["nothing", () => {}, "deleted", 1],
  ["it is gone", () => trieve.store.rows.splice(0), "already_gone", 0],
  ["it is accepted", (row) => Object.assign(row, { used: true }), "changed", 0],
  ["another role", (row) => Object.assign(row, { role: 2 }), "changed", 0],
  ["another address", (row) => Object.assign(row, { email: "eve@example.com" }), "changed", 0],
  [
    "another case of letters",
    (row) => Object.assign(row, { email: "Ann@example.com" }),
    "changed",
    0,
  ],
  [
    "another date",
    (row) => Object.assign(row, { created_at: "2025-01-01T00:00:00" }),
    "changed",
    0,
  ],
  [
    "another organization",
    (row) => Object.assign(row, { organization_id: crypto.randomUUID() }),
    "already_gone",
    0,
  ],
];

/** What may happen to the address while the person thinks, and what a yes then comes to. */
const ARRIVALS: [string, () => void, outcome: string, writes: number][] = [
  ["nothing", () => {}, "invited", 1],
  ["it is invited", () => trieve.add(EMAIL), "already_invited", 0],
  ["it is invited in capitals", () => trieve.add(EMAIL.toUpperCase()), "already_invited", 0],
  ["it joined", () => trieve.add(EMAIL, { used: true }), "already_accepted", 0],
];

const writes = () => trieve.proxy.count("DELETE") + trieve.proxy.count("POST");

describe.each(Object.entries(PROTOCOLS))("%s", (_, connect) => {
  const connected = (person: Person) =>
    connect({ ...trieve, person, clock: fastClock, limits: LIMITS });

  describe("delete", () => {
    for (const [answer, give, reason] of ANSWERS) {
      test.each(CHANGES)(`${answer}, and meanwhile %s`, async (_, change, outcome, expected) => {
        const row = trieve.add(EMAIL, { role: 1, id: ID });
        const server = await connected(({ choices }) => {
          change(row);
          return give(choices);
        });
        const answered = await server.call("delete_invitation", { invitations: [ID] });
        expect(server.questions).toHaveLength(1);
        if (reason === undefined) expectYes(answered, server.log, outcome, expected);
        else expectNo(answered.facts, reason);
        expect(writes()).toBe(reason === undefined ? expected : 0);
      });
    }
  });

  describe("send", () => {
    for (const [answer, give, reason] of ANSWERS) {
      test.each(ARRIVALS)(`${answer}, and meanwhile %s`, async (_, arrive, outcome, expected) => {
        const server = await connected(({ choices }) => {
          arrive();
          return give(choices);
        });
        const args = { emails: [EMAIL], role: "admin" };
        const answered = await server.call("send_invitation", args);
        expect(server.questions).toHaveLength(1);
        if (reason === undefined) expectYes(answered, server.log, outcome, expected);
        else expectNo(answered.facts, reason);
        expect(writes()).toBe(reason === undefined ? expected : 0);
      });
    }
  });
});

/** What was so already is no error, what is open is one. The yes is written down with both. */
function expectYes(
  { text, facts, isError }: CallAnswer,
  log: readonly string[],
  outcome: string,
  writes: number,
): void {
  expect(JSON.parse(log.at(-1) ?? "")).toMatchObject({ outcome, confirmed_by: "form" });
  if (isError) expect(text).toMatch(new RegExp(`^${outcome}: `));
  else {
    const of = writes > 0 ? "done" : "nothing_to_do";
    expect(facts).toMatchObject({ outcome: of, results: [{ outcome }], confirmed_by: "form" });
    expect(text).toContain("confirmed_by: form");
  }
}

function expectNo(facts: { outcome: string; reason: string; note: string }, reason: string): void {
  expect(facts).toMatchObject({ outcome: "not_confirmed", reason });
  expect(facts.note).toMatch(/^Nothing was done: no confirmation was obtained\./);
  expect(facts.note).toMatch(/Do not retry unless the user asks/);
  expect(facts.note).not.toMatch(/user (refused|declined)/i);
}
