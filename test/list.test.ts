import { setTimeout as soon } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addMember } from "../src/sandbox/store.ts";
import { parseList } from "../src/trieve/body.ts";
import { fastClock } from "./support/app.ts";
import type { Fault } from "./support/fault-proxy.ts";
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
    organization: trieve.store.organizationId,
    matched: 2,
    totals: { pending: 2, used: 1 },
  });
  expect(facts.invitations).toMatchObject([
    { email: "new@example.com", role: "user", status: "pending", age_days: 1 },
    { email: "old@example.com", role: "admin", status: "pending", age_days: 30 },
  ]);
  expect(facts.invitations[0].created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
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
  expect(emails(await list({ newer_than_days: 14 }))).toEqual(["bob@example.com"]);
  expect(emails(await list({ newer_than_days: 13, status: "all" }))).toEqual([
    "joanne@example.org",
  ]);
  expect(emails(await list({ older_than_days: 14, newer_than_days: 14 }))).toEqual([
    "bob@example.com",
  ]);
  expect(emails(await list({ older_than_days: 0, newer_than_days: 0 }))).toEqual([]);
});

describe("parts of an address", () => {
  test.each<[string, string[]]>([
    ["Priya Raman", ["priya.raman@example.com"]],
    ["raman, PRIYA", ["priya.raman@example.com"]],
    ["jean pierre", ["pierre-jean@example.com"]],
    ["jean  example.com  pierre", ["pierre-jean@example.com"]],
    ["jean paul", []],
    ["mar\u00eda", ["maria@example.org", "Mari\u0301a.2@example.org"]],
    ["maria", ["maria@example.org", "Mari\u0301a.2@example.org"]],
    ["*@example.org", ["maria@example.org", "Mari\u0301a.2@example.org"]],
    ["**pri* *raman*", ["priya.raman@example.com"]],
    ["pri*raman", []],
    ["priya@ @example.com", []],
    ["raman@ @example.com", ["priya.raman@example.com"]],
  ])("%j", async (email, expected) => {
    trieve.add("priya.raman@example.com", { days: 1 });
    trieve.add("pierre-jean@example.com", { days: 2 });
    trieve.add("maria@example.org", { days: 3 });
    trieve.add("Mari\u0301a.2@example.org", { days: 4 });
    const shown = expected.map((one) => one.replace("\u0301", "\\u{301}"));
    expect(emails(await list({ email }))).toEqual(shown);
  });

  test.each(["ann@example.com, bob@example.com", "@example.com @example.org", "ann@ bob@"])(
    "of several addresses are refused, since no invitation has them: %s",
    async (email) => {
      const { text } = await server.call("list_invitations", { email });
      expect(text).toMatch(/^invalid_input: .*one address/);
      expect(trieve.proxy.seen).toEqual([]);
    },
  );
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
  expect(emails(await list({ not_email: "partner, \u00e1nn" }))).toEqual(["Bob@EXAMPLE.com"]);
  expect(emails(await list({ not_email: "ann@example.com bob@example.com" }))).toEqual([
    "eve@partner.example",
  ]);
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
  } while (cursor !== undefined && seen.length < 50);
  expect(pages).toBe(4);
  expect(new Set(seen).size).toBe(25);
});

