import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { bareNode, compare, median, type Running, ready, type Shown } from "./measure.ts";
import { generatedPeersAt, type Peer, peersAt } from "./peers.ts";
import { type Figures, formatTable, keep, type Measure, OURS } from "./report.ts";
import { measureWrites } from "./writes.ts";

// Measures this server beside its peers, all in one run and interleaved, and writes docs/figures.json and the tables
// of docs/performance.md. --smoke measures little, and only this server and the floor, and writes nothing.

const { values } = parseArgs({ options: { smoke: { type: "boolean", default: false } } });
const { smoke } = values;
const rounds = (count: number) => (smoke ? 1 : count);
const ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";

const script = fileURLToPath(new URL("trieve.mjs", import.meta.url));
const trieve = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
process.on("exit", () => trieve.kill());
const [line] = await once(trieve.stdout, "data");
const origin = `http://127.0.0.1:${Number(String(line))}`;

const headers = { authorization: "key", "tr-organization": ORGANIZATION };
const rawList = async (size: number) =>
  (await fetch(`${origin}/${size}/api/invitations/${ORGANIZATION}`, { headers })).json();

const at = (size: number): Peer[] => {
  const url = `${origin}/${size}`;
  return smoke ? peersAt(url) : [...peersAt(url), ...generatedPeersAt(url)];
};
const servers: Figures["servers"] = Object.fromEntries(at(10).map(({ name }) => [name, {}]));
const put = (name: string, measure: Measure, value: number) => {
  servers[name] = { ...servers[name], [measure]: value };
};

async function measureStart(): Promise<void> {
  const bare: number[] = [];
  const got = new Map<string, { times: number[]; memory: number[] }>();
  const begin = async (peer: Peer, protocol: "legacy" | "modern") => {
    const { server, ms } = await ready(peer, protocol);
    const key = `${peer.name} ${protocol}`;
    const { times, memory } = got.get(key) ?? { times: [], memory: [] };
    got.set(key, { times: [...times, ms], memory: [...memory, server.megabytes("VmRSS")] });
    server.stop();
  };
  const peers = at(10);
  for (let round = 0; round < rounds(21); round += 1) {
    bare.push(await bareNode());
    for (const peer of peers) {
      await begin(peer, "legacy");
      if (peer.hasModern) await begin(peer, "modern");
    }
  }
  for (const { name } of peers) {
    for (const [protocol, start, memory] of STARTS) {
      const taken = got.get(`${name} ${protocol}`);
      if (taken === undefined) continue;
      put(name, start, median(taken.times) / median(bare));
      put(name, memory, median(taken.memory));
    }
  }
}

const STARTS = [
  ["legacy", "startLegacy", "memoryLegacy"],
  ["modern", "startModern", "memoryModern"],
] as const;

async function measureTokens(): Promise<void> {
  for (const peer of at(1_000)) {
    const { server, tools } = await ready(peer);
    const seen = tools.map(({ name, description, inputSchema }) => ({
      name,
      description,
      inputSchema,
    }));
    const [{ text }] = (await server.request("tools/call", listCall(peer, tools))).content;
    put(peer.name, "tokensOfTools", countTokens(JSON.stringify(seen)));
    put(peer.name, "tokensOfPage", countTokens(text));
    server.stop();
  }
}

function listCall(peer: Peer, tools: Shown[]) {
  const name = peer.listTool || (tools.find((tool) => /list.*invit/i.test(tool.name))?.name ?? "");
  return { name, arguments: peer.listArguments };
}

/** List calls one after the other and 32 at once, against raw fetches in the same round. */
async function measureShortLists(): Promise<void> {
  for (const peer of at(10)) {
    const { server, tools } = await ready(peer);
    const params = listCall(peer, tools);
    const call = () => server.request("tools/call", params);
    const raw = () => rawList(10);
    const many = (work: () => Promise<unknown>) => () =>
      Promise.all(Array.from({ length: 32 }, work));
    await compare(rounds(200), call, raw);
    put(peer.name, "list10", await compare(rounds(300), call, raw));
    put(peer.name, "lists32", await compare(rounds(40), many(call), many(raw)));
    if (peer.name === OURS) await measureManyCalls(server, many(call));
    server.stop();
  }
}

async function measureManyCalls(server: Running, call: () => Promise<unknown>): Promise<void> {
  for (let n = 0; n < rounds(10_000); n += 32) await call();
  put(OURS, "memoryCalls", server.megabytes("VmRSS"));
}

async function measureLongList(size: number, measure: Measure, memory?: Measure): Promise<void> {
  for (const peer of at(size)) {
    const { server, tools } = await ready(peer);
    const params = listCall(peer, tools);
    const call = () => server.request("tools/call", params);
    await call();
    if (memory !== undefined) put(peer.name, memory, server.megabytes("VmHWM"));
    put(
      peer.name,
      measure,
      await compare(rounds(size > 10_000 ? 9 : 31), call, () => rawList(size)),
    );
    server.stop();
  }
}

await measureStart();
await measureTokens();
await measureShortLists();
await measureLongList(10_000, "list10000");
await measureLongList(100_000, "list100000", "memory100000");
for (const [measure, value] of await measureWrites(origin, rounds)) put(OURS, measure, value);

const machine = `${cpus().length} x ${cpus()[0]?.model.trim()}`;
const date = new Date().toISOString().slice(0, 10);
const load = loadavg()[1] ?? 0;
const figures: Figures = { node: process.version, machine, load, date, servers };
process.stdout.write(`${formatTable(figures)}\n`);
if (!smoke) keep(figures);
process.exit();
