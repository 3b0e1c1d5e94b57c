import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LIMITS } from "../src/trieve/limits.ts";
import { hurried } from "./support/app.ts";
import { connectBin, HELLO, startBin, toolCall } from "./support/bin.ts";
import { type Person, says } from "./support/client.ts";
import { FACES } from "./support/faces.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { spoilRowsAfterMail } from "./support/lag.ts";
import { connectInMemory } from "./support/memory.ts";
import { connectStateless } from "./support/stateless.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const TOOL = "send_invitations";
const SIX = ["ann", "bob", "carl", "dora", "eve", "finn"].map((name) => `${name}@example.com`);
const [ANN = "", BOB = "", CARL = ""] = SIX;
const THREE = [ANN, BOB, CARL];
const limits = { ...LIMITS, attemptMs: 6_000, sendMs: 6_000 };

const connect = (person: Person = says.yes) =>
  connectInMemory({ ...trieve, person, clock: hurried, limits });
const outcomes = (facts: { results: { outcome: string }[] }) =>
  facts.results.map(({ outcome }) => outcome);
const methods = () => trieve.proxy.seen.map(({ method }) => method);
const invited = () => trieve.store.mails.map(({ to }) => to).sort();
const refusing = (message: string): Fault => ({ answer: 400, body: JSON.stringify({ message }) });

test("invites six with one question, six POSTs and three lists", async () => {
  trieve.store.mailMs = 50;
  const server = await connect();
  const { facts, text } = await server.call(TOOL, { emails: SIX, role: "admin" });
  expect(facts).toMatchObject({
    outcome: "done",
    organization_id: trieve.store.organizationId,
    role: "admin",
    counts: { invited: 6 },
    confirmed_by: "form",
  });
  expect(facts.results).toEqual(
    SIX.map((email) => ({
      email,
      outcome: "invited",
      id: trieve.store.rows.find((row) => row.email === email)?.id,
    })),
  );
  for (const { id, email } of facts.results) expect(text).toContain(`\ninvited ${id} ${email}`);
  expect(invited()).toEqual(SIX);
  expect(methods().filter((method) => method === "GET")).toHaveLength(3);
  expect(methods().slice(0, 2)).toEqual(["GET", "GET"]);
  expect(trieve.proxy.mostWaiting()).toBe(2);
  expect(server.questions).toHaveLength(1);
  expect(server.questions[0]?.split("\n")).toEqual([
    "Send 6 invitations as admin?",
    ...SIX.map((email) => `E-mail: ${email}`),
    "Role: admin (can invite and remove people)",
    "People who have a Trieve account join at once, which cannot be undone here.",
    `Organization: ${trieve.store.organizationId}`,
    `Trieve: ${new URL(trieve.proxy.url).host}`,
  ]);
});

test("asks whatever the role, and does nothing without a yes", async () => {
  const choices: string[][] = [];
  const server = await connect((question) => {
    choices.push(question.choices);
    return says.no(question);
  });
  const { facts } = await server.call(TOOL, { emails: THREE });
  expect(facts).toMatchObject({ outcome: "not_confirmed", reason: "kept", role: "user" });
  expect(choices).toEqual([["do not send", "send 3"]]);
  expect(trieve.proxy.count("POST")).toBe(0);
  const audit = server.log.map((line) => JSON.parse(line));
  expect(audit.map(({ email, outcome }) => [email, outcome])).toEqual(
    THREE.map((email) => [email, "not_confirmed"]),
  );
});

test("leaves one audit line for each address, which share a short call", async () => {
  trieve.add(BOB);
  const server = await connect();
  await server.call(TOOL, { emails: THREE });
  await server.call(TOOL, { emails: ["gus@example.com"] });
  const audit = server.log.map((line) => JSON.parse(line));
  expect(audit.map(({ email, outcome }) => `${outcome} ${email}`)).toEqual([
    `invited ${ANN}`,
    `already_invited ${BOB}`,
    `invited ${CARL}`,
    "invited gus@example.com",
  ]);
  expect(audit[0]).toMatchObject({ role: "user", confirmed_by: "form", requests: 5 });
  expect(audit[0].invitation).toHaveLength(8);
  expect(audit[0].call).toMatch(/^[\w-]{8}$/);
  expect(new Set(audit.map(({ call }) => call)).size).toBe(2);
});

