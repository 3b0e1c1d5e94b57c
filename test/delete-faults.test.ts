import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { LIMITS } from "../src/trieve/limits.ts";
import { fastClock } from "./support/app.ts";
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
const connect = () => connectInMemory({ ...trieve, person: says.yes, clock: fastClock, limits });
const methods = () => trieve.proxy.seen.map(({ method }) => method);
const outcomes = (facts: { results: { outcome: string }[] }) =>
  facts.results.map(({ outcome }) => outcome);

const act = async (tool: string, ...faults: Fault[]) => {
  const { id } = trieve.add("bob@example.com");
  trieve.proxy.next("DELETE", ...faults);
  const server = await connect();
  return server.call(tool, { invitations: [id] });
};
const remove = (...faults: Fault[]) => act("delete_invitation", ...faults);

const NO_ROW = '{"message":"Error getting invitation."}';
const HTML = { "content-type": "text/html" };

test.each<[string, Fault]>([
  ["a reset", { reset: true, forward: true }],
  ["silence", { silence: "all", forward: true }],
  ["500", { answer: 500, forward: true }],
  ["502 of a gate", { answer: 502, headers: HTML, body: "<html>", forward: true }],
  ["200", { answer: 200, body: "{}", forward: true }],
  ["404", { answer: 404, forward: true }],
  ["408", { answer: 408, forward: true }],
  ["429", { answer: 429, forward: true }],
  // As where a proxy repeats a DELETE that was carried out.
  ["400", { answer: 400, body: NO_ROW, forward: true }],
])("a DELETE that was carried out and answered with %s is deleted", async (_, fault) => {
  const { facts } = await remove(fault);
  expect(facts.outcome).toBe("done");
  expect(outcomes(facts)).toEqual(["deleted"]);
  expect(methods()).toEqual(["GET", "GET", "DELETE", "GET"]);
});

test("one that is gone only at the second look is deleted by one DELETE", async () => {
  let looks = 0;
  trieve.proxy.always(({ method }) => {
    if (method === "DELETE") return { answer: 500 };
    looks += 1;
    if (looks === 4) trieve.store.rows.splice(0);
    return { pass: true };
  });
  expect(outcomes((await remove()).facts)).toEqual(["deleted"]);
  expect(trieve.proxy.count("DELETE")).toBe(1);
});

test.each<[string, Fault]>([
  ["a reset", { reset: true }],
  ["500", { answer: 500 }],
  ["408", { answer: 408 }],
  ["429", { answer: 429 }],
  ["404", { answer: 404 }],
  ["400", { answer: 400, body: NO_ROW }],
  ["200", { answer: 200, body: "{}" }],
])("a DELETE that did nothing (%s) is sent once more after two looks", async (_, fault) => {
  expect(outcomes((await remove(fault)).facts)).toEqual(["deleted"]);
  expect(methods().slice(2)).toEqual(["DELETE", "GET", "GET", "DELETE"]);
  expect(trieve.store.rows).toEqual([]);
});

test("a second DELETE that was carried out and lost its answer is deleted", async () => {
  const { facts } = await remove({ reset: true }, { reset: true, forward: true });
  expect(outcomes(facts)).toEqual(["deleted"]);
  expect(trieve.proxy.count("DELETE")).toBe(2);
});

