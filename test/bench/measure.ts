import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Peer } from "./peers.ts";

const clientInfo = { name: "bench", version: "1" };
const HELLO = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo };
const ENVELOPE = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": clientInfo,
  "io.modelcontextprotocol/clientCapabilities": {},
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

export interface Shown {
  name: string;
  description?: string;
  inputSchema: object;
}

/** Starts, opens the protocol as its clients do, and lists the tools. Milliseconds until they are there. */
export async function ready(
  peer: Pick<Peer, "args" | "env">,
  protocol: "legacy" | "modern" = "legacy",
) {
  const started = performance.now();
  const server = start(peer);
  const params = protocol === "modern" ? { _meta: ENVELOPE } : {};
  if (protocol === "modern") await server.request("server/discover", params);
  else {
    await server.request("initialize", HELLO);
    server.child.stdin.write('{"jsonrpc":"2.0","method":"notifications/initialized"}\n');
  }
  const { tools }: { tools: Shown[] } = await server.request("tools/list", params);
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

/** Milliseconds that it takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** How many times as long `work` takes as `bare`: medians of so many rounds, in each of which both are done. */
export async function compare(
  rounds: number,
  work: (round: number) => Promise<unknown>,
  bare: (round: number) => Promise<unknown>,
): Promise<number> {
  const times: number[] = [];
  const bareTimes: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    times.push(await timed(() => work(round)));
    bareTimes.push(await timed(() => bare(round)));
  }
  return median(times) / median(bareTimes);
}
