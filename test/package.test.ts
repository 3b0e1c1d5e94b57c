import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import packageJson from "../package.json" with { type: "json" };
import serverJson from "../server.json" with { type: "json" };
import { SETTINGS } from "../src/config/settings.ts";
import { HELLO, toolCall } from "./support/bin.ts";

// The package as it is published, installed into a folder with nothing in it.

const run = promisify(execFile);
const root = fileURLToPath(new URL("../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "package-"));
let files: string[];
let tarball: string;

beforeAll(async () => {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const { stdout } = await run("npm", args, { cwd: root });
  const [pack] = JSON.parse(stdout);
  files = pack.files.map(({ path }: { path: string }) => path);
  tarball = join(folder, pack.filename);
});

describe("the package", () => {
  test("holds the bundle and its papers, no sources, no tests, no dependencies", () => {
    expect(
      files
        .map((file) => file.replace(/^dist\/chunks\/.*\.js$/, "dist/chunks/*"))
        .filter((file, at, all) => all.indexOf(file) === at)
        .sort(),
    ).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "dist/THIRD-PARTY-NOTICES.txt",
      "dist/chunks/*",
      "dist/main.js",
      "dist/package.json",
      "mcp.json.example",
      "package.json",
      "server.json",
    ]);
    expect(packageJson).not.toHaveProperty("dependencies");
  });

  test("keeps the licences of what is inside", () => {
    const notices = readFileSync(join(root, "dist/THIRD-PARTY-NOTICES.txt"), "utf8");
    for (const name of [
      "@modelcontextprotocol/sdk",
      "@modelcontextprotocol/server",
      "zod",
      "openapi-fetch",
      "p-limit",
      "hono",
      "open",
    ]) {
      expect(notices).toMatch(new RegExp(`^${name} \\d`, "m"));
    }
  });

  test("installs as one package and answers a list from the sandbox through npx", async () => {
    writeFileSync(join(folder, "package.json"), "{}");
    await run("npm", ["install", "--no-audit", "--no-fund", tarball], { cwd: folder });
    const { stdout: tree } = await run("npm", ["ls", "--all", "--parseable"], { cwd: folder });
    expect(tree.trim().split("\n")).toHaveLength(2);
    const input = [HELLO, toolCall(1, "list_invitations")]
      .map((message) => JSON.stringify(message))
      .join("\n");
    const npx = run("npx", ["trieve-invitations-mcp", "--sandbox"], { cwd: folder });
    npx.child.stdin?.end(`${input}\n`);
    const { stdout } = await npx;
    expect(JSON.parse(stdout.split("\n")[1] ?? "")).toMatchObject({
      result: { structuredContent: { matched: 4 } },
    });
  });
});

// The registry's schema 2025-12-11, as far as an npm package on stdio needs it. No package brings it.
const registryEntry = z.strictObject({
  $schema: z.literal(
    "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
  ),
  name: z
    .string()
    .regex(/^[a-zA-Z0-9.-]+\/[a-zA-Z0-9._-]+$/)
    .max(200),
  title: z.string().max(100),
  description: z.string().min(1).max(100),
  version: z.string().regex(/^\d+\.\d+\.\d+$/),
  packages: z.array(
    z.strictObject({
      registryType: z.literal("npm"),
      identifier: z.string(),
      version: z.string(),
      transport: z.strictObject({ type: z.literal("stdio") }),
      environmentVariables: z.array(
        z.strictObject({
          name: z.string(),
          description: z.string(),
          isRequired: z.boolean(),
          isSecret: z.boolean(),
          default: z.string().optional(),
          format: z.enum(["string", "number", "boolean", "filepath"]).optional(),
          choices: z.array(z.string()).optional(),
        }),
      ),
    }),
  ),
});

describe("what is derived from package.json", () => {
  test("the version", () => {
    const changelog = readFileSync(join(root, "CHANGELOG.md"), "utf8");
    expect(/^## (\S+)/m.exec(changelog)?.[1]).toBe(packageJson.version);
    expect(serverJson.version).toBe(packageJson.version);
  });

  test("server.json keeps the rules of the MCP registry", () => {
    expect(registryEntry.parse(serverJson)).toEqual(serverJson);
    expect(serverJson.name).toBe(packageJson.mcpName);
    const [entry] = serverJson.packages;
    expect(entry).toMatchObject({ identifier: packageJson.name, version: packageJson.version });
    expect(entry?.environmentVariables.map(({ name }) => name)).toEqual(Object.keys(SETTINGS));
    const secret = entry?.environmentVariables.filter(({ isSecret }) => isSecret);
    expect(secret?.map(({ name }) => name)).toEqual(["TRIEVE_API_KEY", "TRIEVE_EXTRA_HEADERS"]);
  });

  test("the install links lead back to what the example says", () => {
    const page = readFileSync(join(root, "docs/clients.md"), "utf8");
    const example = JSON.parse(readFileSync(join(root, "mcp.json.example"), "utf8"));
    const [[name, server]] = Object.entries(example.mcpServers) as [[string, object]];
    const vscode = /vscode:mcp\/install\?([^`]+)/.exec(page)?.[1] ?? "";
    expect(JSON.parse(decodeURIComponent(vscode))).toEqual({ name, ...server });
    const cursor = new URL(/cursor:[^`]+/.exec(page)?.[0] ?? "");
    expect(cursor.searchParams.get("name")).toBe(name);
    const config = Buffer.from(cursor.searchParams.get("config") ?? "", "base64").toString();
    expect(JSON.parse(config)).toEqual(server);
  });
});

test("the MCP bundle is valid, and starts as its manifest says with settings left open", async () => {
  await run(join(root, "node_modules/.bin/tsx"), ["scripts/mcpb.ts"], { cwd: root });
  const unpacked = join(folder, "mcpb");
  const bundle = join(root, "build/trieve-invitations-mcp.mcpb");
  await run(join(root, "node_modules/.bin/mcpb"), ["unpack", bundle, unpacked]);
  const manifest = JSON.parse(readFileSync(join(unpacked, "manifest.json"), "utf8"));
  expect(manifest).toMatchObject({ manifest_version: "0.3", version: packageJson.version });
  expect(manifest.user_config.trieve_api_key).toMatchObject({ sensitive: true, required: true });
  const { args, env } = manifest.server.mcp_config;
  // Claude Desktop fills in a default, and leaves what has none as it stands.
  const values = Object.entries<string>(env).map(([variable, value]) => {
    const { default: otherwise } = manifest.user_config[variable.toLowerCase()];
    return [variable, otherwise === undefined ? value : String(otherwise)];
  });
  const filled = {
    ...Object.fromEntries(values),
    TRIEVE_API_KEY: "key",
    PATH: process.env["PATH"],
  };
  const started = run(
    process.execPath,
    args.map((arg: string) => arg.replace(/^\$\{__dirname\}/, unpacked)),
    { env: filled },
  );
  started.child.stdin?.end(
    `${JSON.stringify(HELLO)}\n${JSON.stringify(toolCall(1, "list_invitations"))}\n`,
  );
  const { stdout, stderr } = await started;
  // Only the organization is missing: what the person left open counts as not set.
  expect(stdout).toMatch(
    /configuration_error: TRIEVE_ORGANIZATION_ID is not set: [^;]*; expected .*\. Correct/,
  );
  expect(stderr).toContain("TRIEVE_BASE_URL is not set: it holds a placeholder");
});