test("leaves out who is invited or accepted already, and says what helps", async () => {
  trieve.add("ANN@example.com", { role: 1, days: 3 });
  trieve.add(BOB, { used: true });
  const server = await connect();
  const { facts, text } = await server.call(TOOL, { emails: THREE, role: "admin" });
  expect(facts.outcome).toBe("done");
  expect(outcomes(facts)).toEqual(["already_invited", "already_accepted", "invited"]);
  expect(facts.results[0].reason).toMatch(/^as admin, sent \d{4}-\d\d-\d\d$/);
  expect(facts.note).toMatch(/resend_invitations/);
  expect(text).toContain(facts.note);
  expect(server.questions[0]).toContain("Left out: 1 invited already, 1 accepted already");
  expect(server.questions[0]).not.toContain(BOB);
  expect(server.questions[0]).toContain("Send 1 invitation as admin?");
  const again = await server.call(TOOL, { emails: THREE, role: "user" });
  expect(again.facts.outcome).toBe("nothing_to_do");
  expect(server.questions).toHaveLength(1);
  expect(invited()).toEqual([CARL]);
});

test("who is invited with another role is not as asked", async () => {
  trieve.add(ANN, { role: 0 });
  const server = await connect();
  const { facts } = await server.call(TOOL, { emails: [ANN, BOB], role: "admin" });
  expect(facts.outcome).toBe("partly_done");
});

test("leaves out who was invited while the person thought", async () => {
  const server = await connect((question) => {
    trieve.add("Bob@example.com");
    return says.yes(question);
  });
  const { facts } = await server.call(TOOL, { emails: THREE });
  expect(outcomes(facts)).toEqual(["invited", "already_invited", "invited"]);
  expect(invited()).toEqual([ANN, CARL]);
});

test("tells of who was left out what holds after the yes", async () => {
  const { id } = trieve.add(ANN);
  const server = await connect((question) => {
    trieve.store.rows.splice(
      trieve.store.rows.findIndex((row) => row.id === id),
      1,
    );
    return says.yes(question);
  });
  const { facts } = await server.call(TOOL, { emails: THREE });
  expect(outcomes(facts)).toEqual(["not_sent", "invited", "invited"]);
  expect(facts.results[0].reason).toContain("the same call again sends it");
  expect(facts.outcome).toBe("partly_done");
});

test("loses nobody where nothing was achieved, in the answer and in the audit", async () => {
  trieve.add(CARL);
  trieve.store.members.add(ANN);
  trieve.proxy.always(({ method, body }) =>
    method === "POST" && body.includes(BOB) ? refusing("Invalid email") : { pass: true },
  );
  const server = await connect();
  const { isError, text } = await server.call(TOOL, { emails: THREE });
  expect(isError).toBe(true);
  expect(text).toMatch(/^rejected: /);
  expect(text).toContain(`Nothing was done for ${BOB}`);
  expect(text).toContain(`already_member ${ANN}`);
  expect(text).toMatch(new RegExp(`already_invited \\S+ .*${CARL}`));
  const told = server.log.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  expect(told.map(({ email, outcome }) => [email, outcome])).toEqual([
    [ANN, "already_member"],
    [BOB, "rejected"],
    [CARL, "already_invited"],
  ]);
});

test("names all where the list could not be read after the yes", async () => {
  trieve.add(CARL);
  const server = await connect((question) => {
    trieve.proxy.always(() => ({ answer: 401 }));
    return says.yes(question);
  });
  const { text } = await server.call(TOOL, { emails: THREE });
  expect(text).toMatch(/^unauthorized: /);
  expect(text).toContain(`Nothing was done for ${THREE.join(", ")}.`);
  expect(server.log.filter((line) => line.includes('"unauthorized"'))).toHaveLength(3);
  expect(trieve.proxy.count("POST")).toBe(0);
});

test.each<[string, Fault]>([
  ["an unclear end", { reset: true, forward: true }],
  ["a refusal of the key", { answer: 401 }],
])("sends nothing after %s, though it waited for its turn all the while", async (_, fault) => {
  const server = await connect();
  let posts = 0;
  // The first keeps one of the two turns, until well after the second has ended.
  trieve.proxy.always(({ method }) => {
    if (method !== "POST") return { pass: true };
    posts += 1;
    return posts === 1 ? { delay: 1_500 } : fault;
  });
  const other = server.call("send_invitation", { email: "other@example.com" });
  await vi.waitUntil(() => trieve.proxy.count("POST") === 1, { timeout: 20_000 });
  await server.call(TOOL, { emails: THREE });
  await other;
  expect(trieve.proxy.count("POST")).toBe(2);
});

