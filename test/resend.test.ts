import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LIMITS } from "../src/trieve/limits.ts";
import { hurried, turnableClock } from "./support/app.ts";
import { connectBin, HELLO, startBin, toolCall } from "./support/bin.ts";
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

const TOOL = "resend_invitations";
const limits = { ...LIMITS, attemptMs: 6_000, sendMs: 6_000, turnMs: 4_000 };
const connect = (person: Person = says.yes) =>
  connectInMemory({ ...trieve, person, clock: hurried, limits });
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
const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id);

test("deletes and sends each, one after the other, under one question", async () => {
  const rows = three();
  const ids = idsOf(rows);
  const choices: string[][] = [];
  const server = await connect((question) => {
    choices.push(question.choices);
    return says.yes(question);
  });
  const { facts, text } = await server.call(TOOL, { invitation_ids: ids });
  expect(facts).toMatchObject({
    outcome: "done",
    organization_id: trieve.store.organizationId,
    counts: { resent: 3 },
    confirmed_by: "form",
  });
  const now = trieve.store.rows;
  expect(now.map(({ email, role }) => [email, role])).toEqual(
    rows.map(({ email, role }) => [email, role]),
  );
  expect(facts.results).toEqual(
    rows.map(({ id, email }, at) => ({ id, email, outcome: "resent", new_id: now[at]?.id })),
  );
  expect(text).toContain(`\nresent ${ids[0]} new_id ${now[0]?.id} ann@example.com`);
  expect(idsOf(now).filter((id) => ids.includes(id))).toEqual([]);
  expect(writes()).toEqual(["DELETE", "POST", "DELETE", "POST", "DELETE", "POST"]);
  expect(trieve.store.mails.map(({ to }) => to)).toEqual(rows.map(({ email }) => email));
  const day = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
  expect(choices).toEqual([["keep", "resend 3"]]);
  expect(server.questions[0]?.split("\n")).toEqual([
    "Resend 3 invitations? Each is deleted and sent anew: the old link stops working.",
    `admin as before, sent ${day(3)} (3 days ago), ${ids[0]?.slice(0, 8)}: ann@example.com`,
    `user as before, sent ${day(20)} (20 days ago), ${ids[1]?.slice(0, 8)}: bob@example.com`,
    `user as before, sent ${day(30)} (30 days ago), ${ids[2]?.slice(0, 8)}: carl@example.com`,
    "Role: user (an ordinary member)",
    "Role: admin (can invite and remove people)",
    "People who have a Trieve account join at once, which cannot be undone here.",
    `Organization: ${trieve.store.organizationId}`,
    `Trieve: ${new URL(trieve.proxy.url).host}`,
  ]);
  const audit = server.log.map((line) => JSON.parse(line));
  expect(audit.map(({ email, outcome, invitation }) => [email, outcome, invitation])).toEqual(
    rows.map(({ email, id }) => [email, "resent", id.slice(0, 8)]),
  );
  expect(new Set(audit.map(({ call }) => call)).size).toBe(1);
});

test("gives another role to all of them", async () => {
  const rows = three();
  const server = await connect();
  const { facts } = await server.call(TOOL, { invitation_ids: idsOf(rows), role: "admin" });
  expect(facts.outcome).toBe("done");
  expect(trieve.store.rows.map(({ role }) => role)).toEqual([1, 1, 1]);
  expect(server.questions[0]).toContain("user, now admin, sent");
  expect(server.questions[0]).toContain("admin as before, sent");
  expect(server.questions[0]).not.toContain("Role: user");
});

