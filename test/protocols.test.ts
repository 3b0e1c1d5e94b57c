import { setTimeout as soon } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BinProcess, HELLO, startBin, toolCall, transportOver } from "./support/bin.ts";
import { connectInMemory } from "./support/memory.ts";
import { connectModern } from "./support/modern.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// The client of the second SDK and messages by hand, against the built program in both protocols.

let trieve: TestTrieve;
beforeAll(async () => {
  trieve = await startTrieve();
});
afterAll(() => trieve.close());

type Mode = "legacy" | "auto" | { pin: string };
const MODES: [string, Mode | undefined, string][] = [
  ["in default mode", undefined, "legacy"],
  ["in auto mode", "auto", "modern"],
  ["pinned to 2026-07-28", { pin: "2026-07-28" }, "modern"],
];

describe.each(MODES)("@modelcontextprotocol/client %s", (_, mode, protocol) => {
  let bin: BinProcess;
  let client: Client;
  let answer: (acting: string) => { action: "accept" | "decline"; content?: { decision: string } };

  beforeEach(async () => {
    bin = startBin({ environment: trieve.environment });
    client = new Client(
      { name: "test", version: "1" },
      {
        capabilities: { elicitation: { form: {} } },
        ...(mode === undefined ? {} : { versionNegotiation: { mode } }),
      },
    );
    client.setRequestHandler("elicitation/create", async ({ params }) => {
      const { requestedSchema } = params as { requestedSchema?: unknown };
      const { properties } = requestedSchema as { properties: { decision: { enum: string[] } } };
      return answer(properties.decision.enum[1] ?? "");
    });
    await client.connect(transportOver(bin.child) as never);
    return async () => {
      await client.close();
      expect((await bin.exited).code).toBe(0);
    };
  });

  test("lists, sends and deletes with a yes and with a no", async () => {
    expect(client.getProtocolEra()).toBe(protocol);
    expect(client.getServerVersion()).toMatchObject({ name: "trieve-invitations-mcp" });
    const { tools } = await client.listTools();
    expect(tools).toHaveLength(5);
    const call = async (name: string, args: Record<string, unknown>) =>
      (await client.callTool({ name, arguments: args })).structuredContent as Record<
        string,
        unknown
      >;

    answer = (decision) => ({ action: "accept", content: { decision } });
    const sent = await call("send_invitation", {
      emails: [`m-${protocol}@example.com`],
      role: "admin",
    });
    expect(sent).toMatchObject({
      outcome: "done",
      confirmed_by: "form",
      results: [{ outcome: "invited" }],
    });
    const { invitations } = await call("list_invitations", { email: `m-${protocol}` });
    const [{ id }] = invitations as [{ id: string }];
    const named = { invitations: [id] };

    answer = () => ({ action: "decline" });
    const kept = await call("delete_invitation", named);
    expect(kept).toMatchObject({ outcome: "not_confirmed", reason: "declined" });
    answer = (decision) => ({ action: "accept", content: { decision } });
    const gone = await call("delete_invitation", named);
    expect(gone).toMatchObject({
      outcome: "done",
      confirmed_by: "form",
      results: [{ id, outcome: "deleted" }],
    });
  });
});

test("both protocols show the same tools, instructions and server", async () => {
  const legacy = await connectInMemory(trieve);
  const modern = await connectModern(trieve);
  const { tools } = await legacy.client.listTools();
  const list = (await modern.request("tools/list")).result;
  expect(list.tools).toEqual(tools);
  expect(list).toMatchObject({ ttlMs: 300_000, cacheScope: "private" });
  const discovered = (await modern.request("server/discover")).result;
  expect(discovered).toMatchObject({
    supportedVersions: ["2026-07-28"],
    capabilities: { tools: {} },
    instructions: legacy.client.getInstructions(),
  });
  expect(discovered.capabilities).toEqual(legacy.client.getServerCapabilities());
  expect(discovered._meta["io.modelcontextprotocol/serverInfo"]).toEqual(
    legacy.client.getServerVersion(),
  );
});

