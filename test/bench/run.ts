import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { bareNode, median, ready, start, timed } from "./measure.ts";
import { generatedPeersAt, type Peer, peersAt } from "./peers.ts";

// Measures this server beside its peers, all in one run and interleaved, and writes the tables of
// docs/performance.md. --smoke measures little, and only this server and the floor, and writes nothing.

const { values } = parseArgs({ options: { smoke: { type: "boolean", default: false } } });
const { smoke } = values;
const rounds = (count: number) => (smoke ? 2 : count);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";

const trieve = spawn(process.execPath, [here("trieve.mjs")], {
  stdio: ["ignore", "pipe", "inherit"],
});
const [line] = await once(trieve.stdout, "data");
const origin = `http://127.0.0.1:${Number(String(line))}`;

const headers = { authorization: "key", "tr-organization": ORGANIZATION };
const rawList = async (size: number) =>
  (await fetch(`${origin}/${size}/api/invitations/${ORGANIZATION}`, { headers })).json();

const at = (size: number): Peer[] => {
  const url = `${origin}/${size}`;
  return smoke ? peersAt(url) : [...peersAt(url), ...generatedPeersAt(url)];
};
const ratio = (value: number) => `${value.toFixed(2)}x`;
const megabytes = (value: number) => `${value.toFixed(0)} MB`;

type Table = Map<string, string[]>;
const table = (peers: Peer[]): Table => new Map(peers.map(({ name }) => [name, []]));

async function measureStart(rows: Table): Promise<void> {
  const bare: number[] = [];
  const peers = at(10);
  const times = peers.map(() => [] as number[]);
  const memory = peers.map(() => [] as number[]);
  for (let round = 0; round < rounds(21); round += 1) {
    bare.push(await bareNode());
    for (const [n, peer] of peers.entries()) {
      const { server, ms } = await ready(peer);
      times[n]?.push(ms);
      memory[n]?.push(server.megabytes("VmRSS"));
      server.stop();
    }
  }
  for (const [n, { name }] of peers.entries()) {
    rows
      .get(name)
      ?.push(ratio(median(times[n] ?? []) / median(bare)), megabytes(median(memory[n] ?? [])));
  }
}

interface Shown {
  name: string;
  description?: string;
  inputSchema: object;
}

async function measureTokens(rows: Table): Promise<void> {
  for (const peer of at(1_000)) {
    const { server, tools } = await ready(peer);
    const seen = (tools as Shown[]).map(({ name, description, inputSchema }) => ({
      name,
      description,
      inputSchema,
    }));
    const result = await server.request("tools/call", listCall(peer, tools));
    const [{ text }] = result.content;
    rows
      .get(peer.name)
      ?.push(
        countTokens(JSON.stringify(seen)).toLocaleString("en"),
        countTokens(text).toLocaleString("en"),
      );
    server.stop();
  }
}

function listCall(peer: Peer, tools: Shown[]) {
  const name = peer.listTool || (tools.find((tool) => /list/i.test(tool.name))?.name ?? "");
  return { name, arguments: peer.listArguments };
}

/** List calls one after the other and 32 at once, against raw fetches in the same round. */
async function measureLists(rows: Table): Promise<void> {
  for (const peer of at(10)) {
    const { server, tools } = await ready(peer);
    const params = listCall(peer, tools);
    const call = () => server.request("tools/call", params);
    const raw = () => rawList(10);
    const many = (work: () => Promise<unknown>) => () =>
      Promise.all(Array.from({ length: 32 }, work));
    for (let warm = 0; warm < rounds(200); warm += 1) await Promise.all([call(), raw()]);
    const [one, rawOne, all, rawAll] = [[], [], [], []] as number[][] as [
      number[],
      number[],
      number[],
      number[],
    ];
    for (let round = 0; round < rounds(500); round += 1) {
      one.push(await timed(call));
      rawOne.push(await timed(raw));
    }
    for (let round = 0; round < rounds(40); round += 1) {
      all.push(await timed(many(call)));
      rawAll.push(await timed(many(raw)));
    }
    rows
      .get(peer.name)
      ?.push(ratio(median(one) / median(rawOne)), ratio(median(all) / median(rawAll)));
    server.stop();
  }
}

async function measureLarge(rows: Table): Promise<void> {
  for (const peer of at(100_000)) {
    const { server, tools } = await ready(peer);
    const params = listCall(peer, tools);
    await server.request("tools/call", params);
    const most = server.megabytes("VmHWM");
    const [times, raws] = [[], []] as number[][] as [number[], number[]];
    for (let round = 0; round < rounds(9); round += 1) {
      times.push(await timed(() => server.request("tools/call", params)));
      raws.push(await timed(() => rawList(100_000)));
    }
    rows.get(peer.name)?.push(ratio(median(times) / median(raws)), megabytes(most));
    server.stop();
  }
}