describe("what cannot be resent is refused before anything is asked or done", () => {
  test("all of it named, each with its reason", async () => {
    const environment = { ...trieve.environment, TRIEVE_ALLOWED_EMAIL_DOMAINS: "example.com" };
    const [fine] = three();
    const foreign = trieve.add("mallory@example.com");
    foreign.organization_id = "11111111-1111-4111-8111-111111111111";
    const scoped = trieve.add("scoped@example.com");
    scoped.scopes = [];
    const owner = trieve.add("owner@example.com", { role: 2 });
    const odd = trieve.add("odd@example.com", { role: 7 });
    const outside = trieve.add("eve@evil.example");
    const twice = trieve.add("Twice@example.com");
    trieve.add("twice@example.com", { used: true });
    const sly = trieve.add("[x](y)@example.com");
    const bad = [foreign, scoped, owner, odd, outside, twice, sly];
    const server = await connectInMemory({ environment, person: says.yes });
    const ids = [fine?.id, ...idsOf(bad)];
    const { isError, text } = await server.call(TOOL, { invitation_ids: ids });
    expect(isError).toBe(true);
    expect(text).toMatch(/^not_found: /);
    for (const { id } of bad) expect(text).toContain(id);
    expect(text).not.toContain("mallory");
    expect(text).toMatch(/scoped@example\.com: It carries scopes.*\(not_supported\)/);
    expect(text).toMatch(/owner@example\.com: .*TRIEVE_MAX_ROLE.*\(role_not_allowed\)/);
    expect(text).toMatch(/odd@example\.com: .*TRIEVE_MAX_ROLE.*\(role_not_allowed\)/);
    expect(text).toMatch(/eve@evil\.example: .*only invite.*\(domain_not_allowed\)/);
    expect(text).toMatch(/Twice@example\.com: The address has another.*\(not_supported\)/);
    expect(text).toMatch(/\\\[x\\\]\\\(y\\\)@example\.com: .*\(invalid_email\)/);
    expect(text).not.toContain(fine?.id);
    expect(text).toContain("Nothing was done.");
    expect(server.questions).toEqual([]);
    expect(trieve.proxy.seen.map(({ method }) => method)).toEqual(["GET"]);
    // With a role that is allowed, that of the invitation does not matter.
    const args = { invitation_ids: [owner.id, odd.id], role: "user" };
    expect((await server.call(TOOL, args)).facts.outcome).toBe("done");
  });

  test("a role above the highest, and a dashboard that is missing", async () => {
    const ids = idsOf(three());
    const server = await connect();
    const { text } = await server.call(TOOL, { invitation_ids: ids, role: "owner" });
    expect(text).toMatch(/^role_not_allowed: /);
    const environment = {
      ...trieve.environment,
      TRIEVE_BASE_URL: "https://trieve.example.com",
      TRIEVE_DASHBOARD_URL: "",
    };
    const homeless = await connectInMemory({ environment, person: says.yes });
    const refused = await homeless.call(TOOL, { invitation_ids: ids });
    expect(refused.text).toMatch(/^configuration_error: TRIEVE_DASHBOARD_URL/);
    expect(trieve.proxy.seen).toEqual([]);
  });
});

test("used ones are left out", async () => {
  const [ann, bob] = [trieve.add("ann@example.com", { used: true }), trieve.add("bob@example.com")];
  const server = await connect();
  const { facts } = await server.call(TOOL, { invitation_ids: [ann.id, bob.id] });
  expect(facts.outcome).toBe("done");
  expect(outcomes(facts)).toEqual(["already_accepted", "resent"]);
  expect(server.questions[0]).toContain("Left out: 1 accepted already");
  const none = await server.call(TOOL, { invitation_ids: [ann.id] });
  expect(none.facts.outcome).toBe("nothing_to_do");
  expect(server.questions).toHaveLength(1);
});

test("leaves alone what changed, went or got company while the person thought", async () => {
  const rows = [...three(), trieve.add("dora@example.com")];
  const server = await connect((question) => {
    const [ann] = rows;
    if (ann !== undefined) ann.used = true;
    trieve.store.rows.splice(1, 1);
    trieve.add("CARL@example.com");
    return says.yes(question);
  });
  const { facts } = await server.call(TOOL, { invitation_ids: idsOf(rows) });
  expect(outcomes(facts)).toEqual(["changed", "already_gone", "not_resent", "resent"]);
  expect(facts.results[2].reason).toContain("another invitation");
  expect(facts.outcome).toBe("partly_done");
  expect(writes()).toEqual(["DELETE", "POST"]);
});

