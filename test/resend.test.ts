import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { addMember } from "../src/sandbox/store.ts";
import { LIMITS } from "../src/trieve/limits.ts";
import { fastClock, turnableClock } from "./support/app.ts";
import { endLines } from "./support/audit.ts";
import { connectBin, HELLO, startBin, toolCall } from "./support/bin.ts";
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

const TOOL = "resend_invitation";
const limits = { ...LIMITS, attemptMs: 6_000, sendMs: 6_000, slotMs: 4_000 };
const connect = (person: Person = says.yes) =>
  connectInMemory({ ...trieve, person, clock: fastClock, limits });
const outcomes = (facts: { results: { outcome: string }[] }) =>
  facts.results.map(({ outcome }) => outcome);
const writes = () =>
  trieve.proxy.seen.filter(({ method }) => method !== "GET").map(({ method }) => method);
const refusing = (message: string): Fault => ({ answer: 400, body: JSON.stringify({ message }) });
const three = () => [
  trieve.add("ann@example.com", { role: 1, days: 3 }),
  trieve.add("bob@example.com", { days: 20 }),
  trieve.add("carl@example.com", { days: 30 }),
];
const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id.slice(0, 8));

test("deletes and sends each, one after the other, under one question", async () => {
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
    counts: { resent: 3 },
    confirmed_by: "form",
  });
  const now = trieve.store.rows;
  expect(now.map(({ email, role }) => [email, role])).toEqual(
    rows.map(({ email, role }) => [email, role]),
  );
  expect(facts.results).toEqual(
    rows.map(({ email }, at) => ({
      id: ids[at],
      email,
      outcome: "resent",
      new_id: now[at]?.id.slice(0, 8),
    })),
  );
  expect(text).toContain(`\nresent ${ids[0]} new_id ${idsOf(now)[0]} ann@example.com`);
  expect(idsOf(now).filter((id) => ids.includes(id))).toEqual([]);
  expect(writes()).toEqual(["DELETE", "POST", "DELETE", "POST", "DELETE", "POST"]);
  expect(trieve.store.mails.map(({ to }) => to)).toEqual(rows.map(({ email }) => email));
  const day = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  expect(choices).toEqual([["keep", "resend 3"]]);
  expect(server.questions[0]?.split("\n")).toEqual([
    "Resend 3 invitations, 1 as admin? Resending deletes the old invitation and sends a new one: the old link stops working, and the age starts again.",
    `as admin (unchanged), ${day(3)} (3 days ago), ${ids[0]}: ann@example.com`,
    `as user (unchanged), ${day(20)} (20 days ago), ${ids[1]}: bob@example.com`,
    `as user (unchanged), ${day(30)} (30 days ago), ${ids[2]}: carl@example.com`,
    "Role: admin (can invite and remove people)",
    "Role: user (an ordinary member)",
    "A person who has a Trieve account joins at once, which cannot be undone here.",
    `Organization: ${trieve.store.organizationId}`,
    `Trieve: ${new URL(trieve.proxy.url).host}`,
  ]);
  const audit = endLines(server.log);
  expect(audit.map(({ email, outcome, invitation }) => [email, outcome, invitation])).toEqual(
    rows.map(({ email }, at) => [email, "resent", ids[at]]),
  );
  expect(new Set(audit.map(({ call }) => call)).size).toBe(1);
});

test("gives another role to all of them", async () => {
  const rows = three();
  const server = await connect();
  const { facts } = await server.call(TOOL, { invitations: idsOf(rows), role: "admin" });
  expect(facts.outcome).toBe("done");
  expect(trieve.store.rows.map(({ role }) => role)).toEqual([1, 1, 1]);
  expect(facts.role).toBe("admin");
  expect(server.questions[0]).toMatch(/^Resend 3 invitations, 3 as admin\?/);
  expect(server.questions[0]).toContain("invited as user, will be admin, 20");
  expect(server.questions[0]).toContain("as admin (unchanged), 20");
  expect(server.questions[0]).not.toContain("Role: user");
});

