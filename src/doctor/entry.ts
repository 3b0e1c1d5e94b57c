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

const json = (value: object) => JSON.stringify(value, null, 2);
const server = ({ command, args, env }: Launch) => ({ command, args, env });
const mcpServers = (launch: Launch) => json({ mcpServers: { [launch.name]: server(launch) } });

/** A word as a shell takes it; a path of Windows as its shells do. */
function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  return word.includes("\\") ? `"${word}"` : `'${word.replaceAll("'", "'\\''")}'`;
}

/** What `doctor --client` prints for a client: where the entry goes, and the entry itself. */
export interface Client {
  place: string;
  entry(launch: Launch): string;
}

/** Every client that `doctor --client` knows; the texts of docs/clients.md are made by these too. */
export const CLIENTS: Readonly<Record<string, Client>> = {
  claude: {
    place: "Run this",
    entry({ name, command, args, env }) {
      const variables = Object.entries(env).flatMap(([name, value]) => ["-e", `${name}=${value}`]);
      const words = [name, ...variables, "--", command, ...args];
      return ["claude mcp add -s user", ...words.map(shellWord)].join(" ");
    },
  },
  cursor: { place: "Put this into ~/.cursor/mcp.json", entry: mcpServers },
  vscode: {
    place: "Put this into .vscode/mcp.json",
    entry: (launch) => json({ servers: { [launch.name]: { type: "stdio", ...server(launch) } } }),
  },
  codex: {
    place: "Put this into ~/.codex/config.toml",
    entry({ name, command, args, env }) {
      const lines = (values: object) =>
        Object.entries(values).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
      const table = [`[mcp_servers.${name}]`, ...lines({ command, args })];
      return [...table, "", `[mcp_servers.${name}.env]`, ...lines(env)].join("\n");
    },
  },
  gemini: { place: "Put this into ~/.gemini/settings.json", entry: mcpServers },
};

/** What stands where nothing is set yet. */
export const EXAMPLE = {
  TRIEVE_BASE_URL: "https://trieve.example.com",
  TRIEVE_DASHBOARD_URL: "https://dashboard.example.com",
  TRIEVE_API_KEY_FILE: "/path/to/trieve-key",
  TRIEVE_ORGANIZATION_ID: "00000000-0000-0000-0000-000000000000",
};

/** How a client starts this very program, with the settings of `environment` but for those that are secret. */
export function launchOf(
  environment: Readonly<Record<string, string | undefined>>,
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