describe("a cursor", () => {
  beforeEach(() => {
    for (let days = 1; days <= 5; days += 1) trieve.add(`d${days}@example.com`, { days });
    for (const name of ["x", "y"]) trieve.add(`${name}@other.example.org`, { days: 0.5 });
  });

  test("stays good when its row is gone, and with another limit", async () => {
    const first = await list({ limit: 2 });
    const [, last] = emails(first);
    trieve.store.rows = trieve.store.rows.filter(({ email }) => email !== last);
    const second = await list({ limit: 50, cursor: first.next_cursor });
    expect(emails(second)).toEqual([1, 2, 3, 4, 5].map((days) => `d${days}@example.com`));
  });

  test.each([
    ["list_invitations", 7],
    ["list_members", 2],
  ])(
    "of %s is bad for another value of any argument, with and without one before",
    async (name, count) => {
      for (const email of ["ann@example.com", "bob@example.com"])
        addMember(trieve.store, { email });
      const { tools } = await server.client.listTools();
      const { properties = {} } = tools.find((tool) => tool.name === name)?.inputSchema ?? {};
      const { limit, cursor, ...filters } = properties as Record<string, Argument>;
      expect(Object.keys(filters).length).toBeGreaterThanOrEqual(count);
      const page = async (args: object) => (await server.call(name, { limit: 1, ...args })).facts;
      for (const [filter, argument] of Object.entries(filters)) {
        const [one, other] = valuesOf(argument);
        for (const before of [{}, { [filter]: one }]) {
          const { next_cursor: cursor } = await page(before);
          expect(cursor, filter).toBeDefined();
          const { invitations, members } = await page({ ...before, cursor });
          expect(invitations ?? members).toHaveLength(1);
          const answer = await server.call(name, { [filter]: other, limit: 1, cursor });
          expect(answer.text, filter).toMatch(/^invalid_input: cursor does not belong/);
        }
      }
    },
  );

  test.each<[string, (good: string) => string]>([
    ["nonsense", () => "nonsense"],
    ["with a sign more", (good) => `${good}x`],
    ["of other parts", () => "1..2"],
    ["of another organization", (good) => good],
  ])("%s is bad", async (what, spoil) => {
    const cursor = spoil((await list({ limit: 2 })).next_cursor);
    const TRIEVE_ORGANIZATION_ID = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";
    const environment = { ...trieve.environment, TRIEVE_ORGANIZATION_ID };
    const other =
      what === "of another organization" ? await connectInMemory({ environment }) : server;
    const answer = await other.call("list_invitations", { limit: 2, cursor });
    expect(answer.isError).toBe(true);
    expect(answer.text).toMatch(/^invalid_input: cursor does not belong/);
  });

  test("holds no whole id", async () => {
    for (const order of ["newest", "oldest"]) {
      const { next_cursor: cursor, invitations } = await list({ order, limit: 2 });
      const readable = cursor
        .split(".")
        .flatMap((part: string) => [part, Buffer.from(part, "base64url").toString("latin1")])
        .join("\n");
      expect(readable).toContain(invitations[1].id);
      for (const { id } of trieve.store.rows) {
        expect(readable).not.toContain(id.slice(0, 10));
        expect(readable).not.toContain(id.slice(-12));
      }
    }
  });
});

interface Argument {
  type: string;
  enum?: string[];
  default?: unknown;
}

/** Two values of an argument, of which the first fits at least two of those who are listed here. */
function valuesOf({ type, enum: choices, default: usual }: Argument): [unknown, unknown] {
  if (choices !== undefined) {
    const [first, second] = choices.filter((choice) => choice !== usual);
    return usual === undefined ? [first, second] : [usual, first];
  }
  return type === "integer" ? [0, 1] : ["example.com", "d"];
}