test("one is asked about as one, with the role before and after", async () => {
  const { id } = trieve.add("bob@example.com", { days: 20 });
  const server = await connect();
  const { facts } = await server.call(TOOL, { invitations: [id], role: "admin" });
  const [row] = trieve.store.rows;
  expect(facts).toMatchObject({
    outcome: "done",
    role: "admin",
    results: [{ id: id.slice(0, 8), outcome: "resent", new_id: row?.id.slice(0, 8) }],
  });
  expect(row).toMatchObject({ email: "bob@example.com", role: 1 });
  expect(trieve.proxy.seen.map(({ method }) => method)).toEqual([
    ...["GET", "GET", "DELETE", "POST", "GET"],
  ]);
  expect(server.questions[0]?.split("\n").slice(0, 5)).toEqual([
    "Resend this invitation? Resending deletes the old invitation and sends a new one: the old link stops working, and the age starts again.",
    "E-mail: bob@example.com",
    "Change: invited as user, will be admin",
    expect.stringMatching(/^Created: .* \(20 days ago\)$/),
    `Invitation: ${id.slice(0, 8)}`,
  ]);
});

describe("what cannot be resent", () => {
  /** Invitations that cannot be resent, each with the code that says why. */
  const bad = () => {
    const foreign = trieve.add("mallory@example.com");
    foreign.organization_id = "11111111-1111-4111-8111-111111111111";
    const scoped = trieve.add("scoped@example.com");
    scoped.scopes = [];
    trieve.add("twice@example.com", { used: true });
    return [
      [foreign, "not_found", /^This organization has no such/],
      [scoped, "not_supported", /^It carries scopes/],
      [trieve.add("owner@example.com", { role: 2 }), "role_not_allowed", /TRIEVE_MAX_ROLE/],
      [trieve.add("odd@example.com", { role: 7 }), "role_not_allowed", /TRIEVE_MAX_ROLE/],
      [trieve.add("eve@evil.example"), "domain_not_allowed", /only invite/],
      [trieve.add("twice@example.com"), "not_supported", /^The address has another/],
      [trieve.add("[x](y)@example.com"), "invalid_email", /./],
    ] as const;
  };
  const environment = () => ({
    ...trieve.environment,
    TRIEVE_ALLOWED_EMAIL_DOMAINS: "example.com",
  });

  test("is left out with its reason and its remedy, and the others go on", async () => {
    const rows = bad();
    const fine = [trieve.add("ann@example.com"), trieve.add("Twice@example.com")];
    const server = await connectInMemory({ environment: environment(), person: says.yes });
    const invitations = idsOf([...rows.map(([row]) => row), ...fine]);
    const { facts, text } = await server.call(TOOL, { invitations });
    expect(facts.outcome).toBe("partly_done");
    expect(outcomes(facts)).toEqual([...rows.map(([, code]) => code), "resent", "resent"]);
    for (const [at, [, code, why]] of rows.entries()) {
      expect(facts.results[at].reason).toMatch(why);
      expect(facts.note).toMatch(new RegExp(`${code}: [A-Z]`));
    }
    expect(text).not.toContain("mallory");
    expect(text).toContain("\\[x\\]\\(y\\)@example.com");
    const [question = ""] = server.questions;
    expect(question.match(/^Left out: .*$/gm)).toHaveLength(rows.length);
    expect(question).toContain("Left out: scoped@example.com (not supported)");
    expect(question).not.toContain("mallory");
    expect(writes()).toEqual(["DELETE", "POST", "DELETE", "POST"]);
  });

  test("with none left it is an error that names all, and nothing is asked or done", async () => {
    const rows = bad();
    const server = await connectInMemory({ environment: environment(), person: says.yes });
    const ids = idsOf(rows.map(([row]) => row));
    const { isError, text } = await server.call(TOOL, { invitations: ids });
    expect(isError).toBe(true);
    expect(text).toMatch(/^not_found: /);
    const lines = text.split("\n").slice(1);
    expect(lines.map((line) => line.split(" ", 2))).toEqual(
      rows.map(([, code], at) => [code, ids[at]]),
    );
    expect(server.questions).toEqual([]);
    expect(writes()).toEqual([]);
  });

  test("for its role alone is resent with one that is allowed", async () => {
    const rows = [2, 7].map((role) => trieve.add(`r${role}@example.com`, { role }));
    const server = await connect();
    const { facts } = await server.call(TOOL, { invitations: idsOf(rows), role: "user" });
    expect(facts.outcome).toBe("done");
    expect(server.questions[0]).toContain("invited as unknown(7), will be user");
  });

  test("a role above the highest, and a dashboard that is missing", async () => {
    const ids = idsOf(three());
    const server = await connect();
    const { text } = await server.call(TOOL, { invitations: ids, role: "owner" });
    expect(text).toMatch(/^role_not_allowed: /);
    const environment = {
      ...trieve.environment,
      TRIEVE_BASE_URL: "https://trieve.example.com",
      TRIEVE_DASHBOARD_URL: "",
    };
    const homeless = await connectInMemory({ environment, person: says.yes });
    const refused = await homeless.call(TOOL, { invitations: ids });
    expect(refused.text).toMatch(/^configuration_error: TRIEVE_DASHBOARD_URL/);
    expect(trieve.proxy.seen).toEqual([]);
  });
});

