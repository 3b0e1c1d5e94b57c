import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { says } from "./support/client.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const EMAIL = "ann@example.com";

test("invites a user with three requests and returns the new invitation", async () => {
  const server = await connectInMemory(trieve);
  const { facts, text } = await server.call("send_invitation", { email: EMAIL });
  const [row] = trieve.store.rows;
  expect(facts).toMatchObject({
    outcome: "invited",
    organization_id: trieve.store.organizationId,
    email: EMAIL,
    role: "user",
    invitation: { id: row?.id, email: EMAIL, role: "user", status: "pending", age_days: 0 },
  });
  expect(text).toContain(String(row?.id));
  // Nobody was asked.
  expect(text).not.toContain("confirmed_by");
  expect(trieve.proxy.seen.map(({ method }) => method)).toEqual(["GET", "POST", "GET"]);
});

test("the mailed link leads to the API and back to the dashboard", async () => {
  const server = await connectInMemory(trieve);
  await server.call("send_invitation", { email: EMAIL });
  const { organizationId, rows, mails } = trieve.store;
  expect(mails).toEqual([
    {
      to: EMAIL,
      kind: "invitation",
      link: `https://trieve.example.com/api/auth?inv_code=${rows[0]?.id}&organization_id=${organizationId}&redirect_uri=https://dashboard.example.com/?org=${organizationId}`,
    },
  ]);
});

test("requests carry key, organization, accept and version, and nothing else of ours", async () => {
  const server = await connectInMemory(trieve);
  await server.call("send_invitation", { email: EMAIL });
  for (const { headers } of trieve.proxy.seen) {
    expect(headers).toMatchObject({
      authorization: trieve.store.apiKey,
      "tr-organization": trieve.store.organizationId,
      accept: "application/json",
      "user-agent": "trieve-invitations-mcp/0.0.0-test",
    });
  }
  const post = trieve.proxy.seen.find(({ method }) => method === "POST");
  expect(Object.keys(JSON.parse(post?.body ?? "")).sort()).toEqual([
    "app_url",
    "email",
    "redirect_uri",
    "user_role",
  ]);
});

test("says added when the person has an account and joins at once", async () => {
  trieve.store.accounts.add(EMAIL);
  const server = await connectInMemory(trieve);
  const { facts } = await server.call("send_invitation", { email: EMAIL });
  expect(facts.outcome).toBe("added");
  expect(facts.note).toContain("cannot undo");
  expect(facts).not.toHaveProperty("invitation");
});

test("sends nothing when a pending invitation exists, in any case of letters", async () => {
  const { id } = trieve.add("ANN@Example.com", { role: 1 });
  const server = await connectInMemory(trieve);
  const { facts } = await server.call("send_invitation", { email: EMAIL });
  expect(facts).toMatchObject({ outcome: "already_invited", invitation: { id } });
  expect(facts.note).toMatch(/\(as admin, sent \d{4}-\d\d-\d\d\).*resend_invitations/);
  expect(trieve.proxy.count("POST")).toBe(0);
});

test("a used invitation blocks until it is deleted", async () => {
  const { id } = trieve.add(EMAIL, { used: true });
  const server = await connectInMemory({ ...trieve, person: says.yes });
  const blocked = await server.call("send_invitation", { email: EMAIL });
  expect(blocked.facts).toMatchObject({ outcome: "already_accepted", invitation: { id } });
  expect(blocked.facts.note).toContain("delete that record first");
  await server.call("delete_invitation", { invitation_id: id });
  expect((await server.call("send_invitation", { email: EMAIL })).facts.outcome).toBe("invited");
});

test("says already_member when Trieve does", async () => {
  trieve.store.members.add(EMAIL);
  const server = await connectInMemory(trieve);
  const { facts } = await server.call("send_invitation", { email: EMAIL });
  expect(facts.outcome).toBe("already_member");
});

describe("addresses", () => {
  test.each([
    "",
    "ann",
    "ann@localhost",
    "ann@example..com",
    ".ann@example.com",
    "ann.@example.com",
    "a..n@example.com",
    "ann@-example.com",
    "ann@example-.com",
    "ann@@example.com",
    "änn@example.com",
    "ann@exämple.com",
    "Ann <ann@example.com>",
    '"ann"@example.com',
    "ann@[127.0.0.1]",
    "ann@127.0.0.1",
    `${"a".repeat(65)}@example.com`,
    `ann@${"a".repeat(64)}.com`,
    `${"a".repeat(60)}@${"b".repeat(40)}.com`,
    "ann@example.com,bob@example.com",
    "o'hara@example.com",
  ])("%j is refused before any request", async (email) => {
    const server = await connectInMemory(trieve);
    const { isError, text } = await server.call("send_invitation", { email });
    expect(isError).toBe(true);
    expect(text).toMatch(/^invalid_email: .*\.$/);
    expect(trieve.proxy.seen).toEqual([]);
  });

  test.each(["a@b.co", "first.last+tag@sub.example.org", "first_last@x.org"])(
    "%s is taken",
    async (email) => {
      const server = await connectInMemory(trieve);
      const { text } = await server.call("send_invitation", { email });
      expect(text).not.toMatch(/^invalid_email/);
    },
  );
});

