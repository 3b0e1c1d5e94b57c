import { execFileSync } from "node:child_process";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import packageJson from "../package.json" with { type: "json" };
import { LISTED_TOOLS } from "../src/tools/listed/index.gen.ts";

// Packs build/trieve-invitations-mcp.mcpb, the bundle that Claude Desktop installs with a click.

const { name, version, description, license, engines } = packageJson;
const folder = "build/mcpb";

/** A setting that the person fills in, as variable of the environment. */
function setting(type: string, title: string, about: string, more: object = {}) {
  return { type, title, description: about, required: false, ...more };
}

const settings = {
  TRIEVE_API_KEY: setting("string", "API key", "Key of an admin or owner of the organization", {
    required: true,
    sensitive: true,
  }),
  TRIEVE_ORGANIZATION_ID: setting("string", "Organization", "Its id, a UUID", { required: true }),
  TRIEVE_BASE_URL: setting("string", "API address", "Of your Trieve, like http://localhost:8090", {
    required: true,
  }),
  TRIEVE_DASHBOARD_URL: setting("string", "Dashboard address", "Where an invited person lands", {
    required: true,
  }),
  TRIEVE_MAX_ROLE: setting("string", "Highest role", "user, admin or owner", { default: "admin" }),
  TRIEVE_ALLOWED_EMAIL_DOMAINS: setting("string", "Allowed domains", "Comma-separated, or any", {
    default: "any",
  }),
  TRIEVE_CONFIRM: setting("string", "Confirmation", "How a person is asked: form, page, code", {
    default: "form,page,code",
  }),
  TRIEVE_READ_ONLY: setting("boolean", "Read-only", "Only list invitations and members", {
    default: false,
  }),
};

const manifest = {
  manifest_version: "0.3",
  name,
  display_name: "Trieve invitations",
  version,
  description,
  author: { name: `The ${name} authors` },
  license,
  server: {
    type: "node",
    entry_point: "dist/main.js",
    mcp_config: {
      command: "node",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Claude Desktop fills it in
      args: ["${__dirname}/dist/main.js"],
      env: Object.fromEntries(
        Object.keys(settings).map((variable) => [
          variable,
          `\${user_config.${variable.toLowerCase()}}`,
        ]),
      ),
    },
  },
  tools: LISTED_TOOLS.map((tool) => ({ name: tool.name, description: tool.description })),
  compatibility: { platforms: ["darwin", "linux", "win32"], runtimes: { node: engines.node } },
  user_config: Object.fromEntries(
    Object.entries(settings).map(([variable, field]) => [variable.toLowerCase(), field]),
  ),
};

await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
await writeFile(`${folder}/manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
// Without a package.json of type "module" beside it, Node would take the bundle for CommonJS.
await writeFile(`${folder}/package.json`, `${JSON.stringify({ name, version, type: "module" })}\n`);
for (const file of ["dist", "LICENSE", "README.md"]) {
  await cp(file, `${folder}/${file}`, { recursive: true });
}
const mcpb = "node_modules/.bin/mcpb";
execFileSync(mcpb, ["validate", `${folder}/manifest.json`], { stdio: "inherit" });
execFileSync(mcpb, ["pack", folder, `build/${name}.mcpb`], { stdio: "inherit" });