test("used ones are left out: the members tell who is one", async () => {
  const ann = trieve.add("ann@example.com", { used: true });
  const bob = trieve.add("bob@example.com", { used: true });
  const carl = trieve.add("carl@example.com");
  addMember(trieve.store, { email: "Ann@example.com" });
  const server = await connect();
  const { facts } = await server.call(TOOL, { invitations: idsOf([ann, bob, carl]) });
  expect(facts.outcome).toBe("partly_done");
  expect(outcomes(facts)).toEqual(["already_member", "already_accepted", "resent"]);
  expect(server.questions[0]).toContain("Left out: bob@example.com (already accepted)");
  const paths = trieve.proxy.seen.filter(({ path }) => path.includes("/organization/users/"));
  expect(paths).toHaveLength(1);
  const member = await server.call(TOOL, { invitations: [ann.id] });
  expect(member.facts.outcome).toBe("nothing_to_do");
  const none = await server.call(TOOL, { invitations: [bob.id] });
  expect(none.text).toMatch(/^already_accepted: .*delete_invitation/);
  expect(server.questions).toHaveLength(1);
});

test("of a used one whose members cannot be read no delete is advised", async () => {
  const { id } = trieve.add("ann@example.com", { used: true });
  trieve.proxy.always(({ path }) => (path.includes("/users/") ? { answer: 403 } : { pass: true }));
  const { text } = await (await connect()).call(TOOL, { invitations: [id] });
  expect(text).toMatch(/^already_accepted: .*unknown/);
  expect(text).not.toContain("delete");
});

test("leaves alone what changed, went or got company while the person thought", async () => {
  const rows = [...three(), trieve.add("dora@example.com"), trieve.add("eve@example.com")];
  const server = await connect((question) => {
    const [ann] = rows;
    if (ann !== undefined) ann.used = true;
    trieve.store.rows.splice(1, 1);
    trieve.add("carl@example.com");
    // Trieve compares addresses letter by letter, so this one stands in nobody's way.
    trieve.add("DORA@example.com");
    return says.yes(question);
  });
  const { facts } = await server.call(TOOL, { invitations: idsOf(rows) });
  expect(outcomes(facts)).toEqual(["changed", "already_gone", "changed", "resent", "resent"]);
  expect(facts.outcome).toBe("partly_done");
  expect(facts.note).toMatch(/already_gone: .*send_invitation/);
  expect(writes()).toEqual(["DELETE", "POST", "DELETE", "POST"]);
});

