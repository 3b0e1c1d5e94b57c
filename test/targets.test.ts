import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LIMITS } from "../src/trieve/limits.ts";
import { fastClock, turnableClock } from "./support/app.ts";
import { connectBin } from "./support/bin.ts";
import { type Person, says } from "./support/client.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// Which invitation is meant: beginnings of ids, addresses, and names that were right a moment ago.

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const DELETE = "delete_invitation";
const RESEND = "resend_invitation";
const EMAIL = "bob@example.com";
const ALIKE = [
  "aaaaaaaa-1111-4111-8111-111111111111",
  "aaaaaaaa-1111-4122-8111-111111111111",
  "aaaaaaaa-2222-4111-8111-111111111111",
];
const clock = turnableClock(fastClock.sleep);
const limits = { ...LIMITS, attemptMs: 6_000, sendMs: 6_000 };
const connect = (person: Person = says.yes) =>
  connectInMemory({ ...trieve, person, clock, limits });
const outcomes = (facts: { results: { outcome: string }[] }) =>
  facts.results.map(({ outcome }) => outcome);
const short = (row: { id: string } | undefined) => row?.id.slice(0, 8) ?? "";
const newest = () => trieve.store.rows.at(-1);
const writes = () =>
  trieve.proxy.seen.filter(({ method }) => method !== "GET").map(({ method }) => method);
const day = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);

describe("an invitation has many names", () => {
  test.each<[string, (id: string) => string]>([
    ["8 characters", (id) => id.slice(0, 8)],
    ["more of them", (id) => id.slice(0, 20)],
    ["the whole id", (id) => id],
    ["the whole id in capitals", (id) => id.toUpperCase()],
    ["an address", () => EMAIL],
    ["an address in capitals", () => "BOB@Example.COM"],
    ["a display name", () => `Bob Example <${EMAIL}>`],
    ["a display name in quotes", () => `"Bob Example" <${EMAIL}>`],
    ["a name before brackets", () => `Bob (${EMAIL})`],
    ["mailto:", () => `mailto:${EMAIL}`],
    ["mailto: in brackets", () => `<mailto:${EMAIL}>`],
    ["brackets", () => `<${EMAIL}>`],
    ["quotes, blanks and a full stop", () => `  '${EMAIL}.' `],
  ])("%s", async (_, nameOf) => {
    const { id } = trieve.add(EMAIL);
    trieve.add("ann@example.com");
    const { facts } = await (await connect()).call(DELETE, { invitations: [nameOf(id)] });
    expect(facts.results).toEqual([{ id: id.slice(0, 8), email: EMAIL, outcome: "deleted" }]);
    expect(trieve.store.rows.map(({ email }) => email)).toEqual(["ann@example.com"]);
  });

  test("one whose address Trieve holds in capitals is found too", async () => {
    trieve.add("BOB@EXAMPLE.com");
    const { facts } = await (await connect()).call(RESEND, { invitations: [EMAIL] });
    expect(outcomes(facts)).toEqual(["resent"]);
    expect(newest()?.email).toBe("BOB@EXAMPLE.com");
  });

  test.each(["bob", "@example.com", "ob@example.com", "bob@example.co", "bob@example.com.org"])(
    "a part of an address, or more than it (%s), is no name",
    async (name) => {
      trieve.add(EMAIL);
      const { text } = await (await connect()).call(DELETE, { invitations: [name] });
      expect(text).toMatch(/^(not_found|invalid_input): /);
      expect(writes()).toEqual([]);
    },
  );

  test("two names of one are one row, in every form", async () => {
    const { id } = trieve.add(EMAIL);
    const server = await connect();
    const invitations = [EMAIL, id.slice(0, 8), id, `Bob <${EMAIL.toUpperCase()}>`];
    const { facts } = await server.call(DELETE, { invitations });
    expect(facts).toMatchObject({ outcome: "done", counts: { deleted: 1 } });
    expect(facts.results).toHaveLength(1);
    expect(server.questions[0]).toContain("Delete this invitation?");
    expect(writes()).toEqual(["DELETE"]);
  });

  test("what names nothing is a row in its place", async () => {
    const ann = trieve.add("ann@example.com");
    const carl = trieve.add("carl@example.com");
    const server = await connect();
    const invitations = ["eve@example.com", short(ann), "12345678", "carl@example.com"];
    const { facts } = await server.call(DELETE, { invitations });
    expect(facts.outcome).toBe("partly_done");
    expect(facts.results).toMatchObject([
      { email: "eve@example.com", outcome: "not_found" },
      { id: short(ann), outcome: "deleted" },
      { id: "12345678", outcome: "not_found" },
      { id: short(carl), outcome: "deleted" },
    ]);
    expect(server.questions[0]).toContain("Left out: eve@example.com (not found)");
    expect(server.questions[0]).toContain("Left out: 12345678 (not found)");
  });
});

