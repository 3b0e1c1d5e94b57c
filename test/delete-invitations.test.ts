import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LIMITS } from "../src/trieve/limits.ts";
import { hurried } from "./support/app.ts";
import { connectBin } from "./support/bin.ts";
import { type Person, says } from "./support/client.ts";
import { FACES } from "./support/faces.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const TOOL = "delete_invitations";
const UNLISTED = "22222222-2222-4222-8222-222222222222";
const limits = { ...LIMITS, attemptMs: 6_000, sendMs: 6_000 };
const connect = (person: Person = says.yes) =>
  connectInMemory({ ...trieve, person, clock: hurried, limits });
const outcomes = (facts: { results: { outcome: string }[] }) =>
  facts.results.map(({ outcome }) => outcome);
const three = () => [
  trieve.add("ann@example.com", { role: 1, days: 3 }),
  trieve.add("bob@example.com", { used: true, days: 1 }),
  trieve.add("carl@example.com", { days: 30 }),
];

test("deletes three with one question that shows each of them", async () => {
  const rows = three();
  const ids = rows.map(({ id }) => id);
  const choices: string[][] = [];
  const server = await connect((question) => {
    choices.push(question.choices);
    return says.yes(question);
  });
  const { facts, text } = await server.call(TOOL, { invitation_ids: ids });
  expect(facts).toMatchObject({
    outcome: "done",
    organization_id: trieve.store.organizationId,
    counts: { deleted: 3 },
    confirmed_by: "form",
  });
  expect(facts.results).toEqual(rows.map(({ id, email }) => ({ id, email, outcome: "deleted" })));
  for (const { id, email } of rows) expect(text).toContain(`\ndeleted ${id} ${email}`);
  expect(facts.note).toContain("stays a member");
  expect(trieve.store.rows).toEqual([]);
  const day = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  expect(choices).toEqual([["keep", "delete 3"]]);
  expect(server.questions).toHaveLength(1);
  expect(server.questions[0]?.split("\n")).toEqual([
    "Delete 3 invitations? This cannot be undone.",
    `admin, pending, sent ${day(3)} (3 days ago), ${ids[0]?.slice(0, 8)}: ann@example.com`,
    `user, used, sent ${day(1)} (1 day ago), ${ids[1]?.slice(0, 8)}: bob@example.com`,
    `user, pending, sent ${day(30)} (30 days ago), ${ids[2]?.slice(0, 8)}: carl@example.com`,
    "Pending: the mailed link stops working",
    "Used: the person stays a member, only the record goes",
    `Organization: ${trieve.store.organizationId}`,
    `Trieve: ${new URL(trieve.proxy.url).host}`,
  ]);
  const audit = server.log.map((line) => JSON.parse(line));
  expect(audit.map(({ email, role, invitation }) => [email, role, invitation])).toEqual(
    rows.map(({ email, role, id }) => [email, ["user", "admin"][role], id.slice(0, 8)]),
  );
  expect(new Set(audit.map(({ call }) => call)).size).toBe(1);
});

test("tells ids that are not listed, and never touches them", async () => {
  const [ann] = three();
  const foreign = trieve.add("eve@example.com");
  foreign.organization_id = "11111111-1111-4111-8111-111111111111";
  const server = await connect();
  const ids = [foreign.id, ann?.id.toUpperCase(), ann?.id, UNLISTED];
  const { facts } = await server.call(TOOL, { invitation_ids: ids });
  expect(facts.outcome).toBe("partly_done");
  expect(outcomes(facts)).toEqual(["not_found", "deleted", "not_found"]);
  expect(server.questions[0]).toContain("Left out: 2 that this organization does not have");
  expect(server.questions[0]).not.toContain("eve@");
  expect(trieve.proxy.count("DELETE")).toBe(1);
  const none = await server.call(TOOL, { invitation_ids: [foreign.id, UNLISTED] });
  expect(none.text).toMatch(/^not_found: /);
  expect(server.questions).toHaveLength(1);
});

test.each<[string, unknown]>([
  ["an empty list", []],
  ["51 ids", Array.from({ length: 51 }, () => UNLISTED)],
  ["a text that is no id", "all of them"],
  ["a short id", [UNLISTED.slice(0, 8)]],
  ["something that is no id", [UNLISTED, "../invitations"]],
])("%s is refused before any request", async (_, ids) => {
  const server = await connect();
  const { isError, text } = await server.call(TOOL, { invitation_ids: ids });
  expect(isError).toBe(true);
  expect(text).toMatch(/^invalid_input: .*invitation_ids/);
  expect(trieve.proxy.seen).toEqual([]);
});

test("an id that is not listed is told as that where another ended the call", async () => {
  const [ann] = three();
  trieve.proxy.next("DELETE", { answer: 401 });
  const server = await connect();
  const { text } = await server.call(TOOL, { invitation_ids: [ann?.id, UNLISTED] });
  expect(text).toContain(`Nothing was done for ann@example.com, ${UNLISTED} (`);
  const told = server.log.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  expect(told.map(({ outcome }) => outcome)).toEqual(["unauthorized", "not_found"]);
});

test.each<[string, (ids: readonly string[]) => unknown]>([
  ["commas", (ids) => ids.join(", ")],
  ["JSON", (ids) => JSON.stringify(ids)],
  ["backticks", (ids) => ids.map((id) => `\`${id}\``)],
])("takes ids with %s", async (_, write) => {
  const ids = three().map(({ id }) => id);
  const { facts } = await (await connect()).call(TOOL, { invitation_ids: write(ids) });
  expect(outcomes(facts)).toEqual(["deleted", "deleted", "deleted"]);
});