describe("a fault in the middle leaves the rest untouched", () => {
  test.each<[string, Fault, string, number]>([
    ["a key that may not send", { answer: 403 }, "deleted_not_sent", 2],
    ["an address that is refused", refusing("Invalid email"), "deleted_not_sent", 2],
    ["429", { answer: 429 }, "deleted_not_sent", 2],
    ["a 5xx after the insert", { answer: 500, forward: true }, "mail_unconfirmed", 3],
    ["a reset after the insert", { reset: true, forward: true }, "mail_unconfirmed", 3],
    ["an end in the dark", { reset: true }, "outcome_unknown", 2],
  ])("POST: %s", async (_, fault, outcome, left) => {
    const rows = three();
    const server = await connect();
    trieve.proxy.next("POST", { pass: true }, fault);
    const { facts } = await server.call(TOOL, { invitations: idsOf(rows) });
    expect(facts.outcome).toBe("partly_done");
    expect(outcomes(facts)).toEqual(["resent", outcome, "not_resent"]);
    expect(facts.results[1].reason).toBeTruthy();
    // What Trieve said of Bob is not told of Carl.
    expect(facts.results[2].reason).not.toMatch(/member|address|invited/);
    expect(writes()).toEqual(["DELETE", "POST", "DELETE", "POST"]);
    expect(trieve.store.rows).toHaveLength(left);
    expect(trieve.store.rows.some(({ id }) => id === rows[2]?.id)).toBe(true);
    if (outcome === "deleted_not_sent") expect(facts.note).toContain("send_invitation");
  });

  test("a member, who needs no invitation, stops nobody else's", async () => {
    const rows = three();
    const server = await connect();
    const fault = refusing("User with email b is already in the organization");
    trieve.proxy.next("POST", { pass: true }, fault);
    const { facts } = await server.call(TOOL, { invitations: idsOf(rows) });
    expect(facts.outcome).toBe("partly_done");
    expect(outcomes(facts)).toEqual(["resent", "deleted_not_sent", "resent"]);
    expect(facts.results[1].reason).toContain("is a member");
  });

  test("one that goes well ends the doubt of an earlier send", async () => {
    const server = await connect();
    trieve.proxy.next("POST", { reset: true });
    await server.call("send_invitation", { emails: ["eve@example.com"] });
    const { id } = trieve.add("eve@example.com");
    const resent = await server.call(TOOL, { invitations: [id] });
    expect(outcomes(resent.facts)).toEqual(["resent"]);
    const again = await server.call("send_invitation", { emails: ["eve@example.com"] });
    expect(outcomes(again.facts)).toEqual(["already_invited"]);
  });

  test("a relay that refuses: the new one exists, and can be resent", async () => {
    const [ann] = three();
    const server = await connect();
    trieve.store.refuseMail = true;
    const first = await server.call(TOOL, { invitations: [ann?.id] });
    const now = trieve.store.rows.at(-1);
    expect(first.text).toMatch(/^mail_unconfirmed: .*mail failed.*resend_invitation/);
    const shown = `mail_unconfirmed ${ann?.id.slice(0, 8)} new_id ${now?.id.slice(0, 8)}`;
    expect(first.text).toContain(`\n${shown} ann@example.com`);
    trieve.store.refuseMail = false;
    const second = await server.call(TOOL, { invitations: [now?.id] });
    expect(outcomes(second.facts)).toEqual(["resent"]);
    expect(trieve.store.mails).toHaveLength(1);
  });

  test.each<[string, Fault[], string]>([
    ["refused", [{ answer: 401 }], "not_resent"],
    ["unclear", [{ reset: true }, { reset: true }], "outcome_unknown"],
  ])("DELETE %s: nothing is sent", async (_, faults, outcome) => {
    const rows = three();
    const server = await connect();
    trieve.proxy.next("DELETE", { pass: true }, ...faults);
    const { facts } = await server.call(TOOL, { invitations: idsOf(rows) });
    expect(outcomes(facts)).toEqual(["resent", outcome, "not_resent"]);
    expect(trieve.proxy.count("POST")).toBe(1);
  });

  test.each([
    ["and its list does not show it", false, "outcome_unknown"],
    ["and the list shows one", true, "mail_unconfirmed"],
  ])("Trieve says that it is invited already, %s", async (_, isThere, outcome) => {
    const rows = three();
    const server = await connect();
    trieve.proxy.always(({ method }) => {
      if (method !== "POST") return { pass: true };
      if (isThere) trieve.add("ann@example.com");
      return refusing("User with email ann@example.com has already been invited");
    });
    const { text } = await server.call(TOOL, { invitations: idsOf(rows) });
    expect(text).toMatch(new RegExp(`^${outcome}: `));
    const told = text.split("\n").slice(1);
    expect(told.map((line) => line.split(" ", 1)[0])).toEqual([
      ...[outcome, "not_resent", "not_resent"],
    ]);
    expect(writes()).toEqual(["DELETE", "POST"]);
  });

  test("a send without an end says that the old one is deleted", async () => {
    const rows = three();
    const server = await connect();
    trieve.proxy.next("POST", { reset: true });
    const { text } = await server.call(TOOL, { invitations: idsOf(rows) });
    expect(text).toMatch(/^outcome_unknown: .*The old invitation is deleted.*may have joined/);
    const told = text.split("\n").slice(1);
    expect(told[0]).toMatch(/^outcome_unknown .*The old invitation is deleted/);
    expect(told.slice(1)).toEqual([
      expect.stringMatching(/^not_resent .*bob@/),
      expect.stringMatching(/^not_resent .*carl@/),
    ]);
  });

  test("a send that was taken and left no trace is not told as done", async () => {
    const { id } = trieve.add("ann@example.com");
    trieve.proxy.next("POST", { answer: 204 });
    const { text } = await (await connect()).call(TOOL, { invitations: [id] });
    expect(text).toMatch(/^outcome_unknown: .*The old invitation is deleted/);
  });

  test("somebody who got an account meanwhile is added", async () => {
    const { id } = trieve.add("ann@example.com");
    trieve.store.accounts.add("ann@example.com");
    const { facts } = await (await connect()).call(TOOL, { invitations: [id] });
    expect(facts).toMatchObject({ outcome: "done", results: [{ outcome: "added" }] });
    expect(facts.note).toContain("is a member now");
  });

  test("one that went before its turn is told as gone, not as what stopped the rest", async () => {
    const [ann, bob] = three();
    const server = await connect((question) => {
      trieve.store.rows.splice(0, 1);
      return says.yes(question);
    });
    trieve.proxy.next("DELETE", { answer: 401 });
    const { text } = await server.call(TOOL, { invitations: [ann?.id, bob?.id] });
    expect(text.split("\n").slice(1)).toEqual([
      expect.stringMatching(/^already_gone .*ann@example\.com$/),
      expect.stringMatching(/^not_resent .*\(unauthorized\) bob@example\.com$/),
    ]);
    const told = endLines(server.log);
    expect(told.map(({ outcome }) => outcome)).toEqual(["already_gone", "not_resent"]);
  });

  test("with nothing done it is the error that stopped it, naming all", async () => {
    const rows = three();
    const server = await connect();
    trieve.proxy.next("DELETE", { answer: 403 });
    const { isError, text } = await server.call(TOOL, { invitations: idsOf(rows) });
    expect(isError).toBe(true);
    expect(text).toMatch(/^forbidden: /);
    expect(text.split("\n").slice(1)).toEqual(
      rows.map(({ id, email }) => `not_resent ${id.slice(0, 8)} (forbidden) ${email}`),
    );
    expect(trieve.proxy.count("POST")).toBe(0);
  });
});