test("an address whose invitation cannot be read is not sent to again", async () => {
  const server = await connect();
  spoilRowsAfterMail(trieve);
  const first = await server.call("send_invitation", { email: ANN });
  expect(first.text).toMatch(/^outcome_unknown: .*its row cannot be read/);
  const again = await server.call(TOOL, { emails: [ANN.toUpperCase()] });
  expect(outcomes(again.facts)).toEqual(["outcome_unknown"]);
  expect(trieve.store.mails).toHaveLength(1);
});

test("tells who was added, and who is a member already", async () => {
  trieve.store.accounts.add(ANN).add(BOB);
  trieve.store.members.add(BOB);
  const server = await connect();
  const { facts } = await server.call(TOOL, { emails: THREE });
  expect(facts.outcome).toBe("done");
  expect(outcomes(facts)).toEqual(["added", "already_member", "invited"]);
  expect(facts.note).toContain("cannot undo");
  // Whoever is not in the list is looked for twice.
  expect(trieve.proxy.count("GET")).toBe(4);
  await server.call(TOOL, { emails: ["Bob@example.com", "dora@example.com"] });
  expect(server.questions[1]).toContain("Left out: 1 members already");
  // Who was removed since then can be invited again.
  trieve.store.members.delete(BOB);
  trieve.store.accounts.delete(BOB);
  const again = await server.call(TOOL, { emails: [BOB] });
  expect(outcomes(again.facts)).toEqual(["invited"]);
});

test("the same address counts once, blanks and letter case aside", async () => {
  const server = await connect();
  const emails = [ANN, ` ${ANN} `, "ANN@Example.com", BOB];
  const { facts } = await server.call(TOOL, { emails });
  expect(facts.results.map(({ email }: { email: string }) => email)).toEqual([ANN, BOB]);
  expect(invited()).toEqual([ANN, BOB]);
});

describe("what is wrong is named before anything is read or asked", () => {
  test("every bad address, with its own sentence", async () => {
    const environment = { ...trieve.environment, TRIEVE_ALLOWED_EMAIL_DOMAINS: "example.com" };
    const server = await connectInMemory({ environment, person: says.yes });
    const emails = [ANN, "bob", "o'neil@example.com", "eve@evil.example", "[x](y)"];
    const { isError, text } = await server.call(TOOL, { emails });
    expect(isError).toBe(true);
    expect(text).toMatch(/^invalid_email: bob: There is no @ in it/);
    expect(text).toContain("o'neil@example.com: Trieve takes no address with an apostrophe");
    expect(text).toMatch(/eve@evil\.example: .*only invite.*example\.com.*\(domain_not_allowed\)/);
    expect(text).toContain("\\[x\\]\\(y\\): ");
    expect(text).not.toContain(ANN);
    expect(text).toContain("Nothing was done.");
    expect(server.questions).toEqual([]);
    expect(trieve.proxy.seen).toEqual([]);
  });

  test("a role above the highest", async () => {
    const server = await connect();
    const { text } = await server.call(TOOL, { emails: THREE, role: "owner" });
    expect(text).toMatch(/^role_not_allowed: .*TRIEVE_MAX_ROLE/);
    expect(trieve.proxy.seen).toEqual([]);
  });

  test.each<[string, unknown]>([
    ["an empty list", []],
    ["51 addresses", Array.from({ length: 51 }, (_, n) => `p${n}@example.com`)],
    ["addresses in an object", { first: ANN, second: BOB }],
    ["a text with nothing in it", " , "],
    ["numbers", [ANN, 7]],
    ["a missing list", undefined],
  ])("%s", async (_, emails) => {
    const server = await connect();
    const { isError, text } = await server.call(TOOL, { emails });
    expect(isError).toBe(true);
    expect(text).toMatch(/^invalid_input: .*emails/);
    expect(trieve.proxy.seen).toEqual([]);
    expect(server.questions).toEqual([]);
  });

  test("a dry run, which there is not, does nothing", async () => {
    const server = await connect(says.decline);
    await server.call(TOOL, { emails: THREE, dry_run: true });
    expect(trieve.proxy.count("POST")).toBe(0);
  });
});

