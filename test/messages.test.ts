import { describe, expect, test } from "vitest";
import { HELLO, startBin } from "./support/bin.ts";

// What clients and models really send: every request is answered with its id, in both protocols.

const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "by-hand", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};
const ENVELOPES = [
  ["legacy", {}],
  ["modern", ENVELOPE],
] as const;

// What is said where the SDK could not read the parameters.
const UNREAD = /^The request does not fit the protocol/;

interface Answer {
  id: unknown;
  result?: { content?: { text: string }[]; tools?: unknown[]; isError?: boolean };
  error?: { code: number; message: string };
}

/** Sends the lines to a fresh sandbox and gives every answer once `count` have come. */
async function exchange(lines: readonly string[], count: number): Promise<Answer[]> {
  const bin = startBin({ args: ["--sandbox"] });
  bin.write(lines.map((line) => `${line}\n`).join(""));
  try {
    await expect.poll(bin.answers, { timeout: 30_000 }).toBeGreaterThanOrEqual(count);
  } finally {
    bin.child.stdin.end();
    await bin.exited;
  }
  const answers = bin.stdout().split("\n").filter(Boolean);
  return answers.map((line): Answer => JSON.parse(line));
}

async function answerTo(envelope: object, odd: object): Promise<Answer> {
  const { params = {}, ...rest } = odd as { params?: object | null };
  const withEnvelope =
    typeof params !== "object" || params === null || Array.isArray(params)
      ? params
      : { ...params, _meta: { ...envelope, ...(params as { _meta?: object })._meta } };
  const request = { jsonrpc: "2.0", id: 7, ...rest, params: withEnvelope };
  const discover = {
    jsonrpc: "2.0",
    id: 0,
    method: "server/discover",
    params: { _meta: envelope },
  };
  const first = envelope === ENVELOPE ? discover : HELLO;
  const answers = await exchange([JSON.stringify(first), JSON.stringify(request)], 2);
  const answer = answers.find(({ id }) => id === (odd as { id?: unknown }).id || id === 7);
  if (answer === undefined) throw new Error(`no answer to ${JSON.stringify(request)}`);
  return answer;
}

const list = (args: unknown) => ({
  method: "tools/call",
  params: { name: "list_invitations", arguments: args },
});

