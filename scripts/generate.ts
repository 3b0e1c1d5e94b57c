import { readFile, writeFile } from "node:fs/promises";
import openapiTS, { astToString } from "openapi-typescript";
import packageJson from "../package.json" with { type: "json" };
import { SETTING_LIST, type Setting } from "../src/config/settings.ts";
import { ERRORS } from "../src/errors.ts";
import { tools } from "../src/tools/index.ts";
import type { ListedTool } from "../src/tools/listed-tool.ts";

// Writes what is derived: the types of the API, the tools as they are shown, the tables of the README,
// the install links and the entry for the MCP registry. With --check it writes nothing and fails when
// something is stale.

const SCHEMA = new URL("../schema/trieve-invitations.openapi.yaml", import.meta.url);
const TYPES = new URL("../src/trieve/api.gen.ts", import.meta.url);
const SHOWN = new URL("../src/tools/listed/", import.meta.url);
const README = new URL("../README.md", import.meta.url);
const CLIENTS = new URL("../docs/clients.md", import.meta.url);
const REGISTRY = new URL("../server.json", import.meta.url);
const isCheck = process.argv.includes("--check");

async function generateTypes(): Promise<string> {
  const types = astToString(await openapiTS(SCHEMA));
  return `// Made from schema/trieve-invitations.openapi.yaml by npm run generate. Do not edit.\n\n${types}`;
}

function variableTable(): string {
  const rows = SETTING_LIST.map(([name, { default: value, meaning }]) => {
    return `| \`${name}\` | ${hasValue(value) ? `\`${value}\`` : value} | ${meaning} |`;
  });
  return ["| variable | default | meaning |", "|---|---|---|", ...rows].join("\n");
}

/** The module that gathers what tools/list shows, one JSON a tool. */
function shownIndex(): string {
  const names = tools.map(({ name }) => name);
  return `// Made from the tools by npm run generate. Do not edit.

import type { ListedTool } from "../listed-tool.ts";
${names.map((name) => `import ${name} from "./${name}.json" with { type: "json" };`).join("\n")}

export const LISTED_TOOLS: readonly ListedTool[] = [${names.join(", ")}] as ListedTool[];
`;
}

function failureTable(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { happened, next }]) => `| \`${code}\` | ${happened} | ${next} |`,
  );
  return ["| code | what happened | what to do |", "|---|---|---|", ...rows].join("\n");
}

function toolTable(): string {
  const rows = tools
    .map((tool) => tool.describe())
    .map((tool) => `| \`${tool.name}\` | ${tool.description} | ${describeArguments(tool)} |`);
  return ["| tool | what it does | arguments |", "|---|---|---|", ...rows].join("\n");
}

function describeArguments({ inputSchema }: ListedTool): string {
  const { properties, required = [] } = inputSchema;
  return Object.entries(properties)
    .map(([name, property]) => {
      const kind = property.enum?.join(", ") ?? property["description"] ?? property.type;
      const isRequired = required.includes(name) ? ", required" : "";
      const fallback = property["default"] === undefined ? "" : `, default ${property["default"]}`;
      return `\`${name}\` (${kind}${fallback}${isRequired})`;
    })
    .join("; ");
}

/** Links that add the server to an editor with a click. */
function installLinks(): string {
  const { name, command, ...server } = {
    name: "trieve-invitations",
    command: "npx",
    args: ["-y", packageJson.name],
    env: {
      TRIEVE_BASE_URL: "https://trieve.example.com",
      TRIEVE_DASHBOARD_URL: "https://dashboard.example.com",
      TRIEVE_API_KEY: "tr-your-key",
      TRIEVE_ORGANIZATION_ID: "00000000-0000-0000-0000-000000000000",
    },
  };
  const vscode = encodeURIComponent(JSON.stringify({ name, command, ...server }));
  const cursor = encodeURIComponent(
    Buffer.from(JSON.stringify({ command, ...server })).toString("base64"),
  );
  return [
    `- VS Code: \`vscode:mcp/install?${vscode}\``,
    `- Cursor: \`cursor://anysphere.cursor-deeplink/mcp/install?name=${name}&config=${cursor}\``,
  ].join("\n");
}

function registryVariable([name, setting]: [string, Setting]) {
  const { meaning, default: value, format, choices, isSecret } = setting;
  return {
    name,
    description: meaning.replaceAll("`", ""),
    isRequired: value === "required",
    isSecret: isSecret === true,
    ...(hasValue(value) ? { default: value } : {}),
    ...(format === undefined ? {} : { format }),
    ...(choices === undefined ? {} : { choices }),
  };
}

/** Whether a default is a value, and not a word about it. */
function hasValue(value: string): boolean {
  return !["required", "none", "any", "the system's"].includes(value) && !value.startsWith("`");
}

/** The entry for the MCP registry, schema 2025-12-11. */
function registryEntry(): string {
  const { name, version, mcpName } = packageJson;
  return `${JSON.stringify(
    {
      $schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
      name: mcpName,
      title: "Trieve invitations",
      description:
        "List, send, resend and delete invitations of a Trieve organization; a person is asked",
      version,
      packages: [
        {
          registryType: "npm",
          identifier: name,
          version,
          transport: { type: "stdio" },
          environmentVariables: SETTING_LIST.map(registryVariable),
        },
      ],
    },
    null,
    2,
  )}\n`;
}

function fillIn(text: string, name: string, content: string): string {
  const block = new RegExp(`(<!-- ${name} -->\\n)[^]*?(<!-- /${name} -->)`);
  if (!block.test(text)) throw new Error(`no block ${name} to fill in`);
  return text.replace(block, (_, start: string, end: string) => `${start}\n${content}\n\n${end}`);
}

async function put(file: URL, content: string): Promise<void> {
  const present = await readFile(file, "utf8").catch(() => "");
  if (present === content) return;
  if (isCheck) {
    process.stderr.write(`${file.pathname.split("/").at(-1)} is stale: run npm run generate\n`);
    process.exitCode = 1;
    return;
  }
  await writeFile(file, content);
}

await put(TYPES, await generateTypes());
for (const tool of tools) {
  await put(new URL(`${tool.name}.json`, SHOWN), `${JSON.stringify(tool.describe(), null, 2)}\n`);
}
await put(new URL("index.gen.ts", SHOWN), shownIndex());
await put(CLIENTS, fillIn(await readFile(CLIENTS, "utf8"), "links", installLinks()));
await put(REGISTRY, registryEntry());
let readme = await readFile(README, "utf8");
readme = fillIn(readme, "tools", toolTable());
readme = fillIn(readme, "settings", variableTable());
await put(README, fillIn(readme, "failures", failureTable()));
