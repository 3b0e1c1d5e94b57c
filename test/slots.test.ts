import { describe, expect, test } from "vitest";
import { loadSettings } from "../src/config/load.ts";
import { parseList } from "../src/trieve/body.ts";
import { createExchange, type Fetch } from "../src/trieve/http.ts";
import { LIMITS } from "../src/trieve/limits.ts";
import { fastClock, turnableClock } from "./support/app.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve } from "./support/trieve.ts";

// How long a request keeps its place inside Trieve.

const URL_GIVEN = "https://trieve.example.com";
const { config } = loadSettings({
  TRIEVE_API_KEY: "tr-key",
  TRIEVE_ORGANIZATION_ID: "5a4db0c5-7a0b-4d0e-9c61-000000000001",
  TRIEVE_BASE_URL: URL_GIVEN,
});
const JSON_TYPE = { "content-type": "application/json" };
const HTML = { "content-type": "text/html" };
const json = (status: number) => () => Response.json([], { status });
const page = (status: number) => () => new Response("<html>", { status, headers: HTML });
const broken = (code: string, syscall?: string) => () => {
  const cause = Object.assign(new Error("no words"), { code, syscall });
  throw new TypeError("fetch failed", { cause });
};

/** For how long the place of a request is held that ends like this after `tookMs`; undefined if not at all. */
async function heldAfter(tookMs: number, end: () => Response, more: { cancels?: boolean } = {}) {
  if (config === undefined) throw new Error("these settings are sound");
  const clock = turnableClock();
  const caller = new AbortController();
  let held: number | undefined;
  const exchange = createExchange(config, clock, async () => {
    clock.turn(tookMs);
    if (more.cancels) caller.abort();
    return end();
  });
  const slot = {
    hold(ms: number) {
      held = ms;
    },
  };
  const options = { slot, ms: 20_000, workMs: 60_000, signal: caller.signal };
  const read = async (fetch: Fetch) => {
    const response = await fetch(new Request(URL_GIVEN));
    if (response.status === 200) parseList(await response.text());
  };
  await exchange(options, read).catch(() => {});
  return held === undefined ? undefined : Math.round(held / 1_000);
}

describe("what came of Trieve itself, or cannot have reached it, holds nothing", () => {
  test.each<[string, () => Response]>([
    ["200", json(200)],
    ["400", json(400)],
    ["401", json(401)],
    ["500", json(500)],
    ["nothing listens", broken("ECONNREFUSED", "connect")],
    ["no such host", broken("ENOTFOUND", "getaddrinfo")],
  ])("%s", async (_, end) => {
    expect(await heldAfter(10, end)).toBeUndefined();
    expect(await heldAfter(8_000, end)).toBeUndefined();
  });
});

describe("what something before Trieve answered, or that broke, holds its place if it came late", () => {
  test.each<[string, () => Response]>([
    ["502", json(502)],
    ["504", json(504)],
    ["a page with 403", page(403)],
    ["a page with 200", page(200)],
    ["a reset", broken("ECONNRESET", "read")],
    ["a closed connection", broken("UND_ERR_SOCKET")],
    ["a list that is cut off", () => new Response('[{"id":', { headers: JSON_TYPE })],
  ])("%s", async (_, end) => {
    expect(await heldAfter(10, end)).toBeUndefined();
    expect(await heldAfter(900, end)).toBeUndefined();
    expect(await heldAfter(8_000, end)).toBe(52);
  });
});

test("what its caller gave up is held, however early", async () => {
  const aborted = () => {
    throw new DOMException("no words", "AbortError");
  };
  expect(await heldAfter(10, aborted, { cancels: true })).toBe(60);
});

describe("sends whose answers did not come from Trieve", () => {
  /** Two such sends, and a third one after them. */
  async function thirdSend(fault: Fault) {
    const trieve = await startTrieve();
    // Nobody waits here for a place that is held.
    const sleep: typeof fastClock.sleep = (ms, signal) =>
      ms > 10_000 ? new Promise(() => {}) : fastClock.sleep(ms, signal);
    const server = await connectInMemory({
      ...trieve,
      clock: turnableClock(sleep),
      limits: { ...LIMITS, slotMs: 300, sendMs: 2_000 },
    });
    const send = (name: string) =>
      server.call("send_invitation", { emails: [`${name}@example.com`] });
    trieve.proxy.next("POST", fault, fault);
    const first = await Promise.all([send("ann"), send("bob")]);
    const third = await send("carl");
    const posts = trieve.proxy.count("POST");
    await trieve.close();
    return { told: first.map(({ text }) => text), third, posts };
  }

  test.each<[string, Fault, RegExp]>([
    [
      "502 that is late",
      { answer: 502, after: 1_200 },
      /something before Trieve answered HTTP 502/,
    ],
    ["page that is late", { answer: 200, headers: HTML, after: 1_200 }, /^outcome_unknown: /],
    ["silence", { silence: "all" }, /no answer came/],
  ])("hold their places after a %s, and who finds none is told for how long", async (...row) => {
    const [, fault, words] = row;
    const { told, third, posts } = await thirdSend(fault);
    for (const text of told) expect(text).toMatch(words);
    expect(third.text).toMatch(/^busy: This server waits up to (5[0-9]|60) s .*nothing was sent/);
    expect(posts).toBe(2);
  });

  test.each<[string, Fault, RegExp]>([
    ["502 at once", { answer: 502 }, /something before Trieve answered HTTP 502/],
    ["500 that is late", { answer: 500, after: 1_200 }, /Trieve answered HTTP 500/],
    ["page at once", { answer: 503, headers: HTML }, /something before Trieve answered HTTP 503/],
  ])("and none after a %s", async (_, fault, words) => {
    const { told, third, posts } = await thirdSend(fault);
    for (const text of told) expect(text).toMatch(words);
    expect(third.facts.counts).toEqual({ invited: 1 });
    expect(posts).toBe(3);
  });
});