describe("what fits several", () => {
  const alike = () =>
    ALIKE.map((id, at) => trieve.add(`p${at}@example.com`, { id, role: at % 2, days: at + 1 }));

  test("the list shows as much of an id as tells it from the others, which is a name", async () => {
    const rows = alike();
    const other = trieve.add("other@example.com");
    const server = await connect();
    const { facts } = await server.call("list_invitations", { order: "oldest" });
    const shown = facts.invitations.map(({ id }: { id: string }) => id);
    expect(new Set(shown)).toEqual(
      new Set(["aaaaaaaa-1111-411", "aaaaaaaa-1111-412", "aaaaaaaa-2", short(other)]),
    );
    const deleted = await server.call(DELETE, { invitations: ["aaaaaaaa-1111-412"] });
    expect(deleted.facts.results).toEqual([
      { id: "aaaaaaaa-1111-412", email: rows[1]?.email, outcome: "deleted" },
    ]);
    expect(server.questions[0]).toContain("Invitation: aaaaaaaa-1111-412");
    expect(trieve.store.rows.map(({ email }) => email)).not.toContain(rows[1]?.email);
  });

  test.each([DELETE, RESEND])("%s: a beginning is ambiguous, and each is named", async (tool) => {
    alike();
    const other = trieve.add("other@example.com");
    const server = await connect();
    const { isError, text } = await server.call(tool, { invitations: ["AAAAAAAA", short(other)] });
    expect(isError).toBe(true);
    expect(text).toMatch(/^ambiguous: /);
    for (const [at, id] of ["aaaaaaaa-1111-411", "aaaaaaaa-1111-412", "aaaaaaaa-2"].entries()) {
      const role = ["user", "admin"][at % 2];
      const told = `${id} p${at}@example.com (${role}, pending, created ${day(at + 1)})`;
      expect(text).toContain(told);
    }
    expect(text).not.toContain("other@");
    for (const id of ALIKE) expect(text).not.toContain(id);
    expect(trieve.proxy.seen.map(({ method }) => method)).toEqual(["GET"]);
    expect(server.questions).toEqual([]);
  });

  test("an address is, for a delete, and for a resend where several are pending", async () => {
    const used = trieve.add(EMAIL, { used: true, days: 9 });
    const pending = trieve.add("Bob@example.com", { role: 1, days: 2 });
    const server = await connect();
    const { text } = await server.call(DELETE, { invitations: [EMAIL] });
    expect(text).toMatch(/^ambiguous: /);
    expect(text).toContain(`${short(used)} ${EMAIL} (user, used, created ${day(9)})`);
    expect(text).toContain(`${short(pending)} Bob@example.com (admin, pending, created ${day(2)})`);
    const third = trieve.add("BOB@example.com");
    const resend = await server.call(RESEND, { invitations: [EMAIL] });
    expect(resend.text).toMatch(/^ambiguous: /);
    for (const row of [pending, third]) expect(resend.text).toContain(short(row));
    expect(resend.text).not.toContain(short(used));
    expect(trieve.proxy.seen.map(({ method }) => method)).toEqual(["GET", "GET"]);
    // Each by its own beginning is meant clearly.
    const by = await server.call(DELETE, { invitations: [short(used), short(third)] });
    expect(outcomes(by.facts)).toEqual(["deleted", "deleted"]);
  });

  test("all ambiguous names are told at once", async () => {
    alike();
    for (const email of [EMAIL, "BOB@example.com"]) trieve.add(email);
    const args = { invitations: [EMAIL, "aaaaaaaa-1"] };
    const { text } = await (await connect()).call(DELETE, args);
    expect(text).toMatch(/^ambiguous: bob@example\.com fits .*; aaaaaaaa-1 fits .* and /);
    expect(text).not.toContain("aaaaaaaa-2");
  });

  test("a resend of an address means its only pending one, else its only used one", async () => {
    trieve.add(EMAIL, { used: true });
    const pending = trieve.add("Bob@example.com");
    const server = await connect();
    const { facts } = await server.call(RESEND, { invitations: [EMAIL] });
    expect(facts.results).toMatchObject([{ id: short(pending), outcome: "resent" }]);
    trieve.add("eve@example.com", { used: true });
    const { text } = await server.call(RESEND, { invitations: ["eve@example.com"] });
    expect(text).toMatch(/^already_accepted: /);
  });
});

