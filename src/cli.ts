import { readFileSync, statSync } from "node:fs";
import { setDefaultAutoSelectFamilyAttemptTimeout } from "node:net";
import packageJson from "../package.json" with { type: "json" };
import type { AuditSink } from "./audit.ts";
import { appendLine, auditFault } from "./audit-file.ts";
import { systemClock } from "./clock.ts";
import { type Check, checkLine } from "./doctor-check.ts";
import { readSettings, type Settings } from "./environment.ts";
import { createApp } from "./mcp/app.ts";
import { serve } from "./mcp/serve.ts";
import { LINK_IS_LOCAL } from "./policy.ts";
import { SETTING_LIST } from "./settings.ts";
import { traceOf } from "./text.ts";
import { isLinkLocal, isLocal } from "./url.ts";

const { name, version } = packageJson;
const USAGE = `usage: ${name} [--sandbox] | doctor [--sandbox] [--json] | --help | --version`;

const HELP = `${USAGE}

An MCP server on stdio that lists, sends and deletes the invitations of one Trieve organization.

  (no argument)   serve MCP on stdin and stdout
  --sandbox       serve against a built-in Trieve: no account, no key, no mail
  doctor          check configuration, connection, key and organization; exit 0 or 1

Environment (nothing secret is ever an argument):
${SETTING_LIST.map(([name, { meaning, default: otherwise }]) => `  ${name.padEnd(30)}${meaning} [${otherwise}]`.replaceAll("`", "")).join("\n")}
`;

const WAITING = `${name} waits for an MCP client on stdin. Try --help, --sandbox or doctor; Ctrl-C ends it.`;

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

const SECRETS = new Set<string>(
  SETTING_LIST.filter(([, { isSecret }]) => isSecret).map(([name]) => name),
);

// Node 24 sends even loopback through a proxy where NODE_USE_ENV_PROXY is set, with the key. It reads one
// of the two names, the small one first, so both must hold what was given under either.
function keepLoopbackFromProxies(baseUrl: string | undefined): void {
  if (process.env["NODE_USE_ENV_PROXY"] === undefined) return;
  const own = baseUrl !== undefined && isLocal(baseUrl) ? new URL(baseUrl).hostname : undefined;
  const given = process.env["no_proxy"] ?? process.env["NO_PROXY"];
  const exempt = [given, "localhost,127.0.0.1,[::1],::1", own].filter(Boolean).join(",");
  for (const name of ["no_proxy", "NO_PROXY"]) process.env[name] = exempt;
}

/** Reads the settings and takes what is secret out of the environment, which reports and children show. */
function takeSettings(): Settings {
  const settings = readSettings(process.env, (path) => ({
    text: readFileSync(path, "utf8"),
    open: process.platform !== "win32" && (statSync(path).mode & 0o077) !== 0,
  }));
  for (const name of Object.keys(process.env)) {
    const isProxy = /^https?_proxy$/i.test(name) && process.env[name]?.includes("@");
    if (isProxy || SECRETS.has(name)) delete process.env[name];
  }
  const { config, faults } = settings;
  keepLoopbackFromProxies(config?.baseUrl);
  const fault = config?.auditLog && auditFault(config.auditLog);
  if (!fault) return settings;
  if (fault.isGrave) return { ...settings, config: undefined, faults: [...faults, fault.text] };
  return { ...settings, auditFault: fault.text };
}

async function takeSandboxSettings(): Promise<Settings> {
  const { startSandbox } = await import("./sandbox/start.ts");
  const sandbox = await startSandbox((line) => log(line));
  for (const [variable, value] of Object.entries(sandbox.environment))
    process.env[variable] = value;
  delete process.env["TRIEVE_API_KEY_FILE"];
  return takeSettings();
}

async function main(args: readonly string[]): Promise<void> {
  const [command = "serve", ...flags] = args[0]?.startsWith("--") ? ["serve", ...args] : args;
  const allowed = command === "doctor" ? ["--sandbox", "--json"] : ["--sandbox"];
  const isKnown = ["serve", "doctor"].includes(command) && args[0] !== "serve";
  if (args.length === 1 && args[0] === "--help") {
    process.stdout.write(HELP);
    return;
  }
  if (args.length === 1 && args[0] === "--version") {
    process.stdout.write(`${version}\n`);
    return;
  }
  if (!isKnown || flags.some((flag) => !allowed.includes(flag))) {
    log(USAGE);
    process.exitCode = 2;
    return;
  }
  const sandbox = flags.includes("--sandbox");
  const settings = sandbox ? await takeSandboxSettings() : takeSettings();
  if (command === "doctor") {
    await examine(settings, sandbox, flags.includes("--json"));
  }
  start(settings, sandbox);
}

async function examine(settings: Settings, sandbox: boolean, asJson: boolean): Promise<never> {
  const { doctor } = await import("./doctor.ts");
  const runtime = `Node ${process.version}, ${process.platform}`;
  const path = process.env["PATH"] ?? "";
  const checks: Check[] = [];
  for await (const check of doctor({ settings, version, runtime, sandbox, path })) {
    checks.push(check);
    if (!asJson) process.stdout.write(`${checkLine(check)}\n`);
  }
  const healthy = checks.every(({ status }) => status !== "failed");
  if (asJson) process.stdout.write(`${JSON.stringify({ healthy, checks }, null, 2)}\n`);
  process.exit(healthy ? 0 : 1);
}

function start(settings: Settings, sandbox: boolean): void {
  for (const fault of settings.faults) log(`configuration_error: ${fault}`);
  for (const warning of settings.warnings) log(`warning: ${warning}`);
  if (settings.auditFault !== undefined) log(`warning: ${settings.auditFault}`);
  const { config } = settings;
  if (config !== undefined && !sandbox && !config.policy.readOnly && isLinkLocal(config)) {
    log(`warning: ${LINK_IS_LOCAL}`);
  }
  const path = config?.auditLog;
  const audit: AuditSink = {
    log,
    append: path === undefined ? undefined : (line) => appendLine(path, line),
  };
  if (process.stdin.isTTY) log(WAITING);
  const app = createApp({ settings, version, sandbox, clock: systemClock, audit });
  serve(app, {
    stdin: process.stdin,
    stdout: process.stdout,
    log,
    exit: (code) => process.exit(code),
    onSignal(stop) {
      process.on("SIGTERM", stop);
      process.on("SIGINT", stop);
      process.on("SIGHUP", stop);
    },
  });
}

// A reader that went away is no reason to stop; that of the protocol is for serve to notice.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
// Node would print the error with its causes, and nobody can say what stands in those.
process.on("uncaughtException", (error) => {
  log(traceOf(`${name} failed`, error));
  process.exit(1);
});

// Node gives each address of a name 250 ms, which a slow line misses, and then says that none was reached.
setDefaultAutoSelectFamilyAttemptTimeout(2_500);

await main(process.argv.slice(2));
