import { describe, expect, test } from "vitest";
import { addMember } from "../src/sandbox/store.ts";
import { expectCall, page, says, startCalls, type TestCalls } from "./support/calls.ts";

// Calls to list, as wholes: every word that is told of them.

const list = (args: object = {}) => ["list_invitations", args] as const;
const members = (args: object = {}) => ["list_members", args] as const;

/** Invitations of every kind, and one that another address could be taken for. */
function startWithRows(environment?: Record<string, string>): TestCalls {
  const it = startCalls(environment);
  it.add("aaaaaaa1", "ann@northwind.example", { days: 3 });
  it.add("bbbbbbb2", "bob@northwind.example", { days: 40, role: 1 });
  it.add("ccccccc3", "carl@example.com", { days: 10, used: true, role: 2 });
  it.add("ddddddd4", "dora@example.com", { days: 10, scopes: [] });
  it.add("ddddddd4-8", "mar\u00eda@example.com", { days: -1 });
  it.add("eeeeeee5", "emil@example.com", { days: 10.5, role: 7 });
  return it;
}

describe("a list of invitations", () => {
  test.each<[string, object, ((it: TestCalls) => void)?]>([
    ["shows what is pending, the newest first", {}],
    ["shows the oldest first", { order: "oldest" }],
    ["shows all, with their status", { status: "all" }],
    ["shows what was accepted", { status: "used" }],
    ["is empty where there is nothing", {}, (it) => it.store.rows.splice(0)],
    ["is empty where nothing fits", { email: "zoe" }],
    ["counts all that fit, and shows the first", { limit: 2 }],
    ["is read by parts of an address, in any order", { email: "northwind ann" }],
    ["is read without accents", { email: "MARIA" }],
    ["is read with accents, which do not count", { email: "\u00c9mil" }],
    ["leaves out what has any of the parts", { not_email: "ann; @example.com" }],
    [
      "takes an address with signs around it",
      { email: "*@Northwind.example*, <ann@northwind.example>" },
    ],
    ["is read by role", { role: "admin" }],
    ["is read by age, from", { older_than_days: 10 }],
    ["is read by age, to", { newer_than_days: 3 }],
    ["is read by age, from and to", { older_than_days: 4, newer_than_days: 10, status: "all" }],
    [
      "counts rows that cannot be read",
      {},
      (it) => void Object.assign(it.store.rows[0] ?? {}, { role: "x" }),
    ],
  ])("%s", async (_, args, prepare = () => {}) => {
    const it = startWithRows();
    prepare(it);
    const { text } = await it.call(...list(args));
    expect(text).toMatchSnapshot();
  });

  test("has all of it as facts", async () => {
    const it = startWithRows({ TRIEVE_ORGANIZATION_NAME: "North <wind>" });
    Object.assign(it.store.rows[1] ?? {}, { created_at: "yesterday" });
    it.store.refuseMail = true;
    await it.call("send_invitation", { emails: ["zoe@example.com"] });
    const { facts, text } = await it.call(...list({ status: "all", limit: 4 }));
    expect(facts).toMatchSnapshot();
    expect(text).toContain("mail_failed zoe@example.com");
  });

  test.each<[string, string, object]>([
    ["with two addresses", "invalid_input", { email: "ann@ bob@" }],
    ["with two domains", "invalid_input", { email: "@a.example @b.example" }],
    ["with a cursor that was never given", "invalid_input", { cursor: "abc" }],
    [
      "with a cursor without its end",
      "invalid_input",
      { cursor: `${Buffer.from("1").toString("base64url")}.` },
    ],
  ])("is refused %s", async (_, outcome, args) => {
    await expectCall(startWithRows(), outcome, list(args));
  });

  test.each<[string, string, ReturnType<typeof says>[]]>([
    ["a 401", "unauthorized", [says(401)]],
    ["a sign-in page", "unauthorized", [page(401)]],
    ["a redirect", "bad_response", [says(302)]],
    ["three 400s", "upstream_error", [says(400), says(400), says(400)]],
    ["three 502s", "upstream_error", [says(502), says(502), says(502)]],
    ["a 429 that asks for too long", "rate_limited", [says(429, "", { "retry-after": "11" })]],
    ["a page with 400", "bad_response", [page(400)]],
  ])("is an error after %s", async (_, outcome, answers) => {
    const it = startWithRows();
    it.next("GET", ...answers);
    await expectCall(it, outcome, list());
  });

  test("is asked for again after a 503, and waits as long as it is asked to", async () => {
    const it = startWithRows();
    it.next("GET", says(503, "", { "retry-after": "7" }), says(408));
    const since = it.clock.elapsed();
    await expectCall(
      it,
      "5 pending matched. 5a4db0c5-7a0b-4d0e-9c61-000000000001 has 5 pending, 1 used.",
      list(),
    );
    expect(it.clock.elapsed() - since).toBeGreaterThanOrEqual(7_000);
    expect(it.clock.elapsed() - since).toBeLessThanOrEqual(7_600);
  });
});

