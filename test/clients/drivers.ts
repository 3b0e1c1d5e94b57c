import { execFile, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify, stripVTControlCharacters } from "node:util";
import { Client as Client2 } from "@modelcontextprotocol/client";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { configurationOf } from "./page.ts";
import {
  type Facts,
  outcomeOf,
  playScenario,
  type Row,
  type Session,
  type Setup,
} from "./scenario.ts";
import { readWitness, watched } from "./witness.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const run = promisify(execFile);

export type Driver = (setup: Setup) => Promise<Omit<Row, "client" | "version">>;

const PATH = `${here}node_modules/node/bin:${here}node_modules/.bin:${process.env["PATH"]}`;

/** What the shell of a user holds: the key, for those clients that fill it in from there. */
function keyOf(env: Setup["env"]) {
  return { TRIEVE_API_KEY: env["TRIEVE_API_KEY"] ?? "" };
}

async function shell({ home, env }: Setup, bin: string, args: string[], timeout = 90_000) {
  return run(`${here}node_modules/.bin/${bin}`, args, {
    cwd: home,
    timeout,
    maxBuffer: 1e8,
    env: { PATH, HOME: home, XDG_CONFIG_HOME: `${home}/.config`, ...keyOf(env) },
  });
}

/** The server as most configuration files spell it. */
function mcpServers({ command, args, env }: Setup) {
  return { mcpServers: { trieve: { command, args, env } } };
}

const formOf = (params: unknown) =>
  (params as { requestedSchema: { properties: { decision: { enum: [string, string] } } } })
    .requestedSchema.properties.decision.enum;

const accept = (params: unknown, yes: boolean) => ({
  action: "accept" as const,
  content: { decision: formOf(params)[yes ? 1 : 0] },
});

/** A session of a client that can be told what its person will say. */
function answering(call: Session["call"], canAsk = true) {
  let yes = false;
  const session: Session = {
    canAsk,
    answer: (next) => {
      yes = next;
    },
    call,
  };
  return { session, saysYes: () => yes };
}

export const sdk1: Driver = async (setup) => {
  const client = new Client({ name: "test", version: "1" }, { capabilities: { elicitation: {} } });
  const { session, saysYes } = answering(
    async (name, args) =>
      (await client.callTool({ name, arguments: args })).structuredContent as Facts,
  );
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => accept(params, saysYes()));
  await client.connect(new StdioClientTransport({ ...setup, stderr: "ignore" }));
  const outcome = await playScenario(session, "sdk1@example.com");
  await client.close();
  return { ...outcome, note: "the client of the first SDK" };
};

