import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { setTimeout as soon } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ReadBuffer, serializeMessage } from "@modelcontextprotocol/sdk/shared/stdio.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types.js";
import { connectClient, type Person, type TestClient } from "./client.ts";

export const BIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));

/** The built program as a child process, with access to its streams. */
export interface BinProcess {
  child: ChildProcessWithoutNullStreams;
  stdout(): string;
  stderr(): string;
  write(message: object | string): void;
  /** The parsed line of stdout with this id; waits for it. */
  answer(id: number): Promise<Record<string, unknown>>;
  /** How many answers came in total. */
  answers(): number;
  /** Waits for text on stderr. */
  logged(pattern: RegExp): Promise<void>;
  exited: Promise<{ code: number | null; signal: string | null }>;
}

export interface BinOptions {
  environment?: Record<string, string>;
  args?: string[];
  /** Another Node to run, and arguments for Node itself. */
  node?: string;
  nodeArgs?: string[];
  cwd?: string;
  /** Whether to keep stdout in memory; a run of many minutes must not. */
  keep?: boolean;
}

/** Starts the built program with only PATH and the given variables in its environment. */
export function startBin(options: BinOptions = {}): BinProcess {
  const {
    environment = {},
    args = [],
    keep = true,
    node = process.env["TEST_NODE"] ?? process.execPath,
  } = options;
  const child = spawn(node, [...(options.nodeArgs ?? []), BIN, ...args], {
    env: { PATH: process.env["PATH"] ?? "", ...environment },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  // doctor, --help and --version print text for people.
  const speaksMcp = args.every((arg) => arg === "--sandbox");
  let out = "";
  let partial = "";
  let errors = "";
  let count = 0;
  const answers = new Map<unknown, Record<string, unknown>>();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (keep) out += text;
    if (!speaksMcp) return;
    const lines = `${partial}${text}`.split("\n");
    partial = lines.pop() ?? "";
    for (const line of lines) {
      const message = JSON.parse(line);
      if (message.jsonrpc !== "2.0") throw new Error(`no JSON-RPC on stdout: ${line}`);
      if ("method" in message) continue;
      if (keep) answers.set(message.id, message);
      count += 1;
    }
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  child.stdin.on("error", () => {});
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal })),
  );
  let isOver = false;
  exited.then(() => {
    isOver = true;
  });
  async function until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (isOver) throw new Error(`the program ended first\n${errors}`);
      await soon(10);
    }
  }
  return {
    child,
    stdout: () => out,
    stderr: () => errors,
    write: (message) =>
      child.stdin.write(typeof message === "string" ? message : `${JSON.stringify(message)}\n`),
    answers: () => count,
    answer: (id) => until(() => answers.get(id)),
    logged: (pattern) => until(() => pattern.test(errors) || undefined).then(() => {}),
    exited,
  };
}

/** The message that opens a legacy connection by hand. */
export const HELLO = {
  jsonrpc: "2.0",
  id: 0,
  method: "initialize",
  params: {
    protocolVersion: "2025-11-25",
    capabilities: {},
    clientInfo: { name: "by-hand", version: "1" },
  },
};

export function toolCall(id: number, name: string, args: object = {}): object {
  return { jsonrpc: "2.0", id, method: "tools/call", params: { name, arguments: args } };
}

export interface BinClient extends TestClient {
  bin: BinProcess;
  close(): Promise<void>;
}

/** Starts the built program and connects the SDK's client to its stdio. */
export async function connectBin(options: BinOptions & { person?: Person }): Promise<BinClient> {
  const bin = startBin(options);
  const connected = await connectClient(transportOver(bin.child), options.person);
  return {
    ...connected,
    bin,
    async close() {
      bin.child.stdin.end();
      await bin.exited;
    },
  };
}

// The SDK's own stdio transport hides the child, whose signals and streams the tests need.
export function transportOver(child: ChildProcessWithoutNullStreams): Transport {
  const buffer = new ReadBuffer({ maxBufferSize: 1024 * 1024 * 1024 });
  const transport: Transport = {
    async start() {
      child.stdout.on("data", (text: string) => {
        buffer.append(Buffer.from(text));
        for (let message = read(); message !== null; message = read()) {
          transport.onmessage?.(message);
        }
      });
      child.on("close", () => transport.onclose?.());
    },
    send: (message: JSONRPCMessage) =>
      new Promise((sent) => child.stdin.write(serializeMessage(message), () => sent())),
    async close() {
      child.stdin.end();
    },
  };
  const read = () => buffer.readMessage();
  return transport;
}