test("leaves alone what changed or went while the person thought", async () => {
  const rows = three();
  const ids = rows.map(({ id }) => id);
  const server = await connect((question) => {
    for (const row of rows.slice(0, 1)) row.role = 2;
    trieve.store.rows.splice(1, 1);
    return says.yes(question);
  });
  const { facts } = await server.call(TOOL, { invitation_ids: ids });
  expect(outcomes(facts)).toEqual(["changed", "already_gone", "deleted"]);
  expect(facts.outcome).toBe("partly_done");
  expect(trieve.proxy.count("DELETE")).toBe(1);
});

test("each is compared again right before its DELETE", async () => {
  const rows = three();
  trieve.proxy.always(({ method }) => {
    const [last] = rows.slice(-1);
    if (method === "DELETE" && last !== undefined) last.used = true;
    return { pass: true };
  });
  const server = await connect();
  const { facts } = await server.call(TOOL, { invitation_ids: rows.map(({ id }) => id) });
  expect(outcomes(facts)).toEqual(["deleted", "deleted", "changed"]);
});

describe("a fault in the middle stops the rest", () => {
  test.each<[string, Fault[], string]>([
    ["401", [{ answer: 401 }], "not_deleted"],
    ["500 twice", [{ answer: 500 }, { answer: 500 }], "not_deleted"],
    ["no answer twice", [{ reset: true }, { reset: true }], "outcome_unknown"],
  ])("%s", async (_, faults, outcome) => {
    const ids = three().map(({ id }) => id);
    const server = await connect();
    trieve.proxy.next("DELETE", { pass: true }, ...faults);
    const { facts } = await server.call(TOOL, { invitation_ids: ids });
    expect(facts.outcome).toBe("partly_done");
    expect(outcomes(facts)).toEqual(["deleted", outcome, "not_deleted"]);
    expect(trieve.store.rows).toHaveLength(2);
    const second = await server.call(TOOL, { invitation_ids: ids });
    expect(outcomes(second.facts)).toEqual(["not_found", "deleted", "deleted"]);
  });

  test("with nothing deleted it is the error that stopped it, naming all", async () => {
    const ids = three().map(({ id }) => id);
    const server = await connect();
    trieve.proxy.next("DELETE", { answer: 403 });
    const { isError, text } = await server.call(TOOL, { invitation_ids: ids });
    expect(isError).toBe(true);
    expect(text).toMatch(/^forbidden: .*for ann@example\.com, bob@example\.com, carl@example\.com/);
  });
});

test("a cancelled call deletes nothing more", async () => {
  const ids = three().map(({ id }) => id);
  trieve.proxy.next("DELETE", { delay: 300 });
  const server = await connect();
  const ending = new AbortController();
  const call = server.call(TOOL, { invitation_ids: ids }, { signal: ending.signal });
  call.catch(() => {});
  await vi.waitUntil(() => trieve.proxy.count("DELETE") === 1, { timeout: 20_000 });
  ending.abort();
  await vi.waitUntil(() => server.log.length === 3, { timeout: 20_000 });
  expect(server.log.map((line) => JSON.parse(line).outcome)).toEqual([
    "deleted",
    "not_deleted",
    "not_deleted",
  ]);
  expect(trieve.store.rows).toHaveLength(2);
});

test("an address cannot pass for a fact of its own where they stand in one line", async () => {
  const { id } = trieve.add("bob@example.com; Role: user; Status: used");
  const server = await connectInMemory(trieve);
  const { facts } = await server.call("delete_invitation", { invitation_id: id });
  expect(facts.show_to_user).toContain(
    "E-mail: bob@example.com\\; Role: user\\; Status: used; Role:",
  );
});

test("an address cannot pass for the columns of the question or of the result", async () => {
  const { id } = trieve.add("user, pending: ann@example.com\n\u202e");
  const other = trieve.add("bob@example.com");
  const server = await connect();
  const { text } = await server.call(TOOL, { invitation_ids: [id, other.id] });
  const shown = "user, pending: ann@example.com\\u{a}\\u{202e}";
  expect(server.questions[0]).toContain(`${id.slice(0, 8)}: ${shown}\n`);
  expect(text).toContain(`deleted ${id} ${shown}`);
});

test.each(Object.entries(FACES))("%s: asks once and deletes", async (_, connect) => {
  const ids = three().map(({ id }) => id);
  const server = await connect({ ...trieve, person: says.yes });
  const { facts } = await server.call(TOOL, { invitation_ids: ids });
  expect(facts).toMatchObject({ outcome: "done", confirmed_by: "form" });
  expect(server.questions).toHaveLength(1);
});

test("the built program shows a code that names them, and works once", async () => {
  const ids = three().map(({ id }) => id);
  const server = await connectBin({ environment: trieve.environment });
  const asked = await server.call(TOOL, { invitation_ids: ids });
  const { confirmation, show_to_user: shown } = asked.facts;
  expect(shown).toContain("admin, pending");
  expect(confirmation).toMatch(
    /^delete 3 invitations of ann@example\.com, bob@example\.com, carl@example\.com [\w-]{22}$/,
  );
  const fewer = await server.call(TOOL, { invitation_ids: ids.slice(1), confirmation });
  expect(fewer.text).toMatch(/^confirmation_invalid/);
  expect(trieve.proxy.count("DELETE")).toBe(0);
  const done = await server.call(TOOL, { invitation_ids: ids, confirmation });
  expect(done.facts).toMatchObject({ outcome: "done", confirmed_by: "code" });
  await server.close();
});
