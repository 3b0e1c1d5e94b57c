import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { addMember } from "../src/sandbox/store.ts";
import { LIMITS } from "../src/trieve/limits.ts";
import { fastClock } from "./support/app.ts";
import { connectBin, HELLO, startBin, toolCall } from "./support/bin.ts";
import { type Person, says } from "./support/client.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { connectInMemory } from "./support/memory.ts";
import { connectModern } from "./support/modern.ts";
import { PROTOCOLS } from "./support/protocols.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// One call that sends to several addresses.

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const TOOL = "send_invitation";
const SIX = ["ann", "bob", "carl", "dora", "eve", "finn"].map((name) => `${name}@example.com`);
const [ANN = "", BOB = "", CARL = "", DORA = ""] = SIX;
const THREE = [ANN, BOB, CARL];
const limits = { ...LIMITS, attemptMs: 6_000, sendMs: 6_000 };

const connect = (person: Person = says.yes) =>
  connectInMemory({ ...trieve, person, clock: fastClock, limits });
const outcomes = (facts: { results: { outcome: string }[] }) =>
  facts.results.map(({ outcome }) => outcome);
const methods = () => trieve.proxy.seen.map(({ method }) => method);
const invited = () => trieve.store.mails.map(({ to }) => to).sort();
const refusing = (message: string): Fault => ({ answer: 400, body: JSON.stringify({ message }) });
/** The audit lines that say what came of a target. */
const audit = ({ log }: { log: string[] }) =>
  log
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line))
    .filter(({ outcome }) => outcome !== "begun");
const audited = (server: { log: string[] }) =>
  audit(server).map(({ email, outcome }) => [email, outcome]);