describe.concurrent.each(ENVELOPES)("in the %s protocol", (_, envelope) => {
  test.each<[string, object]>([
    ["another jsonrpc", { jsonrpc: "1.0", method: "tools/list" }],
    ["no jsonrpc", { jsonrpc: undefined, method: "tools/list" }],
    ["a member of its own", { method: "tools/list", trace: 1 }],
    [
      "a progress token of null",
      { method: "tools/list", params: { _meta: { progressToken: null } } },
    ],
    [
      "a progress token that is none",
      { method: "tools/list", params: { _meta: { progressToken: {} } } },
    ],
    ["a cursor of null", { method: "tools/list", params: { cursor: null } }],
  ])("%s is served", async (_, odd) => {
    expect((await answerTo(envelope, odd)).result?.tools).toHaveLength(5);
  });

  test.each<[string, unknown]>([
    ["null", null],
    ["nothing", undefined],
    ["an empty text", ""],
    ["JSON text", '{"status":"pending","limit":"50"}'],
    ["capitals and numbers as text", { status: " Pending ", limit: "50" }],
    ["null and blanks in it", { status: null, email: "  ", role: "" }],
  ])("arguments: %s", async (_, args) => {
    const { result } = await answerTo(envelope, list(args));
    expect(result?.content?.[0]?.text).toMatch(/^4 pending matched\./);
  });

  test.each<[string, object]>([
    ["a result and an error that are null", { method: "tools/list", result: null, error: null }],
    [
      "a task that it is said to belong to",
      { method: "tools/list", params: { _meta: { "io.modelcontextprotocol/related-task": 5 } } },
    ],
  ])("a request with %s is answered", async (_, odd) => {
    expect((await answerTo(envelope, odd)).result?.tools).toHaveLength(5);
  });

  test.each(['"": {}, "dry_run": true', '"__proto__": {"dry_run": true}'])(
    "an argument that hides is refused like any other: %s",
    async (hidden) => {
      const args = JSON.parse(`{"emails": ["x@example.com"], ${hidden}}`);
      const params = { name: "send_invitation", arguments: args };
      const { result } = await answerTo(envelope, { method: "tools/call", params });
      expect(result?.content?.[0]?.text).toMatch(/^invalid_input: .*no argument/);
    },
  );

  test.each<[string, unknown]>([
    ["a list", [1]],
    ["a number", 7],
    ["a text", "hello"],
    ["JSON text of a list", "[]"],
  ])("arguments: %s is invalid_input", async (_, args) => {
    const { result } = await answerTo(envelope, list(args));
    const text = result?.content?.[0]?.text ?? "";
    expect(text).toMatch(/^invalid_input: The arguments are not an object.*status, email/);
    expect(text.length).toBeLessThan(300);
  });

  test.each<[string, object, RegExp]>([
    ["params a list", { method: "tools/list", params: [] }, /^A request needs /],
    ["params a text", { method: "tools/call", params: "x" }, /^A request needs /],
    ["no tool", { method: "tools/call", params: {} }, UNREAD],
    ["a tool without a name", { method: "tools/call", params: { name: 3 } }, UNREAD],
    ["a cursor that is none", { method: "tools/list", params: { cursor: 5 } }, UNREAD],
    ["no method", {}, /^A request needs /],
    ["a method that is none", { method: 3 }, /^A request needs /],
    ["an id that is none", { id: 1.5, method: "ping" }, /^A request needs /],
    ["an unknown method", { method: "no/such" }, /Method not found/],
    ["an unknown tool", { method: "tools/call", params: { name: "x" } }, /Unknown tool: x$/],
  ])("%s is an error with a sentence", async (_, odd, expected) => {
    const { error } = await answerTo(envelope, odd);
    expect(error?.message).toMatch(expected);
    expect(error?.message.length).toBeLessThan(200);
  });
});

test("null is as good as nothing in params, and initialize without params is an error", async () => {
  const { protocolVersion, clientInfo } = HELLO.params;
  const capabilities = { roots: null, elicitation: { form: {}, url: null } };
  const lines = [
    { jsonrpc: "2.0", id: 0, method: "initialize", params: null },
    {
      jsonrpc: "2.0",
      id: 1,
      method: "initialize",
      params: { protocolVersion, capabilities, clientInfo: { ...clientInfo, title: null } },
    },
    { jsonrpc: "2.0", method: "notifications/initialized", params: null },
    { jsonrpc: "2.0", id: 2, method: "ping", params: null },
    { jsonrpc: "2.0", id: 3, method: "tools/list", params: { _meta: null } },
  ];
  const answers = await exchange(
    lines.map((line) => JSON.stringify(line)),
    4,
  );
  const errors = new Map(answers.map(({ id, error }) => [id, error?.message]));
  expect(errors.get(0)).toMatch(UNREAD);
  for (const id of [1, 2, 3]) expect(errors.get(id)).toBeUndefined();
  expect(errors.size).toBe(4);
});

test("a batch is answered item by item, and a byte order mark is forgiven", async () => {
  const batch = [
    { jsonrpc: "2.0", id: 1, method: "ping" },
    { jsonrpc: "2.0", id: 2, method: 5 },
    7,
    { jsonrpc: "2.0", id: 3, method: "ping" },
  ];
  const answers = await exchange([`\uFEFF${JSON.stringify(HELLO)}`, JSON.stringify(batch)], 5);
  expect(answers.map(({ id }) => id).sort()).toEqual([0, 1, 2, 3, null]);
});

test("an id of null is answered with null", async () => {
  const odd = { jsonrpc: "2.0", id: null, method: "ping" };
  const answers = await exchange([JSON.stringify(HELLO), JSON.stringify(odd)], 2);
  expect(answers.find(({ id }) => id === null)?.error?.message).toMatch(/^A request needs /);
});