test("one that another call deleted is not sent anew", async () => {
  const { id } = trieve.add("ann@example.com");
  const server = await connect();
  trieve.proxy.next("DELETE", { delay: 300 }, { delay: 600 });
  const deleting = server.call("delete_invitation", { invitations: [id] });
  await vi.waitUntil(() => trieve.proxy.count("DELETE") === 1, { timeout: 20_000 });
  const { text } = await server.call(TOOL, { invitations: [id] });
  expect((await deleting).facts.outcome).toBe("done");
  expect(text).toMatch(/^already_gone: /);
  expect(writes()).toEqual(["DELETE", "DELETE"]);
});

test("none is deleted that has no turn to be sent", async () => {
  const [ann] = three();
  const server = await connect();
  trieve.proxy.next("POST", { silence: "all" }, { silence: "all" });
  const mailing = ["x", "y"].map((name) =>
    server.call("send_invitation", { emails: [`${name}@example.com`] }),
  );
  await vi.waitUntil(() => trieve.proxy.count("POST") === 2, { timeout: 20_000 });
  const { text } = await server.call(TOOL, { invitations: [ann?.id] });
  expect(text).toMatch(/^busy: /);
  expect(trieve.proxy.count("DELETE")).toBe(0);
  await Promise.all(mailing);
});

