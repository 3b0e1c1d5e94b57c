import { execFileSync } from "node:child_process";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import packageJson from "../package.json" with { type: "json" };
import { SETTING_LIST, type Setting } from "../src/config/settings.ts";
import { LISTED_TOOLS } from "../src/tools/listed/index.gen.ts";
import { type Package, repositoryUrl } from "./publishing.ts";

// Packs build/trieve-invitations-mcp.mcpb, the bundle that Claude Desktop installs with a click.

const { name, version, description, license, engines, keywords } = packageJson;
const folder = "build/mcpb";

const CAPITALS: Record<string, string> = { api: "API", url: "URL", id: "ID", http: "HTTP" };

/** The title of a setting: `API key file` for TRIEVE_API_KEY_FILE. */
function titleOf(variable: string): string {
  const words = variable.replace("TRIEVE_", "").toLowerCase().split("_");
  const title = words.map((word) => CAPITALS[word] ?? word).join(" ");
  return title.charAt(0).toUpperCase() + title.slice(1);
}

/** A setting as a field of the form that Claude Desktop shows. */
function field(variable: string, setting: Setting) {
  const { meaning, default: shownDefault, format, restricts, isSecret } = setting;
  const value = shownDefault.replaceAll("`", "");
  // The key may be in a file instead.
  const required = value === "required" && variable !== "TRIEVE_API_KEY";
  return {
    // Only the key file can be picked; the audit file does not exist before its first line is written.
    type: format === "boolean" ? format : variable === "TRIEVE_API_KEY_FILE" ? "file" : "string",
    title: titleOf(variable),
    description: meaning.replaceAll("`", ""),
    required,
    ...(isSecret ? { sensitive: true } : {}),
    // A field without a default would reach the program as a placeholder, a fault in a setting that restricts.
    ...(required
      ? {}
      : { default: format === "boolean" ? value === "true" : restricts ? value : "" }),
  };
}

const placeholder = (variable: string) => `\${user_config.${variable.toLowerCase()}}`;
const repository = repositoryUrl(packageJson as Package);
const addresses = {
  repository: { type: "git", url: repository },
  homepage: repository,
  documentation: `${repository}#readme`,
  support: `${repository}/issues`,
  privacy_policies: [`${repository}/blob/main/SECURITY.md#privacy`],
};

const manifest = {
  manifest_version: "0.3",
  name,
  display_name: "Trieve invitations",
  version,
  description,
  long_description: `${description}.

**Settings.** You need the address of your own Trieve, the id of the organization, and an API key of an admin or owner: the key itself, which is kept in the system's keychain, or a file that holds it. What you leave as it is adds no restriction. README.md in the bundle explains each setting, docs/ the rest.

**Confirmation.** Before every delete, every resend, every call for several people, and every invitation as admin or owner, a page opens in your browser and asks you.

**Privacy.** It talks to your Trieve and nothing else: no telemetry, no update check, no other address. It stores nothing but the audit file, if you name one. It is not affiliated with Trieve.`,
  author: { name: `The ${name} authors` },
  ...(repository === undefined ? {} : addresses),
  icon: "docs/icon.png",
  keywords,
  license,
  server: {
    type: "node",
    entry_point: "dist/main.js",
    mcp_config: {
      command: "node",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Claude Desktop fills it in
      args: ["${__dirname}/dist/main.js"],
      env: Object.fromEntries(SETTING_LIST.map(([variable]) => [variable, placeholder(variable)])),
    },
  },
  tools: LISTED_TOOLS.map((tool) => ({ name: tool.name, description: tool.description })),
  compatibility: { platforms: ["darwin", "linux", "win32"], runtimes: { node: engines.node } },
  user_config: Object.fromEntries(
    SETTING_LIST.map(([variable, setting]) => [variable.toLowerCase(), field(variable, setting)]),
  ),
};

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await writeFile(`${folder}/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
for (const file of ["dist", "docs", "LICENSE", "README.md", "SECURITY.md", "CHANGELOG.md"]) {
  await cp(file, `${folder}/${file}`, { recursive: true });
}
const mcpb = "node_modules/@anthropic-ai/mcpb/dist/cli/cli.js";
for (const args of [
  ["validate", `${folder}/manifest.json`],
  ["pack", folder, `build/${name}.mcpb`],
]) {
  execFileSync(process.execPath, [mcpb, ...args], { stdio: "inherit" });
}