export const sdk2 =
  (mode: "auto" | "legacy"): Driver =>
  async (setup) => {
    const client = new Client2(
      { name: "test", version: "1" },
      { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
    );
    const { session, saysYes } = answering(
      async (name, args) =>
        (await client.callTool({ name, arguments: args })).structuredContent as Facts,
    );
    client.setRequestHandler("elicitation/create", ({ params }) => accept(params, saysYes()));
    const { StdioClientTransport: Transport2 } = await import("@modelcontextprotocol/client/stdio");
    await client.connect(new Transport2({ ...setup, stderr: "ignore" }));
    const outcome = await playScenario(session, `sdk2${mode}@example.com`);
    const version = client.getNegotiatedProtocolVersion();
    await client.close();
    return { ...outcome, note: `speaks ${version}` };
  };

/** A driver that runs in the clients' own Node and talks in lines of JSON. */
const script =
  (file: string, canAsk: boolean, note: string): Driver =>
  async (setup) => {
    const child = spawn("node", [`${here}${file}`, JSON.stringify(setup)], {
      env: { PATH, HOME: setup.home },
      stdio: ["pipe", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { session, saysYes } = answering(async (tool, args) => {
      child.stdin.write(`${JSON.stringify({ tool, args, yes: saysYes() })}\n`);
      const { value } = await lines.next();
      return JSON.parse(value);
    }, canAsk);
    try {
      return { ...(await playScenario(session, `${file}@example.com`)), note };
    } finally {
      child.stdin.end();
    }
  };

export const aiSdk = script("ai-sdk.mjs", true, "asks through its own handler");
export const langchain = script("langchain.mjs", false, "no elicitation, so the code is used");

const ELSEWHERE = "https://trieve.example.com";

export const inspector: Driver = async (setup) => {
  const target = ["--cli", setup.command, ...setup.args];
  const env = Object.entries(setup.env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const strict = await shell(setup, "mcp-inspector", [
    ...target,
    ...env,
    // So that the server has nothing to warn of, and all that is said is the Inspector's.
    ...["TRIEVE_APP_URL", "TRIEVE_DASHBOARD_URL"].flatMap((name) => ["-e", `${name}=${ELSEWHERE}`]),
    "--method",
    "tools/list",
    "--strict",
  ]);
  const session: Session = {
    canAsk: false,
    answer() {},
    async call(tool, args) {
      const call = ["--method", "tools/call", "--tool-name", tool];
      const { stdout } = await shell(setup, "mcp-inspector", [
        ...target,
        ...env,
        ...call,
        "--tool-args-json",
        JSON.stringify(args),
      ]);
      return JSON.parse(stdout).structuredContent ?? {};
    },
  };
  const listed = await session.call("list_invitations", { status: "all" });
  const sent = await session.call("send_invitation", { emails: ["inspector@example.com"] });
  const clean = strict.stderr.trim() === "" ? "--strict finds nothing" : strict.stderr.trim();
  return {
    lists: `${listed["matched"]} invitations`,
    sends: outcomeOf(sent),
    deletesWithNo: "cannot ask",
    deletesWithYes: "not tried: a process a call, which no code outlives",
    note: clean,
  };
};

export const mcpc: Driver = async (setup) => {
  const config = `${setup.home}/mcpc.json`;
  await writeFile(config, JSON.stringify(mcpServers(setup)));
  await shell(setup, "mcpc", ["connect", `${config}:trieve`, "@trieve"]);
  const session: Session = {
    canAsk: false,
    answer() {},
    async call(tool, args) {
      const pairs = Object.entries(args).map(
        ([name, value]) => `${name}:=${JSON.stringify(value)}`,
      );
      const { stdout } = await shell(setup, "mcpc", [
        "--json",
        "@trieve",
        "tools-call",
        tool,
        ...pairs,
      ]);
      return JSON.parse(stdout).structuredContent;
    },
  };
  const outcome = await playScenario(session, "mcpc@example.com");
  await shell(setup, "mcpc", ["close", "@trieve"]);
  return { ...outcome, note: "" };
};

export const mcporter: Driver = async (setup) => {
  const config = `${setup.home}/mcporter.json`;
  await writeFile(config, JSON.stringify(mcpServers(setup)));
  const call = async (tool: string, args: object) => {
    const given = ["--args", JSON.stringify(args), "--output", "json"];
    const all = ["--config", config, "call", `trieve.${tool}`, ...given];
    return JSON.parse((await shell(setup, "mcporter", all)).stdout) as Facts;
  };
  const listed = await call("list_invitations", { status: "all" });
  const sent = await call("send_invitation", { emails: ["mcporter@example.com"] });
  return {
    lists: `${listed["matched"]} invitations`,
    sends: outcomeOf(sent),
    deletesWithNo: "cannot ask",
    deletesWithYes: "not tried: a process a call, which no code outlives",
    note: "",
  };
};

/** Its command that adds a server, and its own health check of what was added. */
export const claudeCode: Driver = async (setup) => {
  const seen = watched(setup);
  const [bin = "", ...args] = configurationOf("Claude Code", seen).trim().split(" ");
  await shell(seen, bin, args);
  const { stdout, stderr } = await shell(seen, "claude", ["mcp", "list"]);
  const text = stripVTControlCharacters(`${stdout}${stderr}`);
  const good = /(✔|✓) Connected/.exec(text)?.[0];
  if (good === undefined) throw new Error(`health check: ${text.slice(0, 300)}`);
  if (!readWitness(seen)?.hasKey) throw new Error("key missing");
  const none = "-";
  const note = `health check: ${good}; key filled in`;
  return { lists: none, sends: none, deletesWithNo: none, deletesWithYes: none, note };
};
