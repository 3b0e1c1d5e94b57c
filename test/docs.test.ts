import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { systemClock } from "../src/clock.ts";
import type { Policy } from "../src/config/policy.ts";
import { formOf } from "../src/consent/form.ts";
import { ERRORS } from "../src/errors.ts";
import { linesOf } from "../src/tools/action.ts";
import type { ToolContext } from "../src/tools/context.ts";
import { deleteInvitation } from "../src/tools/delete.ts";
import type { CallContext } from "../src/trieve/call.ts";
import type { Invitation } from "../src/trieve/invitation.ts";
import { createSendGuard } from "../src/trieve/send-guard.ts";

const root = new URL("../", import.meta.url);
const readText = (path: string) => readFileSync(new URL(path, root), "utf8");

test("the demo plays the whole job", async () => {
  const tsx = fileURLToPath(new URL("node_modules/.bin/tsx", root));
  const demo = spawn(tsx, ["scripts/demo.ts"], {
    cwd: fileURLToPath(root),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  demo.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const code = await new Promise((resolve) => demo.on("close", resolve));
  expect(code).toBe(0);
  const inOrder = [
    "2 pending matched",
    "would mail ann@example.com (invitation)",
    "done: 1 invited",
    "would mail grace@example.com (added)",
    "done: 1 added",
    "the client asks:",
    "E-mail: bob@example.com",
    "the demo answers by itself",
    "done: 1 deleted",
    "Send 2 invitations as user?",
    "Left out: already_invited ines@example.com",
    "send 2",
    "done: 2 invited, 1 already_invited",
    "mail_unconfirmed: ",
    "Resend 2 invitations, 1 as admin?",
    "done: 2 resent",
    "would mail Omar@example.com (invitation)",
    "ambiguous: ",
    "E-mail: Omar@example.com",
    "done: 1 deleted",
    "Who is left",
    "0 ann@example.com",
    "grace@example.com",
  ];
  let from = 0;
  for (const line of inOrder) {
    const at = out.indexOf(line, from);
    expect(at, `${line} in\n${out}`).toBeGreaterThanOrEqual(from);
    from = at;
  }
  const end = out.slice(out.indexOf("Who is left"));
  for (const gone of ["bob@example.com", "Omar@example.com"]) expect(end).not.toContain(gone);

  // The screen in the README is part of it, but for dates, ages and ports.
  const withoutNumbers = (text: string) => text.replaceAll(/\d+/g, "0");
  const [, screen = ""] = readText("README.md").split("```\n");
  expect(screen.split("\n").length).toBeGreaterThan(10);
  for (const line of screen.split("\n")) {
    expect(withoutNumbers(out)).toContain(withoutNumbers(line));
  }
});

test("mcp.json.example is what the README shows", () => {
  const example = readText("mcp.json.example").trim();
  expect(readText("README.md")).toContain(example);
  const { command, args } = JSON.parse(example).mcpServers["trieve-invitations"];
  expect([command, ...args]).toEqual(["npx", "-y", JSON.parse(readText("package.json")).name]);
});

test("the README shows the question as it is put", async () => {
  const invitation: Invitation = {
    id: "00000003-0000-4000-8000-000000000000",
    shortId: "00000003",
    email: "bob@example.com",
    role: "admin",
    status: "pending",
    createdAt: Date.UTC(2026, 10, 6),
    scoped: false,
  };
  const context = {
    organizationId: "5a4db0c5-7a0b-4d0e-9c61-000000000001",
    host: "trieve.example.com",
    clock: { now: () => Date.UTC(2026, 10, 29) },
    trieve: {
      client: { list: async () => ({ invitations: [invitation], skipped: 0 }) },
      guard: createSendGuard(systemClock),
    },
  } as unknown as ToolContext;
  const args = { invitations: [invitation.email] };
  const call = deleteInvitation.prepare(args, { maxRole: "admin" } as Policy);
  const plan = await call.plan(context, {} as CallContext);
  if (plan.kind !== "action") throw new Error("there is nothing to do");
  const { choices, title } = plan.action;
  const { decision } = formOf(plan.action).requestedSchema.properties;
  const readme = readText("README.md");
  expect(readme).toContain(linesOf(plan.action).join("\n"));
  const field = [decision.title, decision.description, choices.join(" / ")];
  expect(readme).toContain(field.join("\n"));
  expect(readme).toContain(`confirmation: ${title} `);
});

test("the README shows how to run it within 30 lines", () => {
  const start = readText("README.md").split("\n").slice(0, 30).join("\n");
  expect(start).toContain("npm ci && npm run demo");
});

test("the README explains every error code", () => {
  const readme = readText("README.md");
  const codes = Object.keys(ERRORS);
  expect(codes.length).toBeGreaterThan(20);
  for (const code of codes) expect(readme).toContain(`\`${code}\``);
});

test("every configuration in docs/clients.md is JSON that starts this package", () => {
  const blocks = [...readText("docs/clients.md").matchAll(/```json\n(.*?)```/gs)];
  expect(blocks.length).toBeGreaterThanOrEqual(5);
  for (const [, text = ""] of blocks) {
    JSON.parse(text);
    expect(text).toMatch(/"npx",\s*("args": \[)?"-y", "trieve-invitations-mcp"\]/);
  }
});

test("the README gives the reason for every dependency", () => {
  const { devDependencies } = JSON.parse(readText("package.json"));
  const table = readText("README.md").split("## Development")[1] ?? "";
  for (const name of Object.keys(devDependencies)) expect(table).toContain(`\`${name}\``);
});
