import { setTimeout as soon } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parseList } from "../src/trieve/list-body.ts";
import { connectInMemory, type MemoryServer } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

let trieve: TestTrieve;
let server: MemoryServer;
const list = async (args: object = {}) => (await server.call("list_invitations", args)).facts;
const emails = (facts: { invitations: { email: string }[] }) =>
  facts.invitations.map(({ email }) => email);

beforeEach(async () => {
  trieve = await startTrieve();
  server = await connectInMemory(trieve);
});
afterEach(() => trieve.close());

test("shows pending invitations, newest first, with the totals of all", async () => {
  trieve.add("old@example.com", { days: 30, role: 1 });
  trieve.add("new@example.com", { days: 1 });
  trieve.add("used@example.com", { days: 2, used: true });
  const facts = await list();
  expect(facts).toMatchObject({
    organization_id: trieve.store.organizationId,
    matched: 2,
    totals: { pending: 2, used: 1 },
  });
  expect(facts.invitations).toMatchObject([
    { email: "new@example.com", role: "user", status: "pending", age_days: 1 },
    { email: "old@example.com", role: "admin", status: "pending", age_days: 30 },
  ]);
  expect(facts.invitations[0].sent_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(facts).not.toHaveProperty("skipped");
  expect(facts).not.toHaveProperty("next_cursor");
});

test("filters by status, part of the address, role and age", async () => {
  trieve.add("Ann@example.com", { days: 20, role: 1 });
  trieve.add("bob@example.com", { days: 14 });
  trieve.add("joanne@example.org", { days: 3, used: true });
  expect(emails(await list({ status: "used" }))).toEqual(["joanne@example.org"]);
  expect(emails(await list({ status: "all", email: "ANN" }))).toEqual([
    "joanne@example.org",
    "Ann@example.com",
  ]);
  expect(emails(await list({ role: "admin" }))).toEqual(["Ann@example.com"]);
  expect(emails(await list({ older_than_days: 14 }))).toEqual([
    "bob@example.com",
    "Ann@example.com",
  ]);
  expect(emails(await list({ older_than_days: 15 }))).toEqual(["Ann@example.com"]);
});

test("the oldest that nobody accepted come first where that is asked for", async () => {
  for (const days of [5, 40, 20]) trieve.add(`d${days}@example.com`, { days });
  trieve.add("used@example.com", { days: 90, used: true });
  expect(emails(await list({ order: "oldest" }))).toEqual([
    "d40@example.com",
    "d20@example.com",
    "d5@example.com",
  ]);
  expect(emails(await list({ order: "oldest", older_than_days: 10, limit: 1 }))).toEqual([
    "d40@example.com",
  ]);
});

test("leaves out addresses with a part, as whoever is outside of a domain", async () => {
  trieve.add("ann@example.com", { days: 1 });
  trieve.add("Bob@EXAMPLE.com", { days: 2 });
  trieve.add("eve@partner.example", { days: 3 });
  for (const not_email of ["@example.com", " *@Example.com* "]) {
    expect(emails(await list({ not_email }))).toEqual(["eve@partner.example"]);
  }
  expect(emails(await list({ email: "ann", not_email: "@example.com" }))).toEqual([]);
  expect((await list({ not_email: " * " })).matched).toBe(3);
});

test.each(["newest", "oldest"])(
  "pages stay stable when rows come and go, %s first",
  async (order) => {
    for (let days = 1; days <= 9; days += 1) trieve.add(`d${days}@example.com`, { days });
    const first = await list({ order, limit: 3 });
    // One that was shown goes, and others come before and after the place.
    const [shown] = emails(first);
    trieve.store.rows = trieve.store.rows.filter(({ email }) => email !== shown);
    trieve.add("before@example.com", { days: order === "newest" ? 0 : 30 });
    trieve.add("after@example.com", { days: 5.5 });
    const seen = emails(first);
    let cursor = first.next_cursor;
    while (cursor !== undefined) {
      const facts = await list({ order, limit: 3, cursor });
      seen.push(...emails(facts));
      cursor = facts.next_cursor;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(10);
    expect(seen).not.toContain("before@example.com");
    for (const other of [{ order: order === "newest" ? "oldest" : "newest" }, { not_email: "x" }]) {
      const args = { order, ...other, cursor: first.next_cursor };
      const { text } = await server.call("list_invitations", args);
      expect(text).toMatch(/^invalid_input: cursor does not belong/);
    }
  },
);

test("pages through everything once, in order, also rows of the same moment", async () => {
  const at = Date.now() - 1_000;
  for (let n = 0; n < 25; n += 1)
    trieve.add(`p${n}@example.com`, { days: (Date.now() - at) / 8.64e7 });
  const seen: string[] = [];
  let cursor: string | undefined;
  let pages = 0;
  do {
    const facts = await list({ limit: 7, cursor });
    expect(facts.matched).toBe(25);
    seen.push(...emails(facts));
    cursor = facts.next_cursor;
    pages += 1;
  } while (cursor !== undefined);
  expect(pages).toBe(4);
  expect(new Set(seen).size).toBe(25);
});

test("a cursor stays good when its row is gone, and bad for other filters", async () => {
  for (let days = 1; days <= 5; days += 1) trieve.add(`d${days}@example.com`, { days });
  const first = await list({ limit: 2 });
  trieve.store.rows = trieve.store.rows.filter(({ email }) => email !== "d2@example.com");
  const second = await list({ limit: 2, cursor: first.next_cursor });
  expect(emails(second)).toEqual(["d3@example.com", "d4@example.com"]);
  for (const args of [
    { cursor: first.next_cursor, status: "all" },
    { cursor: first.next_cursor, email: "d" },
    { cursor: "nonsense" },
    { cursor: `${first.next_cursor}x` },
    { cursor: "1..2" },
  ]) {
    const answer = await server.call("list_invitations", args);
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(/^invalid_input: cursor does not belong/);
  }
});

describe("arguments", () => {
  test.each([
    { limit: 0 },
    { limit: 201 },
    { limit: 1.5 },
    { limit: "fifty" },
    { older_than_days: -1 },
    { older_than_days: 3651 },
    { status: "open" },
    { role: "god" },
    { email: 7 },
  ])("%j is invalid_input, names the argument, and asks Trieve nothing", async (args) => {
    const answer = await server.call("list_invitations", args);
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(new RegExp(`^invalid_input: ${Object.keys(args)[0]}: .*again\\.$`));
    expect(trieve.proxy.seen).toEqual([]);
  });

  test("none at all are as good as empty ones", async () => {
    const { structuredContent } = await server.client.callTool({ name: "list_invitations" });
    expect(structuredContent).toMatchObject({ matched: 0 });
  });

  test("null, blanks and unknown arguments are as good as absent", async () => {
    trieve.add("a@example.com");
    const facts = await list({
      status: null,
      email: "",
      role: "",
      limit: null,
      cursor: "",
      wait_for_previous: true,
      __proto__: 1,
    });
    expect(facts.matched).toBe(1);
  });
});

test("an address that is no plain one is flagged and escaped", async () => {
  trieve.add("[click](http://evil.example.com)\n\u202eann@example.com");
  trieve.add("first_last@example.com", { days: 2 });
  const facts = await list();
  expect(facts.invitations[0].email_suspicious).toBe(true);
  expect(facts.invitations[0].email).toBe(
    "\\[click\\]\\(http:\\//evil.example.com\\)\\u{a}\\u{202e}ann@example.com",
  );
  expect(facts.invitations[1]).toMatchObject({ email: "first_last@example.com" });
  expect(facts.invitations[1]).not.toHaveProperty("email_suspicious");
});

test("an address with blanks cannot pass for other columns of the text", async () => {
  const { id } = trieve.add("ann@example.com admin used 2020-01-01T00:00:00Z 9\t0");
  const { text, facts } = await server.call("list_invitations", { status: "all" });
  const [row] = facts.invitations;
  expect(text.split("\n").slice(-2)).toEqual([
    "id role status sent_at age_days email",
    `${id} user pending ${row.sent_at} 1 email_suspicious: ann@example.com admin used 2020-01-01T00:00:00Z 9\\u{9}0`,
  ]);
});

test("an unknown role is shown with its number", async () => {
  trieve.add("odd@example.com", { role: -1 });
  expect((await list()).invitations[0].role).toBe("unknown(-1)");
});

test("the text is compact: a line of totals, and one for each invitation", async () => {
  const id = (n: number) => `0000000${n}-0000-4000-8000-000000000000`;
  trieve.add("ann@example.com", { id: id(1), role: 1, days: 3 });
  trieve.add("bob@example.com", { id: id(2), used: true, days: 4 });
  trieve.add("eve@example.com", { id: id(3), days: 5 }).created_at = "nonsense";
  const sent = (days: number) =>
    expect.stringMatching(
      new RegExp(` \\d{4}-\\d\\d-\\d\\dT[\\d:]{8}Z ${days} [a-z]+@example.com$`),
    );
  const text = async (args: object) =>
    (await server.call("list_invitations", args)).text.split("\n");
  const organization = `Organization ${trieve.store.organizationId} has 1 pending, 1 used.`;
  expect(await text({})).toEqual([
    `1 pending matched. ${organization}`,
    "skipped: 1 rows could not be read",
    "id role sent_at age_days email",
    sent(3),
  ]);
  expect(await text({ status: "all", limit: 1 })).toEqual([
    `2 matched, 1 shown. ${organization}`,
    "skipped: 1 rows could not be read",
    "id role status sent_at age_days email",
    sent(3),
    expect.stringMatching(/^next_cursor: \S+$/),
  ]);
  expect(await text({ email: "zoe" })).toEqual([
    `0 pending matched. ${organization}`,
    "skipped: 1 rows could not be read",
  ]);
  trieve.store.rows.pop();
  expect(await text({ status: "used" })).toEqual([
    `1 used matched. ${organization}`,
    "id role sent_at age_days email",
    sent(4),
  ]);
});

test("text says the same as the facts", async () => {
  trieve.add("ann@example.com", { role: 1, days: 3 });
  trieve.add("bob@example.com", { used: true, days: 4 });
  const { text, facts } = await server.call("list_invitations", { status: "all", limit: 1 });
  const [row] = facts.invitations;
  for (const fact of [...Object.values(row), facts.organization_id, facts.next_cursor, "1 used"]) {
    expect(text).toContain(String(fact));
  }
});

test("a list that was being read while an invitation was sent is not good enough afterwards", async () => {
  trieve.proxy.next("GET", { answer: 200, body: "[]", after: 500 });
  const before = list();
  while (trieve.proxy.count("GET") === 0) await soon(5);
  await server.call("send_invitation", { email: "ann@example.com" });
  expect((await list()).matched).toBe(1);
  expect((await before).matched).toBe(0);
});

test.each<[string, boolean, string]>([
  [' [{"id": 1}, {"id"', false, "network_error"],
  [' [{"id": 1}, {"id"', true, "bad_response"],
  ["[1,]\n", false, "bad_response"],
  ['{"message": "no', false, "bad_response"],
  ["{}", false, "bad_response"],
])("%j, whole: %s, is a %s", (text, isWhole, code) => {
  expect(() => parseList(text, isWhole)).toThrow(expect.objectContaining({ code }));
});

test("what is a list is one, whatever stands around it", () => {
  expect(parseList(" [1]\n", false)).toEqual([1]);
});
