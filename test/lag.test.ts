import { setTimeout as soon } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { fastClock } from "./support/app.ts";
import { connectBin } from "./support/bin.ts";
import { says, type TestClient } from "./support/client.ts";
import { lagByReading, lagByTime } from "./support/lag.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// A list that lags behind what was written, as that of a replica or a cache in a proxy does: what the second
// look three seconds later makes of it, and what the members decide.

const EMAIL = "ann@example.com";
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function begin(ms: number) {
  const trieve = await startTrieve();
  ends.push(trieve.close);
  const old = trieve.add("old@example.com");
  ends.push(lagByTime(trieve, ms));
  const server = await connectBin({ environment: trieve.environment, person: says.yes });
  ends.push(server.close);
  return { trieve, server, old };
}

const send = ({ call }: TestClient) => call("send_invitation", { emails: [EMAIL] });

test.each([200, 1_000, 5_000])(
  "a list that is %i ms old makes of a broken delete neither a failure nor a loss",
  async (ms) => {
    const { trieve, server, old } = await begin(ms);
    trieve.proxy.next("DELETE", { reset: true, forward: true });
    const { facts } = await server.call("delete_invitation", { invitations: [old.email] });
    expect(facts.counts).toEqual({ deleted: 1 });
    expect(trieve.store.rows).toEqual([]);
    // A second DELETE is harmless, and not sent as long as a second look may show that it is not needed.
    expect(trieve.proxy.count("DELETE")).toBe(ms < 3_000 ? 1 : 2);
  },
);

describe.each([200, 1_000])("a list that is %i ms old", (ms) => {
  test("tells no membership that there is not", async () => {
    const { trieve, server } = await begin(ms);
    const { facts } = await send(server);
    expect(facts.counts).toEqual({ invited: 1 });
    expect(trieve.proxy.count("POST")).toBe(1);
    expect(trieve.proxy.seen.some(({ path }) => path.includes("/users/"))).toBe(false);
  });

  test("gives a resend the new id", async () => {
    const { trieve, server, old } = await begin(ms);
    const { facts } = await server.call("resend_invitation", { invitations: [old.email] });
    expect(facts.counts).toEqual({ resent: 1 });
    const [row] = trieve.store.rows;
    expect(row?.id).not.toBe(old.id);
    expect(facts.results[0].new_id).toBe(row?.id.slice(0, 8));
  });

  test("makes of an answer that got lost no failure", async () => {
    const { trieve, server } = await begin(ms);
    trieve.proxy.next("POST", { reset: true, forward: true });
    const { text } = await send(server);
    expect(text).toMatch(/^mail_unconfirmed: /);
    expect(trieve.store.mails).toHaveLength(1);
  });
});

describe("what no second look shows", () => {
  test("is added where the members show the person, and not before the second look", async () => {
    const { trieve, server } = await begin(1_000);
    trieve.store.accounts.add(EMAIL);
    const since = performance.now();
    const { facts } = await send(server);
    expect(performance.now() - since).toBeGreaterThan(3_000);
    expect(facts.counts).toEqual({ added: 1 });
    expect(trieve.store.members.has(EMAIL)).toBe(true);
  });

  test("is no membership where the list is older than that", async () => {
    const { trieve, server } = await begin(10_000);
    const { text } = await send(server);
    expect(text).toMatch(/^outcome_unknown: .*neither as invited nor as a member/);
    expect((await send(server)).text).toMatch(/^outcome_unknown: .*earlier request/);
    expect(trieve.store.mails).toHaveLength(1);
  });

  test("is no membership where it was deleted while its mail went out", async () => {
    const { trieve, server } = await begin(0);
    trieve.store.mailMs = 4_000;
    const sent = send(server);
    while (!trieve.store.rows.some(({ email }) => email === EMAIL)) await soon(20);
    const deleted = await server.call("delete_invitation", { invitations: [EMAIL] });
    expect(deleted.facts.counts).toEqual({ deleted: 1 });
    expect((await sent).text).toMatch(/^outcome_unknown: .*neither as invited nor as a member/);
  });
});

test("a resend never names the old invitation as the new one", async () => {
  const { trieve, server, old } = await begin(0);
  trieve.proxy.next("DELETE", { reset: true, forward: true });
  trieve.proxy.next("POST", { reset: true });
  const rows = JSON.stringify(trieve.store.rows);
  let posted = false;
  trieve.proxy.always(({ method }) => {
    posted ||= method === "POST";
    return posted && method === "GET" ? { answer: 200, body: rows } : { pass: true };
  });
  const { text } = await server.call("resend_invitation", { invitations: [old.email] });
  expect(text).toMatch(/^outcome_unknown: .*old invitation is deleted/);
  expect(text).not.toContain("new_id");
  expect(trieve.store.rows).toEqual([]);
});

const PEOPLE = ["a@example.com", "b@example.com", "account@example.com"];
const action = fc.oneof(
  fc.record({ tool: fc.constant("send"), email: fc.constantFrom(...PEOPLE) }),
  fc.record({ tool: fc.constantFrom("delete", "resend"), which: fc.nat(3) }),
);
const step = fc.record({ action, isLate: fc.boolean() });

test("whatever is done, nothing untrue is told and nothing sent twice", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 6 }), async (steps) => {
      const trieve = await startTrieve();
      try {
        trieve.store.accounts.add("account@example.com");
        let isLate = false;
        lagByReading(trieve, () => isLate);
        const server = await connectInMemory({ ...trieve, person: says.yes, clock: fastClock });
        for (const step of steps) {
          isLate = step.isLate;
          await play(step.action, trieve, server);
        }
      } finally {
        await trieve.close();
      }
    }),
    { numRuns: 60 },
  );
});

async function play(
  action: { tool: string; email?: string; which?: number },
  trieve: TestTrieve,
  server: TestClient,
): Promise<void> {
  const { store, proxy } = trieve;
  const posts = proxy.count("POST");
  const ids = () => store.rows.map(({ id }) => id);
  if (action.email !== undefined) {
    const { facts } = await server.call("send_invitation", { emails: [action.email] });
    const [told] = facts?.results ?? [];
    if (told?.outcome === "added") expect(store.members.has(action.email)).toBe(true);
    if (told?.outcome === "invited") {
      expect(ids().map((id) => id.slice(0, 8))).toContain(told.id);
    }
  } else {
    const row = store.rows[action.which ?? 0];
    if (row === undefined) return;
    const tool = `${action.tool}_invitation`;
    const { facts } = await server.call(tool, { invitations: [row.id] });
    const [told] = facts?.results ?? [];
    if (told?.outcome === "deleted") expect(ids()).not.toContain(row.id);
    if (told?.outcome === "resent") {
      expect(ids()).not.toContain(row.id);
      expect(ids().map((id) => id.slice(0, 8))).toContain(told.new_id);
    }
  }
  expect(proxy.count("POST") - posts).toBeLessThanOrEqual(1);
}
