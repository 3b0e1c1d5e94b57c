import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { loadSettings } from "../src/config/load.ts";
import { SETTING_LIST, SETTINGS } from "../src/config/settings.ts";
import { HELLO, toolCall } from "./support/bin.ts";

// The package as it is published, installed into a folder with nothing in it.

const root = fileURLToPath(new URL("../", import.meta.url));
const TSX = join(root, "node_modules/tsx/dist/cli.mjs");
const MCPB = join(root, "node_modules/@anthropic-ai/mcpb/dist/cli/cli.js");
const PAPERS = [
  "README.md",
  "SECURITY.md",
  "CHANGELOG.md",
  "LICENSE",
  "mcp.json.example",
  "server.json",
];
const UUID = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";
const run = promisify(execFile);
/** Runs npm or npx, which on Windows are scripts of the shell. */
const npm = (program: "npm" | "npx", args: string[], cwd: string) =>
  run(program, args, { cwd, shell: process.platform === "win32" });
const folder = mkdtempSync(join(tmpdir(), "package-"));
let files: string[];
let tarball: string;

beforeAll(async () => {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const { stdout } = await npm("npm", args, root);
  const [pack] = JSON.parse(stdout);
  files = pack.files.map(({ path }: { path: string }) => path);
  tarball = join(folder, pack.filename);
});

describe("the package", () => {
  test("holds the bundle and its papers, no sources, no tests, no dependencies", () => {
    expect(
      files
        .map((file) => file.replace(/^dist\/chunks\/.*\.js$/, "dist/chunks/*"))
        .map((file) => file.replace(/^docs\/\w+\.md$/, "docs/*.md"))
        .filter((file, at, all) => all.indexOf(file) === at)
        .sort(),
    ).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "dist/THIRD-PARTY-NOTICES.txt",
      "dist/chunks/*",
      "dist/main.js",
      "dist/package.json",
      "docs/*.md",
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
    await npm("npm", ["install", "--no-audit", "--no-fund", tarball], folder);
    const { stdout: tree } = await npm("npm", ["ls", "--all", "--parseable"], folder);
    expect(tree.trim().split("\n")).toHaveLength(2);
    const input = [HELLO, toolCall(1, "list_invitations")]
      .map((message) => JSON.stringify(message))
      .join("\n");
    const npx = npm("npx", ["trieve-invitations-mcp", "--sandbox"], folder);
    npx.child.stdin?.end(`${input}\n`);
    const { stdout } = await npx;
    expect(JSON.parse(stdout.split("\n")[1] ?? "")).toMatchObject({
      result: { structuredContent: { matched: 4 } },
    });
  });
});

test("two builds of the same sources, in different folders, pack to the same bytes", async () => {
  const sources = ["src", "scripts", "docs", "package.json", "tsconfig.json", ...PAPERS];
  const pack = async () => {
    const copy = mkdtempSync(join(tmpdir(), "copy-"));
    for (const file of sources) cpSync(join(root, file), join(copy, file), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "junction");
    await run(process.execPath, [TSX, "scripts/build.ts"], { cwd: copy });
    await npm("npm", ["pack", "--ignore-scripts"], copy);
    const [file = ""] = readdirSync(copy).filter((name) => name.endsWith(".tgz"));
    const digest = createHash("sha256").update(readFileSync(join(copy, file)));
    rmSync(copy, { recursive: true });
    return digest.digest("hex");
  };
  expect(await pack()).toBe(await pack());
});

describe("the MCP bundle", () => {
  let unpacked: string;
  let manifest: {
    server: { mcp_config: { args: string[]; env: Record<string, string> } };
    user_config: Record<string, { required: boolean; sensitive?: boolean; default?: unknown }>;
    icon: string;
    long_description: string;
  };

  beforeAll(async () => {
    await run(process.execPath, [TSX, "scripts/mcpb.ts"], { cwd: root });
    unpacked = join(folder, "mcpb");
    const bundle = join(root, "build/trieve-invitations-mcp.mcpb");
    await run(process.execPath, [MCPB, "unpack", bundle, unpacked]);
    manifest = JSON.parse(readFileSync(join(unpacked, "manifest.json"), "utf8"));
  });

  test("asks for every setting, with the defaults of those that restrict, and hides the secrets", () => {
    expect(manifest).toMatchObject({ manifest_version: "0.3", version: packageJson.version });
    expect(Object.keys(manifest.server.mcp_config.env)).toEqual(Object.keys(SETTINGS));
    const fields = SETTING_LIST.map(([name, setting]) => {
      const field = manifest.user_config[name.toLowerCase()];
      expect(field, name).toMatchObject({
        required: expect.any(Boolean),
        title: expect.any(String),
      });
      expect(field?.sensitive === true, name).toBe(setting.isSecret === true);
      // One that restricts would be at fault with the placeholder that stands for nothing.
      if (setting.restricts) expect(field?.default, name).not.toBe("");
      if (!field?.required) expect(field, name).toHaveProperty("default");
      return [name, String(field?.default ?? "")] as const;
    });
    const needed = { TRIEVE_ORGANIZATION_ID: UUID, TRIEVE_BASE_URL: "https://trieve.example.com" };
    const environment = { ...Object.fromEntries(fields), ...needed, TRIEVE_API_KEY: "tr-key" };
    const asIs = loadSettings(environment);
    expect(asIs).toMatchObject({ faults: [], warnings: [] });
    const without = loadSettings({ ...needed, TRIEVE_API_KEY: "tr-key" });
    expect(asIs.policy).toEqual(without.policy);
    expect({ ...asIs.config, apiKey: 0 }).toEqual({ ...without.config, apiKey: 0 });
  });

  test("has its papers, an icon and a word on privacy inside", () => {
    for (const file of ["README.md", "SECURITY.md", "docs/confirmation.md", manifest.icon]) {
      expect(existsSync(join(unpacked, file)), file).toBe(true);
    }
    expect(manifest.long_description).toMatch(/Privacy.*your Trieve and nothing else/);
  });

  test("starts as its manifest says, with settings left open", async () => {
    const { args, env } = manifest.server.mcp_config;
    // Claude Desktop fills in a default, and leaves what has none as it stands.
    const values = Object.entries(env).map(([variable, value]) => {
      const { default: otherwise } = manifest.user_config[variable.toLowerCase()] ?? {};
      return [variable, otherwise === undefined ? value : String(otherwise)];
    });
    const filled = {
      ...Object.fromEntries(values),
      TRIEVE_API_KEY: "key",
      PATH: process.env["PATH"],
    };
    const started = run(
      process.execPath,
      args.map((arg) => arg.replace(/^\$\{__dirname\}/, unpacked)),
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
});
