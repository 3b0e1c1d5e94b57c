import { setTimeout as soon } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { hurried } from "./support/app.ts";
import { connectBin } from "./support/bin.ts";
import { says, type TestClient } from "./support/client.ts";
import { lagByReading, lagByTime, spoilRowsAfterMail } from "./support/lag.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// A list that lags behind what was written, as that of a replica or a cache in a proxy does.

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

describe.each([200, 1_000, 5_000])("a list that is %i ms old", (ms) => {
  test("makes of a broken delete neither a failure nor a loss", async () => {
    const { trieve, server, old } = await begin(ms);
    trieve.proxy.next("DELETE", { reset: true, forward: true });
    const { facts } = await server.call("delete_invitation", { invitation_id: old.id });
    expect(facts.outcome).toBe("deleted");
    expect(trieve.store.rows).toEqual([]);
    // A second DELETE is harmless, and not sent as long as a second look may show that it is not needed.
    expect(trieve.proxy.count("DELETE")).toBe(ms < 3_000 ? 1 : 2);
  });

  test("does not show what was deleted, and does not stand in the way of another send", async () => {
    const { trieve, server, old } = await begin(ms);
    await server.call("delete_invitation", { invitation_id: old.id });
    const { facts } = await server.call("list_invitations");
    expect(facts.matched).toBe(0);
    const again = await server.call("send_invitation", { email: old.email });
    expect(again.text).not.toMatch(/^already_invited/);
    expect(trieve.proxy.count("POST")).toBe(1);
    expect(trieve.store.mails.map(({ to }) => to)).toEqual([old.email]);
  });
});

describe.each([200, 1_000])("a list that is %i ms old", (ms) => {
  test("tells no membership that there is not", async () => {
    const { trieve, server } = await begin(ms);
    const { facts } = await server.call("send_invitation", { email: EMAIL });
    expect(facts.outcome).toBe("invited");
    expect(trieve.proxy.count("POST")).toBe(1);
    const list = await server.call("list_invitations", { email: EMAIL });
    expect(list.facts.matched).toBe(1);
  });

  test("gives a resend the new id", async () => {
    const { trieve, server, old } = await begin(ms);
    const { facts } = await server.call("resend_invitations", { invitation_ids: [old.id] });
    expect(facts.outcome).toBe("done");
    expect(facts.results[0].new_id).toBe(trieve.store.rows[0]?.id);
    expect(trieve.store.rows[0]?.id).not.toBe(old.id);
  });

  test("makes of an answer that got lost no failure", async () => {
    const { trieve, server } = await begin(ms);
    trieve.proxy.next("POST", { reset: true, forward: true });
    const { text } = await server.call("send_invitation", { email: EMAIL });
    expect(text).toMatch(/^mail_unconfirmed: /);
    expect(trieve.store.mails).toHaveLength(1);
  });
});

test("who is added is told so only where no invitation shows up at a second look", async () => {
  const { trieve, server } = await begin(1_000);
  trieve.store.accounts.add(EMAIL);
  const { facts } = await server.call("send_invitation", { email: EMAIL });
  expect(facts.outcome).toBe("added");
  expect(trieve.store.members.has(EMAIL)).toBe(true);
});

test("an invitation that Trieve speaks of and its list does not show is no reason to give up", async () => {
  const { trieve, server } = await begin(200);
  trieve.proxy.next("POST", {
    answer: 400,
    body: JSON.stringify({ message: `User with email ${EMAIL} has already been invited` }),
  });
  const { text } = await server.call("send_invitation", { email: EMAIL });
  expect(text).toMatch(/^outcome_unknown: Trieve says that the address is invited already/);
  expect(text).not.toContain("will not help");
});

test("a mail goes out once to one person, whatever the letter case and which replica answers", async () => {
  const { trieve, server } = await begin(0);
  await server.call("send_invitation", { email: EMAIL });
  trieve.proxy.next("GET", { answer: 200, body: "[]" });
  const again = await server.call("send_invitation", { email: "Ann@example.com" });
  expect(again.facts.outcome).toBe("already_invited");
  trieve.store.accounts.add("bob@example.com");
  const added = await server.call("send_invitation", { email: "bob@example.com" });
  expect(added.facts.outcome).toBe("added");
  const twice = await server.call("send_invitation", { email: "Bob@example.com" });
  expect(twice.facts.outcome).toBe("already_member");
  expect(twice.facts.note).toContain("did not ask Trieve again");
  expect(trieve.store.mails.map(({ to }) => to)).toEqual([EMAIL, "bob@example.com"]);
});

test("an invitation that is deleted while its mail goes out is no membership", async () => {
  const { trieve, server } = await begin(0);
  trieve.store.mailMs = 4_000;
  const sent = server.call("send_invitation", { email: EMAIL });
  while (!trieve.store.rows.some(({ email }) => email === EMAIL)) await soon(20);
  const id = trieve.store.rows.find(({ email }) => email === EMAIL)?.id;
  const deleted = await server.call("delete_invitation", { invitation_id: id });
  expect(deleted.facts.outcome).toBe("deleted");
  expect((await sent).text).toMatch(/^outcome_unknown: .*deleted meanwhile/);
});

test("a row that cannot be read is no proof of a membership", async () => {
  const { trieve, server } = await begin(0);
  spoilRowsAfterMail(trieve);
  const { text } = await server.call("send_invitation", { email: EMAIL });
  expect(text).toMatch(/^outcome_unknown: .*cannot be read/);
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
  const { text } = await server.call("resend_invitations", { invitation_ids: [old.id] });
  expect(text).not.toContain("new_id");
  expect(trieve.store.rows).toEqual([]);
});

test("a list asks for no answer out of a cache", async () => {
  const { trieve, server } = await begin(0);
  await server.call("list_invitations");
  expect(trieve.proxy.seen[0]?.headers["cache-control"]).toBe("no-cache");
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
        const server = await connectInMemory({ ...trieve, person: says.yes, clock: hurried });
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
  if (action.email !== undefined) {
    const { facts } = await server.call("send_invitation", { email: action.email });
    if (facts?.outcome === "added") expect(store.members).toContain(action.email);
    if (facts?.outcome === "invited") {
      expect(store.rows.map(({ id }) => id)).toContain(facts.invitation.id);
    }
  } else {
    const row = store.rows[action.which ?? 0];
    if (row === undefined) return;
    const isResend = action.tool === "resend";
    const { facts } = await (isResend
      ? server.call("resend_invitations", { invitation_ids: [row.id] })
      : server.call("delete_invitation", { invitation_id: row.id }));
    if (facts?.outcome === "deleted" || facts?.outcome === "done") {
      expect(store.rows.map(({ id }) => id)).not.toContain(row.id);
    }
  }
  expect(proxy.count("POST") - posts).toBeLessThanOrEqual(1);
}