describe("a fault in the middle leaves the rest untouched", () => {
  test.each<[string, Fault, string, number]>([
    ["a key that may not send", { answer: 403 }, "deleted_not_sent", 2],
    ["an address that is refused", refusing("Invalid email"), "deleted_not_sent", 2],
    [
      "a member",
      refusing("User with email b is already in the organization"),
      "deleted_not_sent",
      2,
    ],
    ["429", { answer: 429 }, "deleted_not_sent", 2],
    ["a reset after the insert", { reset: true, forward: true }, "mail_unconfirmed", 3],
    ["an end in the dark", { reset: true }, "outcome_unknown", 2],
  ])("POST: %s", async (_, fault, outcome, left) => {
    const rows = three();
    const server = await connect();
    trieve.proxy.next("POST", { pass: true }, fault);
    const { facts } = await server.call(TOOL, { invitation_ids: idsOf(rows) });
    expect(facts.outcome).toBe("partly_done");
    expect(outcomes(facts)).toEqual(["resent", outcome, "not_resent"]);
    expect(facts.results[1].reason).toBeTruthy();
    // What Trieve said of Bob is not told of Carl.
    expect(facts.results[2].reason).not.toMatch(/member|address|invited/);
    expect(writes()).toEqual(["DELETE", "POST", "DELETE", "POST"]);
    expect(trieve.store.rows).toHaveLength(left);
    expect(trieve.store.rows.some(({ id }) => id === rows[2]?.id)).toBe(true);
    if (outcome === "deleted_not_sent") expect(facts.note).toContain("send_invitations");
  });

  test("one that goes well ends the doubt of an earlier send", async () => {
    const server = await connect();
    trieve.proxy.next("POST", { reset: true });
    await server.call("send_invitation", { email: "eve@example.com" });
    const { id } = trieve.add("eve@example.com");
    const resent = await server.call(TOOL, { invitation_ids: [id] });
    expect(outcomes(resent.facts)).toEqual(["resent"]);
    const again = await server.call("send_invitation", { email: "eve@example.com" });
    expect(again.facts.outcome).toBe("already_invited");
  });

  test("a relay that refuses: the new one exists, and can be resent", async () => {
    const [ann] = three();
    const server = await connect();
    trieve.store.refuseMail = true;
    const first = await server.call(TOOL, { invitation_ids: [ann?.id] });
    const [row] = first.facts.results;
    expect(row).toMatchObject({ outcome: "mail_unconfirmed", new_id: expect.any(String) });
    expect(row.reason).toContain("The mail failed");
    trieve.store.refuseMail = false;
    const second = await server.call(TOOL, { invitation_ids: [row.new_id] });
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
    const { facts } = await server.call(TOOL, { invitation_ids: idsOf(rows) });
    expect(outcomes(facts)).toEqual(["resent", outcome, "not_resent"]);
    expect(trieve.proxy.count("POST")).toBe(1);
  });

  test.each([
    ["and its list does not show it", false],
    ["and the list shows who came between", true],
  ])("Trieve says that it is invited already, %s", async (_, isThere) => {
    const rows = three();
    const server = await connect();
    trieve.proxy.always(({ method }) => {
      if (method !== "POST") return { pass: true };
      if (isThere) trieve.add("ann@example.com");
      return refusing("User with email ann@example.com has already been invited");
    });
    const { facts, text } = await server.call(TOOL, { invitation_ids: idsOf(rows) });
    expect(outcomes(facts)).toEqual(["deleted_not_sent", "not_resent", "not_resent"]);
    expect(text).toContain("the old invitation is deleted and no new one was sent");
    expect(writes()).toEqual(["DELETE", "POST"]);
  });

  test("a send without an end says that the old one is deleted", async () => {
    const rows = three();
    const server = await connect();
    trieve.proxy.next("POST", { reset: true });
    const { facts } = await server.call(TOOL, { invitation_ids: idsOf(rows) });
    expect(outcomes(facts)).toEqual(["outcome_unknown", "not_resent", "not_resent"]);
    expect(facts.results[0].reason).toContain("The old invitation is deleted");
    expect(facts.note).toContain("may have joined");
  });

  test("one that went before its turn is told as gone, not as what stopped the rest", async () => {
    const [ann, bob] = three();
    const server = await connect((question) => {
      trieve.store.rows.splice(0, 1);
      return says.yes(question);
    });
    trieve.proxy.next("DELETE", { answer: 401 });
    const { text } = await server.call(TOOL, { invitation_ids: [ann?.id, bob?.id] });
    expect(text).toMatch(
      /^unauthorized: .*Nothing was done for ann@example\.com \(already_gone\), bob@example\.com\./,
    );
    const told = server.log.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    expect(told.map(({ outcome }) => outcome)).toEqual(["already_gone", "unauthorized"]);
  });

  test("with nothing done it is the error that stopped it, naming all", async () => {
    const rows = three();
    const server = await connect();
    trieve.proxy.next("DELETE", { answer: 403 });
    const { isError, text } = await server.call(TOOL, { invitation_ids: idsOf(rows) });
    expect(isError).toBe(true);
    expect(text).toMatch(/^forbidden: .*for ann@example\.com, bob@example\.com, carl@example\.com/);
    expect(trieve.proxy.count("POST")).toBe(0);
  });
});

