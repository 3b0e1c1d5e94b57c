import { readFile, writeFile } from "node:fs/promises";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import openapiTS, { astToString } from "openapi-typescript";
import packageJson from "../package.json" with { type: "json" };
import { loadSettings } from "../src/config/load.ts";
import { SETTING_LIST } from "../src/config/settings.ts";
import { ERRORS } from "../src/errors.ts";
import { tools } from "../src/tools/index.ts";
import type { ListedTool } from "../src/tools/tool.ts";
import { quote } from "../test/bench/report.ts";
import {
  exampleEntry,
  hasValue,
  launchBlocks,
  type Package,
  registryEntry,
  registryName,
} from "./publishing.ts";

// Writes what is generated: the types of the API, the tools as tools/list shows them, blocks of the docs, the example
// configuration and the entry for the MCP registry. With --check it writes nothing and fails if something is stale;
// with --publish it fails as long as the package has no repository.

const ROOT = new URL("../", import.meta.url);
const SCHEMA = new URL("schema/trieve-invitations.openapi.yaml", ROOT);
// Written with import.meta.url so that knip sees that the file is made here.
const TYPES = new URL("../src/trieve/api.gen.ts", import.meta.url);
const LISTED = new URL("src/tools/listed/", ROOT);
const PAGES = ["README.md", "docs/clients.md", "docs/errors.md", "docs/releasing.md"];
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

/** The module that collects what tools/list shows, one JSON file per tool. */
function listedIndex(): string {
  const names = tools.map(({ name }) => name);
  return `// Made from the tools by npm run generate. Do not edit.

import type { ListedTool } from "../tool.ts";
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

/** The tokens that the tools cost a model, with default settings. */
async function cost(): Promise<string> {
  // Imported only now, since it loads files that were just written.
  const { listedTools } = await import("../src/tools/listed.ts");
  const { policy } = loadSettings({});
  const seen = listedTools(policy).map(({ name, description, inputSchema }) => ({
    name,
    description,
    inputSchema,
  }));
  return `The tools cost a model ${countTokens(JSON.stringify(seen))} tokens, a list of 50 ordinary addresses at most 1,400.`;
}

/** Fills in each block of `text` that stands between `<!-- name -->` and `<!-- /name -->`. */
function fillIn(text: string, blocks: Readonly<Record<string, string>>): string {
  return text.replace(
    /(<!-- ([\w-]+) -->\n)[\s\S]*?(<!-- \/\2 -->)/g,
    (block, start: string, name: string, end: string) =>
      name in blocks ? `${start}\n${blocks[name]}\n\n${end}` : block,
  );
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

const manifest: Package = packageJson;
if (process.argv.includes("--publish") && manifest.repository === undefined) {
  throw new Error("package.json has no repository, so nothing may be published: docs/releasing.md");
}

await put(TYPES, await generateTypes());
for (const tool of tools) {
  await put(new URL(`${tool.name}.json`, LISTED), `${JSON.stringify(tool.describe(), null, 2)}\n`);
}
await put(new URL("index.gen.ts", LISTED), listedIndex());

const blocks = {
  ...launchBlocks(manifest),
  tools: toolTable(),
  settings: variableTable(),
  failures: failureTable(),
  cost: await cost(),
  performance: quote(),
};
for (const page of PAGES) {
  const file = new URL(page, ROOT);
  await put(file, fillIn(await readFile(file, "utf8"), blocks));
}
await put(new URL("mcp.json.example", ROOT), `${exampleEntry(manifest)}\n`);
await put(new URL("server.json", ROOT), `${JSON.stringify(registryEntry(manifest), null, 2)}\n`);
// The registry expects its name for the package in the published package.json.
const named = { ...packageJson, mcpName: registryName(manifest) };
await put(new URL("package.json", ROOT), `${JSON.stringify(named, null, 2)}\n`);
