import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../src/clock.ts";
import { HELLO, startBin, toolCall } from "./support/bin.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// A call that its client cancels.

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

test("a cancelled call that shares its list leaves the others alone", async () => {
  trieve.proxy.next("GET", { delay: 100 });
  const server = await connectInMemory(trieve);
  const ending = new AbortController();
  const cancelled = server.call("list_invitations", {}, { signal: ending.signal });
  cancelled.catch(() => {});
  const other = server.call("list_invitations");
  while (trieve.proxy.seen.length === 0) await systemClock.sleep(5);
  ending.abort();
  expect((await other).isError).toBe(false);
  expect(trieve.proxy.count("GET")).toBe(1);
});

test("a cancelled call finishes a write under way and reports it", async () => {
  trieve.proxy.next("POST", { delay: 100 });
  const server = await connectInMemory(trieve);
  const ending = new AbortController();
  const call = server.call("send_invitation", { email: EMAIL }, { signal: ending.signal });
  call.catch(() => {});
  while (trieve.proxy.count("POST") === 0) await systemClock.sleep(5);
  ending.abort();
  while (server.log.length === 0) await systemClock.sleep(5);
  expect(JSON.parse(server.log[0] ?? "")).toMatchObject({ outcome: "invited", requests: 3 });
});

test("a call cancelled before its write sends nothing", async () => {
  trieve.proxy.next("GET", { delay: 100 });
  const server = await connectInMemory(trieve);
  const ending = new AbortController();
  const call = server.call("send_invitation", { email: EMAIL }, { signal: ending.signal });
  call.catch(() => {});
  while (trieve.proxy.seen.length === 0) await systemClock.sleep(5);
  ending.abort();
  while (server.log.length === 0) await systemClock.sleep(5);
  expect(JSON.parse(server.log[0] ?? "")).toMatchObject({ outcome: "cancelled" });
  await systemClock.sleep(150);
  expect(trieve.proxy.count("POST")).toBe(0);
});

test("a first call that is cancelled in the same breath sends nothing", async () => {
  const bin = startBin({ environment: trieve.environment });
  const cancel = { method: "notifications/cancelled", params: { requestId: 1 } };
  const messages = [
    HELLO,
    toolCall(1, "send_invitation", { email: EMAIL }),
    { jsonrpc: "2.0", ...cancel },
  ];
  bin.write(messages.map((message) => `${JSON.stringify(message)}\n`).join(""));
  await bin.logged(/"outcome":"cancelled"/);
  bin.child.stdin.end();
  await bin.exited;
  expect(trieve.proxy.seen).toEqual([]);
});