/** How the cost of this server grows. */
async function measureGrowth(): Promise<string[][]> {
  const lines: string[][] = [];
  for (const size of [10, 1_000, 10_000, 100_000]) {
    const [ours] = at(size) as [Peer];
    const { server } = await ready(ours);
    const times: number[] = [];
    const raws: number[] = [];
    for (let round = 0; round < rounds(15); round += 1) {
      times.push(
        await timed(() => server.request("tools/call", { name: ours.listTool, arguments: {} })),
      );
      raws.push(await timed(() => rawList(size)));
    }
    lines.push([
      `list of ${size.toLocaleString("en")}`,
      `${median(times).toFixed(1)} ms, ${ratio(median(times) / median(raws))} a raw fetch and parse${size === 10_000 ? " (goal 2x)" : ""}`,
      megabytes(server.megabytes("VmHWM")),
    ]);
    server.stop();
  }
  // A minute has thirty sends, so each batch has a process of its own.
  for (const count of [1, 8, 30]) {
    const [ours] = at(10) as [Peer];
    const { server } = await ready(ours);
    const ms = await timed(() =>
      Promise.all(
        Array.from({ length: count }, (_, n) =>
          server.request("tools/call", {
            name: "send_invitation",
            arguments: { emails: [`s${count}n${n}@example.com`] },
          }),
        ),
      ),
    );
    lines.push([
      count === 1 ? "1 send" : `${count} sends at once`,
      `${ms.toFixed(0)} ms`,
      megabytes(server.megabytes("VmHWM")),
    ]);
    server.stop();
  }
  lines.push(await measureSeveral());
  const [ours] = at(10) as [Peer];
  const { server } = await ready(ours);
  const calls = smoke ? 100 : 10_000;
  for (let n = 0; n < calls; n += 20) {
    await Promise.all(
      Array.from({ length: 20 }, () =>
        server.request("tools/call", { name: ours.listTool, arguments: {} }),
      ),
    );
  }
  lines.push([
    `after ${calls.toLocaleString("en")} list calls`,
    "",
    megabytes(server.megabytes("VmRSS")),
  ]);
  server.stop();
  return lines;
}

/** Thirty sends in one call, against a bare loop of two at a time with as many lists. */
async function measureSeveral(): Promise<string[]> {
  const place = `${origin}/10-slow`;
  const [ours] = peersAt(place) as [Peer];
  const { server } = await ready(ours);
  const several: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds(5); round += 1) {
    const emails = Array.from({ length: 30 }, (_, n) => `r${round}n${n}@example.com`);
    const call = (more: object) =>
      server.request("tools/call", { name: "send_invitation", arguments: { emails, ...more } });
    several.push(
      await timed(async () => {
        const { structuredContent } = await call({});
        await call({ confirmation: structuredContent.confirmation });
      }),
    );
    const list = async () => {
      await (await fetch(`${place}/api/invitations/${ORGANIZATION}`, { headers })).json();
    };
    const post = (email: string) =>
      fetch(`${place}/api/invitation`, {
        method: "POST",
        headers,
        body: JSON.stringify({ email: `bare-${email}` }),
      });
    bare.push(
      await timed(async () => {
        await list();
        await list();
        const left = [...emails];
        const loop = async () => {
          for (let email = left.pop(); email; email = left.pop()) await post(email);
        };
        await Promise.all([loop(), loop()]);
        await list();
      }),
    );
  }
  const memory = megabytes(server.megabytes("VmHWM"));
  server.stop();
  const times = ratio(median(several) / median(bare));
  return [
    "30 sends in one call, mails of 300 ms",
    `${median(several).toFixed(0)} ms, ${times} a bare loop of two at a time (goal 1.1x)`,
    memory,
  ];
}

/** The legacy protocol and the modern one, started side by side. */
async function measureProtocols(): Promise<string> {
  const [ours] = at(10) as [Peer];
  const legacy: number[] = [];
  const modern: number[] = [];
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  for (let round = 0; round < rounds(15); round += 1) {
    const { server, ms } = await ready(ours);
    legacy.push(ms);
    server.stop();
    let other = start(ours);
    modern.push(
      await timed(() => {
        other.stop();
        other = start(ours);
        return other.request("tools/list", { _meta: meta });
      }),
    );
    other.stop();
  }
  return ratio(median(modern) / median(legacy));
}

const rows = table(at(10));
await measureStart(rows);
await measureTokens(rows);
await measureLists(rows);
await measureLarge(rows);
const growth = await measureGrowth();
const protocols = await measureProtocols();
trieve.kill();

const GOALS = [
  "<= 2.5x (22, 24: 2.3x)",
  "<= 52 MB (Node 20)",
  "<= 750",
  "<= 1,400",
  "<= 1.8x",
  "<= 1.1x",
  "<= 2.2x",
  "<= 450 MB",
];
const MEASURES = [
  "cold start to tools/list answered, to `node -e 0`",
  "memory after tools/list",
  "tokens of the tools (name, description, input schema)",
  "tokens of the first page of a list of 1,000 as text",
  "list of 10, p50, to a raw fetch",
  "32 lists at once, to 32 raw fetches",
  "list of 100,000, to a raw fetch and parse",
  "its peak memory, first call",
];
const names = [...rows.keys()];
const report = [
  `| | ${names.join(" | ")} | goal |`,
  `|---|${names.map(() => "---|").join("")}---|`,
  ...MEASURES.map(
    (measure, n) =>
      `| ${measure} | ${names.map((name) => rows.get(name)?.[n]).join(" | ")} | ${GOALS[n]} |`,
  ),
  "",
  "How the cost of this server grows:",
  "",
  "| | time | most memory |",
  "|---|---|---|",
  ...growth.map((cells) => `| ${cells.join(" | ")} |`),
  "",
  `A start with revision 2026-07-28 takes ${protocols} the time of one with a handshake.`,
].join("\n");
process.stdout.write(`${report}\n`);

if (!smoke) {
  const about = `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model.trim()}, ${new Date().toISOString().slice(0, 10)}. Medians of interleaved runs; tokens by o200k_base.`;
  const file = here("../../docs/performance.md");
  const major = process.versions.node.split(".")[0];
  const block = new RegExp(`(<!-- node ${major} -->\\n)[\\s\\S]*?(<!-- /node ${major} -->)`);
  const page = readFileSync(file, "utf8");
  if (!block.test(page)) throw new Error(`docs/performance.md has no block for Node ${major}`);
  writeFileSync(
    file,
    page.replace(block, (_, open, close) => `${open}\n${about}\n\n${report}\n\n${close}`),
  );
}
process.exit();