test("none is begun with less than 30 s of the call's time left", async () => {
  const rows = three();
  const clock = turnableClock(fastClock.sleep);
  trieve.proxy.always(({ method }) => {
    if (method === "POST") clock.turn(15_000);
    return { pass: true };
  });
  const server = await connectInMemory({ ...trieve, person: says.yes, clock });
  const { facts } = await server.call(TOOL, { invitations: idsOf(rows) });
  expect(outcomes(facts)).toEqual(["resent", "resent", "not_resent"]);
  expect(facts.results[2].reason).toBe("timeout");
  expect(trieve.proxy.count("DELETE")).toBe(2);
});

test("a call cancelled between the delete and its send still sends, and no more", async () => {
  const rows = three();
  trieve.proxy.next("DELETE", { delay: 400 });
  const server = await connect();
  const ending = new AbortController();
  const ids = idsOf(rows);
  const call = server.call(TOOL, { invitations: ids }, { signal: ending.signal });
  call.catch(() => {});
  await vi.waitUntil(() => trieve.proxy.count("DELETE") === 1, { timeout: 20_000 });
  ending.abort();
  await vi.waitUntil(() => endLines(server.log).length === 3, { timeout: 20_000 });
  expect(endLines(server.log).map(({ outcome }) => outcome)).toEqual([
    "resent",
    "not_resent",
    "not_resent",
  ]);
  expect(writes()).toEqual(["DELETE", "POST"]);
  expect(trieve.store.rows).toHaveLength(3);
});

test.each(Object.entries(PROTOCOLS))("%s: asks once and resends", async (_, connect) => {
  const ids = idsOf(three());
  const server = await connect({ ...trieve, person: says.yes });
  const { facts } = await server.call(TOOL, { invitations: ids });
  expect(facts).toMatchObject({ outcome: "done", confirmed_by: "form" });
  expect(server.questions).toHaveLength(1);
});

describe("the built program", () => {
  test("shows a code that names them, and works once", async () => {
    const ids = idsOf(three());
    const server = await connectBin({ environment: trieve.environment });
    const args = { invitations: ids, role: "admin" };
    const asked = await server.call(TOOL, args);
    const { confirmation, show_to_user: shown } = asked.facts;
    expect(shown).toContain("invited as user, will be admin");
    expect(confirmation).toMatch(
      /^resend 3 invitations to ann@example\.com, .*, carl@example\.com \(admin\) [\w-]{22}$/,
    );
    const other = await server.call(TOOL, { ...args, role: "user", confirmation });
    expect(other.text).toMatch(/^confirmation_invalid/);
    expect(writes()).toEqual([]);
    const done = await server.call(TOOL, { ...args, confirmation });
    expect(done.facts).toMatchObject({ outcome: "done", confirmed_by: "code" });
    await server.close();
  });

  test("that is ended between a delete and its send still sends", async () => {
    const bin = startBin({ environment: trieve.environment });
    bin.write({ ...HELLO, params: { ...HELLO.params, capabilities: {} } });
    let calls = 0;
    const call = (invitations: string[], confirmation?: string) => {
      calls += 1;
      bin.write(toolCall(calls, TOOL, { invitations, confirmation }));
      // biome-ignore lint/suspicious/noExplicitAny: the raw answer
      return bin.answer(calls) as any;
    };
    const codeFor = async (ids: string[]) =>
      (await call(ids)).result.structuredContent.confirmation;
    // The first call of a process loads what calls need, which the end has no time for on a slow machine.
    const first = [trieve.add("first@example.com").id];
    await call(first, await codeFor(first));
    const ids = idsOf(three());
    const confirmation = await codeFor(ids);
    trieve.proxy.next("DELETE", { delay: 100 });
    call(ids, confirmation).catch(() => {});
    await vi.waitUntil(() => trieve.proxy.count("DELETE") === 2, { timeout: 60_000 });
    bin.child.kill("SIGTERM");
    expect((await bin.exited).code).toBe(0);
    expect(writes().slice(2)).toEqual(["DELETE", "POST"]);
    const audit = endLines(bin.stderr()).slice(-3);
    expect(audit.map(({ outcome }) => outcome)).toEqual(["resent", "not_resent", "not_resent"]);
    expect(trieve.store.rows).toHaveLength(4);
  });
});
