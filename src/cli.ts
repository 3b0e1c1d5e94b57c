import { setDefaultAutoSelectFamilyAttemptTimeout } from "node:net";
import packageJson from "../package.json" with { type: "json" };
import { appendLine } from "./audit.ts";
import { systemClock } from "./clock.ts";
import { loadSettings, type Settings } from "./config/load.ts";
import { SETTING_LIST } from "./config/settings.ts";
import { isLocal } from "./config/url.ts";
import type { Check } from "./doctor/connection.ts";
import { CLIENTS, type ClientEntry, createLaunch, missingFrom } from "./doctor/entry.ts";
import { serve } from "./mcp/serve.ts";
import { type App, createApp } from "./mcp/server.ts";
import { traceOf } from "./text.ts";

const { name, version } = packageJson;
const USAGE = `usage: ${name} [--sandbox] | doctor [--sandbox] [--json | --verbose | --client ${[...CLIENTS.keys()].join("|")}] | --help | --version`;

const HELP = `${USAGE}

An MCP server on stdio that lists, sends, resends and deletes the invitations of one Trieve organization, and lists its members.

  (no argument)   serve MCP on stdin and stdout
  --sandbox       serve against a built-in Trieve: no account, no key, no mail
  doctor          check configuration, connection, key and organization; exit 0 or 1
    --verbose       show every setting
    --json          for programs, and for bug reports
    --client NAME   print the entry for a client's configuration instead, without the key

Environment (nothing secret is ever an argument):
${SETTING_LIST.map(([name, { meaning, default: fallback }]) => `  ${name.padEnd(30)}${meaning} [${fallback}]`.replaceAll("`", "")).join("\n")}
`;

const WAITING = `${name} is waiting for an MCP client on stdin. Try --help, --sandbox or doctor; Ctrl-C ends it.`;

let app: App | undefined;

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

// With NODE_USE_ENV_PROXY set, Node 24 sends even loopback requests, with the key, through a proxy. It reads only one
// of no_proxy and NO_PROXY, lower case first, so both are set to the same list.
function exemptLoopbackFromProxies(baseUrl: string | undefined): void {
  if (process.env["NODE_USE_ENV_PROXY"] === undefined) return;
  const local = baseUrl !== undefined && isLocal(baseUrl) ? new URL(baseUrl).hostname : undefined;
  const given = process.env["no_proxy"] ?? process.env["NO_PROXY"];
  const exempt = [given, "localhost,127.0.0.1,[::1],::1", local].filter(Boolean).join(",");
  for (const name of ["no_proxy", "NO_PROXY"]) process.env[name] = exempt;
}

/** Loads the settings and removes secrets from the environment, which diagnostic reports and child processes show. */
function takeSettings(sandbox: boolean): Settings {
  const settings = loadSettings(process.env, sandbox);
  for (const [name, { isSecret }] of SETTING_LIST) if (isSecret) delete process.env[name];
  for (const [name, value] of Object.entries(process.env)) {
    if (/^https?_proxy$/i.test(name) && value?.includes("@")) delete process.env[name];
  }
  exemptLoopbackFromProxies(settings.config?.baseUrl);
  return settings;
}

async function main(args: readonly string[]): Promise<void> {
  if (args.length === 1 && args[0] === "--help") return write(HELP);
  if (args.length === 1 && args[0] === "--version") return write(`${version}\n`);
  const isDoctor = args[0] === "doctor";
  const flags = args.slice(isDoctor ? 1 : 0);
  const at = isDoctor ? flags.indexOf("--client") : -1;
  const [, clientName = ""] = at < 0 ? [] : flags.splice(at, 2);
  const client = CLIENTS.get(clientName);
  const allowed = isDoctor ? ["--sandbox", "--json", "--verbose"] : ["--sandbox"];
  if ((at >= 0 && client === undefined) || !flags.every((flag) => allowed.includes(flag))) {
    log(USAGE);
    process.exitCode = 2;
    return;
  }
  const sandbox = flags.includes("--sandbox");
  if (client !== undefined) return writeEntry(client, sandbox);
  if (sandbox) {
    const { startSandbox } = await import("./sandbox/start.ts");
    Object.assign(process.env, (await startSandbox(log)).environment);
    delete process.env["TRIEVE_API_KEY_FILE"];
  }
  const settings = takeSettings(sandbox);
  if (isDoctor) await runDoctor(settings, flags);
  else start(settings);
}

function write(text: string): void {
  process.stdout.write(text);
}

/** Prints the configuration entry with which a client starts this program the way it was started here. */
function writeEntry([place, entry]: ClientEntry, sandbox: boolean): void {
  const [, main = ""] = process.argv;
  // npx runs programs from a cache that may be cleared: the entry must not name that path.
  const run = /[/\\]_npx[/\\]/.test(main)
    ? { command: "npx", args: ["-y", name] }
    : { command: process.execPath, args: [main] };
  const launch = createLaunch(process.env, run, sandbox);
  if (sandbox) log(`${place}:`);
  else {
    logProblems(loadSettings(process.env));
    const byHand = missingFrom(launch, process.env).join(", ");
    if (byHand !== "") log(`Not in the entry, to be added by hand where needed: ${byHand}`);
    log(`${place}. Put the key into the file that it names:`);
  }
  write(`${entry(launch)}\n`);
}

async function runDoctor(settings: Settings, flags: string[]): Promise<never> {
  const { checkLine, doctor, verdictOf } = await import("./doctor/doctor.ts");
  const json = flags.includes("--json");
  const isVerbose = json || flags.includes("--verbose");
  const checks: Check[] = [];
  for await (const check of doctor(settings, version, isVerbose, process)) {
    checks.push(check);
    if (!json) write(`${checkLine(check)}\n`);
  }
  const healthy = checks.every(({ status }) => status !== "failed");
  const verdict = verdictOf(checks);
  write(json ? `${JSON.stringify({ healthy, verdict, checks }, null, 2)}\n` : `${verdict}\n`);
  process.exit(healthy ? 0 : 1);
}

function logProblems({ faults, defects, warnings }: Settings): void {
  for (const fault of faults) log(`configuration_error: ${fault}`);
  for (const warning of [...defects, ...warnings]) log(`warning: ${warning}`);
}

function start(settings: Settings): void {
  logProblems(settings);
  const path = settings.config?.auditLog;
  const append = path === undefined ? undefined : (line: string) => appendLine(path, line);
  if (process.stdin.isTTY) log(WAITING);
  app = createApp({ settings, version, clock: systemClock, audit: { log, append } });
  const stop = serve(app, process, log);
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, stop);
}

// A reader of stderr or of doctor's output that went away is no reason to stop; serve() handles the protocol's reader.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
// Node would print the error's message and causes, which may quote anything.
process.on("uncaughtException", (error) => {
  log(traceOf(`${name} failed`, error));
  app?.cutShort();
  process.exit(1);
});

// Node gives each address of a host only 250 ms to connect, too short for a slow line, and then fails.
setDefaultAutoSelectFamilyAttemptTimeout(2_500);

void main(process.argv.slice(2));