describe("a fault in the middle stops the rest, and the next call finishes", () => {
  test.each<[string, Fault[], string, RegExp]>([
    [
      "a reset after the insert",
      [{ reset: true, forward: true }],
      "mail_unconfirmed",
      /resend_inv/,
    ],
    ["500 after the insert", [{ answer: 500, forward: true }], "mail_unconfirmed", /resend_inv/],
    ["429", [{ answer: 429, headers: { "retry-after": "7" } }], "not_sent", /Stopped: Too many/],
    ["401", [{ answer: 401 }], "not_sent", /Stopped: Trieve refused the key/],
    ["a database that is gone", [refusing("Could not get database connection")], "not_sent", /./],
    ["an end in the dark", [{ reset: true }], "outcome_unknown", /two minutes/],
  ])("%s", async (_, faults, outcome, note) => {
    const server = await connect();
    // One at a time up to the third.
    trieve.proxy.next("POST", { pass: true }, { delay: 1_500 }, ...faults);
    const first = await server.call(TOOL, { emails: SIX });
    expect(first.facts.outcome).toBe("partly_done");
    const [, , third, ...rest] = outcomes(first.facts);
    expect(third).toBe(outcome);
    expect(rest).toEqual(["not_sent", "not_sent", "not_sent"]);
    expect(first.facts.note).toMatch(note);
    expect(trieve.proxy.count("POST")).toBe(3);
    for (const { reason } of first.facts.results.slice(3)) expect(reason).toBeTruthy();

    const second = await server.call(TOOL, { emails: SIX });
    expect(outcomes(second.facts).slice(3)).toEqual(["invited", "invited", "invited"]);
    expect(new Set(invited()).size).toBe(invited().length);
    const isSentAgain = outcome === "not_sent" ? 1 : 0;
    expect(trieve.proxy.count("POST")).toBe(6 + isSentAgain);
  });

  test("a relay that refuses", async () => {
    const server = await connect();
    trieve.proxy.always(({ method }) => {
      if (method === "POST") trieve.store.refuseMail = trieve.proxy.count("POST") >= 3;
      return { pass: true };
    });
    const first = await server.call(TOOL, { emails: SIX });
    expect(outcomes(first.facts)).toContain("mail_unconfirmed");
    expect(outcomes(first.facts).slice(4)).toEqual(["not_sent", "not_sent"]);
    const stayed = trieve.store.rows.length;
    expect(first.text).toContain("(The invitation exists. The mail failed, so the person has no");
    trieve.proxy.always(undefined);
    trieve.store.refuseMail = false;
    const second = await server.call(TOOL, { emails: SIX });
    expect(outcomes(second.facts).slice(4)).toEqual(["invited", "invited"]);
    expect(stayed).toBeLessThanOrEqual(4);
    expect(trieve.store.rows).toHaveLength(6);
    expect(trieve.proxy.count("POST")).toBe(6);
  });

  test("an address that Trieve does not take is told, and stops nothing", async () => {
    const server = await connect();
    trieve.proxy.next("POST", refusing("Invalid email"));
    const { facts } = await server.call(TOOL, { emails: THREE });
    expect(outcomes(facts).sort()).toEqual(["invited", "invited", "rejected"]);
    expect(facts.outcome).toBe("partly_done");
    const rejected = facts.results.find(
      ({ outcome }: { outcome: string }) => outcome === "rejected",
    );
    expect(rejected.reason).toContain("does not take this address");
  });

  test("a list that cannot be read afterwards leaves all that was accepted in doubt", async () => {
    const server = await connect();
    const html: Fault = { answer: 200, body: "<html>" };
    trieve.proxy.next("GET", { pass: true }, { pass: true }, html);
    const { facts } = await server.call(TOOL, { emails: THREE });
    expect(outcomes(facts)).toEqual(Array(3).fill("outcome_unknown"));
    expect(facts.results[0].reason).toMatch(/^Trieve accepted the invitation/);
    const second = await server.call(TOOL, { emails: THREE });
    expect(outcomes(second.facts)).toEqual(Array(3).fill("mail_unconfirmed"));
    expect(trieve.proxy.count("POST")).toBe(3);
  });

  test("with nothing achieved and no doubt it is the error that stopped it, naming all", async () => {
    const server = await connect();
    trieve.proxy.always(({ method }) => (method === "POST" ? { answer: 403 } : { pass: true }));
    const { isError, text } = await server.call(TOOL, { emails: THREE });
    expect(isError).toBe(true);
    expect(text).toMatch(/^forbidden: .*Nothing was done for ann@.*, bob@.*, carl@example\.com\./);
    expect(server.log.map((line) => JSON.parse(line).outcome)).toEqual(Array(3).fill("forbidden"));
  });
});

