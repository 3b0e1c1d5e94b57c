import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startTrieve } from "../support/trieve.ts";
import * as drivers from "./drivers.ts";
import type { Row } from "./scenario.ts";

// Installs real clients beside this file (npm ci would want builds for every platform), drives them
// against the packed program, and writes what they did into docs/clients.md. With names as arguments it
// runs those clients and writes nothing.

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const CLIENTS: [name: string, packageName: string, driver: drivers.Driver][] = [
  ["SDK client, first", "@modelcontextprotocol/sdk", drivers.sdk1],
  ["SDK client, second, default", "@modelcontextprotocol/client", drivers.sdk2("legacy")],
  ["SDK client, second, auto", "@modelcontextprotocol/client", drivers.sdk2("auto")],
  ["AI SDK", "@ai-sdk/mcp", drivers.aiSdk],
  ["LangChain", "@langchain/mcp-adapters", drivers.langchain],
  ["Inspector CLI", "@modelcontextprotocol/inspector", drivers.inspector],
  ["mcpc", "@apify/mcpc", drivers.mcpc],
  ["mcporter", "mcporter", drivers.mcporter],
  ["Codex", "@openai/codex", drivers.codex],
  ["Claude Code, mcp add", "@anthropic-ai/claude-code", drivers.claudeCode],
  ["Claude Code, .mcp.json", "@anthropic-ai/claude-code", drivers.claudeCodeProject],
  ["Gemini CLI", "@google/gemini-cli", drivers.gemini],
  ["opencode", "opencode-ai", drivers.opencode],
];

function versionOf(name: string): string {
  // The SDKs' own clients are the ones the tests use.
  const folder = existsSync(`${root}node_modules/${name}`) ? root : here;
  return JSON.parse(readFileSync(`${folder}node_modules/${name}/package.json`, "utf8")).version;
}

const wanted = process.argv.slice(2);
execFileSync("npm", ["install", "--no-save", "--no-audit", "--no-fund"], {
  cwd: here,
  stdio: "inherit",
});
const home = mkdtempSync(join(tmpdir(), "clients-"));
const pack = ["pack", "--ignore-scripts", "--pack-destination", home];
const tarball = execFileSync("npm", pack, { cwd: root, encoding: "utf8" })
  .trim()
  .split("\n")
  .at(-1);
const install = ["install", "--prefix", home, "--no-save", join(home, tarball ?? "")];
execFileSync("npm", install, { cwd: home, stdio: "inherit" });
const main = join(home, "node_modules/trieve-invitations-mcp/dist/main.js");

const rows: Row[] = [];
for (const [client, packageName, drive] of CLIENTS) {
  if (wanted.length > 0 && !wanted.includes(client)) continue;
  const trieve = await startTrieve();
  for (const email of ["ines@example.com", "omar@example.com"]) trieve.add(email);
  const { TRIEVE_APP_URL, TRIEVE_DASHBOARD_URL, ...env } = trieve.environment;
  const setup = {
    command: process.execPath,
    args: [main],
    env,
    home: mkdtempSync(join(tmpdir(), "client-")),
  };
  const version = versionOf(packageName);
  try {
    rows.push({ client, version, ...(await drive(setup)) });
  } catch (error) {
    const note = `failed: ${String(error).split("\n")[0]?.slice(0, 300)}`;
    rows.push({
      client,
      version,
      lists: "",
      sends: "",
      deletesWithNo: "",
      deletesWithYes: "",
      note,
    });
    process.exitCode = 1;
  }
  await trieve.close();
  process.stdout.write(`${JSON.stringify(rows.at(-1))}\n`);
}

if (wanted.length === 0) {
  const head = "| client | version | lists | sends | delete, no | delete, yes | note |";
  const table = rows.map((row) => `| ${Object.values(row).join(" | ")} |`).join("\n");
  const text = `${head}\n|---|---|---|---|---|---|---|\n${table}`;
  const file = `${root}docs/clients.md`;
  const page = readFileSync(file, "utf8");
  const block = /(<!-- tried -->\n)[\s\S]*(<!-- \/tried -->)/;
  const date = new Date().toISOString().slice(0, 10);
  const about = `Run on ${date} with Node ${process.version} under the server.`;
  writeFileSync(file, page.replace(block, `$1\n${about}\n\n${text}\n\n$2`));
}
// Clients leave children and timers behind.
process.exit();