describe("by hand", () => {
  const VERSION = "io.modelcontextprotocol/protocolVersion";
  const envelope = {
    [VERSION]: "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "by-hand", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  const request = (
    id: number,
    method: string,
    params: object = {},
    meta: object | null = envelope,
  ) => ({
    jsonrpc: "2.0",
    id,
    method,
    params: { ...params, ...(meta === null ? {} : { _meta: meta }) },
  });
  let bin: BinProcess;
  beforeEach(() => {
    bin = startBin({ environment: trieve.environment });
    return async () => {
      bin.child.stdin.end();
      expect((await bin.exited).code).toBe(0);
    };
  });

  test("the first message may be a call, without discover", async () => {
    bin.write(request(1, "tools/call", { name: "list_invitations", arguments: {} }));
    expect((await bin.answer(1))["result"]).toMatchObject({
      resultType: "complete",
      structuredContent: { matched: expect.any(Number) },
    });
  });

  test.each(["list_invitations", "list_members", "delete_invitation"])(
    "a first and only call of %s at the end of the input is answered, without a line feed",
    async (name) => {
      const params = { name, arguments: { invitations: ["0123abcd"] } };
      const call = name.startsWith("list") ? { name } : params;
      bin.child.stdin.end(JSON.stringify(request(1, "tools/call", call)));
      expect(await bin.answer(1)).toHaveProperty("result.content");
    },
  );

  test("a request without the envelope is an error, and the next with it is served", async () => {
    bin.write(request(1, "tools/list"));
    bin.write(request(2, "tools/list", {}, null));
    bin.write(request(3, "tools/list"));
    expect(await bin.answer(1)).toHaveProperty("result.tools");
    expect(await bin.answer(2)).toMatchObject({ error: { code: -32602 } });
    expect(await bin.answer(3)).toHaveProperty("result.tools");
  });

  test("an unknown revision is an error that names the known one, first or later", async () => {
    const unknown = { ...envelope, [VERSION]: "2031-01-01" };
    const refused = { error: { code: -32022, data: { supported: ["2026-07-28"] } } };
    bin.write(request(1, "tools/list", {}, unknown));
    expect(await bin.answer(1)).toMatchObject(refused);
    bin.write(request(2, "tools/list"));
    expect(await bin.answer(2)).toHaveProperty("result.tools");
    bin.write(request(3, "tools/call", { name: "list_invitations", arguments: {} }, unknown));
    expect(await bin.answer(3)).toMatchObject(refused);
  });

  test("an envelope that lacks its capabilities is an error", async () => {
    bin.write(request(1, "tools/list", {}, { [VERSION]: "2026-07-28" }));
    expect(await bin.answer(1)).toMatchObject({ error: { code: -32602 } });
  });

  test("a connection stays with its protocol", async () => {
    bin.write(request(1, "tools/list"));
    bin.write({ ...HELLO, id: 2 });
    expect(await bin.answer(2)).toMatchObject({ error: { code: -32022 } });
    const other = startBin({ environment: trieve.environment });
    other.write(HELLO);
    other.write(request(1, "tools/list"));
    other.write(toolCall(2, "list_invitations"));
    expect(await other.answer(1)).toHaveProperty("result.tools");
    expect(await other.answer(2)).toHaveProperty("result.structuredContent");
    other.child.stdin.end();
    await other.exited;
  });

  test("a cancelled call is not answered and closes its request", async () => {
    const before = trieve.proxy.seen.length;
    trieve.proxy.next("GET", { silence: "all" });
    bin.write(request(1, "tools/call", { name: "list_invitations", arguments: {} }));
    while (trieve.proxy.seen.length === before) await soon(5);
    bin.write({
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: 1, _meta: envelope },
    });
    bin.write(request(2, "tools/list"));
    await bin.answer(2);
    while (trieve.proxy.waiting() > 0) await soon(5);
    expect(bin.answers()).toBe(1);
  });

  test("a hanging write at the end of input is told, within 1.8 s", async () => {
    trieve.proxy.next("POST", { silence: "all" });
    bin.write(
      request(1, "tools/call", {
        name: "send_invitation",
        arguments: { emails: ["h@example.com"] },
      }),
    );
    const posts = trieve.proxy.count("POST");
    while (trieve.proxy.count("POST") === posts) await soon(5);
    const started = Date.now();
    bin.child.stdin.end();
    await bin.exited;
    expect(Date.now() - started).toBeLessThan(2_300);
    expect(bin.stderr()).toContain("outcome is unknown");
  });
});
