import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Peer } from "./peers.ts";

const HELLO = {
  protocolVersion: "2025-11-25",
  capabilities: {},
  clientInfo: { name: "bench", version: "1" },
};

/** A server under measurement, spoken to line by line, with nothing in between. */
export interface Running {
  child: ChildProcessWithoutNullStreams;
  // biome-ignore lint/suspicious/noExplicitAny: results of any server
  request(method: string, params?: object): Promise<any>;
  /** A number of /proc/PID/status, in megabytes: VmRSS is now, VmHWM the most so far. */
  megabytes(field: "VmRSS" | "VmHWM"): number;
  stop(): void;
}

export function start({ args, env }: Pick<Peer, "args" | "env">): Running {
  const child = spawn(process.execPath, args, { env: { PATH: process.env["PATH"] ?? "", ...env } });
  const waiting = new Map<number, (message: { result: unknown }) => void>();
  let chunks: string[] = [];
  let lastId = 0;
  child.stderr.resume();
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = text.split("\n");
    for (const line of lines.slice(0, -1)) {
      const message = JSON.parse([...chunks, line].join(""));
      chunks = [];
      waiting.get(message.id)?.(message);
      waiting.delete(message.id);
    }
    chunks.push(lines.at(-1) ?? "");
  });
  const write = (message: object) =>
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
  return {
    child,
    request(method, params = {}) {
      lastId += 1;
      const id = lastId;
      const answer = new Promise((resolve) => waiting.set(id, ({ result }) => resolve(result)));
      write({ id, method, params });
      return answer;
    },
    megabytes(field) {
      const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
      return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
    },
    stop: () => child.kill("SIGKILL"),
  };
}

export async function handshake(server: Running): Promise<void> {
  await server.request("initialize", HELLO);
  server.child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
}

/** Starts, shakes hands and lists the tools. */
export async function ready(peer: Peer) {
  const started = performance.now();
  const server = start(peer);
  await handshake(server);
  const { tools } = await server.request("tools/list");
  return { server, tools, ms: performance.now() - started };
}

/** Node itself, started and ended. */
export function bareNode(): Promise<number> {
  const started = performance.now();
  return new Promise((resolve) =>
    spawn(process.execPath, ["-e", "0"], { env: { PATH: process.env["PATH"] ?? "" } }).on(
      "close",
      () => resolve(performance.now() - started),
    ),
  );
}

export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
