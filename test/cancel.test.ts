import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { systemClock } from "../src/clock.ts";
import { LIMITS } from "../src/trieve/limits.ts";
import { createTestApp, fastClock } from "./support/app.ts";
import { endLines } from "./support/audit.ts";
import { HELLO, startBin, toolCall } from "./support/bin.ts";
import { says } from "./support/client.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { collectGarbage, heapUsed } from "./support/heap.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// A call that its client cancels, or whose time is up.

const EMAIL = "ann@example.com";

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

test("a cancelled call closes its request to Trieve", async () => {
  trieve.proxy.always(() => ({ silence: "all" }));
  const server = await connectInMemory(trieve);
  const ending = new AbortController();
  const call = server.call("list_invitations", {}, { signal: ending.signal });
  call.catch(() => {});
  while (trieve.proxy.seen.length === 0) await systemClock.sleep(5);
  expect(trieve.proxy.waiting()).toBe(1);
  ending.abort();
  await expect(call).rejects.toThrow();
  const closed = async () => {
    while (trieve.proxy.waiting() > 0) await systemClock.sleep(5);
    return "closed";
  };
  expect(await Promise.race([closed(), systemClock.sleep(2_000)])).toBe("closed");
});

test("a cancelled call finishes a write under way and reports it", async () => {
  trieve.proxy.next("POST", { delay: 100 });
  const server = await connectInMemory(trieve);
  const ending = new AbortController();
  const call = server.call("send_invitation", { emails: [EMAIL] }, { signal: ending.signal });
  call.catch(() => {});
  while (trieve.proxy.count("POST") === 0) await systemClock.sleep(5);
  ending.abort();
  while (endLines(server.log).length === 0) await systemClock.sleep(5);
  expect(endLines(server.log)[0]).toMatchObject({ outcome: "invited", requests: 3 });
});

test("a call cancelled before its write sends nothing", async () => {
  trieve.proxy.next("GET", { delay: 100 });
  const server = await connectInMemory(trieve);
  const ending = new AbortController();
  const call = server.call("send_invitation", { emails: [EMAIL] }, { signal: ending.signal });
  call.catch(() => {});
  while (trieve.proxy.seen.length === 0) await systemClock.sleep(5);
  ending.abort();
  while (endLines(server.log).length === 0) await systemClock.sleep(5);
  expect(endLines(server.log)[0]).toMatchObject({ outcome: "not_sent" });
  await systemClock.sleep(150);
  expect(trieve.proxy.count("POST")).toBe(0);
});

test("a first call that is cancelled in the same breath sends nothing", async () => {
  const bin = startBin({ environment: trieve.environment });
  const cancel = { method: "notifications/cancelled", params: { requestId: 1 } };
  const messages = [
    HELLO,
    toolCall(1, "send_invitation", { emails: [EMAIL] }),
    { jsonrpc: "2.0", ...cancel },
  ];
  bin.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
  await bin.logged(/"outcome":"not_sent"/);
  bin.child.stdin.end();
  await bin.exited;
  expect(trieve.proxy.seen).toEqual([]);
});

test("what would write sends nothing once the process ends, however late the call comes", async () => {
  const app = createTestApp(trieve, []);
  const { signal } = new AbortController();
  const send = () => app.call("send_invitation", { emails: [EMAIL] }, { signal, hasForms: false });
  const first = send();
  await app.stop(1_000);
  const cancelled = { text: expect.stringMatching(/^cancelled: /) };
  expect(await Promise.all([first, send()])).toMatchObject([cancelled, cancelled]);
  expect(trieve.proxy.count("POST")).toBe(0);
});

test("a call that is over leaves nothing behind", async () => {
  const log: string[] = [];
  const app = createTestApp(trieve, log);
  const heapAfterCalls = async () => {
    for (let n = 0; n < 2_000; n += 1) {
      const { signal } = new AbortController();
      await app.call("delete_invitation", { invitations: [] }, { signal, hasForms: true });
    }
    log.length = 0;
    await systemClock.sleep(50);
    return heapUsed();
  };
  await heapAfterCalls();
  const before = await heapAfterCalls();
  expect((await heapAfterCalls()) - before).toBeLessThan(50_000);
});

// Node's Request loses the signal it was given when the garbage collector runs at the wrong moment.
describe("an attempt ends in time, whatever the garbage collector takes meanwhile", () => {
  test.each<[string, string, Fault]>([
    ["GET", "list_invitations", { silence: "all" }],
    ["GET", "list_invitations", { silence: "body" }],
    ["POST", "send_invitation", { silence: "all" }],
    ["DELETE", "delete_invitation", { silence: "all" }],
  ])("%s of %s with %j", async (method, tool, fault) => {
    const { id } = trieve.add("bob@example.com");
    trieve.proxy.next(method, fault);
    const limits = { ...LIMITS, attemptMs: 4_000, sendMs: 4_000 };
    const server = await connectInMemory({ ...trieve, person: says.yes, clock: fastClock, limits });
    const args = { send_invitation: { emails: [EMAIL] }, delete_invitation: { invitations: [id] } };
    const call = server.call(tool, args[tool as keyof typeof args]);
    await vi.waitUntil(() => trieve.proxy.count(method) > 0, { timeout: 20_000 });
    for (let times = 0; times < 5; times += 1) {
      collectGarbage();
      await systemClock.sleep(30);
    }
    expect(await Promise.race([call, systemClock.sleep(20_000)])).toHaveProperty("text");
    // The end of a connection takes its time to arrive.
    await vi.waitUntil(() => trieve.proxy.waiting() === 0, { timeout: 20_000 });
  });
});
