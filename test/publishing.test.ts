import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { validateWorkflow } from "@action-validator/core";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import * as z from "zod";
import packageJson from "../package.json" with { type: "json" };
import {
  exampleEntry,
  exampleLaunch,
  installLinks,
  launchBlocks,
  type Package,
  registryEntry,
} from "../scripts/publishing.ts";
import serverJson from "../server.json" with { type: "json" };

const root = fileURLToPath(new URL("../", import.meta.url));
const readText = (path: string) => readFileSync(`${root}${path}`, "utf8");

const { repository: _, ...rest } = packageJson as Package;
const unpublished: Package = rest;
const published: Package = {
  ...rest,
  repository: { type: "git", url: `git+https://github.com/some-one/${rest.name}.git` },
};

describe("without a repository in package.json", () => {
  test("everything that is shown starts the built program, with the key in a file", () => {
    const { npx, doctor, ...blocks } = launchBlocks(unpublished);
    const starting = Object.values(blocks).filter((text) => text.includes("```"));
    expect(starting).toHaveLength(9);
    for (const text of starting) {
      expect(text).toContain("/path/to/trieve-invitations-mcp/dist/main.js");
      expect(text).not.toMatch(/npx|TRIEVE_API_KEY\b/);
    }
    expect(doctor).toMatch(/^node dist\/main\.js doctor$/m);
    expect(npx).toContain('"npx"');
    expect(blocks["links"]).not.toContain("http");
  });

  test("nothing can be published", () => {
    const { prepublishOnly } = packageJson.scripts;
    expect(prepublishOnly).toMatch(/^tsx scripts\/generate\.ts --check --publish && /);
    if ("repository" in packageJson) return;
    const tsx = `${root}node_modules/tsx/dist/cli.mjs`;
    const args = [tsx, "scripts/generate.ts", "--check", "--publish"];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
    expect(status).toBe(1);
    expect(stderr).toContain("package.json has no repository");
  });
});

describe("with a repository in package.json", () => {
  test("everything that is shown starts the published package", () => {
    const { links, ...blocks } = launchBlocks(published);
    for (const text of Object.values(blocks)) {
      expect(text).toMatch(/npx"?,?\s+("args": |args = )?\[?\s*"?-y/);
      expect(text).not.toMatch(/\/path\/to\/trieve-invitations-mcp|main\.js|TRIEVE_API_KEY\b/);
    }
    expect(links).toBe(installLinks(published));
    expect(exampleEntry(published)).not.toBe(exampleEntry(unpublished));
  });

  test("the links decode to what a client needs, and VS Code asks for the key", () => {
    const links = [...installLinks(published).matchAll(/\((https:[^)]+)\)/g)];
    const [vscode, cursor] = links.map(([, link = ""]) => new URL(link));
    const { command, args, env } = exampleLaunch(published);
    expect(vscode?.href).toMatch(/^https:\/\/insiders\.vscode\.dev\/redirect\/mcp\/install\?/);
    expect(vscode?.searchParams.get("name")).toBe("trieve-invitations");
    const [input] = JSON.parse(vscode?.searchParams.get("inputs") ?? "");
    expect(input).toMatchObject({ type: "promptString", password: true });
    const { TRIEVE_API_KEY_FILE, ...settings } = env;
    expect(JSON.parse(vscode?.searchParams.get("config") ?? "")).toEqual({
      command,
      args,
      env: { ...settings, TRIEVE_API_KEY: `\${input:${input.id}}` },
    });
    expect(cursor?.href).toMatch(/^https:\/\/cursor\.com\/en\/install-mcp\?/);
    expect(cursor?.searchParams.get("name")).toBe("trieve-invitations");
    const config = Buffer.from(cursor?.searchParams.get("config") ?? "", "base64").toString();
    expect(JSON.parse(config)).toEqual({ command, args, env });
  });
});

