import { SETTINGS, type Setting } from "../src/config/settings.ts";
import { CLIENTS, EXAMPLE, type Launch } from "../src/doctor/entry.ts";

// Everything that depends on whether the package is published; the one switch for that is `repository` in package.json.
// Before, all docs start the server from a clone: whoever took the free name could run code beside the readers' keys.

/** The fields of package.json that matter here. */
export interface Package {
  name: string;
  version: string;
  mcpName: string;
  repository?: { type: string; url: string };
}

const CLONE = { command: "node", args: ["/path/to/trieve-invitations-mcp/dist/main.js"] };
const NAME = "trieve-invitations";

/** The repository's address for a browser; undefined before there is one. */
export function repositoryUrl({ repository }: Package): string | undefined {
  return repository?.url.replace(/^git\+/, "").replace(/\.git$/, "");
}

/** How a client starts the server in the docs. */
export function exampleLaunch(of: Package): Launch {
  return { name: NAME, ...(of.repository === undefined ? CLONE : npx(of)), env: EXAMPLE };
}

function npx({ name }: Package) {
  return { command: "npx", args: ["-y", name] };
}

/** The name in the MCP registry, which is bound to the owner of the repository. */
export function registryName(of: Package): string {
  const [, owner] = /github\.com\/([^/]+)\//.exec(`${repositoryUrl(of)}/`) ?? [];
  return owner === undefined ? of.mcpName : `io.github.${owner}/${of.name}`;
}

const code = (kind: string, text: string) => `\`\`\`${kind}\n${text}\n\`\`\``;
const json = (value: object) => code("json", JSON.stringify(value, null, 2));

function entryOf(client: string, launch: Launch): string {
  const [, entry] = CLIENTS.get(client) ?? [];
  if (entry === undefined) throw new Error(`no client ${client}`);
  return entry(launch);
}

/** The blocks of the docs that show how the server is started, by name. */
export function launchBlocks(of: Package): Record<string, string> {
  const launch = exampleLaunch(of);
  const { command, args, env } = launch;
  const sandbox = { ...launch, name: "trieve-sandbox", args: [...args, "--sandbox"], env: {} };
  const entry = (client: string, kind: string, one = launch) => code(kind, entryOf(client, one));
  return {
    doctor: code("sh", doctorCommands(of)),
    sandbox: entry("claude", "sh", sandbox),
    claude: entry("claude", "sh"),
    json: entry("cursor", "json"),
    vscode: entry("vscode", "json"),
    codex: entry("codex", "toml"),
    zed: json({ context_servers: { [NAME]: { command, args, env } } }),
    copilot: json({ mcpServers: { [NAME]: { type: "local", command, args, tools: ["*"], env } } }),
    opencode: json({
      mcp: { [NAME]: { type: "local", command: [command, ...args], environment: env } },
    }),
    cline: json({ mcpServers: { [NAME]: { command, args, timeout: 60, env } } }),
    npx: entry("cursor", "json", { ...launch, ...npx(of) }),
    links: of.repository === undefined ? NO_LINKS : installLinks(of),
  };
}

/** The shell commands that set up one's own Trieve and run the doctor. */
function doctorCommands(of: Package): string {
  const { command, args } = npx(of);
  const isClone = of.repository === undefined;
  const run = isClone ? "node dist/main.js" : [command, ...args].join(" ");
  return `${isClone ? "npm ci && npm run build\n" : ""}export TRIEVE_API_KEY_FILE=~/.config/trieve-key
export TRIEVE_BASE_URL=http://localhost:8090        # Trieve's API
export TRIEVE_DASHBOARD_URL=http://localhost:5173   # where invited people land
export TRIEVE_ORGANIZATION_ID=${EXAMPLE.TRIEVE_ORGANIZATION_ID}
${run} doctor
${run} doctor --client claude`;
}

const NO_LINKS = "Links that install it in VS Code and Cursor come with the published package.";

/** The text of mcp.json.example. */
export function exampleEntry(of: Package): string {
  return entryOf("cursor", exampleLaunch(of));
}

/** Links that install the server in an editor with a click; VS Code then asks for the key. */
export function installLinks(of: Package): string {
  const { command, args, env } = { ...exampleLaunch(of), ...npx(of) };
  const { TRIEVE_API_KEY_FILE, ...settings } = env;
  const id = "trieve-key";
  const key = { type: "promptString", id, description: "Trieve API key", password: true };
  const config = { command, args, env: { ...settings, TRIEVE_API_KEY: `\${input:${id}}` } };
  const link = (address: string, values: Record<string, string>) => {
    const query = Object.entries(values).map(
      ([name, value]) => `${name}=${encodeURIComponent(value)}`,
    );
    return `${address}?${query.join("&")}`;
  };
  const vscode = link("https://insiders.vscode.dev/redirect/mcp/install", {
    name: NAME,
    inputs: JSON.stringify([key]),
    config: JSON.stringify(config),
  });
  const cursor = link("https://cursor.com/en/install-mcp", {
    name: NAME,
    config: btoa(JSON.stringify({ command, args, env })),
  });
  return `[Install in VS Code](${vscode}) · [Install in Cursor](${cursor})`;
}

// VS Code asks for each variable listed in the registry, so only those that people usually set are.
const ASKED = [
  "TRIEVE_BASE_URL",
  "TRIEVE_DASHBOARD_URL",
  "TRIEVE_API_KEY",
  "TRIEVE_API_KEY_FILE",
  "TRIEVE_ORGANIZATION_ID",
  "TRIEVE_ORGANIZATION_NAME",
  "TRIEVE_MAX_ROLE",
] as const;

/** The entry for the MCP registry, schema 2025-12-11. */
export function registryEntry(of: Package): object {
  const { name, version, repository } = of;
  const url = repositoryUrl(of);
  return {
    $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
    name: registryName(of),
    title: "Trieve invitations",
    description:
      "List, send, resend and delete invitations of a Trieve organization; list its members",
    version,
    ...(repository === undefined ? {} : { repository: { url, source: "github" }, websiteUrl: url }),
    packages: [
      {
        registryType: "npm",
        identifier: name,
        version,
        transport: { type: "stdio" },
        environmentVariables: ASKED.map((name) => registryVariable(name, SETTINGS[name])),
      },
    ],
  };
}

function registryVariable(name: string, setting: Setting) {
  const { meaning, default: value, format, choices, isSecret } = setting;
  return {
    name,
    description: meaning.replaceAll("`", ""),
    // The key may be in a file instead.
    isRequired: value === "required" && name !== "TRIEVE_API_KEY",
    isSecret: isSecret === true,
    ...(hasValue(value) ? { default: value } : {}),
    ...(format === undefined ? {} : { format }),
    ...(choices === undefined ? {} : { choices }),
  };
}

/** Whether a default is a literal value, not a description. */
export function hasValue(value: string): boolean {
  return !["required", "none", "any", "the system's"].includes(value) && !value.startsWith("`");
}