describe("no address is mailed twice", () => {
  test("by two calls with the same list at once, nor by a call for one", async () => {
    trieve.store.mailMs = 100;
    const server = await connectInMemory({ ...trieve, person: says.yes, clock: hurried });
    // One question at a time: the second waits for the first to be answered.
    const first = server.call(TOOL, { emails: SIX });
    await vi.waitUntil(() => trieve.proxy.count("POST") > 0, { timeout: 20_000 });
    const second = server.call(TOOL, { emails: [...SIX].reverse() });
    const one = server.call("send_invitation", { email: "FINN@example.com" });
    expect(outcomes((await first).facts)).toEqual(Array(6).fill("invited"));
    expect(outcomes((await second).facts)).toEqual(Array(6).fill("already_invited"));
    expect((await one).facts.outcome).toBe("already_invited");
    expect(trieve.proxy.count("POST")).toBe(6);
    expect(invited()).toEqual(SIX);
  });

  test("while one is in doubt after a call for one", async () => {
    const server = await connect();
    trieve.proxy.next("POST", { reset: true });
    await server.call("send_invitation", { email: ANN });
    const { facts } = await server.call(TOOL, { emails: [ANN, BOB] });
    expect(outcomes(facts)).toEqual(["outcome_unknown", "invited"]);
    expect(facts.results[0].reason).toContain("An earlier request");
    expect(server.questions[0]).toContain("Left out: 1 in doubt after an earlier send");
    expect(trieve.proxy.count("POST")).toBe(2);
  });
});

test("does not count for the thirty a minute", async () => {
  const server = await connect();
  const emails = Array.from({ length: 31 }, (_, n) => `p${n}@example.com`);
  const { facts } = await server.call(TOOL, { emails });
  expect(facts.counts).toEqual({ invited: 31 });
  const one = await server.call("send_invitation", { email: ANN });
  expect(one.facts.outcome).toBe("invited");
});

describe("progress", () => {
  test("is told for each address, n of m", async () => {
    const steps: object[] = [];
    const server = await connect();
    await server.client.callTool({ name: TOOL, arguments: { emails: THREE } }, undefined, {
      onprogress: (step) => steps.push(step),
    });
    await vi.waitUntil(() => steps.length === 3, { timeout: 20_000 });
    expect(steps).toEqual([
      { progress: 1, total: 3, message: "1 of 3" },
      { progress: 2, total: 3, message: "2 of 3" },
      { progress: 3, total: 3, message: "3 of 3" },
    ]);
  });
});

test("a cancelled call sends nothing more, and tells what went out", async () => {
  trieve.proxy.always(({ method }) => (method === "POST" ? { delay: 300 } : { pass: true }));
  const server = await connect();
  const ending = new AbortController();
  const call = server.call(TOOL, { emails: SIX }, { signal: ending.signal });
  call.catch(() => {});
  await vi.waitUntil(() => trieve.proxy.count("POST") === 2, { timeout: 20_000 });
  ending.abort();
  await vi.waitUntil(() => server.log.length === 6, { timeout: 20_000 });
  expect(trieve.proxy.count("POST")).toBe(2);
  expect(server.log.map((line) => JSON.parse(line).outcome)).toEqual([
    "invited",
    "invited",
    ...Array(4).fill("not_sent"),
  ]);
});

