import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { isPlaceholder } from "../config/parse.ts";
import { SETTING_LIST } from "../config/settings.ts";

/** How a client starts this server, and under which name. */
export interface Launch {
  name: string;
  command: string;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
}

/** What `doctor --client` prints for a client: where the entry goes, and the entry itself. */
export type ClientEntry = readonly [place: string, entry: (launch: Launch) => string];

/** Every client that `doctor --client` knows, by name; docs/clients.md is generated with these too. */
export const CLIENTS: ReadonlyMap<string, ClientEntry> = new Map<string, ClientEntry>([
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

/** Quotes a word for a POSIX shell, and a path of Windows for the shells there. */
function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return /^(\w+=)?[A-Z]:\\[^"$`%!]*[^"$`%!\\]$/i.test(word)
    ? `"${word}"`
    : `'${word.replaceAll("'", "'\\''")}'`;
}

function mcpServers({ name, ...server }: Launch): string {
  return JSON.stringify({ mcpServers: { [name]: server } }, null, 2);
}

function vscodeServers({ name, ...server }: Launch): string {
  return JSON.stringify({ servers: { [name]: { type: "stdio", ...server } } }, null, 2);
}

function codexTables({ name, env, ...server }: Launch): string {
  const lines = (values: object) =>
    Object.entries(values).map(
      ([name, value]) => `${name} = ${JSON.stringify(value).replaceAll("\x7f", "\\u007f")}`,
    );
  const table = [`[mcp_servers.${name}]`, ...lines(server)];
  return [...table, "", `[mcp_servers.${name}.env]`, ...lines(env)].join("\n");
}

/** Example values for what is not set yet. */
export const EXAMPLE = {
  TRIEVE_BASE_URL: "https://trieve.example.com",
  TRIEVE_DASHBOARD_URL: "https://dashboard.example.com",
  TRIEVE_API_KEY_FILE: "/path/to/trieve-key",
  TRIEVE_ORGANIZATION_ID: "00000000-0000-0000-0000-000000000000",
};

/** How a client starts this very program, with the settings of `environment` that are not secret. */
export function createLaunch(
  environment: NodeJS.ProcessEnv,
  run: Pick<Launch, "command" | "args">,
  sandbox: boolean,
): Launch {
  const { command, args } = run;
  if (sandbox) return { name: "trieve-sandbox", command, args: [...args, "--sandbox"], env: {} };
  const given = SETTING_LIST.flatMap(([name, { isSecret, format }]) => {
    const value = environment[name]?.trim() ?? "";
    // A terminal often sets BROWSER for itself.
    if (value === "" || isSecret || name === "BROWSER" || isPlaceholder(value)) return [];
    if (format !== "filepath" || value.startsWith("~")) return [[name, value]];
    // What names no file may be the key itself.
    if (name === "TRIEVE_API_KEY_FILE" && !existsSync(value)) return [];
    // A client may start the server in any folder.
    return [[name, resolve(value)]];
  });
  const set: Record<string, string> = Object.fromEntries(given);
  const { TRIEVE_DASHBOARD_URL, ...needed } = EXAMPLE;
  const example = set["TRIEVE_BASE_URL"] === undefined ? EXAMPLE : needed;
  return { name: "trieve-invitations", command, args, env: { ...example, ...set } };
}

const NOT_SETTINGS =
  /^(DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|XDG_RUNTIME_DIR|NODE_EXTRA_CA_CERTS|(https?|no)_proxy)$/i;

/** The variables set in `environment` that this program reads and the entry leaves out, such as secrets. */
export function missingFrom({ env }: Launch, environment: NodeJS.ProcessEnv): string[] {
  const others = Object.keys(environment).filter((name) => NOT_SETTINGS.test(name));
  const names = [...SETTING_LIST.map(([name]) => name), ...others.sort()];
  // The key belongs in the file that the entry names.
  return names.filter((name) => environment[name] && !(name in env) && name !== "TRIEVE_API_KEY");
}