describe("what this process resent", () => {
  /** An invitation that was resent twice, by the names it had in the order of time. */
  async function resentTwice() {
    const ids = [short(trieve.add(EMAIL))];
    const server = await connect();
    for (let times = 0; times < 2; times += 1) {
      const { facts } = await server.call(RESEND, { invitations: [ids.at(-1)] });
      expect(outcomes(facts)).toEqual(["resent"]);
      ids.push(short(newest()));
    }
    return { server, ids };
  }

  test("is not mailed again by its address or an earlier beginning, only by the newest", async () => {
    const { server, ids } = await resentTwice();
    const names = [EMAIL, EMAIL.toUpperCase(), `Bob <${EMAIL}>`, ids[0], ids[1]];
    for (const name of names) {
      const { facts } = await server.call(RESEND, { invitations: [name] });
      expect(facts.outcome).toBe("nothing_to_do");
      expect(facts.results).toMatchObject([{ id: ids[2], outcome: "already_resent" }]);
      expect(facts.note).toContain("to resend it once more, use its id");
    }
    expect(server.questions).toHaveLength(2);
    expect(trieve.store.mails).toHaveLength(2);
    const { facts } = await server.call(RESEND, { invitations: [ids[2]] });
    expect(outcomes(facts)).toEqual(["resent"]);
    expect(trieve.store.mails).toHaveLength(3);
  });

  test("is one row by several names, and leaves the others to be resent", async () => {
    const { server, ids } = await resentTwice();
    trieve.add("ann@example.com");
    const invitations = [EMAIL, ids[0], ids[1], "ann@example.com"];
    const { facts } = await server.call(RESEND, { invitations });
    expect(facts).toMatchObject({
      outcome: "done",
      counts: { already_resent: 1, resent: 1 },
    });
    expect(server.questions.at(-1)).toContain(`Left out: ${EMAIL} (already resent)`);
  });

  test("is meant by an earlier beginning of a delete, and gone by every name after it", async () => {
    const { server, ids } = await resentTwice();
    const { facts } = await server.call(DELETE, { invitations: [ids[0]] });
    expect(facts.results).toEqual([{ id: ids[2], email: EMAIL, outcome: "deleted" }]);
    expect(server.questions.at(-1)).toContain(`Invitation: ${ids[2]}`);
    expect(trieve.store.rows).toEqual([]);
    for (const name of [EMAIL, ...ids]) {
      const again = await server.call(DELETE, { invitations: [name] });
      expect(again.facts).toMatchObject({ outcome: "nothing_to_do", counts: { already_gone: 1 } });
      const resend = await server.call(RESEND, { invitations: [name] });
      expect(resend.text).toMatch(/^already_gone: .*send_invitation/);
    }
    expect(server.questions).toHaveLength(3);
  });

  test("is resent by its address again after 10 minutes, when earlier names are forgotten", async () => {
    const { server, ids } = await resentTwice();
    clock.turn(9 * 60_000);
    const early = await server.call(RESEND, { invitations: [EMAIL] });
    expect(outcomes(early.facts)).toEqual(["already_resent"]);
    clock.turn(61_000);
    const old = await server.call(RESEND, { invitations: [ids[0]] });
    expect(old.text).toMatch(/^not_found: /);
    const { facts } = await server.call(RESEND, { invitations: [EMAIL] });
    expect(outcomes(facts)).toEqual(["resent"]);
  });

  test.each(["its address", "its earlier beginning", "its own beginning"])(
    "with a mail that is known to have failed is resent by %s",
    async (by) => {
      const old = trieve.add(EMAIL);
      const server = await connect();
      trieve.store.refuseMail = true;
      const first = await server.call(RESEND, { invitations: [EMAIL] });
      expect(first.text).toMatch(/^mail_unconfirmed: /);
      trieve.store.refuseMail = false;
      const names: Record<string, string> = {
        "its address": EMAIL,
        "its earlier beginning": short(old),
      };
      const invitations = [names[by] ?? short(newest())];
      const { facts } = await server.call(RESEND, { invitations });
      expect(outcomes(facts)).toEqual(["resent"]);
      expect(trieve.store.mails).toHaveLength(1);
      const third = await server.call(RESEND, { invitations: [EMAIL] });
      expect(outcomes(third.facts)).toEqual(["already_resent"]);
    },
  );

  test("is resent by its address as another role, and not again as that one", async () => {
    const { server, ids } = await resentTwice();
    const calls = [
      [{ invitations: [EMAIL], role: "user" }, "already_resent"],
      [{ invitations: [EMAIL], role: "admin" }, "resent"],
      [{ invitations: [EMAIL], role: "admin" }, "already_resent"],
      [{ invitations: [EMAIL] }, "already_resent"],
      [{ invitations: [ids[0]], role: "user" }, "resent"],
    ] as const;
    for (const [args, outcome] of calls) {
      const { facts } = await server.call(RESEND, args);
      expect(outcomes(facts)).toEqual([outcome]);
    }
    expect(trieve.store.mails).toHaveLength(4);
    expect(newest()?.role).toBe(0);
  });

  test("with a mail in doubt is not mailed again by its address", async () => {
    trieve.add(EMAIL);
    const server = await connect();
    trieve.proxy.next("POST", { reset: true, forward: true });
    const first = await server.call(RESEND, { invitations: [EMAIL] });
    expect(first.text).toMatch(/^mail_unconfirmed: /);
    const { facts } = await server.call(RESEND, { invitations: [EMAIL] });
    expect(outcomes(facts)).toEqual(["already_resent"]);
    expect(trieve.store.mails).toHaveLength(1);
  });
});

