import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A server to measure: how it is started, and its tool that lists. */
export interface Peer {
  name: string;
  args: string[];
  env: Record<string, string>;
  listTool: string;
  listArguments: Record<string, unknown>;
  /** Whether it speaks revision 2026-07-28 too. */
  hasModern?: boolean;
}

const ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const root = here("../../");
const prefix = `${root}build/bench`;
const generated = `${prefix}/generated`;
const PACKAGES = ["openapi-mcp-generator@4.0.1", "@ivotoby/openapi-mcp-server@1.16.1"];

const run = (command: string, args: string[], cwd: string) =>
  execFileSync(command, args, { cwd, stdio: ["ignore", "ignore", "inherit"] });

/** Installs the two generators below build/, once, and lets one of them generate its server. */
function installPeers(baseUrl: string): void {
  if (existsSync(`${generated}/build/index.js`)) return;
  mkdirSync(prefix, { recursive: true });
  writeFileSync(`${prefix}/package.json`, "{}");
  run("npm", ["install", "--no-audit", "--no-fund", ...PACKAGES], prefix);
  const schema = `${root}schema/trieve-invitations.openapi.yaml`;
  const bin = `${prefix}/node_modules/.bin/openapi-mcp-generator`;
  run(bin, ["-i", schema, "-o", generated, "-b", baseUrl], prefix);
  run("npm", ["install", "--no-audit", "--no-fund"], generated);
  run("npm", ["run", "build"], generated);
}

/** This server and the floor, each against the Trieve at `baseUrl`. */
export function peersAt(baseUrl: string): Peer[] {
  const env = {
    TRIEVE_API_KEY: "key",
    TRIEVE_ORGANIZATION_ID: ORGANIZATION,
    TRIEVE_BASE_URL: baseUrl,
    TRIEVE_CONFIRM: "form,code",
  };
  return [
    {
      name: "trieve-invitations-mcp",
      args: [`${root}dist/main.js`],
      env,
      listTool: "list_invitations",
      listArguments: {},
      hasModern: true,
    },
    {
      name: "floor",
      args: [here("floor.mjs")],
      env,
      listTool: "list",
      listArguments: {},
      hasModern: true,
    },
  ];
}

/** The servers of the two generators, installed when first asked for. */
export function generatedPeersAt(baseUrl: string): Peer[] {
  installPeers(baseUrl);
  const entry = `${generated}/build/index.js`;
  const source = readFileSync(entry, "utf8");
  writeFileSync(entry, source.replace(/(API_BASE_URL = )[^;]+;/, `$1${JSON.stringify(baseUrl)};`));
  const listArguments = { organization_id: ORGANIZATION, "TR-Organization": ORGANIZATION };
  return [
    {
      name: "openapi-mcp-generator",
      args: [entry],
      env: { API_KEY_APIKEY: "key" },
      listTool: "listInvitations",
      listArguments,
    },
    {
      name: "@ivotoby/openapi-mcp-server",
      args: [
        `${prefix}/node_modules/.bin/openapi-mcp-server`,
        "--api-base-url",
        baseUrl,
        "--openapi-spec",
        `${root}schema/trieve-invitations.openapi.yaml`,
        "--headers",
        "Authorization:key",
        "--disable-abbreviation",
        "true",
      ],
      env: {},
      listTool: "",
      listArguments,
    },
  ];
}