describe.each(["delete_invitation", "resend_invitation"])(
  "%s never tells a DELETE as undone that may still take effect",
  (tool) => {
    test.each<[string, Fault, Fault]>([
      ["500 twice", { answer: 500 }, { answer: 500 }],
      ["400 twice", { answer: 400 }, { answer: 400 }],
      ["302 twice", { answer: 302 }, { answer: 302 }],
      ["429 twice", { answer: 429 }, { answer: 429 }],
      ["a reset twice", { reset: true }, { reset: true }],
      ["no answer, then a refused key", { reset: true }, { answer: 401 }],
      ["no answer, then a fault", { reset: true }, { answer: 500 }],
      ["a gateway that waited no longer, then a 400", { answer: 504 }, { answer: 400 }],
      ["the same gateway twice", { answer: 502 }, { answer: 502 }],
    ])("%s", async (_, first, second) => {
      const one = await act(tool, first, second);
      expect(one.isError).toBe(true);
      expect(one.text).toMatch(/^outcome_unknown: .*still listed, but a request may still/);
      expect(one.text).not.toMatch(/nothing was (done|deleted)|nothing was sent or/i);
      expect(trieve.proxy.count("DELETE")).toBe(2);
      const several = ["ann", "carl"].map((name) => trieve.add(`${name}@example.com`).id);
      trieve.proxy.next("DELETE", first, second);
      const two = await (await connect()).call(tool, { invitations: several });
      const untouched = `not_${tool === "delete_invitation" ? "deleted" : "resent"}`;
      expect(two.text).toMatch(/^outcome_unknown: /);
      expect(two.text.split("\n").slice(1)).toEqual([
        expect.stringMatching(/^outcome_unknown .* ann@example\.com$/),
        expect.stringMatching(new RegExp(`^${untouched} .* carl@example\\.com$`)),
      ]);
      for (const { text } of [one, two]) {
        expect(text).not.toMatch(/joined|another send/i);
        if (tool === "resend_invitation") expect(text).toContain("No new one was sent");
      }
      expect(trieve.proxy.count("POST")).toBe(0);
    });

    test.each([
      ["accepted", { used: true }],
      ["given another role", { role: 2 }],
    ])("one that was %s meanwhile is not deleted by a second DELETE", async (_, change) => {
      trieve.proxy.always(({ method }) => {
        if (method !== "DELETE") return { pass: true };
        for (const row of trieve.store.rows) Object.assign(row, change);
        return { answer: 500 };
      });
      const { text } = await act(tool);
      expect(text).toMatch(
        /^outcome_unknown: .*changed meanwhile.*a request may still take effect/,
      );
      expect(trieve.proxy.count("DELETE")).toBe(1);
      expect(trieve.store.rows).toHaveLength(1);
      expect(trieve.proxy.count("POST")).toBe(0);
    });

    test("nor one after which the list cannot be read", async () => {
      const unread: Fault = { answer: 404 };
      trieve.proxy.next("GET", { pass: true }, { pass: true }, unread, unread);
      const { text } = await act(tool, { answer: 500 });
      expect(text).toMatch(/^outcome_unknown: .*could not be read/);
      expect(text).not.toMatch(/joined|nothing was (done|deleted)/i);
      expect(methods()).toEqual(["GET", "GET", "DELETE", "GET", "GET"]);
    });

    test.each<[string, Fault]>([
      ["401", { answer: 401, headers: HTML, body: "<html>" }],
      ["403", { answer: 403, headers: HTML, body: "<html>" }],
      ["401 that asks for a sign-in", { answer: 401, headers: { "www-authenticate": "Basic" } }],
    ])("a first %s of something before Trieve is looked after", async (_, fault) => {
      const { text } = await act(tool, fault, fault);
      expect(text).toMatch(/^outcome_unknown: .*still listed, but a request may still/);
      expect(methods()).toEqual(["GET", "GET", "DELETE", "GET", "GET", "DELETE", "GET", "GET"]);
    });

    test("nor one that such a thing answered once Trieve had done it", async () => {
      const { facts } = await act(tool, { answer: 403, headers: HTML, forward: true });
      expect(facts.outcome).toBe("done");
      expect(trieve.proxy.count("DELETE")).toBe(1);
    });

    test.each([401, 403])("a first %d did nothing, and is not looked after", async (status) => {
      const { text } = await act(tool, { answer: status });
      expect(text).toMatch(/^(unauthorized|forbidden): /);
      expect(methods()).toEqual(["GET", "GET", "DELETE"]);
    });
  },
);

test("a list that could be read at the second look alone decides", async () => {
  trieve.proxy.next("GET", { pass: true }, { pass: true }, { answer: 404 });
  const { facts } = await remove({ reset: true, forward: true });
  expect(outcomes(facts)).toEqual(["deleted"]);
  expect(trieve.proxy.count("DELETE")).toBe(1);
});
