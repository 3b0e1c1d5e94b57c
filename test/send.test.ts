import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { addMember } from "../src/sandbox/store.ts";
import { fastClock } from "./support/app.ts";
import { type Person, says } from "./support/client.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { spoilRowsAfterMail } from "./support/lag.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const TOOL = "send_invitation";
const EMAIL = "ann@example.com";
const ONE = { emails: [EMAIL] };

const connect = (person: Person = says.yes) =>
  connectInMemory({ ...trieve, person, clock: fastClock });
const methods = () => trieve.proxy.seen.map(({ method }) => method);
const rowId = (email = EMAIL) => trieve.store.rows.find((row) => row.email === email)?.id ?? "";

test("invites a user with three requests and names the new invitation by its beginning", async () => {
  const server = await connectInMemory(trieve);
  const { facts, text } = await server.call(TOOL, ONE);
  const id = rowId().slice(0, 8);
  expect(facts).toEqual({
    outcome: "done",
    organization: trieve.store.organizationId,
    role: "user",
    counts: { invited: 1 },
    results: [{ email: EMAIL, id, outcome: "invited" }],
    note: "",
  });
  expect(text).toContain(`\ninvited ${id} ${EMAIL}`);
  expect(text).not.toContain(rowId());
  // Nobody was asked.
  expect(text).not.toContain("confirmed_by");
  expect(methods()).toEqual(["GET", "POST", "GET"]);
});

test("the mailed link leads to the API and back to the dashboard", async () => {
  const server = await connectInMemory(trieve);
  await server.call(TOOL, ONE);
  const { organizationId, mails } = trieve.store;
  expect(mails).toEqual([
    {
      to: EMAIL,
      kind: "invitation",
      link: `https://trieve.example.com/api/auth?inv_code=${rowId()}&organization_id=${organizationId}&redirect_uri=https://dashboard.example.com/?org=${organizationId}`,
    },
  ]);
});

