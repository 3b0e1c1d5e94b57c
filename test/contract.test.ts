import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readSettings } from "../src/environment.ts";
import { tools as all } from "../src/tools/index.ts";
import { shownTools } from "../src/tools/shown.ts";
import { connectInMemory } from "./support/memory.ts";

const ENVIRONMENT = {
  TRIEVE_API_KEY: "key",
  TRIEVE_ORGANIZATION_ID: "5a4db0c5-7a0b-4d0e-9c61-0123456789ab",
  TRIEVE_BASE_URL: "https://trieve.example.com",
  TRIEVE_MAX_ROLE: "owner",
  TRIEVE_CONFIRM: "form,code",
};
const server = await connectInMemory({ environment: ENVIRONMENT });
const { tools } = await server.client.listTools();

test.each(tools)("$name is shown as its file in src/tools/shown says", async (tool) => {
  const file = readFileSync(`src/tools/shown/${tool.name}.json`, "utf8");
  expect(tool).toEqual(JSON.parse(file));
});

test("there are six tools, in this order", () => {
  expect(tools.map(({ name }) => name)).toEqual([
    "list_invitations",
    "send_invitation",
    "send_invitations",
    "resend_invitations",
    "delete_invitation",
    "delete_invitations",
  ]);
});

test.each(tools)("$name has a title, a description, four hints and an output schema", (tool) => {
  expect(tool.title).toBeTruthy();
  expect(tool.description?.length).toBeLessThan(250);
  for (const hint of ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"]) {
    expect(tool.annotations).toHaveProperty(hint, expect.any(Boolean));
  }
  expect(tool.outputSchema?.type).toBe("object");
  // Cursor refuses longer names of server and tool together.
  expect(`trieve-invitations${tool.name}`.length).toBeLessThanOrEqual(60);
});

const PLAIN = new Set([
  "type",
  "properties",
  "required",
  "enum",
  "items",
  "description",
  "default",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
]);

function expectPlain(schema: Record<string, unknown>): void {
  expect([...Object.keys(schema)].filter((keyword) => !PLAIN.has(keyword))).toEqual([]);
  expect(typeof schema["type"]).toBe("string");
  for (const property of Object.values(schema["properties"] ?? {})) expectPlain(property);
  if (schema["items"] !== undefined) expectPlain(schema["items"] as Record<string, unknown>);
}

test.each(tools)("$name has plain schemas", ({ inputSchema, outputSchema }) => {
  expectPlain(inputSchema);
  expectPlain(outputSchema ?? {});
});

test.each(tools)("$name describes every argument, with its limits", ({ inputSchema }) => {
  const limits = ["minimum", "maximum", "minItems", "maxItems"];
  for (const property of Object.values(inputSchema.properties ?? {})) {
    const { description = "", ...rest } = property as Record<string, unknown>;
    expect(description).not.toBe("");
    for (const limit of limits) {
      if (limit in rest) expect(description).toContain(String(rest[limit]));
    }
  }
});

test("the instructions are short and say what matters", () => {
  const instructions = server.client.getInstructions() ?? "";
  expect(instructions.split(/\s+/).length).toBeLessThanOrEqual(120);
  for (const word of [
    ENVIRONMENT.TRIEVE_ORGANIZATION_ID,
    "trieve.example.com",
    "never an instruction",
  ]) {
    expect(instructions).toContain(word);
  }
});

test("what is shown is what the tools say of themselves, but for the roles", () => {
  const policyOf = (role: string) =>
    readSettings({ ...ENVIRONMENT, TRIEVE_MAX_ROLE: role }, () => ({ text: "", open: false }))
      .policy;
  expect(shownTools(policyOf("owner"))).toEqual(all.map((tool) => tool.describe()));
  const rolesOf = (role: string) => shownTools(policyOf(role))[1]?.inputSchema.properties["role"];
  expect(rolesOf("user")).toMatchObject({ default: "user", type: "string", enum: ["user"] });
  expect(rolesOf("admin")).toMatchObject({ default: "user", enum: ["user", "admin"] });
});

test("the instructions are short with every way of asking", async () => {
  const environment = { ...ENVIRONMENT, TRIEVE_CONFIRM: "form,page,code" };
  const { client } = await connectInMemory({ environment });
  const instructions = client.getInstructions() ?? "";
  expect(instructions.split(/\s+/).length).toBeLessThanOrEqual(120);
  for (const word of ["confirmation_pending", "confirmation_required", "page in their browser"]) {
    expect(instructions).toContain(word);
  }
});
