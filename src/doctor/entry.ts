import { resolve } from "node:path";
import { isPlaceholder } from "../config/parse.ts";
import { SETTING_LIST } from "../config/settings.ts";

/** How a client starts this server, under which name. */
export interface Launch {
  name: string;
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** What `doctor --client` prints for a client: where the entry goes, and the entry itself. */
export type Client = readonly [place: string, entry: (launch: Launch) => string];

/** Every client that `doctor --client` knows, by its name; texts of docs/clients.md are made by these too. */
export const CLIENTS: ReadonlyMap<string, Client> = new Map<string, Client>([
  ["claude", ["Run this", claudeCommand]],
  ["cursor", ["Put this into ~/.cursor/mcp.json", mcpServers]],
  ["vscode", ["Put this into .vscode/mcp.json", vscodeServers]],
  ["codex", ["Put this into ~/.codex/config.toml", codexTables]],
  ["gemini", ["Put this into ~/.gemini/settings.json", mcpServers]],
]);

function claudeCommand({ name, command, args, env }: Launch): string {
  const variables = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
  const words = [name, ...variables, "--", command, ...args];
  return ["claude mcp add -s user", ...words.map(shellWord)].join(" ");
}

/** A word as a shell takes it; a path of Windows as its shells do. */
function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return word.includes("\\") ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`;
}

function mcpServers({ name, ...server }: Launch): string {
  return JSON.stringify({ mcpServers: { [name]: server } }, null, 2);
}

function vscodeServers({ name, ...server }: Launch): string {
  return JSON.stringify({ servers: { [name]: { type: "stdio", ...server } } }, null, 2);
}

function codexTables({ name, env, ...server }: Launch): string {
  const lines = (values: object) =>
    Object.entries(values).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  const table = [`[mcp_servers.${name}]`, ...lines(server)];
  return [...table, "", `[mcp_servers.${name}.env]`, ...lines(env)].join("\n");
}

/** What stands where nothing is set yet. */
export const EXAMPLE = {
  TRIEVE_BASE_URL: "https://trieve.example.com",
  TRIEVE_DASHBOARD_URL: "https://dashboard.example.com",
  TRIEVE_API_KEY_FILE: "/path/to/trieve-key",
  TRIEVE_ORGANIZATION_ID: "00000000-0000-0000-0000-000000000000",
};

/** How a client starts this very program, with the settings of `environment` but for those that are secret. */
export function createLaunch(
  environment: NodeJS.ProcessEnv,
  run: Pick<Launch, "command" | "args">,
  sandbox: boolean,
): Launch {
  const { command, args } = run;
  if (sandbox) return { name: "trieve-sandbox", command, args: [...args, "--sandbox"], env: {} };
  const given = SETTING_LIST.flatMap(([name, { isSecret, format }]) => {
    const value = environment[name]?.trim() ?? "";
    // BROWSER is often set by a terminal, for itself.
    if (value === "" || isSecret || name === "BROWSER" || isPlaceholder(value)) return [];
    // A client starts the server in a folder of its own choice.
    return [[name, format === "filepath" && !value.startsWith("~") ? resolve(value) : value]];
  });
  const set: Record<string, string> = Object.fromEntries(given);
  const { TRIEVE_DASHBOARD_URL, ...needed } = EXAMPLE;
  const example = set["TRIEVE_BASE_URL"] === undefined ? EXAMPLE : needed;
  return { name: "trieve-invitations", command, args, env: { ...example, ...set } };
}

const NOT_SETTINGS = ["DISPLAY", "HTTPS_PROXY", "HTTP_PROXY", "NODE_EXTRA_CA_CERTS", "NO_PROXY"];

/** The variables of `environment` that count for this program and are not in the entry, such as what is secret. */
export function missingFrom({ env }: Launch, environment: NodeJS.ProcessEnv): string[] {
  const names = [...SETTING_LIST.map(([name]) => name), ...NOT_SETTINGS];
  return names.filter((name) => environment[name] && !(name in env));
}