describe("what this process deleted", () => {
  test("is already gone by each of its names, and another at its address is not", async () => {
    const { id } = trieve.add(EMAIL);
    const server = await connect();
    await server.call(DELETE, { invitations: [id] });
    for (const name of [EMAIL, short({ id }), id]) {
      const { facts } = await server.call(DELETE, { invitations: [name] });
      expect(facts.outcome).toBe("nothing_to_do");
      expect(facts.results).toEqual([{ id: short({ id }), email: EMAIL, outcome: "already_gone" }]);
    }
    const next = trieve.add(EMAIL);
    const { facts } = await server.call(DELETE, { invitations: [EMAIL] });
    expect(facts.results).toMatchObject([{ id: short(next), outcome: "deleted" }]);
    expect(server.questions).toHaveLength(2);
  });

  test("is not found once 10 minutes have passed", async () => {
    const { id } = trieve.add(EMAIL);
    const server = await connect();
    await server.call(DELETE, { invitations: [id] });
    clock.turn(10 * 60_000 + 1_000);
    const { text } = await server.call(DELETE, { invitations: [short({ id })] });
    expect(text).toMatch(/^not_found: /);
  });
});

describe("between the question and the yes another invitation takes the address", () => {
  /** Says yes after an administrator elsewhere deleted the invitation and invited the address anew. */
  const replacing: Person = (question) => {
    trieve.store.rows.splice(0);
    trieve.add(EMAIL, { role: 1 });
    return says.yes(question);
  };

  test("a delete leaves it alone", async () => {
    trieve.add(EMAIL);
    const server = await connect(replacing);
    const { facts } = await server.call(DELETE, { invitations: [EMAIL] });
    expect(facts).toMatchObject({ outcome: "nothing_to_do", counts: { already_gone: 1 } });
    expect(trieve.store.rows).toHaveLength(1);
    expect(writes()).toEqual([]);
  });

  test.each<[string, Person]>([
    ["in its place", replacing],
    [
      "beside it",
      (question) => {
        trieve.add(EMAIL);
        return says.yes(question);
      },
    ],
  ])("a resend is told as changed, %s", async (_, person) => {
    trieve.add(EMAIL);
    const server = await connect(person);
    const { text } = await server.call(RESEND, { invitations: [EMAIL] });
    expect(text).toMatch(/^changed: /);
    expect(writes()).toEqual([]);
  });
});

