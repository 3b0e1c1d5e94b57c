import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as soon } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { endLines } from "./support/audit.ts";
import { HELLO, startBin, toolCall } from "./support/bin.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// The built program as a process: streams, signals, load.

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

async function opened(more: { person?: boolean; environment?: Record<string, string> } = {}) {
  const bin = startBin({ environment: { ...trieve.environment, ...more.environment } });
  const capabilities = more.person ? { elicitation: {} } : {};
  bin.write({ ...HELLO, params: { ...HELLO.params, capabilities } });
  await bin.answer(0);
  return bin;
}

/** Every line of stdout must be JSON-RPC. */
function expectOnlyJsonRpc(stdout: string): void {
  for (const line of stdout.split("\n").filter(Boolean)) {
    expect(JSON.parse(line)).toMatchObject({ jsonrpc: "2.0" });
  }
}

describe("input", () => {
  test("garbage lines are left out and the next call is answered", async () => {
    const bin = await opened();
    for (const line of ["garbage", "", "{", "[]", "7", '{"a":1}', "\u0000\ufffd", "null"]) {
      bin.write(`${line}\n`);
    }
    bin.write(Buffer.from([0xff, 0xfe, 0x0a]).toString("latin1"));
    bin.write(toolCall(1, "list_invitations"));
    expect((await bin.answer(1))["result"]).toBeDefined();
    expectOnlyJsonRpc(bin.stdout());
    expect(bin.stderr()).toContain("a message on stdin is not JSON-RPC");
    bin.child.stdin.end();
    await bin.exited;
  });

  test.each<[string, number, unknown]>([
    ["no JSON", -32700, null],
    ["[]", -32600, null],
    ["[1,[],null]", -32600, null],
    ["null", -32600, null],
    ['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600, null],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600, null],
    ['{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600, 1.5],
    ['{"jsonrpc":"2.0","id":"a","method":"ping","params":[]}', -32600, "a"],
    ['{"jsonrpc":"2.0","id":"b"}', -32600, "b"],
  ])(
    "%s is answered once, by %i with the id %s, and told on stderr where there is none",
    async (...row) => {
      const [line, code, id] = row;
      const bin = await opened();
      bin.write(`${line}\n`);
      bin.child.stdin.end();
      await bin.exited;
      const [answer, ...more] = bin.stdout().trim().split("\n").slice(1);
      expect(JSON.parse(answer ?? "")).toMatchObject({ jsonrpc: "2.0", id, error: { code } });
      expect(more).toEqual([]);
      expect(bin.stderr() !== "").toBe(id === null);
    },
  );

  test.each([
    '{"jsonrpc":"2.0","method":"notifications/x","params":[]}',
    '{"jsonrpc":"2.0","id":{},"result":{}}',
    '{"message":{"toString":1},"method":"x"}',
  ])("%s asks for no answer and gets none", async (line) => {
    const bin = await opened();
    bin.write(`${line}\n`);
    bin.child.stdin.end();
    expect(await bin.exited).toEqual({ code: 0, signal: null });
    expect(bin.stdout().trim().split("\n")).toHaveLength(1);
  });

  test("a client that sends headers, as for a language server, is told what is wrong", async () => {
    const bin = startBin({ environment: trieve.environment });
    bin.write(`Content-Length: 46\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"ping"}`);
    bin.child.stdin.end();
    await bin.exited;
    expect(bin.stderr()).toMatch(
      /^stdin has Content-Length headers; .*one JSON message a line[^\n]*\n$/,
    );
    expectOnlyJsonRpc(bin.stdout());
  });

  test("a message may come byte by byte, and many in one piece", async () => {
    const bin = await opened();
    for (const byte of Buffer.from(`${JSON.stringify(toolCall(1, "list_invitations"))}\r\n`)) {
      bin.child.stdin.write(Buffer.from([byte]));
    }
    await bin.answer(1);
    const many = Array.from({ length: 50 }, (_, n) => toolCall(n + 2, "list_invitations"));
    bin.write(many.map((message) => `${JSON.stringify(message)}\n`).join(""));
    await Promise.all(many.map((_, n) => bin.answer(n + 2)));
    bin.child.stdin.end();
    await bin.exited;
  });

  test("a line over 10 MiB ends the program with one line and exit 1", async () => {
    const bin = await opened();
    bin.write(`{"x":"${"a".repeat(11 * 1024 * 1024)}"}\n`);
    expect(await bin.exited).toEqual({ code: 1, signal: null });
    expect(bin.stderr().trim().split("\n")).toHaveLength(1);
    expect(bin.stderr()).toContain("longer than 10485760 bytes");
  });

  test("a line just under it is read", async () => {
    const bin = await opened();
    const call = toolCall(1, "list_invitations", { email: "a".repeat(9 * 1024 * 1024) });
    bin.write(call);
    expect((await bin.answer(1))["result"]).toMatchObject({
      structuredContent: { matched: 0 },
    });
    bin.child.stdin.end();
    await bin.exited;
  });

  test("an unknown tool and an unknown method are errors of the protocol", async () => {
    const bin = await opened();
    bin.write(toolCall(1, "drop_\u202etables"));
    bin.write({ jsonrpc: "2.0", id: 2, method: "resources/list" });
    expect((await bin.answer(1))["error"]).toMatchObject({
      code: -32602,
      message: expect.stringMatching(/^Unknown tool: drop\\_\\u\{202e\}tables$/),
    });
    expect((await bin.answer(2))["error"]).toMatchObject({ code: -32601 });
    bin.child.stdin.end();
    await bin.exited;
  });
});

describe("the end", () => {
  const ways: [string, (bin: Awaited<ReturnType<typeof opened>>) => void][] = [
    ["end of input", (bin) => bin.child.stdin.end()],
    ["SIGTERM", (bin) => bin.child.kill("SIGTERM")],
    ["SIGINT", (bin) => bin.child.kill("SIGINT")],
    ["SIGHUP", (bin) => bin.child.kill("SIGHUP")],
    [
      "end of input and then SIGINT",
      (bin) => {
        bin.child.stdin.end();
        setTimeout(() => bin.child.kill("SIGINT"), 50);
      },
    ],
    [
      "a closed stdout",
      (bin) => {
        bin.child.stdout.destroy();
        bin.write({ jsonrpc: "2.0", id: 99, method: "ping" });
      },
    ],
  ];

  test.each(ways)("%s while idle: exit 0 and not a word", async (_, stop) => {
    const bin = await opened();
    stop(bin);
    expect(await bin.exited).toEqual({ code: 0, signal: null });
    expect(bin.stderr()).toBe("");
  });

  test.each(ways)("%s during a quick write: it is finished and told", async (_, stop) => {
    const bin = await opened();
    // The first call of a process loads what calls need, which is not the quick write that is meant.
    bin.write(toolCall(1, "send_invitation", { emails: ["first@example.com"] }));
    await bin.answer(1);
    const told = bin.stderr().length;
    trieve.proxy.next("POST", { delay: 100 });
    bin.write(toolCall(2, "send_invitation", { emails: ["a@example.com"] }));
    while (trieve.proxy.count("POST") === 1) await soon(5);
    stop(bin);
    expect((await bin.exited).code).toBe(0);
    expect(endLines(bin.stderr().slice(told))).toMatchObject([{ outcome: "invited" }]);
    expect(trieve.proxy.count("POST")).toBe(2);
  });

  test.each(ways)("%s during a hanging write: gone in 1.8 s, outcome unknown", async (_, stop) => {
    trieve.proxy.next("POST", { silence: "all" });
    const bin = await opened();
    bin.write(toolCall(1, "send_invitation", { emails: ["a@example.com"] }));
    while (trieve.proxy.count("POST") === 0) await soon(5);
    const started = Date.now();
    stop(bin);
    expect((await bin.exited).code).toBe(0);
    expect(Date.now() - started).toBeLessThan(4_000);
    const [begun = "", words = "", audit = ""] = bin.stderr().trim().split("\n");
    expect(JSON.parse(begun)).toMatchObject({ outcome: "begun", email: "a@example.com" });
    expect(words).toContain("send_invitation was cut short");
    expect(words).toContain("outcome is unknown");
    expect(JSON.parse(audit)).toMatchObject({ outcome: "outcome_unknown", email: "a@example.com" });
  });

  test.each(ways)("%s during a prompt: the prompt is dropped, nothing is done", async (_, stop) => {
    const { id } = trieve.add("bob@example.com");
    const bin = await opened({ person: true });
    bin.write(toolCall(1, "delete_invitation", { invitations: [id] }));
    while (!bin.stdout().includes("elicitation/create")) await soon(5);
    stop(bin);
    expect((await bin.exited).code).toBe(0);
    expect(JSON.parse(bin.stderr())).toMatchObject({ outcome: "not_confirmed" });
    expect(trieve.proxy.count("DELETE")).toBe(0);
  });

  test("a machine that sleeps while it ends: the write is told, and Node has nothing to warn of", async () => {
    trieve.proxy.next("POST", { silence: "all" });
    const bin = await opened();
    bin.write(toolCall(1, "send_invitation", { emails: ["a@example.com"] }));
    while (trieve.proxy.count("POST") === 0) await soon(5);
    bin.child.stdin.end();
    await soon(500);
    bin.child.kill("SIGSTOP");
    await soon(2_500);
    bin.child.kill("SIGCONT");
    expect((await bin.exited).code).toBe(0);
    const [, words, audit, ...more] = bin.stderr().trim().split("\n");
    expect(words).toContain("send_invitation was cut short");
    expect(JSON.parse(audit ?? "")).toMatchObject({ outcome: "outcome_unknown" });
    expect(more).toEqual([]);
  });

  test("calls that came before the end of input are answered", async () => {
    const bin = startBin({ environment: trieve.environment });
    bin.write(HELLO);
    bin.write(toolCall(1, "list_invitations"));
    bin.child.stdin.end();
    expect((await bin.exited).code).toBe(0);
    expect((await bin.answer(1))["result"]).toBeDefined();
  });

  test("a list under way is answered within the time that writes get", async () => {
    trieve.proxy.next("GET", { delay: 100 });
    const bin = await opened();
    bin.write(toolCall(1, "list_invitations"));
    while (trieve.proxy.count("GET") === 0) await soon(5);
    bin.child.stdin.end();
    expect((await bin.exited).code).toBe(0);
    expect((await bin.answer(1))["result"]).toHaveProperty("structuredContent");
  });

  test("a list that hangs is told as dropped, and nothing is unknown", async () => {
    trieve.proxy.next("GET", { silence: "all" });
    const bin = await opened();
    bin.write(toolCall(1, "list_invitations"));
    while (trieve.proxy.count("GET") === 0) await soon(5);
    bin.child.stdin.end();
    expect((await bin.exited).code).toBe(0);
    expect(bin.stderr()).toBe(
      "list_invitations was dropped: the process ended before its answer\n",
    );
  });
});

describe("load", () => {
  test("1,000 calls at once: each answered once, few sockets, no warnings, bounded memory", async () => {
    const rows = Array.from({ length: 100 }, (_, n) => trieve.add(`p${n}@example.com`));
    const bin = await opened();
    const calls = Array.from({ length: 1_000 }, (_, n) => {
      const id = n + 1;
      if (n % 3 === 0) return toolCall(id, "list_invitations", { email: `p${n % 100}@` });
      if (n % 3 === 1) return toolCall(id, "send_invitation", { emails: [`n${n}@example.com`] });
      return toolCall(id, "delete_invitation", { invitations: [rows[n % 100]?.id] });
    });
    bin.write(calls.map((call) => `${JSON.stringify(call)}\n`).join(""));
    await Promise.all(calls.map((_, n) => bin.answer(n + 1)));
    const answers = bin
      .stdout()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const ids = answers.map(({ id }) => id);
    expect(new Set(ids).size).toBe(1_001);
    expect(ids).toHaveLength(1_001);
    // A send behind so many lists may find no turn in time: it says so, and has sent nothing.
    const isInvited = ({ result }: (typeof answers)[0]) =>
      result.structuredContent?.counts?.invited === 1;
    expect(trieve.proxy.count("POST")).toBe(answers.filter(isInvited).length);
    expect(trieve.proxy.count("POST")).toBeLessThanOrEqual(30);
    const sends = answers.filter(
      ({ id }) => id % 3 === 2 && id > 0 && !isInvited(answers[ids.indexOf(id)]),
    );
    for (const { result } of sends)
      expect(result.content[0].text).toMatch(/^(busy|rate_limited|timeout): /);
    expect(trieve.proxy.connections.most).toBeLessThanOrEqual(16);
    expect(bin.stderr()).not.toMatch(/warning/i);
    expect(peakMegabytes(bin.child.pid)).toBeLessThan(250);
    bin.child.stdin.end();
    await bin.exited;
  });

  test("a flood of 64 MiB and more is refused while it streams, in bounded memory", async () => {
    for (const flood of ["plain", "gzip"] as const) {
      trieve.proxy.next("GET", { flood });
      const bin = await opened();
      bin.write(toolCall(1, "list_invitations"));
      const { result } = await bin.answer(1);
      expect(result).toMatchObject({ isError: true });
      expect(JSON.stringify(result)).toContain("too large");
      expect(peakMegabytes(bin.child.pid)).toBeLessThan(400);
      bin.child.stdin.end();
      await bin.exited;
    }
  });
});

/** VmHWM of Linux; elsewhere 0. */
function peakMegabytes(pid: number | undefined): number {
  if (process.platform !== "linux") return 0;
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

describe("probes", () => {
  test("server/discover is answered before an initialize, which then works", async () => {
    const meta = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientInfo": { name: "probe", version: "1" },
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    for (const params of [{}, { _meta: meta }]) {
      const bin = startBin({ environment: trieve.environment });
      bin.write({ jsonrpc: "2.0", id: 7, method: "server/discover", params });
      expect(await bin.answer(7)).toHaveProperty("_meta" in params ? "result" : "error");
      bin.write(HELLO);
      expect((await bin.answer(0))["result"]).toMatchObject({ protocolVersion: "2025-11-25" });
      bin.write(toolCall(1, "list_invitations"));
      expect((await bin.answer(1))["result"]).toBeDefined();
      bin.child.stdin.end();
      expect((await bin.exited).code).toBe(0);
    }
  });

  test("starting twice in one folder leaves nothing behind", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "trieve-"));
    const environment = { ...trieve.environment, HOME: cwd, TMPDIR: cwd };
    const bins = [startBin({ environment, cwd }), startBin({ environment, cwd })];
    for (const bin of bins) {
      bin.write(HELLO);
      await bin.answer(0);
      bin.child.stdin.end();
      await bin.exited;
    }
    expect(readdirSync(cwd)).toEqual([]);
    expect(trieve.proxy.seen).toEqual([]);
  });
});