test("requests carry key, organization, accept and version, and nothing else of ours", async () => {
  const server = await connectInMemory(trieve);
  await server.call(TOOL, ONE);
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

describe("whom nothing is sent to", () => {
  const members = (fault: Fault) =>
    trieve.proxy.always(({ path }) =>
      path.includes("/organization/users/") ? fault : { pass: true },
    );

  test("is invited already, in any case of letters, with the same role: nothing to do", async () => {
    trieve.add("ANN@Example.com", { days: 3 });
    const { facts } = await (await connect()).call(TOOL, ONE);
    expect(facts).toMatchObject({
      outcome: "nothing_to_do",
      counts: { already_invited: 1 },
      results: [{ email: EMAIL, id: rowId("ANN@Example.com").slice(0, 8) }],
      note: expect.stringContaining("resend_invitation"),
    });
    expect(facts.results[0].reason).toMatch(/^as user, created \d{4}-\d\d-\d\d$/);
  });

  test("is invited already with another role, or without a mail: an error that says what helps", async () => {
    const server = await connect();
    trieve.add(EMAIL, { role: 1 });
    const { isError, text } = await server.call(TOOL, ONE);
    expect(isError).toBe(true);
    expect(text).toMatch(/^already_invited: .*\(as admin, created .*resend_invitation/);
    expect(text).toContain(rowId().slice(0, 8));
    trieve.store.refuseMail = true;
    const bob = { emails: ["bob@example.com"] };
    expect((await server.call(TOOL, bob)).text).toMatch(/^mail_unconfirmed: /);
    trieve.store.refuseMail = false;
    const again = await server.call(TOOL, bob);
    expect(again.text).toMatch(/^already_invited: .*its mail failed.*resend_invitation/);
    expect(trieve.proxy.count("POST")).toBe(1);
  });

  test("accepted and left: a used record blocks until it is deleted", async () => {
    trieve.add(EMAIL, { used: true });
    const server = await connect();
    const { isError, text } = await server.call(TOOL, ONE);
    expect(isError).toBe(true);
    expect(text).toMatch(/^already_accepted: .*delete that record first/);
    expect(text).toContain(rowId().slice(0, 8));
    expect(methods()).toEqual(["GET", "GET"]);
    await server.call("delete_invitation", { invitations: [EMAIL] });
    expect((await server.call(TOOL, ONE)).facts.counts).toEqual({ invited: 1 });
  });

  test.each([EMAIL, "ANN@Example.com"])("accepted as %s and is a member", async (email) => {
    trieve.add(email, { used: true });
    addMember(trieve.store, { email: "Ann@example.com" });
    const { facts } = await (await connect()).call(TOOL, ONE);
    expect(facts).toMatchObject({ outcome: "nothing_to_do", counts: { already_member: 1 } });
    expect(trieve.proxy.count("POST")).toBe(0);
  });

  test.each([EMAIL, "ANN@Example.com"])(
    "accepted as %s, with members that cannot be read: no delete is advised",
    async (email) => {
      trieve.add(email, { used: true });
      members({ answer: 403 });
      const { text } = await (await connect()).call(TOOL, ONE);
      expect(text).toMatch(/^already_accepted: .*whether the person is a member now is unknown/);
      expect(text).not.toMatch(/delete/);
      expect(trieve.proxy.count("POST")).toBe(0);
    },
  );

  test("a used record in other letters blocks nobody who is no member", async () => {
    trieve.add("ANN@Example.com", { used: true });
    const { facts } = await (await connect()).call(TOOL, ONE);
    expect(facts.counts).toEqual({ invited: 1 });
  });

  test("is a member, as Trieve says", async () => {
    addMember(trieve.store, { email: EMAIL });
    const { facts } = await (await connect()).call(TOOL, ONE);
    expect(facts).toMatchObject({ outcome: "nothing_to_do", counts: { already_member: 1 } });
    expect(facts.results).toEqual([{ email: EMAIL, outcome: "already_member" }]);
  });
});

describe("an accepted send that left no invitation", () => {
  const added = async (fault: Fault = { pass: true }) => {
    trieve.proxy.always(({ path }) =>
      path.includes("/organization/users/") ? fault : { pass: true },
    );
    return (await connect()).call(TOOL, ONE);
  };

  test("is added where the members show the person, who had an account", async () => {
    trieve.store.accounts.add(EMAIL);
    const { facts } = await added();
    expect(facts).toMatchObject({
      outcome: "done",
      results: [{ email: EMAIL, outcome: "added" }],
      note: expect.stringContaining("cannot undo"),
    });
    expect(facts.results[0]).not.toHaveProperty("id");
    expect(facts.results[0]).not.toHaveProperty("reason");
    // Before, at once, three seconds later, and the members.
    expect(methods()).toEqual(["GET", "POST", "GET", "GET", "GET"]);
    expect(trieve.proxy.seen.at(-1)?.path).toContain("/organization/users/");
  });

  test("is probably added where the members cannot be read", async () => {
    trieve.store.accounts.add(EMAIL);
    const { facts } = await added({ answer: 403 });
    expect(facts.results).toMatchObject([
      { outcome: "added", reason: expect.stringMatching(/^probably: /) },
    ]);
  });

  test("is outcome_unknown where the members do not show the person", async () => {
    trieve.store.accounts.add(EMAIL);
    const { text } = await added({ answer: 200, body: "[]" });
    expect(text).toMatch(/^outcome_unknown: .*neither as invited nor as a member/);
  });

  test("is sent to no more where only its row cannot be read", async () => {
    spoilRowsAfterMail(trieve);
    const server = await connect();
    expect((await server.call(TOOL, ONE)).text).toMatch(/^outcome_unknown: /);
    const again = await server.call(TOOL, { emails: [EMAIL.toUpperCase()] });
    expect(again.text).toMatch(/^outcome_unknown: .*earlier request/);
    expect(trieve.store.mails).toHaveLength(1);
  });
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
    const { isError, text } = await server.call(TOOL, { emails: [email] });
    expect(isError).toBe(true);
    expect(text).toMatch(/^invalid_email: .*\.$/);
    expect(trieve.proxy.seen).toEqual([]);
  });

  test.each(["a@b.co", "first.last+tag@sub.example.org", "first_last@x.org"])(
    "%s is taken",
    async (email) => {
      const server = await connectInMemory(trieve);
      const { facts } = await server.call(TOOL, { emails: [email] });
      expect(facts.counts).toEqual({ invited: 1 });
    },
  );

  test("all that is wrong is named before anything is read or asked, a sentence for each kind", async () => {
    const environment = { ...trieve.environment, TRIEVE_ALLOWED_EMAIL_DOMAINS: "example.com" };
    const server = await connectInMemory({ environment, person: says.yes });
    const emails = [EMAIL, "bob", "o'neil@example.com", "carl", "eve@evil.example", "[x](y)"];
    const { isError, text } = await server.call(TOOL, { emails });
    expect(isError).toBe(true);
    expect(text).toMatch(/^invalid_email: bob, carl: [^:]*no @[^:]*\. /);
    expect(text).toContain("\\[x\\]\\(y\\): ");
    expect(text).toMatch(/o'neil@example\.com: [^:]*apostrophe[^:]*\. /);
    expect(text).toMatch(/eve@evil\.example: [^:]*may only invite[^:]*example\.com[^:]*\. /);
    expect(text).not.toContain(EMAIL);
    expect(text).toContain("Nothing was done.");
    expect(server.questions).toEqual([]);
    expect(trieve.proxy.seen).toEqual([]);
  });
});

describe("an argument that is wrong is named before anything is read or asked", () => {
  test.each<[string, unknown]>([
    ["an empty list", []],
    ["51 addresses", Array.from({ length: 51 }, (_, n) => `p${n}@example.com`)],
    ["addresses in an object", { first: EMAIL, second: "bob@example.com" }],
    ["a text with nothing in it", " , "],
    ["numbers", [EMAIL, 7]],
    ["a missing list", undefined],
  ])("%s", async (_, emails) => {
    const server = await connect();
    const { isError, text } = await server.call(TOOL, { emails });
    expect(isError).toBe(true);
    expect(text).toMatch(/^invalid_input: .*emails/);
    expect(trieve.proxy.seen).toEqual([]);
    expect(server.questions).toEqual([]);
  });

  test("a dry run, which there is not", async () => {
    const server = await connect();
    const { text } = await server.call(TOOL, { ...ONE, dry_run: true });
    expect(text).toMatch(/^invalid_input: .*"dry_run"/);
    expect(trieve.proxy.seen).toEqual([]);
  });
});

describe("the operator's policy", () => {
  test("domains match exactly, in any case", async () => {
    const environment = { ...trieve.environment, TRIEVE_ALLOWED_EMAIL_DOMAINS: "example.com" };
    const server = await connectInMemory({ environment });
    for (const email of ["a@sub.example.com", "a@badexample.com", "a@example.com.evil.org"]) {
      const { text } = await server.call(TOOL, { emails: [email] });
      expect(text).toMatch(/^domain_not_allowed: .*example\.com/);
    }
    expect(trieve.proxy.seen).toEqual([]);
    const { facts } = await server.call(TOOL, { emails: ["a@EXAMPLE.com"] });
    expect(facts.counts).toEqual({ invited: 1 });
  });

  test("a role above the highest is neither offered nor taken", async () => {
    const environment = { ...trieve.environment, TRIEVE_MAX_ROLE: "user" };
    const server = await connectInMemory({ environment, person: says.yes });
    const { tools } = await server.client.listTools();
    const send = tools.find(({ name }) => name === TOOL);
    expect(send?.inputSchema.properties?.["role"]).toMatchObject({ enum: ["user"] });
    for (const emails of [[EMAIL], [EMAIL, "bob@example.com"]]) {
      const { text } = await server.call(TOOL, { emails, role: "admin" });
      expect(text).toMatch(/^role_not_allowed: .*TRIEVE_MAX_ROLE/);
    }
    expect(server.questions).toEqual([]);
    expect(trieve.proxy.seen).toEqual([]);
  });

  test("read-only leaves nothing that writes", async () => {
    const environment = { ...trieve.environment, TRIEVE_READ_ONLY: "true" };
    const server = await connectInMemory({ environment });
    const { tools } = await server.client.listTools();
    expect(tools.map(({ name }) => name)).toContain("list_invitations");
    expect(tools.filter(({ annotations }) => annotations?.readOnlyHint !== true)).toEqual([]);
    await expect(server.call(TOOL, ONE)).rejects.toThrow(/Unknown tool/);
  });
});

describe("an invitation with rights", () => {
  const WITH_RIGHTS = { ...ONE, role: "admin" };

  test("asks a person, then takes four requests", async () => {
    const server = await connect();
    const { facts } = await server.call(TOOL, WITH_RIGHTS);
    expect(facts).toMatchObject({ outcome: "done", role: "admin", confirmed_by: "form" });
    expect(methods()).toEqual(["GET", "GET", "POST", "GET"]);
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
    const server = await connect();
    expect((await server.call(TOOL, WITH_RIGHTS)).text).toMatch(/^already_invited: /);
    expect(server.questions).toEqual([]);
  });

  test("sends nothing when somebody else was faster while the person thought", async () => {
    const server = await connect((question) => {
      trieve.add("Ann@example.com");
      return says.yes(question);
    });
    expect((await server.call(TOOL, WITH_RIGHTS)).text).toMatch(/^already_invited: /);
    expect(trieve.proxy.count("POST")).toBe(0);
  });
});

test("with a bad configuration the tools are listed and every call says what is missing", async () => {
  const server = await connectInMemory({ environment: { TRIEVE_API_KEY: "k k" } });
  const { tools } = await server.client.listTools();
  expect(tools.map(({ name }) => name)).toContain(TOOL);
  for (const { name } of tools) {
    const { isError, text } = await server.call(name, {});
    expect(isError).toBe(true);
    expect(text).toMatch(/^configuration_error: TRIEVE_API_KEY .*; TRIEVE_ORGANIZATION_ID .*\.$/);
  }
});

describe("a mailed link that works on this machine only", () => {
  const local = () => ({ ...trieve.environment, TRIEVE_APP_URL: "", TRIEVE_DASHBOARD_URL: "" });
  const words = "The mailed link works on this machine only";
  const args = { ...ONE, role: "admin" };

  test("is told in the question and in the result", async () => {
    const server = await connectInMemory({ environment: local(), person: says.yes });
    const { facts } = await server.call(TOOL, args);
    expect(server.questions[0]).toContain(words);
    expect(facts).toMatchObject({ outcome: "done", note: expect.stringContaining(words) });
  });

  test("is no matter when both addresses lead elsewhere", async () => {
    const server = await connect();
    const { text } = await server.call(TOOL, args);
    expect(server.questions[0]).not.toContain(words);
    expect(text).not.toContain(words);
  });
});

test("without a dashboard nothing is sent", async () => {
  const remote = { TRIEVE_BASE_URL: "https://trieve.example.com", TRIEVE_DASHBOARD_URL: "" };
  const server = await connectInMemory({ environment: { ...trieve.environment, ...remote } });
  const { text } = await server.call(TOOL, ONE);
  expect(text).toMatch(/^configuration_error: TRIEVE_DASHBOARD_URL is not set; expected/);
});

test("the organization's name stands beside its id in questions and in results, made safe", async () => {
  const environment = { ...trieve.environment, TRIEVE_ORGANIZATION_NAME: "Ex [org](x)" };
  const server = await connectInMemory({ environment, person: says.yes });
  const { facts, text } = await server.call(TOOL, { ...ONE, role: "admin" });
  expect(server.questions[0]).toContain(`Organization: Ex \\[org\\]\\(x\\) (`);
  expect(facts.organization).toBe("Ex \\[org\\]\\(x\\)");
  expect(text).toContain("\norganization: Ex \\[org\\]\\(x\\)");
  expect(server.client.getInstructions()).toContain("Ex \\[org");
});