describe("other names of the argument", () => {
  test.each<[string, (id: string) => unknown]>([
    ["invitation", (id) => id],
    ["invitation_id", (id) => id],
    ["invitation_ids", (id) => [id]],
    ["id", (id) => id.slice(0, 8)],
    ["ids", (id) => id],
    ["email", () => EMAIL],
    ["emails", () => [EMAIL]],
    ["emails", () => `Bob <${EMAIL}>`],
    ["invitation", () => EMAIL],
  ])("%s is read as meant", async (name, write) => {
    const { id } = trieve.add(EMAIL);
    const { facts } = await (await connect()).call(DELETE, { [name]: write(id) });
    expect(outcomes(facts)).toEqual(["deleted"]);
  });

  test.each(["12345678", "1234e567"])("a beginning that is a number, %s, is text", async (id) => {
    trieve.add(EMAIL, { id: `${id}-0000-4000-8000-000000000001` });
    const { facts } = await (await connect()).call(DELETE, { id });
    expect(outcomes(facts)).toEqual(["deleted"]);
  });

  test.each<[string, (id: string) => object]>([
    ["part of an address as email", () => ({ email: "bob" })],
    ["a domain as emails", () => ({ emails: ["@example.com"] })],
    ["an id as email", (id) => ({ email: id })],
    ["one that is whole and one that is not", (id) => ({ emails: [EMAIL, id] })],
    ["two names at once", (id) => ({ invitations: [id], email: EMAIL })],
    ["two other names at once", (id) => ({ id, invitation_id: id })],
    ["a condition it does not know", (id) => ({ invitations: [id], status: "pending" })],
    ["no name at all", () => ({})],
  ])("%s is refused before any request", async (_, argsOf) => {
    const { id } = trieve.add(EMAIL);
    for (const tool of [DELETE, RESEND]) {
      const { isError, text } = await (await connect()).call(tool, argsOf(id));
      expect(isError).toBe(true);
      expect(text).toMatch(/^invalid_input: /);
    }
    expect(trieve.proxy.seen).toEqual([]);
  });
});

test("the built program resends by an address, and says so to whoever repeats the call", async () => {
  trieve.add(EMAIL);
  const server = await connectBin({ environment: trieve.environment, person: says.yes });
  const args = { invitations: [`Bob <${EMAIL}>`] };
  const first = await server.call(RESEND, args);
  expect(outcomes(first.facts)).toEqual(["resent"]);
  const second = await server.call(RESEND, args);
  expect(second.facts.results).toMatchObject([{ id: short(newest()), outcome: "already_resent" }]);
  expect(trieve.store.mails).toHaveLength(1);
  await server.close();
});

test("the built program names each invitation that fits", async () => {
  for (const [at, id] of ALIKE.entries()) trieve.add(`p${at}@example.com`, { id });
  const server = await connectBin({ environment: trieve.environment, person: says.yes });
  const { text } = await server.call(DELETE, { invitations: ["aaaaaaaa"] });
  expect(text).toMatch(/^ambiguous: .*aaaaaaaa-1111-411 .*aaaaaaaa-1111-412 .*aaaaaaaa-2 /);
  expect(server.questions).toEqual([]);
  await server.close();
});
