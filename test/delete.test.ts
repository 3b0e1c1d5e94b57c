import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LIMITS } from "../src/trieve/limits.ts";
import { fastClock } from "./support/app.ts";
import { endLines } from "./support/audit.ts";
import { connectBin } from "./support/bin.ts";
import { type Person, says } from "./support/client.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { connectInMemory } from "./support/memory.ts";
import { PROTOCOLS } from "./support/protocols.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const TOOL = "delete_invitation";
const UNLISTED = "22222222-2222-4222-8222-222222222222";
const ELSEWHERE = "11111111-1111-4111-8111-111111111111";
const limits = { ...LIMITS, attemptMs: 6_000, sendMs: 6_000 };
const connect = (person: Person = says.yes) =>
  connectInMemory({ ...trieve, person, clock: fastClock, limits });
const outcomes = (facts: { results: { outcome: string }[] }) =>
  facts.results.map(({ outcome }) => outcome);
const auditOf = ({ log }: { log: string[] }) => endLines(log);
const day = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const three = () => [
  trieve.add("ann@example.com", { role: 1, days: 3 }),
  trieve.add("bob@example.com", { used: true, days: 1 }),
  trieve.add("carl@example.com", { days: 30 }),
];
const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id.slice(0, 8));

test("asks, re-reads, deletes: three requests", async () => {
  const { id } = trieve.add("bob@example.com", { role: 1, days: 23 });
  const server = await connectInMemory({ ...trieve, person: says.yes });
  const { facts, text } = await server.call(TOOL, { invitations: [id.slice(0, 8)] });
  expect(facts).toEqual({
    outcome: "done",
    confirmed_by: "form",
    organization: trieve.store.organizationId,
    counts: { deleted: 1 },
    results: [{ id: id.slice(0, 8), email: "bob@example.com", outcome: "deleted" }],
    note: "",
  });
  expect(text).toContain(`\ndeleted ${id.slice(0, 8)} bob@example.com`);
  expect(trieve.store.rows).toEqual([]);
  expect(trieve.proxy.seen.map(({ method }) => method)).toEqual(["GET", "GET", "DELETE"]);
  expect(trieve.proxy.seen[2]?.path).toContain(id);
  expect(server.questions[0]?.split("\n")).toEqual([
    "Delete this invitation? This cannot be undone.",
    "E-mail: bob@example.com",
    "Role: admin (can invite and remove people)",
    "Status: pending - the mailed link stops working",
    `Created: ${day(23)} (23 days ago)`,
    `Invitation: ${id.slice(0, 8)}`,
    `Organization: ${trieve.store.organizationId}`,
    `Trieve: ${new URL(trieve.proxy.url).host}`,
  ]);
});

test("deletes three with one question that shows each of them", async () => {
  const rows = three();
  const ids = idsOf(rows);
  const choices: string[][] = [];
  const server = await connect((question) => {
    choices.push(question.choices);
    return says.yes(question);
  });
  const { facts, text } = await server.call(TOOL, { invitations: ids });
  expect(facts).toMatchObject({
    outcome: "done",
    organization: trieve.store.organizationId,
    counts: { deleted: 3 },
    confirmed_by: "form",
  });
  const results = rows.map(({ email }, at) => ({ id: ids[at], email, outcome: "deleted" }));
  expect(facts.results).toEqual(results);
  for (const { id, email } of results) expect(text).toContain(`\ndeleted ${id} ${email}`);
  expect(trieve.store.rows).toEqual([]);
  expect(choices).toEqual([["keep", "delete 3"]]);
  expect(server.questions).toHaveLength(1);
  expect(server.questions[0]?.split("\n")).toEqual([
    "Delete 3 invitations? This cannot be undone.",
    `admin, pending, ${day(3)} (3 days ago), ${ids[0]}: ann@example.com`,
    `user, used, ${day(1)} (1 day ago), ${ids[1]}: bob@example.com`,
    `user, pending, ${day(30)} (30 days ago), ${ids[2]}: carl@example.com`,
    "Role: admin (can invite and remove people)",
    "Role: user (an ordinary member)",
    "Status: pending - the mailed link stops working",
    "Status: used - the person stays a member; the record is the only trace of the invitation",
    `Organization: ${trieve.store.organizationId}`,
    `Trieve: ${new URL(trieve.proxy.url).host}`,
  ]);
  const audit = auditOf(server);
  expect(audit.map(({ email, role, invitation }) => [email, role, invitation])).toEqual(
    rows.map(({ email, role }, at) => [email, ["user", "admin"][role], ids[at]]),
  );
  expect(new Set(audit.map(({ call }) => call)).size).toBe(1);
});