test("invites six with one question, six POSTs and three lists", async () => {
  trieve.store.mailMs = 50;
  const server = await connect();
  const { facts, text } = await server.call(TOOL, { emails: SIX, role: "admin" });
  expect(facts).toMatchObject({
    outcome: "done",
    organization: trieve.store.organizationId,
    role: "admin",
    counts: { invited: 6 },
    confirmed_by: "form",
  });
  expect(facts.results).toEqual(
    SIX.map((email) => ({
      email,
      outcome: "invited",
      id: trieve.store.rows.find((row) => row.email === email)?.id.slice(0, 8),
    })),
  );
  for (const { id, email } of facts.results) expect(text).toContain(`\ninvited ${id} ${email}`);
  expect(invited()).toEqual(SIX);
  expect(methods().filter((method) => method === "GET")).toHaveLength(3);
  expect(methods().slice(0, 2)).toEqual(["GET", "GET"]);
  expect(trieve.proxy.mostWaiting()).toBe(2);
  expect(server.questions).toHaveLength(1);
  expect(server.questions[0]?.split("\n")).toEqual([
    "Send 6 invitations, 6 as admin?",
    ...SIX,
    "Role: admin (can invite and remove people)",
    "A person who has a Trieve account joins at once, which cannot be undone here.",
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
  expect(server.questions[0]).toMatch(/^Send 3 invitations\?\n/);
  expect(trieve.proxy.count("POST")).toBe(0);
  expect(audited(server)).toEqual(THREE.map((email) => [email, "not_confirmed"]));
});

test("leaves one audit line for each address, which share a short call", async () => {
  trieve.add(BOB);
  const server = await connect();
  await server.call(TOOL, { emails: THREE });
  await server.call(TOOL, { emails: ["gus@example.com", "hal@example.com"] });
  expect(audited(server)).toEqual([
    [ANN, "invited"],
    [BOB, "already_invited"],
    [CARL, "invited"],
    ["gus@example.com", "invited"],
    ["hal@example.com", "invited"],
  ]);
  const [first, ...rest] = audit(server);
  expect(first).toMatchObject({ role: "user", confirmed_by: "form", requests: 5 });
  expect(first.invitation).toHaveLength(8);
  expect(first.call).toMatch(/^[\w-]{8}$/);
  expect(new Set([first, ...rest].map(({ call }) => call)).size).toBe(2);
});

describe("who is left out", () => {
  test("is invited or accepted already: asked about is only what can be done", async () => {
    trieve.add("ANN@example.com", { role: 1, days: 3 });
    trieve.add(BOB, { used: true });
    const server = await connect();
    const { facts, text } = await server.call(TOOL, { emails: THREE, role: "admin" });
    expect(facts.outcome).toBe("partly_done");
    expect(outcomes(facts)).toEqual(["already_invited", "already_accepted", "invited"]);
    expect(facts.results[0].reason).toMatch(/^as admin, created \d{4}-\d\d-\d\d$/);
    expect(facts.note).toMatch(/already_invited: .*resend_invitation/);
    expect(facts.note).toMatch(/already_accepted: .*delete that record first/);
    expect(text).toContain(facts.note);
    const [question, ...lines] = server.questions[0]?.split("\n") ?? [];
    expect(question).toBe("Send this invitation?");
    expect(lines).toContain(`E-mail: ${CARL}`);
    expect(lines).toContain(`Left out: ${ANN} (already invited)`);
    expect(lines).toContain(`Left out: ${BOB} (already accepted)`);
    // With another role they are not as asked.
    const again = await server.call(TOOL, { emails: THREE, role: "user" });
    expect(again.text).toMatch(/^already_invited: /);
    expect(server.questions).toHaveLength(1);
    expect(invited()).toEqual([CARL]);
  });

  test("leaves one to be sent to, as user, about whom nobody has to be asked", async () => {
    trieve.add(ANN);
    const server = await connect(says.decline);
    const { facts } = await server.call(TOOL, { emails: [ANN, BOB] });
    expect(facts.outcome).toBe("done");
    expect(outcomes(facts)).toEqual(["already_invited", "invited"]);
    expect(facts).not.toHaveProperty("confirmed_by");
    expect(server.questions).toEqual([]);
  });

  test("was invited while the person thought", async () => {
    const server = await connect((question) => {
      trieve.add("Bob@example.com");
      return says.yes(question);
    });
    const { facts } = await server.call(TOOL, { emails: THREE });
    expect(outcomes(facts)).toEqual(["invited", "already_invited", "invited"]);
    expect(invited()).toEqual([ANN, CARL]);
  });

  test("could be invited after the yes, and is not, since nobody was asked about it", async () => {
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
    expect(facts.results[0].reason).toBe("changed");
    expect(facts.note).toContain("the same call again does them");
    expect(facts.outcome).toBe("partly_done");
  });

  test("is named where nothing was done, in the answer and in the audit", async () => {
    trieve.add(ANN, { used: true });
    trieve.add(CARL, { role: 1 });
    trieve.proxy.next("POST", refusing("Invalid email"), refusing("Invalid email"));
    const server = await connect();
    const { isError, text } = await server.call(TOOL, { emails: [...THREE, DORA] });
    expect(isError).toBe(true);
    const [first, ...lines] = text.split("\n");
    expect(first).toMatch(/^already_accepted: /);
    expect(lines).toEqual([
      expect.stringMatching(new RegExp(`^already_accepted \\S{8} .*${ANN}$`)),
      expect.stringMatching(new RegExp(`^rejected \\(.*does not take this address.*${BOB}$`)),
      expect.stringMatching(new RegExp(`^already_invited \\S{8} .*as admin.*${CARL}$`)),
      expect.stringMatching(new RegExp(`^rejected .*${DORA}$`)),
    ]);
    expect(audited(server)).toEqual([
      [ANN, "already_accepted"],
      [BOB, "rejected"],
      [CARL, "already_invited"],
      [DORA, "rejected"],
    ]);
  });
});

test("names all where the list could not be read after the yes", async () => {
  trieve.add(CARL);
  const server = await connect((question) => {
    trieve.proxy.always(() => ({ answer: 401 }));
    return says.yes(question);
  });
  const { text } = await server.call(TOOL, { emails: THREE });
  const [first, ...lines] = text.split("\n");
  expect(first).toMatch(/^unauthorized: .*Nothing was sent/);
  expect(lines).toEqual(THREE.map((email) => `not_sent (unauthorized) ${email}`));
  expect(audited(server)).toEqual(THREE.map((email) => [email, "not_sent"]));
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
  const other = server.call(TOOL, { emails: ["other@example.com"] });
  await vi.waitUntil(() => trieve.proxy.count("POST") === 1, { timeout: 20_000 });
  await server.call(TOOL, { emails: THREE });
  await other;
  expect(trieve.proxy.count("POST")).toBe(2);
});

test("tells who was added, and who is a member already", async () => {
  trieve.store.accounts.add(ANN).add(BOB);
  addMember(trieve.store, { email: BOB });
  const server = await connect();
  const { facts } = await server.call(TOOL, { emails: THREE });
  expect(facts.outcome).toBe("done");
  expect(outcomes(facts)).toEqual(["added", "already_member", "invited"]);
  expect(facts.note).toContain("cannot undo");
  // Before the question and after it; whoever is not in the list is looked for twice, and among the members.
  expect(trieve.proxy.count("GET")).toBe(5);
  const posts = trieve.proxy.count("POST");
  // Trieve compares letter by letter, and would mail whoever it knows in other letters.
  await server.call(TOOL, { emails: ["Bob@example.com", DORA, "eve@example.com"] });
  expect(server.questions[1]).toContain("Left out: Bob@example.com (already member)");
  expect(trieve.proxy.count("POST")).toBe(posts + 2);
  const twice = await server.call(TOOL, { emails: ["ANN@example.com"] });
  expect(outcomes(twice.facts)).toEqual(["already_member"]);
  expect(twice.facts.results[0].reason).toContain("did not ask Trieve again");
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

describe("a fault in the middle stops the rest, and the next call finishes", () => {
  test.each<[string, Fault, string, RegExp]>([
    ["a reset after the insert", { reset: true, forward: true }, "mail_unconfirmed", /resend_inv/],
    ["500 after the insert", { answer: 500, forward: true }, "mail_unconfirmed", /resend_inv/],
    ["429", { answer: 429, headers: { "retry-after": "7" } }, "not_sent", /not_sent: Too many/],
    ["401", { answer: 401 }, "not_sent", /not_sent: Trieve refused the key/],
    [
      "a database that is gone",
      refusing("Could not get database connection"),
      "not_sent",
      /not_sent: /,
    ],
    [
      "an invitation that the list did not show",
      refusing(`User with email ${CARL} has already been invited`),
      "outcome_unknown",
      /two minutes/,
    ],
    ["an end in the dark", { reset: true }, "outcome_unknown", /two minutes/],
  ])("%s", async (_, fault, outcome, words) => {
    const server = await connect();
    // One at a time up to the third.
    trieve.proxy.next("POST", { pass: true }, { delay: 1_500 }, fault);
    const first = await server.call(TOOL, { emails: SIX });
    expect(first.facts.outcome).toBe("partly_done");
    const [, , third, ...rest] = outcomes(first.facts);
    expect(third).toBe(outcome);
    expect(rest).toEqual(["not_sent", "not_sent", "not_sent"]);
    expect(first.text).toMatch(words);
    expect(first.facts.note).toContain("the same call again does them");
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
    expect(first.text).toContain("(The invitation exists. Its mail failed, so the person has no");
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
    trieve.proxy.next("GET", { pass: true }, { pass: true }, html, html);
    const first = await server.call(TOOL, { emails: THREE });
    const [error, ...lines] = first.text.split("\n");
    expect(error).toMatch(/^outcome_unknown: .*Trieve accepted the invitation.*could not be read/);
    expect(lines.map((line) => line.split(" ")[0])).toEqual(Array(3).fill("outcome_unknown"));
    const second = await server.call(TOOL, { emails: THREE });
    expect(second.text).toMatch(/^mail_unconfirmed: /);
    expect(audited(server).slice(3)).toEqual(THREE.map((email) => [email, "mail_unconfirmed"]));
    expect(trieve.proxy.count("POST")).toBe(3);
  });

  test("with nothing achieved and no doubt it is the error that stopped it, naming all", async () => {
    const server = await connect();
    trieve.proxy.always(({ method }) => (method === "POST" ? { answer: 403 } : { pass: true }));
    const { isError, text } = await server.call(TOOL, { emails: THREE });
    expect(isError).toBe(true);
    const [first, ...lines] = text.split("\n");
    expect(first).toMatch(/^forbidden: .*Nothing was sent\./);
    expect(lines).toEqual(THREE.map((email) => `not_sent (forbidden) ${email}`));
    expect(audited(server)).toEqual(THREE.map((email) => [email, "not_sent"]));
  });
});

describe("no address is mailed twice", () => {
  test("by two calls with the same list at once, nor by a call for one", async () => {
    trieve.store.mailMs = 100;
    const server = await connectInMemory({ ...trieve, person: says.yes, clock: fastClock });
    // One question at a time: the second waits for the first to be answered.
    const first = server.call(TOOL, { emails: SIX });
    await vi.waitUntil(() => trieve.proxy.count("POST") > 0, { timeout: 20_000 });
    const second = server.call(TOOL, { emails: [...SIX].reverse() });
    const one = server.call(TOOL, { emails: ["FINN@example.com"] });
    expect(outcomes((await first).facts)).toEqual(Array(6).fill("invited"));
    for (const { facts } of [await second, await one]) {
      expect(facts.outcome).toBe("nothing_to_do");
      expect(Object.keys(facts.counts)).toEqual(["already_invited"]);
    }
    expect(trieve.proxy.count("POST")).toBe(6);
    expect(invited()).toEqual(SIX);
  });

  test("while one is in doubt after a call for one", async () => {
    const server = await connect();
    trieve.proxy.next("POST", { reset: true });
    await server.call(TOOL, { emails: [ANN] });
    const { facts } = await server.call(TOOL, { emails: THREE });
    expect(outcomes(facts)).toEqual(["outcome_unknown", "invited", "invited"]);
    expect(facts.results[0].reason).toContain("earlier request");
    expect(server.questions[0]).toContain(`Left out: ${ANN} (outcome unknown)`);
    expect(trieve.proxy.count("POST")).toBe(3);
  });
});

test("does not count for the thirty a minute", async () => {
  const server = await connect();
  const emails = Array.from({ length: 31 }, (_, n) => `p${n}@example.com`);
  const { facts } = await server.call(TOOL, { emails });
  expect(facts.counts).toEqual({ invited: 31 });
  const one = await server.call(TOOL, { emails: [ANN] });
  expect(one.facts.counts).toEqual({ invited: 1 });
});

test("progress is told for each address, n of m", async () => {
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

test("progress is told in the stateless era too", async () => {
  const server = await connectModern({ ...trieve, person: says.yes });
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

describe.each(Object.entries(PROTOCOLS))("%s", (_, connect) => {
  test("asks once and sends", async () => {
    const server = await connect({ ...trieve, person: says.yes });
    const { facts } = await server.call(TOOL, { emails: THREE });
    expect(facts).toMatchObject({ outcome: "done", counts: { invited: 3 }, confirmed_by: "form" });
    expect(server.questions).toHaveLength(1);
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
  await vi.waitUntil(() => audit(server).length === 6, { timeout: 20_000 });
  expect(trieve.proxy.count("POST")).toBe(2);
  expect(audit(server).map(({ outcome }) => outcome)).toEqual([
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

describe("the built program", () => {
  test("shows a code with every address, which sends once", async () => {
    const server = await connectBin({ environment: trieve.environment });
    const asked = await server.call(TOOL, { emails: SIX });
    expect(asked.facts.outcome).toBe("confirmation_required");
    for (const email of SIX) expect(asked.facts.show_to_user).toContain(email);
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
    addMember(trieve.store, { email: ANN });
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
      "send_invitation was cut short by the end of the process; its outcome is unknown for 3 of 6",
    );
    const told = audit({ log: lines }).filter(({ outcome }) => outcome !== "confirmation_required");
    expect(told.map(({ email, outcome }) => `${outcome} ${email}`)).toEqual(
      SIX.map((email, n) => {
        const outcome = n === 0 ? "already_member" : n < 4 ? "outcome_unknown" : "not_sent";
        return `${outcome} ${email}`;
      }),
    );
    expect(trieve.proxy.count("POST")).toBe(4);
  });
});

test("two spellings of one address are sent to once, and both are answered", async () => {
  const server = await connect();
  const { facts } = await server.call(TOOL, { emails: [ANN, BOB, ANN.toUpperCase()] });
  expect(facts.counts).toEqual({ invited: 2 });
  expect(facts.results[0]).toMatchObject({
    email: ANN,
    outcome: "invited",
    reason: `also given as ${ANN.toUpperCase()}`,
  });
  expect(facts.results[1]).not.toHaveProperty("reason");
  expect(invited()).toEqual([ANN, BOB]);
});