describe("pages", () => {
  test.each([
    ["newest", {}],
    ["oldest", { order: "oldest" }],
    ["all, oldest", { order: "oldest", status: "all" }],
  ])("of the %s show each row once, in the same order as a list in one", async (_, args) => {
    const it = startWithRows();
    const whole = await it.call(...list(args));
    const ids: string[] = [];
    let cursor: string | undefined;
    let calls = 0;
    do {
      const { facts } = await it.call(...list({ ...args, limit: 2, cursor }));
      ids.push(...facts.invitations.map((one: { id: string }) => one.id));
      expect(facts.matched).toBe(whole.facts.matched);
      cursor = facts.next_cursor;
      calls += 1;
    } while (cursor !== undefined);
    expect(ids).toEqual(whole.facts.invitations.map((one: { id: string }) => one.id));
    expect(calls).toBe(Math.ceil(ids.length / 2));
  });

  test("go on where the last one ended, though rows come and go", async () => {
    const it = startWithRows();
    const first = await it.call(...list({ limit: 2 }));
    it.store.rows.splice(0, 1);
    it.add("fffffff6", "fred@example.com", { days: 0 });
    const next = await it.call(...list({ limit: 2, cursor: first.facts.next_cursor }));
    expect(first.facts.invitations.map((one: { id: string }) => one.id)).toEqual([
      "ddddddd4-8",
      "aaaaaaa1",
    ]);
    expect(next.facts.invitations.map((one: { id: string }) => one.id)).toEqual([
      "ddddddd4-7",
      "eeeeeee5",
    ]);
  });

  test("belong to their filters, and to their organization", async () => {
    const it = startWithRows();
    const { cursor } = { cursor: (await it.call(...list({ limit: 2 }))).facts.next_cursor };
    for (const more of [{ order: "oldest" }, { email: "a" }, { status: "all" }]) {
      expect((await it.call(...list({ cursor, ...more }))).text).toMatch(/^invalid_input/);
    }
    expect((await it.call(...list({ cursor, limit: 3 }))).facts.invitations).toHaveLength(3);
    const other = startCalls({ TRIEVE_ORGANIZATION_ID: "5a4db0c5-7a0b-4d0e-9c61-000000000002" });
    expect((await other.call(...list({ cursor }))).text).toMatch(/^invalid_input/);
  });
});

describe("a list of members", () => {
  function startWithMembers(): TestCalls {
    const it = startCalls();
    addMember(it.store, { email: "carl@example.com", name: "Carl", role: 2 });
    addMember(it.store, { email: "Ann@example.com", name: "Mar\u00eda <b>", role: 1 });
    addMember(it.store, { email: "bob@example.com" });
    addMember(it.store, { email: "ann@example.com", name: "Ann", role: 9 });
    return it;
  }

  test.each<[string, object]>([
    ["shows them by address", {}],
    ["is read by name", { email: "maria" }],
    ["is read by address and name", { email: "example carl" }],
    ["is read by role", { role: "admin" }],
    ["counts all that fit, and shows the first", { limit: 3 }],
  ])("%s", async (_, args) => {
    const { text, facts } = await startWithMembers().call(...members(args));
    expect(text).toMatchSnapshot();
    expect(facts.members).toHaveLength(
      text.split("\n").filter((line) => line.includes("@")).length,
    );
  });

  test("has pages too", async () => {
    const it = startWithMembers();
    const first = await it.call(...members({ limit: 3 }));
    const next = await it.call(...members({ limit: 3, cursor: first.facts.next_cursor }));
    expect(next.facts).toMatchSnapshot();
  });

  test("counts rows that cannot be read, and those of another organization", async () => {
    const it = startWithMembers();
    const other = {
      email: "x@example.com",
      user_orgs: [{ organization_id: "5a4db0c5-0000-4d0e-9c61-000000000002", role: 0 }],
    };
    const upper = {
      email: "y@example.com",
      user_orgs: [
        ...other.user_orgs,
        { organization_id: it.store.organizationId.toUpperCase(), role: 0 },
      ],
    };
    it.next("GET", () => Response.json([other, upper, 7, { ...upper, email: 7 }]));
    const { facts } = await it.call(...members());
    expect(facts).toMatchObject({
      matched: 1,
      skipped: 3,
      totals: { user: 1, admin: 0, owner: 0 },
    });
    expect(facts.members).toEqual([{ email: "y@example.com", role: "user" }]);
  });
});
