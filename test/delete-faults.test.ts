import { afterEach, beforeEach, expect, test } from "vitest";
import { LIMITS } from "../src/trieve/limits.ts";
import { hurried } from "./support/app.ts";
import { says } from "./support/client.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// A DELETE whose answer is wrong or missing: what is told, and how often it was sent.

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const limits = { ...LIMITS, attemptMs: 6_000, sendMs: 6_000 };
const connect = () => connectInMemory({ ...trieve, person: says.yes, clock: hurried, limits });

const remove = async (...faults: Fault[]) => {
  const { id } = trieve.add("bob@example.com");
  trieve.proxy.next("DELETE", ...faults);
  const server = await connect();
  return server.call("delete_invitation", { invitation_id: id });
};

test.each<[string, Fault]>([
  ["reset", { reset: true, forward: true }],
  ["silence", { silence: "all", forward: true }],
  ["500", { answer: 500, forward: true }],
  ["200", { answer: 200, body: "{}", forward: true }],
  ["404", { answer: 404, forward: true }],
  ["429", { answer: 429, forward: true }],
])("a DELETE that was carried out and answered with %s is deleted", async (_, fault) => {
  expect((await remove(fault)).facts).toMatchObject({ outcome: "deleted" });
  expect(trieve.proxy.count("DELETE")).toBe(1);
});

test("a DELETE that finds nothing is already_gone", async () => {
  const { facts } = await remove({ answer: 400, forward: true });
  expect(facts.outcome).toBe("already_gone");
});

test.each<[string, Fault]>([
  ["reset", { reset: true }],
  ["500", { answer: 500 }],
  ["400", { answer: 400, body: '{"message":"Error getting invitation."}' }],
])("a DELETE that did nothing (%s) is sent once more", async (_, fault) => {
  expect((await remove(fault)).facts).toMatchObject({ outcome: "deleted" });
  // The list may lag, so it is read twice before; a clear answer is not looked after.
  expect(trieve.proxy.seen.map(({ method }) => method).slice(2)).toEqual([
    "DELETE",
    "GET",
    "GET",
    "DELETE",
  ]);
});

test("a second DELETE that was carried out and lost its answer is deleted", async () => {
  const { facts } = await remove({ reset: true }, { reset: true, forward: true });
  expect(facts).toMatchObject({ outcome: "deleted" });
  expect(trieve.proxy.count("DELETE")).toBe(2);
});

test.each<[string, Fault, RegExp]>([
  ["500", { answer: 500 }, /^upstream_error: .*still listed/],
  ["400", { answer: 400 }, /^upstream_error: .*still listed/],
  ["302", { answer: 302 }, /^bad_response: .*still listed/],
  ["a reset", { reset: true }, /^outcome_unknown: .*still listed/],
])("a DELETE that fails twice with %s says what is known", async (_, fault, expected) => {
  const { isError, text } = await remove(fault, fault);
  expect(isError).toBe(true);
  expect(text).toMatch(expected);
  expect(trieve.proxy.count("DELETE")).toBe(2);
});

test.each<[string, Fault, Fault]>([
  ["no answer, then a refused key", { reset: true }, { answer: 401 }],
  ["no answer, then a fault", { reset: true }, { answer: 500 }],
  ["a gateway that waited no longer, then a 400", { answer: 504 }, { answer: 400 }],
  ["the same gateway twice", { answer: 502 }, { answer: 502 }],
])("a DELETE that may still take effect is never told as undone: %s", async (_, first, second) => {
  const one = await remove(first, second);
  expect(one.text).toMatch(/^outcome_unknown: .*a request may still take effect/);
  const ids = [trieve.add("ann@example.com"), trieve.add("carl@example.com")].map(({ id }) => id);
  for (const tool of ["delete_invitations", "resend_invitations"]) {
    trieve.proxy.next("DELETE", first, second);
    const server = await connect();
    const { facts } = await server.call(tool, { invitation_ids: ids });
    const outcomes = facts.results.map(({ outcome }: { outcome: string }) => outcome);
    expect(outcomes).toEqual(["outcome_unknown", expect.stringMatching(/^not_/)]);
    expect(facts.note).not.toMatch(/joined|another send/i);
  }
  expect(trieve.proxy.count("POST")).toBe(0);
});

test("nor when the invitation changed after it", async () => {
  trieve.proxy.always(({ method }) => {
    if (method !== "DELETE") return { pass: true };
    for (const row of trieve.store.rows) row.used = true;
    return { reset: true };
  });
  const { text } = await remove();
  expect(text).toMatch(/^outcome_unknown: .*a request may still take effect/);
  expect(trieve.proxy.count("DELETE")).toBe(1);
});

test.each([401, 403])(
  "a DELETE that is refused with %d is not repeated and not looked after",
  async (status) => {
    const { text } = await remove({ answer: status });
    expect(text).toMatch(/^(unauthorized|forbidden): /);
    expect(trieve.proxy.seen.map(({ method }) => method)).toEqual(["GET", "GET", "DELETE"]);
  },
);

test("a DELETE whose list cannot be read afterwards is outcome_unknown", async () => {
  trieve.proxy.next("GET", { pass: true }, { pass: true }, { answer: 404 });
  const { text } = await remove({ answer: 500 });
  expect(text).toMatch(/^outcome_unknown: .*could not be read/);
  expect(text).not.toMatch(/send|joined/);
  expect(trieve.proxy.count("DELETE")).toBe(1);
});

test("a DELETE is not repeated when the invitation changed", async () => {
  trieve.proxy.always(({ method }) => {
    if (method !== "DELETE") return { pass: true };
    for (const row of trieve.store.rows) row.used = true;
    return { answer: 500 };
  });
  const { text } = await remove();
  expect(text).toMatch(/^changed: /);
  expect(trieve.proxy.count("DELETE")).toBe(1);
});