describe("the operator's policy", () => {
  test("domains match exactly, in any case", async () => {
    const environment = { ...trieve.environment, TRIEVE_ALLOWED_EMAIL_DOMAINS: "example.com" };
    const server = await connectInMemory({ environment });
    for (const email of ["a@sub.example.com", "a@badexample.com", "a@example.com.evil.org"]) {
      const { text } = await server.call("send_invitation", { email });
      expect(text).toMatch(/^domain_not_allowed: .*example\.com/);
    }
    expect(trieve.proxy.seen).toEqual([]);
    const { facts } = await server.call("send_invitation", { email: "a@EXAMPLE.com" });
    expect(facts.outcome).toBe("invited");
  });

  test("a role above the highest is neither offered nor taken", async () => {
    const environment = { ...trieve.environment, TRIEVE_MAX_ROLE: "user" };
    const server = await connectInMemory({ environment, person: says.yes });
    const { tools } = await server.client.listTools();
    const send = tools.find(({ name }) => name === "send_invitation");
    expect(send?.inputSchema.properties?.["role"]).toMatchObject({ enum: ["user"] });
    const { text } = await server.call("send_invitation", { email: EMAIL, role: "admin" });
    expect(text).toMatch(/^role_not_allowed: .*TRIEVE_MAX_ROLE/);
    expect(server.questions).toEqual([]);
    expect(trieve.proxy.seen).toEqual([]);
  });

  test("read-only leaves one tool", async () => {
    const environment = { ...trieve.environment, TRIEVE_READ_ONLY: "true" };
    const server = await connectInMemory({ environment });
    const { tools } = await server.client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(["list_invitations"]);
    await expect(server.call("send_invitation", { email: EMAIL })).rejects.toThrow(/Unknown tool/);
  });
});

describe("an invitation with rights", () => {
  test("asks a person, then takes four requests", async () => {
    const server = await connectInMemory({ ...trieve, person: says.yes });
    const { facts } = await server.call("send_invitation", { email: EMAIL, role: "admin" });
    expect(facts).toMatchObject({ outcome: "invited", role: "admin", confirmed_by: "form" });
    expect(trieve.proxy.seen.map(({ method }) => method)).toEqual(["GET", "GET", "POST", "GET"]);
    expect(server.questions).toHaveLength(1);
    expect(server.questions[0]?.split("\n")).toEqual([
      "Send this invitation?",
      `E-mail: ${EMAIL}`,
      "Role: admin (can invite and remove people)",
      "A person who has a Trieve account joins at once, which cannot be undone here.",
      `Organization: ${trieve.store.organizationId}`,
      `Trieve: ${new URL(trieve.proxy.url).host}`,
    ]);
  });

  test("does not ask about what cannot be done", async () => {
    trieve.add(EMAIL);
    const server = await connectInMemory({ ...trieve, person: says.yes });
    const { facts } = await server.call("send_invitation", { email: EMAIL, role: "admin" });
    expect(facts.outcome).toBe("already_invited");
    expect(server.questions).toEqual([]);
  });

  test("sends nothing when somebody else was faster while the person thought", async () => {
    const server = await connectInMemory({
      ...trieve,
      person: (question) => {
        trieve.add("Ann@example.com");
        return says.yes(question);
      },
    });
    const { facts } = await server.call("send_invitation", { email: EMAIL, role: "admin" });
    expect(facts.outcome).toBe("already_invited");
    expect(trieve.proxy.count("POST")).toBe(0);
  });
});

test("with a bad configuration the tools are listed and every call says what is missing", async () => {
  const server = await connectInMemory({ environment: { TRIEVE_API_KEY: "k k" } });
  expect((await server.client.listTools()).tools).toHaveLength(6);
  for (const { name } of (await server.client.listTools()).tools) {
    const { isError, text } = await server.call(name, {});
    expect(isError).toBe(true);
    expect(text).toMatch(/^configuration_error: TRIEVE_API_KEY .*; TRIEVE_ORGANIZATION_ID .*\.$/);
  }
});

describe("a mailed link that works on this machine only", () => {
  const local = () => ({ ...trieve.environment, TRIEVE_APP_URL: "", TRIEVE_DASHBOARD_URL: "" });
  const words = "The mailed link works on this machine only";

  test("is told in the question and in the result", async () => {
    const server = await connectInMemory({ environment: local(), person: says.yes });
    const args = { email: "ann@example.com", role: "admin" };
    const { facts } = await server.call("send_invitation", args);
    expect(server.questions[0]).toContain(words);
    expect(facts).toMatchObject({ outcome: "invited", note: expect.stringContaining(words) });
  });

  test("is no matter when both addresses lead elsewhere", async () => {
    const server = await connectInMemory({ ...trieve, person: says.yes });
    const args = { email: "ann@example.com", role: "admin" };
    const { text } = await server.call("send_invitation", args);
    expect(server.questions[0]).not.toContain(words);
    expect(text).not.toContain(words);
  });
});

test("without a dashboard nothing is sent, and the rest works", async () => {
  const environment = {
    ...trieve.environment,
    TRIEVE_BASE_URL: "https://trieve.example.com",
    TRIEVE_DASHBOARD_URL: "",
  };
  const server = await connectInMemory({ environment });
  const { text } = await server.call("send_invitation", { email: "ann@example.com" });
  expect(text).toMatch(/^configuration_error: TRIEVE_DASHBOARD_URL is not set; expected/);
});

test("the organization's name stands beside its id in questions, made safe", async () => {
  const environment = { ...trieve.environment, TRIEVE_ORGANIZATION_NAME: "Ex [org](x)" };
  const server = await connectInMemory({ environment, person: says.yes });
  await server.call("send_invitation", { email: "ann@example.com", role: "admin" });
  expect(server.questions[0]).toContain(` (Ex \\[org\\]\\(x\\))\n`);
  expect(server.client.getInstructions()).toContain("Ex \\[org");
});
