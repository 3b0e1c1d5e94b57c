import { existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTrieve, type TestTrieve } from "../support/trieve.ts";
import * as drivers from "./drivers.ts";
import { type Driven, drive } from "./hosts/drive.ts";
import { HOSTS, NOT_RUN } from "./hosts/index.ts";
import { closeBrowser } from "./hosts/person.ts";
import { bareNodeMs, hostRows, withRows } from "./hosts/table.ts";
import { installClients, installProgram, versionOf } from "./install.ts";
import type { Row } from "./scenario.ts";

// Drives real clients against the packed program and writes what they did into docs/clients.md. With the
// argument "hosts" or "clients" it runs and writes that half; with names it runs those, and writes the rows of
// hosts. TEST_MAIN is another program to run them against, and nothing is written then.

const CLIENTS: [name: string, packageName: string, driver: drivers.Driver][] = [
  ["SDK client, first", "@modelcontextprotocol/sdk", drivers.sdk1],
  ["SDK client, second, default", "@modelcontextprotocol/client", drivers.sdk2("legacy")],
  ["SDK client, second, auto", "@modelcontextprotocol/client", drivers.sdk2("auto")],
  ["AI SDK", "@ai-sdk/mcp", drivers.aiSdk],
  ["LangChain", "@langchain/mcp-adapters", drivers.langchain],
  ["Inspector CLI", "@modelcontextprotocol/inspector", drivers.inspector],
  ["mcpc", "@apify/mcpc", drivers.mcpc],
  ["mcporter", "mcporter", drivers.mcporter],
  ["Claude Code, mcp add", "@anthropic-ai/claude-code", drivers.claudeCode],
];

const wanted = process.argv.slice(2);
const isAll = (half: string) => wanted.length === 0 || wanted.includes(half);
const clients = CLIENTS.filter(([name]) => isAll("clients") || wanted.includes(name));
const hosts = HOSTS.filter(({ name }) => isAll("hosts") || wanted.includes(name));
const say = (line: string) => process.stdout.write(`${line}\n`);
const names = [
  "hosts",
  "clients",
  ...CLIENTS.map(([name]) => name),
  ...HOSTS.map(({ name }) => name),
];
for (const name of wanted) {
  if (!names.includes(name))
    throw new Error(`${name} is none of ${[...new Set(names)].join(", ")}`);
}

let passed = 0;
let failed = 0;
function count(holds: boolean, what: string): void {
  if (holds) passed += 1;
  else {
    failed += 1;
    say(`  FAILED ${what}`);
  }
}

installClients([
  ...clients.map(([, packageName]) => packageName),
  ...hosts.map(({ packageName }) => packageName),
]);
const main = process.env["TEST_MAIN"] ?? installProgram();

const rows: Row[] = [];
for (const [client, packageName, play] of clients) {
  const trieve = await startTrieve();
  for (const email of ["ines@example.com", "omar@example.com"]) trieve.add(email);
  const { TRIEVE_APP_URL, TRIEVE_DASHBOARD_URL, ...env } = trieve.environment;
  const home = mkdtempSync(join(tmpdir(), "client-"));
  const version = versionOf(packageName) ?? "";
  try {
    const row = await play({ command: process.execPath, args: [main], env, home });
    rows.push({ client, version, ...row });
    count(isSound(row, trieve), `${client}: ${Object.values(row).join(", ")}`);
    say(`${client}: ${Object.values(row).join(", ")}`);
  } catch (error) {
    count(false, `${client}: ${String(error).slice(0, 500)}`);
  }
  await trieve.close();
}

const driven: (Driven & { version: string })[] = [];
const missing: [name: string, reason: string][] = [...NOT_RUN];
for (const host of hosts) {
  const version = versionOf(host.packageName);
  if (version === undefined) {
    skip(host.name, `${host.packageName} has no build for this machine`);
    continue;
  }
  if (host.needs !== undefined && !existsSync(host.needs)) {
    skip(`${host.name}, ${host.started}`, `there is no ${host.needs} on this machine`);
    continue;
  }
  const start = performance.now();
  const one = await drive(host, main);
  driven.push({ ...one, version });
  record(one);
  say(`${host.name}, ${host.started}: ${Math.round((performance.now() - start) / 1000)} s`);
  for (const { fact, holds, seen } of one.checks) {
    count(holds, `${host.name}: ${fact} ${JSON.stringify(seen) ?? ""}`);
  }
}
await closeBrowser();

const about = `Node ${process.version} under the server`;
if (driven.length > 0) {
  const bare = `With ${about}; \`node -e 0\` alone takes ${bareNodeMs()} ms.`;
  const rows = hostRows(driven, isAll("hosts") ? missing : []);
  update("hosts", (table) => `${bare}\n\n${withRows(isAll("hosts") ? "" : table, rows)}`);
}
if (isAll("clients")) {
  const head = "| client | version | lists | sends | delete, no | delete, yes | note |";
  const table = rows.map((row) => `| ${Object.values(row).join(" | ")} |`).join("\n");
  const date = new Date().toISOString().slice(0, 10);
  update(
    "tried",
    () => `Run on ${date} with ${about}.\n\n${head}\n|---|---|---|---|---|---|---|\n${table}`,
  );
}
say(`${passed} passed, ${failed} failed`);
// Clients leave children and timers behind.
process.exit(failed === 0 ? 0 : 1);

/** Whether a client came to what it should, and Trieve saw just that; a health check calls no tool. */
function isSound(row: Omit<Row, "client" | "version">, { proxy }: TestTrieve): boolean {
  const { lists, sends, deletesWithNo, deletesWithYes } = row;
  const writes = [proxy.count("POST"), proxy.count("DELETE")].join();
  if (lists === "-") return writes === "0,0";
  const isDeleted = deletesWithYes.startsWith("deleted (");
  return (
    lists === "2 invitations" &&
    sends === "invited" &&
    ["not_confirmed", "cannot ask"].includes(deletesWithNo) &&
    (isDeleted || deletesWithYes.startsWith("not tried")) &&
    writes === (isDeleted ? "1,1" : "1,0")
  );
}

function skip(name: string, reason: string): void {
  missing.push([name, reason]);
  say(`${name}: not run, ${reason}`);
}

/** Keeps below build/hosts what a host showed its model, and what its person was asked, to be looked at. */
function record({ host, model, results, questions, checks }: Driven): void {
  const folder = fileURLToPath(new URL("../../build/hosts/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  const name = `${host.name} ${host.started}`.toLowerCase().replace(/[^a-z]+/g, "-");
  const facts = { tools: model.tools(), results, questions, checks };
  writeFileSync(`${folder}${name}.json`, JSON.stringify(facts, undefined, 2));
}

/** Makes what stands between the markers of `name` in docs/clients.md anew. */
function update(name: string, change: (before: string) => string): void {
  if (process.env["TEST_MAIN"] !== undefined) return;
  const file = fileURLToPath(new URL("../../docs/clients.md", import.meta.url));
  const page = readFileSync(file, "utf8");
  const block = new RegExp(`(<!-- ${name} -->\n)([^]*)(<!-- /${name} -->)`);
  writeFileSync(
    file,
    page.replace(block, (_, open, before, close) => `${open}\n${change(before)}\n\n${close}`),
  );
}