test("thirty with slow mail are partly done within 60 s, nothing twice and nothing lost", async () => {
  trieve.store.mailMs = 6_000;
  const server = await connectInMemory({ ...trieve, person: says.yes });
  const emails = Array.from({ length: 30 }, (_, n) => `p${n}@example.com`);
  const since = performance.now();
  const { facts } = await server.call(TOOL, { emails });
  expect(performance.now() - since).toBeLessThan(60_000);
  expect(facts.outcome).toBe("partly_done");
  expect(facts.results).toHaveLength(30);
  expect(facts.counts.invited).toBeGreaterThanOrEqual(6);
  expect(facts.counts.invited + facts.counts.not_sent).toBe(30);
  expect(facts.counts.invited).toBe(trieve.store.mails.length);
  expect(new Set(invited()).size).toBe(invited().length);
});

describe.each(Object.entries(FACES))("%s", (_, connect) => {
  test("asks once and sends", async () => {
    const server = await connect({ ...trieve, person: says.yes });
    const { facts } = await server.call(TOOL, { emails: THREE });
    expect(facts).toMatchObject({ outcome: "done", counts: { invited: 3 }, confirmed_by: "form" });
    expect(server.questions).toHaveLength(1);
  });
});

test("progress is told in the stateless era too", async () => {
  const server = await connectStateless({ ...trieve, person: says.yes });
  const params = { name: TOOL, arguments: { emails: THREE } };
  const { result } = await server.request("tools/call", params);
  const { requestState } = result;
  const decision = { action: "accept", content: { decision: "send 3" } };
  const more = { progressToken: 7 };
  const retry = { ...params, requestState, inputResponses: { decision } };
  await server.request("tools/call", retry, more);
  expect(server.notices.filter(({ method }) => method === "notifications/progress")).toMatchObject(
    [1, 2, 3].map((n) => ({ params: { progressToken: 7, progress: n, total: 3 } })),
  );
});

describe("the built program", () => {
  test("shows a code with every address, which sends once", async () => {
    const server = await connectBin({ environment: trieve.environment });
    const asked = await server.call(TOOL, { emails: SIX });
    expect(asked.facts.outcome).toBe("confirmation_required");
    for (const email of SIX) expect(asked.facts.show_to_user).toContain(`E-mail: ${email}`);
    const { confirmation } = asked.facts;
    expect(confirmation).toMatch(
      /^send 6 invitations to ann@example\.com, .* and 3 more \(user\) [\w-]{22}$/,
    );
    expect(trieve.proxy.count("POST")).toBe(0);
    const others = await server.call(TOOL, { emails: THREE, confirmation });
    expect(others.text).toMatch(/^confirmation_invalid/);
    const done = await server.call(TOOL, { emails: SIX, confirmation });
    expect(done.facts).toMatchObject({ outcome: "done", confirmed_by: "code" });
    const again = await server.call(TOOL, { emails: SIX, confirmation });
    expect(again.text).toMatch(/^confirmation_invalid/);
    expect(invited()).toEqual(SIX);
    await server.close();
  });

  test("that is ended in the middle says of each what is known", async () => {
    trieve.store.members.add(ANN);
    trieve.proxy.next("POST", { pass: true }, { pass: true });
    trieve.proxy.always(({ method }) =>
      method === "POST" ? { silence: "all", forward: true } : { pass: true },
    );
    const bin = startBin({ environment: trieve.environment });
    bin.write({ ...HELLO, params: { ...HELLO.params, capabilities: {} } });
    bin.write(toolCall(1, TOOL, { emails: SIX }));
    // biome-ignore lint/suspicious/noExplicitAny: the raw answer
    const { result } = (await bin.answer(1)) as any;
    const { confirmation } = result.structuredContent;
    bin.write(toolCall(2, TOOL, { emails: SIX, confirmation }));
    await vi.waitUntil(() => trieve.proxy.count("POST") === 4, { timeout: 60_000 });
    bin.child.kill("SIGTERM");
    expect((await bin.exited).code).toBe(0);
    const lines = bin.stderr().trim().split("\n");
    expect(lines.join("\n")).toContain(
      "send_invitations was cut short by the end of the process; the outcome of 3 of 6 is unknown",
    );
    const audit = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
    const told = audit.filter(({ outcome }) => outcome !== "confirmation_required");
    expect(told.map(({ email, outcome }) => `${outcome} ${email}`).sort()).toEqual(
      SIX.map((email, n) => {
        const outcome = n === 0 ? "already_member" : n < 4 ? "outcome_unknown" : "not_sent";
        return `${outcome} ${email}`;
      }).sort(),
    );
    expect(trieve.proxy.count("POST")).toBe(4);
  });
});