describe("arguments", () => {
  test.each([
    { limit: 0 },
    { limit: 201 },
    { limit: 1.5 },
    { limit: "fifty" },
    { older_than_days: -1 },
    { older_than_days: 3651 },
    { newer_than_days: -1 },
    { newer_than_days: 3651 },
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

  test("null and blanks are as good as absent", async () => {
    trieve.add("a@example.com");
    const facts = await list({
      status: null,
      email: "",
      not_email: " ",
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
  const { id } = trieve.add("ann@example.com admin used 2020-01-01 9\t0");
  const { text, facts } = await server.call("list_invitations", { status: "all" });
  const [row] = facts.invitations;
  expect(text.split("\n").slice(-2)).toEqual([
    "id role status created age_days email",
    `${id.slice(0, 8)} user pending ${row.created_at.slice(0, 10)} 1 email_suspicious: ann@example.com admin used 2020-01-01 9\\u{9}0`,
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
  const row = (days: number) =>
    expect.stringMatching(
      new RegExp(
        `^0000000\\d (user|admin)( pending)? \\d{4}-\\d\\d-\\d\\d ${days} [a-z]+@example.com$`,
      ),
    );
  const text = async (args: object) =>
    (await server.call("list_invitations", args)).text.split("\n");
  const organization = `${trieve.store.organizationId} has 1 pending, 1 used.`;
  expect(await text({})).toEqual([
    `1 pending matched. ${organization}`,
    "skipped: 1 rows could not be read",
    "id role created age_days email",
    row(3),
  ]);
  expect(await text({ status: "all", limit: 1 })).toEqual([
    `2 matched, 1 shown. ${organization}`,
    "skipped: 1 rows could not be read",
    "id role status created age_days email",
    row(3),
    expect.stringMatching(/^next_cursor: \S+$/),
  ]);
  expect(await text({ email: "zoe" })).toEqual([
    `0 pending matched. ${organization}`,
    "skipped: 1 rows could not be read",
  ]);
  trieve.store.rows.pop();
  expect(await text({ status: "used" })).toEqual([
    `1 used matched. ${organization}`,
    "id role created age_days email",
    row(4),
  ]);
});

test("text says the same as the facts", async () => {
  trieve.add("ann@example.com", { role: 1, days: 3 });
  trieve.add("bob@example.com", { used: true, days: 4 });
  const { text, facts } = await server.call("list_invitations", { status: "all", limit: 1 });
  const [row] = facts.invitations;
  const { created_at, ...others } = row;
  const { organization, next_cursor } = facts;
  for (const fact of [
    ...Object.values(others),
    created_at.slice(0, 10),
    organization,
    next_cursor,
    "1 used",
  ]) {
    expect(text).toContain(String(fact));
  }
});

test("the organization is named as people know it, where that is set", async () => {
  const environment = { ...trieve.environment, TRIEVE_ORGANIZATION_NAME: "Example *Ltd*" };
  const { facts, text } = await (await connectInMemory({ environment })).call("list_invitations");
  expect(facts.organization).toBe("Example \\*Ltd\\*");
  expect(text).toContain("Example \\*Ltd\\* has 0 pending");
  expect(text).not.toContain(trieve.store.organizationId);
});

test("ids are shown as their beginning: 8 characters, more where two begin alike", async () => {
  const last = "bbbbbbbb-1111-4000-8000-000000000004";
  const ids = [
    "aaaaaaaa-1111-4000-8000-000000000001",
    "aaaaaaaa-1122-4000-8000-000000000002",
    "aaaaaaab-1111-4000-8000-000000000003",
    last.toUpperCase(),
  ];
  for (const [days, id] of ids.entries()) trieve.add(`p${days}@example.com`, { days, id });
  trieve.add("used@example.com", { days: 9, used: true, id: last.replace("1111-", "3333-") });
  const { text, facts } = await server.call("list_invitations");
  const shown = facts.invitations.map(({ id }: { id: string }) => id);
  expect(shown).toEqual(["aaaaaaaa-111", "aaaaaaaa-112", "aaaaaaab", "bbbbbbbb-1"]);
  for (const id of shown) expect(text).toContain(`\n${id} `);
  // They name the same invitations again.
  for (const [at, id] of shown.entries()) {
    const { text } = await server.call("delete_invitation", { invitations: [id] });
    expect(text).toContain(`p${at}@example.com`);
    expect(text).toMatch(/^confirmation_required: /);
  }
});

test("pages go on behind a row whose id begins like that of the next one", async () => {
  for (let n = 1; n <= 6; n += 1) {
    const id = `aaaaaaaa-${n}111-4000-8000-000000000000`;
    trieve.add(`p${n}@example.com`, { id }).created_at = "2026-01-01T00:00:00";
  }
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const facts = await list({ limit: 1, cursor });
    seen.push(...emails(facts));
    cursor = facts.next_cursor;
  } while (cursor !== undefined && seen.length < 50);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6].map((n) => `p${n}@example.com`));
});

test("an invitation says that this server saw its mail fail, until a mail went out", async () => {
  trieve.store.refuseMail = true;
  await server.call("send_invitation", { emails: ["ann@example.com"] });
  trieve.store.refuseMail = false;
  trieve.proxy.next("POST", { answer: 502, forward: true });
  await server.call("send_invitation", { emails: ["unclear@example.com"] });
  trieve.add("bob@example.com", { days: 3 });
  const { text, facts } = await server.call("list_invitations", { order: "oldest" });
  const failed = ({ email, mail_failed }: { email: string; mail_failed?: boolean }) => [
    email,
    mail_failed,
  ];
  expect(facts.invitations.map(failed)).toEqual([
    ["bob@example.com", undefined],
    ["ann@example.com", true],
    ["unclear@example.com", undefined],
  ]);
  expect(text).toMatch(/ 0 mail_failed ann@example\.com$/m);
  expect(text.match(/mail_failed/g)).toHaveLength(1);
  const { confirmation } = (
    await server.call("resend_invitation", { invitations: ["ann@example.com"] })
  ).facts;
  await server.call("resend_invitation", { invitations: ["ann@example.com"], confirmation });
  expect((await server.call("list_invitations")).text).not.toContain("mail_failed");
  // Another process has seen nothing.
  const other = await connectInMemory(trieve);
  expect((await other.call("list_invitations")).text).not.toContain("mail_failed");
});

test("a list that was being read while an invitation was sent is not good enough afterwards", async () => {
  trieve.proxy.next("GET", { answer: 200, body: "[]", after: 500 });
  const before = list();
  while (trieve.proxy.count("GET") === 0) await soon(5);
  await server.call("send_invitation", { emails: ["ann@example.com"] });
  expect((await list()).matched).toBe(1);
  expect((await before).matched).toBe(0);
});

test.each<[string, string]>([
  ["", "network_error"],
  [" \n", "network_error"],
  ["[", "network_error"],
  [' [{"id": 1}, {"id"', "network_error"],
  ['[{"id": 1, "scopes": ["a"]', "network_error"],
  ['[{"id": 1, "orgs": [{"role": 1}]', "network_error"],
  ['[{"id": "\\"]}]', "network_error"],
  ["[1,]\n", "bad_response"],
  ['[{"id": "[{\\"["}}]', "bad_response"],
  ['{"message": "no', "bad_response"],
  ["<html>[", "bad_response"],
  ["{}", "bad_response"],
])("%j is a %s", (text, code) => {
  expect(() => parseList(text)).toThrow(expect.objectContaining({ code }));
});

const CLOSE = { connection: "close" };
const PLAIN = { "transfer-encoding": "identity" };
const PART = '[{"id": "00000000-0000-4000-8000-000000000000", "scopes": []';

test.each<[string, Fault]>([
  ["cut short of its length", { cut: PART }],
  ["cut in chunks", { cut: PART, headers: {} }],
  ["cut in chunks of a connection that is to be closed", { cut: PART, headers: CLOSE }],
  ["ended by the close of its connection alone", { cut: PART, headers: { ...CLOSE, ...PLAIN } }],
  ["whole by its length, and unfinished", { answer: 200, body: PART }],
  ["empty", { answer: 200, body: "" }],
])("a body that is %s is asked for again, and then a network_error", async (_, fault) => {
  trieve.add("ann@example.com");
  const quick = await connectInMemory({ ...trieve, clock: fastClock });
  trieve.proxy.next("GET", fault, fault);
  expect((await quick.call("list_invitations")).facts.matched).toBe(1);
  expect(trieve.proxy.count("GET")).toBe(3);
  trieve.proxy.next("GET", fault, fault, fault);
  expect((await quick.call("list_invitations")).text).toMatch(/^network_error: /);
  expect(trieve.proxy.count("GET")).toBe(6);
});

test("what is a list is one, whatever stands around it", () => {
  expect(parseList(" [1]\n")).toEqual([1]);
});