test("no whole id stands in a question, an answer or the log", async () => {
  const rows = three();
  const server = await connect();
  const invitations = [...rows.map(({ id }) => id), UNLISTED];
  const { facts, text } = await server.call(TOOL, { invitations });
  expect(outcomes(facts)).toEqual(["deleted", "deleted", "deleted", "not_found"]);
  const seen = [text, JSON.stringify(facts), ...server.questions, ...server.log].join("\n");
  for (const id of invitations) {
    expect(seen).toContain(id.slice(0, 8));
    expect(seen).not.toContain(id.slice(0, 9));
  }
});

test("tells a client that cannot ask all that a person would be told", async () => {
  const { id } = trieve.add("bob@example.com", { role: 1, days: 1 });
  const server = await connectInMemory(trieve);
  const host = new URL(trieve.proxy.url).host;
  const where = [`Organization: ${trieve.store.organizationId}`, `Trieve: ${host}`];
  const asked = await server.call(TOOL, { invitations: [id] });
  expect(asked.facts.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(asked.text).toBe(
    [
      `confirmation_required: ${asked.facts.note}`,
      `organization: ${trieve.store.organizationId}`,
      `show_to_user: ${asked.facts.show_to_user}`,
      `next: ${asked.facts.next}`,
      `confirmation: ${asked.facts.confirmation}`,
      `expires_at: ${asked.facts.expires_at}`,
    ].join("\n"),
  );
  expect(asked.facts.next).toMatch(/^Show that to the user .* Then repeat/);
  expect(asked.facts.show_to_user.split("\n")).toEqual([
    "Delete this invitation? This cannot be undone.",
    "E-mail: bob@example.com",
    "Role: admin (can invite and remove people)",
    "Status: pending - the mailed link stops working",
    `Created: ${day(1)} (1 day ago)`,
    `Invitation: ${id.slice(0, 8)}`,
    ...where,
  ]);
  const send = await server.call("send_invitation", { emails: "ann@example.com", role: "admin" });
  expect(send.facts.show_to_user.split("\n")).toEqual([
    "Send this invitation?",
    "E-mail: ann@example.com",
    "Role: admin (can invite and remove people)",
    "A person who has a Trieve account joins at once, which cannot be undone here.",
    ...where,
  ]);
});

test("says of a used one that the person stays a member, before and after", async () => {
  const { id } = trieve.add("bob@example.com", { used: true });
  const server = await connectInMemory({ ...trieve, person: says.yes });
  const { facts, text } = await server.call(TOOL, { invitations: [id] });
  for (const said of [facts.note, text, server.questions[0]]) {
    expect(said).toMatch(/stays a member.*the only trace/);
  }
});

test("only what the organization's own list holds gets as far as a question", async () => {
  const foreign = trieve.add("eve@example.com");
  foreign.organization_id = ELSEWHERE;
  const server = await connect();
  const unlisted = [foreign.id, foreign.id.slice(0, 8), "eve@example.com", UNLISTED];
  for (const name of unlisted) {
    const { isError, text } = await server.call(TOOL, { invitations: [name] });
    expect(isError).toBe(true);
    expect(text).toMatch(/^not_found: /);
  }
  expect((await server.call(TOOL, { invitations: unlisted })).text).toMatch(/^not_found: /);
  expect(server.questions).toEqual([]);
  expect(trieve.proxy.count("DELETE")).toBe(0);
});

test("tells what is not listed beside what is deleted, and never touches it", async () => {
  const [ann] = three();
  const foreign = trieve.add("eve@example.com");
  foreign.organization_id = ELSEWHERE;
  const server = await connect();
  const invitations = [foreign.id, ann?.id.toUpperCase(), ann?.id, UNLISTED];
  const { facts } = await server.call(TOOL, { invitations });
  expect(facts.outcome).toBe("partly_done");
  expect(outcomes(facts)).toEqual(["not_found", "deleted", "not_found"]);
  expect(facts.note).toMatch(/not_found: .*list_invitations/);
  expect(server.questions[0]).toContain(`Left out: ${foreign.id.slice(0, 8)} (not found)`);
  expect(server.questions[0]).toContain("Left out: 22222222 (not found)");
  expect(server.questions[0]).not.toContain("eve@");
  expect(trieve.proxy.count("DELETE")).toBe(1);
});

test.each<[string, unknown]>([
  ["an empty list", []],
  ["51 of them", Array.from({ length: 51 }, () => UNLISTED)],
  ["a text that is no name", "all of them"],
  ["a beginning of 7 characters", [UNLISTED.slice(0, 7)]],
  ["more than an id", [`${UNLISTED}0`]],
  ["a path", [UNLISTED, "../invitations"]],
  ["a star", ["*"]],
])("%s is refused before any request", async (_, invitations) => {
  const server = await connect();
  const { isError, text } = await server.call(TOOL, { invitations });
  expect(isError).toBe(true);
  expect(text).toMatch(/^invalid_input: .*invitations/);
  expect(trieve.proxy.seen).toEqual([]);
});

test.each<[string, (ids: readonly string[]) => unknown]>([
  ["commas", (ids) => ids.join(", ")],
  ["JSON", (ids) => JSON.stringify(ids)],
  ["backticks", (ids) => ids.map((id) => `\`${id}\``)],
  ["capitals", (ids) => ids.map((id) => id.toUpperCase())],
])("takes ids with %s", async (_, write) => {
  const ids = three().map(({ id }) => id);
  const { facts } = await (await connect()).call(TOOL, { invitations: write(ids) });
  expect(outcomes(facts)).toEqual(["deleted", "deleted", "deleted"]);
});

test("leaves alone what changed or went while the person thought", async () => {
  const rows = three();
  const server = await connect((question) => {
    for (const row of rows.slice(0, 1)) row.role = 2;
    trieve.store.rows.splice(1, 1);
    return says.yes(question);
  });
  const { facts } = await server.call(TOOL, { invitations: idsOf(rows) });
  expect(outcomes(facts)).toEqual(["changed", "already_gone", "deleted"]);
  expect(facts.outcome).toBe("partly_done");
  expect(facts.note).toContain("this call did not delete it");
  expect(trieve.proxy.count("DELETE")).toBe(1);
});

test.each<[string, () => void, RegExp | string]>([
  ["went", () => trieve.store.rows.splice(0), "nothing_to_do"],
  ["changed", () => Object.assign(trieve.store.rows[0] ?? {}, { used: true }), /^changed: /],
])("one that %s while the person thought is not deleted", async (_, happens, expected) => {
  const { id } = trieve.add("bob@example.com");
  const server = await connect((question) => {
    happens();
    return says.yes(question);
  });
  const { facts, text } = await server.call(TOOL, { invitations: [id] });
  if (typeof expected === "string") expect(facts.outcome).toBe(expected);
  else expect(text).toMatch(expected);
  expect(trieve.proxy.count("DELETE")).toBe(0);
});

test("each is compared again right before its DELETE", async () => {
  const rows = three();
  trieve.proxy.always(({ method }) => {
    const [last] = rows.slice(-1);
    if (method === "DELETE" && last !== undefined) last.used = true;
    return { pass: true };
  });
  const { facts } = await (await connect()).call(TOOL, { invitations: idsOf(rows) });
  expect(outcomes(facts)).toEqual(["deleted", "deleted", "changed"]);
});

describe("a fault in the middle stops the rest", () => {
  test.each<[string, Fault[], string]>([
    ["401", [{ answer: 401 }], "not_deleted"],
    ["500 twice", [{ answer: 500 }, { answer: 500 }], "outcome_unknown"],
    ["no answer twice", [{ reset: true }, { reset: true }], "outcome_unknown"],
  ])("%s", async (_, faults, outcome) => {
    const ids = idsOf(three());
    const server = await connect();
    trieve.proxy.next("DELETE", { pass: true }, ...faults);
    const { facts } = await server.call(TOOL, { invitations: ids });
    expect(facts.outcome).toBe("partly_done");
    expect(outcomes(facts)).toEqual(["deleted", outcome, "not_deleted"]);
    expect(facts.note).toContain("the same call again does them");
    expect(trieve.store.rows).toHaveLength(2);
    const second = await server.call(TOOL, { invitations: ids });
    expect(second.facts.outcome).toBe("done");
    expect(outcomes(second.facts)).toEqual(["already_gone", "deleted", "deleted"]);
  });

  test("with nothing deleted it is the error that stopped it, naming all", async () => {
    const [ann, bob, carl] = idsOf(three());
    const server = await connect();
    trieve.proxy.next("DELETE", { answer: 403 });
    const { isError, text } = await server.call(TOOL, {
      invitations: [ann, UNLISTED, bob, carl],
    });
    expect(isError).toBe(true);
    expect(text.split("\n")).toEqual([
      expect.stringMatching(/^forbidden: /),
      `not_deleted ${ann} (forbidden) ann@example.com`,
      expect.stringMatching(/^not_found 22222222 /),
      `not_deleted ${bob} (forbidden) bob@example.com`,
      `not_deleted ${carl} (forbidden) carl@example.com`,
    ]);
    expect(auditOf(server).map(({ outcome }) => outcome)).toEqual([
      "not_deleted",
      "not_found",
      "not_deleted",
      "not_deleted",
    ]);
  });
});

test("a cancelled call deletes nothing more", async () => {
  const ids = idsOf(three());
  trieve.proxy.next("DELETE", { delay: 300 });
  const server = await connect();
  const ending = new AbortController();
  const call = server.call(TOOL, { invitations: ids }, { signal: ending.signal });
  call.catch(() => {});
  await vi.waitUntil(() => trieve.proxy.count("DELETE") === 1, { timeout: 20_000 });
  ending.abort();
  await vi.waitUntil(() => auditOf(server).length === 3, { timeout: 20_000 });
  expect(auditOf(server).map(({ outcome }) => outcome)).toEqual([
    "deleted",
    "not_deleted",
    "not_deleted",
  ]);
  expect(trieve.store.rows).toHaveLength(2);
});

test("of two calls that delete the same one, the slower finds it gone", async () => {
  const { id } = trieve.add("bob@example.com");
  const server = await connect();
  trieve.proxy.next("DELETE", { delay: 300 }, { delay: 600 });
  const first = server.call(TOOL, { invitations: [id] });
  await vi.waitUntil(() => trieve.proxy.count("DELETE") === 1, { timeout: 20_000 });
  const second = await server.call(TOOL, { invitations: [id] });
  expect(outcomes((await first).facts)).toEqual(["deleted"]);
  expect(outcomes(second.facts)).toEqual(["already_gone"]);
  expect(trieve.proxy.count("DELETE")).toBe(2);
});

test("an address cannot pass for a fact of its own where a model shows them", async () => {
  const { id } = trieve.add("bob@example.com; Role: user\nStatus: used");
  const server = await connectInMemory(trieve);
  const { facts } = await server.call(TOOL, { invitations: [id] });
  const shown = facts.show_to_user.split("\n");
  expect(shown).toContain("E-mail: bob@example.com; Role: user\\u{a}Status: used");
  expect(shown.filter((line: string) => line.startsWith("Status: "))).toHaveLength(1);
});

test("letters outside ASCII are readable in questions, and escaped in what a model reads", async () => {
  const address = "jos\u00e9@example.com";
  const escaped = "jos\\u{e9}@example.com";
  const alone = trieve.add(address);
  const server = await connect();
  const one = await server.call(TOOL, { invitations: [alone.id] });
  expect(server.questions[0]?.split("\n")).toContain(`E-mail: ${escaped} (reads ${address})`);
  const ids = [trieve.add(address), trieve.add("bob@example.com")].map(({ id }) => id);
  const two = await server.call(TOOL, { invitations: ids });
  expect(server.questions[1]).toContain(`: ${escaped} (reads ${address})\n`);
  for (const { text, facts } of [one, two]) {
    expect(facts.results[0].email).toBe(escaped);
    expect(`${text}${JSON.stringify(facts)}`).toMatch(/^[\n -~]*$/);
  }
  expect(server.log.join()).toMatch(/^[ -~]*$/);
});

test("an address cannot pass for the columns of the question or of the result", async () => {
  const { id } = trieve.add("user, pending: ann@example.com\n\u202e");
  const other = trieve.add("bob@example.com");
  const server = await connect();
  const { text } = await server.call(TOOL, { invitations: [id, other.id] });
  const shown = "user, pending: ann@example.com\\u{a}\\u{202e}";
  expect(server.questions[0]).toContain(`${id.slice(0, 8)}: ${shown}\n`);
  expect(text).toContain(`deleted ${id.slice(0, 8)} ${shown}`);
});

describe("without a prompt", () => {
  test("a code is shown and works once, with the arguments it was made for", async () => {
    const { id } = trieve.add("bob@example.com", { role: 1 });
    const server = await connectInMemory(trieve);
    const first = await server.call(TOOL, { invitations: [id] });
    expect(first.facts.outcome).toBe("confirmation_required");
    const { confirmation } = first.facts;
    expect(confirmation).toMatch(
      /^delete invitation of bob@example\.com \(admin\) [A-Za-z0-9_-]{22}$/,
    );
    expect(first.text).toContain(confirmation);
    expect(trieve.proxy.count("DELETE")).toBe(0);

    const second = await server.call(TOOL, { invitations: [id], confirmation });
    expect(second.facts).toMatchObject({ outcome: "done", confirmed_by: "code" });
    const third = await server.call(TOOL, { invitations: [id], confirmation });
    expect(third.text).toMatch(
      /^confirmation_invalid: The confirmation is unknown, used, replaced/,
    );
    expect(trieve.proxy.count("DELETE")).toBe(1);
  });

  test("TRIEVE_CONFIRM=form refuses and says why", async () => {
    const { id } = trieve.add("bob@example.com");
    const environment = { ...trieve.environment, TRIEVE_CONFIRM: "form" };
    const server = await connectInMemory({ environment });
    const args = { invitations: [id], confirmation: "please" };
    const { isError, text } = await server.call(TOOL, args);
    expect(isError).toBe(true);
    expect(text).toMatch(/^confirmation_unavailable: .*form elicitation.*TRIEVE_CONFIRM=form/);
    expect(trieve.proxy.count("DELETE")).toBe(0);
  });
});

test("every attempt leaves one audit line", async () => {
  const { id } = trieve.add("bob@example.com", { role: 1 });
  const server = await connectInMemory({ ...trieve, person: says.yes });
  await server.call(TOOL, { invitations: [id] });
  await server.call("send_invitation", { emails: ["no address"] });
  await server.call("list_invitations");
  expect(auditOf(server)).toEqual([
    {
      time: expect.stringMatching(/Z$/),
      tool: TOOL,
      organization_id: trieve.store.organizationId,
      email: "bob@example.com",
      role: "admin",
      invitation: id.slice(0, 8),
      outcome: "deleted",
      confirmed_by: "form",
      requests: 3,
      ms: expect.any(Number),
    },
    expect.objectContaining({
      tool: "send_invitation",
      email: "no address",
      outcome: "invalid_email",
    }),
  ]);
});

test.each(Object.entries(PROTOCOLS))("%s: asks once and deletes", async (_, connect) => {
  const ids = idsOf(three());
  const server = await connect({ ...trieve, person: says.yes });
  const { facts } = await server.call(TOOL, { invitations: ids });
  expect(facts).toMatchObject({ outcome: "done", confirmed_by: "form" });
  expect(server.questions).toHaveLength(1);
});

test("the built program shows a code that names them, and works once", async () => {
  const ids = idsOf(three());
  const server = await connectBin({ environment: trieve.environment });
  const asked = await server.call(TOOL, { invitations: ids });
  const { confirmation, show_to_user: shown } = asked.facts;
  expect(shown).toContain("admin, pending");
  expect(confirmation).toMatch(
    /^delete 3 invitations of ann@example\.com \(admin\), bob@example\.com \(user\), carl@example\.com \(user\) [\w-]{22}$/,
  );
  const fewer = await server.call(TOOL, { invitations: ids.slice(1), confirmation });
  expect(fewer.text).toMatch(/^confirmation_invalid/);
  expect(trieve.proxy.count("DELETE")).toBe(0);
  const done = await server.call(TOOL, { invitations: ids, confirmation });
  expect(done.facts).toMatchObject({ outcome: "done", confirmed_by: "code" });
  await server.close();
});