test("none is deleted that has no turn to be sent", async () => {
  const [ann] = three();
  const server = await connect();
  trieve.proxy.next("POST", { silence: "all" }, { silence: "all" });
  const mailing = ["x", "y"].map((name) =>
    server.call("send_invitation", { email: `${name}@example.com` }),
  );
  await vi.waitUntil(() => trieve.proxy.count("POST") === 2, { timeout: 20_000 });
  const { text } = await server.call(TOOL, { invitation_ids: [ann?.id] });
  expect(text).toMatch(/^busy: /);
  expect(trieve.proxy.count("DELETE")).toBe(0);
  await Promise.all(mailing);
});

test("none is begun with less than 30 s of the call's time left", async () => {
  const rows = three();
  const clock = turnableClock(hurried.sleep);
  trieve.proxy.always(({ method }) => {
    if (method === "POST") clock.turn(15_000);
    return { pass: true };
  });
  const server = await connectInMemory({ ...trieve, person: says.yes, clock });
  const { facts } = await server.call(TOOL, { invitation_ids: idsOf(rows) });
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
  const call = server.call(TOOL, { invitation_ids: ids }, { signal: ending.signal });
  call.catch(() => {});
  await vi.waitUntil(() => trieve.proxy.count("DELETE") === 1, { timeout: 20_000 });
  ending.abort();
  await vi.waitUntil(() => server.log.length === 3, { timeout: 20_000 });
  expect(server.log.map((line) => JSON.parse(line).outcome)).toEqual([
    "resent",
    "not_resent",
    "not_resent",
  ]);
  expect(writes()).toEqual(["DELETE", "POST"]);
  expect(trieve.store.rows).toHaveLength(3);
});

test.each(Object.entries(FACES))("%s: asks once and resends", async (_, connect) => {
  const ids = idsOf(three());
  const server = await connect({ ...trieve, person: says.yes });
  const { facts } = await server.call(TOOL, { invitation_ids: ids });
  expect(facts).toMatchObject({ outcome: "done", confirmed_by: "form" });
  expect(server.questions).toHaveLength(1);
});

describe("the built program", () => {
  test("shows a code that names them, and works once", async () => {
    const ids = idsOf(three());
    const server = await connectBin({ environment: trieve.environment });
    const args = { invitation_ids: ids, role: "admin" };
    const asked = await server.call(TOOL, args);
    const { confirmation, show_to_user: shown } = asked.facts;
    expect(shown).toContain("user, now admin");
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
    const call = (invitation_ids: string[], confirmation?: string) => {
      calls += 1;
      bin.write(toolCall(calls, TOOL, { invitation_ids, confirmation }));
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
    const audit = bin.stderr().trim().split("\n").slice(-3);
    expect(audit.map((line) => JSON.parse(line).outcome)).toEqual([
      "resent",
      "not_resent",
      "not_resent",
    ]);
    expect(trieve.store.rows).toHaveLength(4);
  });
});