// The registry's schema 2025-12-11, as far as an npm package on stdio needs it. No package brings it.
const entrySchema = z.strictObject({
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
  repository: z.strictObject({ url: z.url(), source: z.string() }).optional(),
  websiteUrl: z.url().optional(),
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

describe("server.json", () => {
  test.each([
    ["unpublished", unpublished],
    ["published", published],
  ])("keeps the rules of the MCP registry: %s", (_, of) => {
    const entry = entrySchema.parse(registryEntry(of));
    const [npm] = entry.packages;
    expect(npm).toMatchObject({ identifier: of.name, version: of.version });
    const variables = npm?.environmentVariables ?? [];
    expect(variables).toHaveLength(7);
    const named = (is: "isRequired" | "isSecret") =>
      variables.filter((variable) => variable[is]).map(({ name }) => name);
    // A file may hold the key instead.
    expect(named("isRequired")).toEqual(["TRIEVE_BASE_URL", "TRIEVE_ORGANIZATION_ID"]);
    expect(named("isSecret")).toEqual(["TRIEVE_API_KEY"]);
  });

  test("has the name of the package, which belongs to the owner of the repository", () => {
    expect(serverJson).toEqual(registryEntry(packageJson));
    expect(serverJson.name).toBe(packageJson.mcpName);
    const address = `https://github.com/some-one/${published.name}`;
    expect(registryEntry(published)).toMatchObject({
      name: `io.github.some-one/${published.name}`,
      repository: { url: address, source: "github" },
      websiteUrl: address,
    });
  });

  test("has the version of the package, as the changelog has", () => {
    expect(/^## (\S+)/m.exec(readText("CHANGELOG.md"))?.[1]).toBe(packageJson.version);
    expect(serverJson.version).toBe(packageJson.version);
  });
});

describe(".github", () => {
  const workflows = readdirSync(`${root}.github/workflows`).map(
    (file) => [file, readText(`.github/workflows/${file}`)] as const,
  );

  test.each(workflows)("%s keeps the schema of workflows, and pins its actions", (_, text) => {
    expect(validateWorkflow(text)).toMatchObject({ actionType: "workflow", errors: [] });
    expect(validateWorkflow(text.replace("runs-on", "run-on"))).not.toMatchObject({ errors: [] });
    const actions = [...text.matchAll(/uses: (\S+)/g)].map(([, action = ""]) => action);
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/@v\d+\.\d+\.\d+$/);
    // What a workflow may do is said for each job that may do more.
    expect(parse(text).permissions).toEqual({ contents: "read" });
  });

  test("the tests run on three systems and four versions of Node, from the oldest that will do", () => {
    const { os, node } = parse(readText(".github/workflows/ci.yml")).jobs.test.strategy.matrix;
    expect(os.map((one: string) => one.split("-")[0])).toEqual(["ubuntu", "macos", "windows"]);
    expect(node).toEqual([packageJson.engines.node.replace(">=", ""), "22", "24", "latest"]);
  });

  test("a tag publishes with provenance, and stores no token", () => {
    const text = readText(".github/workflows/release.yml");
    const { on, jobs } = parse(text);
    expect(on).toEqual({ push: { tags: ["v*"] } });
    expect(jobs.release.permissions).toEqual({ contents: "write", "id-token": "write" });
    expect(jobs.release.environment).toBe("release");
    expect(text).toContain("npm publish --provenance");
    expect(text).not.toContain("secrets.");
    for (const [, script = ""] of text.matchAll(/npm run (\w+)/g)) {
      expect(packageJson.scripts).toHaveProperty(script);
    }
  });

  // The rules of dependabot.yml and of issue forms, as far as these files use them.
  test("Dependabot looks after packages and actions", () => {
    const schedule = z.strictObject({ interval: z.enum(["daily", "weekly", "monthly"]) });
    const update = z.strictObject({
      "package-ecosystem": z.enum(["npm", "github-actions"]),
      directory: z.literal("/"),
      schedule,
      groups: z.record(z.string(), z.strictObject({ patterns: z.array(z.string()) })).optional(),
    });
    const file = z.strictObject({ version: z.literal(2), updates: z.array(update).length(2) });
    file.parse(parse(readText(".github/dependabot.yml")));
  });

  test("the form for faults asks for what the doctor prints as JSON", () => {
    const id = z.string().regex(/^[\w-]+$/);
    const validations = z.strictObject({ required: z.boolean() }).optional();
    const words = { label: z.string().max(120), description: z.string().optional() };
    const element = z.discriminatedUnion("type", [
      z.strictObject({
        type: z.literal("markdown"),
        attributes: z.strictObject({ value: z.string() }),
      }),
      z.strictObject({
        type: z.literal("textarea"),
        id,
        attributes: z.strictObject({ ...words, render: z.string().optional() }),
        validations,
      }),
      z.strictObject({
        type: z.literal("input"),
        id,
        attributes: z.strictObject(words),
        validations,
      }),
    ]);
    const form = z.strictObject({
      name: z.string(),
      description: z.string(),
      body: z.array(element),
    });
    const { body } = form.parse(parse(readText(".github/ISSUE_TEMPLATE/fault.yml")));
    expect(JSON.stringify(body)).toContain("`doctor --json`");
  });
});
