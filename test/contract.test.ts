import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadSettings } from "../src/config/load.ts";
import { tools as all } from "../src/tools/index.ts";
import { listedTools } from "../src/tools/listed.ts";
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

test.each(tools)("$name is shown as its file in src/tools/listed says", async (tool) => {
  const file = readFileSync(`src/tools/listed/${tool.name}.json`, "utf8");
  expect(tool).toEqual(JSON.parse(file));
});

test("there is one tool for each verb, in this order", () => {
  expect(tools.map(({ name }) => name)).toEqual([
    "list_invitations",
    "list_members",
    "send_invitation",
    "resend_invitation",
    "delete_invitation",
  ]);
});

/** Whether it only reads, may destroy, may be repeated, reaches others. */
const HINTS: Record<string, [boolean, boolean, boolean, boolean]> = {
  list_invitations: [true, false, true, false],
  list_members: [true, false, true, false],
  send_invitation: [false, false, false, true],
  resend_invitation: [false, true, false, true],
  delete_invitation: [false, true, true, true],
};

test.each(tools)("$name has a title, a description, four hints and an output schema", (tool) => {
  expect(tool.title).toBeTruthy();
  expect(tool.description?.length).toBeLessThan(250);
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = tool.annotations ?? {};
  expect([readOnlyHint, destructiveHint, idempotentHint, openWorldHint]).toEqual(HINTS[tool.name]);
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

test("the list says that it counts, and where those are whom it cannot show", () => {
  const [list] = tools;
  for (const word of ["matched counts", "list_members"]) expect(list?.description).toContain(word);
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
  const policyOf = (role: string) => loadSettings({ ...ENVIRONMENT, TRIEVE_MAX_ROLE: role }).policy;
  expect(listedTools(policyOf("owner"))).toEqual(all.map((tool) => tool.describe()));
  const rolesOf = (role: string) =>
    listedTools(policyOf(role)).find(({ name }) => name === "send_invitation")?.inputSchema
      .properties["role"];
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
