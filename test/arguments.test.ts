import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// What models send as arguments: what is clear is taken as meant, the rest gets the sentence that helps.

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const ADMIN = { emails: ["ann@example.com"], role: "admin" };
const ID = "0123abcd-0000-4000-8000-000000000003";
/** What is right for each tool. */
const RIGHT: Record<string, object> = {
  list_invitations: {},
  list_members: {},
  send_invitation: { emails: ["ann@example.com"] },
  resend_invitation: { invitations: [ID] },
  delete_invitation: { invitations: [ID] },
};
const call = async (tool: string, args: object) => (await connectInMemory(trieve)).call(tool, args);

describe("an argument that a tool does not know", () => {
  test.each<[string, object, string]>([
    ["send_invitation", { emails: ["ann@example.com"], dry_run: "s3cret" }, '"dry_run"'],
    ["send_invitation", { emails: ["ann@example.com"], send_email: false }, '"send_email"'],
    ["resend_invitation", { invitations: [ID], older_than_days: 30 }, '"older_than_days"'],
    ["delete_invitation", { invitations: [ID], organization_id: "s3cret" }, '"organization_id"'],
    ["delete_invitation", { invitations: [ID], status: "used" }, '"status"'],
    ["list_invitations", { expired: true, sort: "s3cret" }, '"expired", "sort"'],
    ["list_invitations", { emails: ["s3cret"] }, '"emails"'],
    ["list_invitations", { "": "[1]", b: 2 }, '"", "b"'],
    ["send_invitation", { ...ADMIN, "we`ird": 1 }, '"we\\`ird"'],
    ["send_invitation", { ...ADMIN, ["x".repeat(50)]: 1 }, `"${"x".repeat(30)}...`],
    ["send_invitation", { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }, '"a", "b", "c", "d", "e";'],
  ])("is refused by %s with %j before anything is read", async (tool, args, named) => {
    const { isError, text } = await call(tool, args);
    expect(isError).toBe(true);
    expect(text).toMatch(/^invalid_input: This tool has no argument named /);
    expect(text).toContain(named);
    expect(text).toContain("; it takes ");
    expect(text).toContain("nothing was done");
    expect(text).not.toContain("s3cret");
    expect(trieve.proxy.seen).toEqual([]);
  });

  test("is dropped quietly where clients add it, or where it is null", async () => {
    const server = await connectInMemory(trieve);
    const added = { wait_for_previous: true, task_progress: "- [ ] x", note: null };
    const sent = await server.call("send_invitation", { ...RIGHT["send_invitation"], ...added });
    expect(sent.facts.outcome).toBe("done");
    expect((await server.call("list_invitations", added)).facts.matched).toBe(1);
  });
});

describe("another name of an argument", () => {
  test.each<[string, unknown]>([
    ["invitation", "bob@example.com"],
    ["invitation_id", ID],
    ["invitation_ids", ["0123abcd"]],
    ["id", "0123ABCD"],
    ["ids", `${ID},`],
    ["email", "Bob@Example.com"],
    ["emails", ["bob@example.com"]],
    ["emails", '["bob@example.com"]'],
  ])("is read as meant by a resend and a delete: %s", async (name, value) => {
    trieve.add("bob@example.com", { id: ID });
    for (const tool of ["resend_invitation", "delete_invitation"]) {
      const { facts } = await call(tool, { [name]: value });
      expect(facts).toMatchObject({
        outcome: "confirmation_required",
        show_to_user: expect.stringContaining("bob@example.com"),
      });
    }
  });

  test("is read as meant by a send", async () => {
    const { facts } = await call("send_invitation", { email: "ann@example.com" });
    expect(facts.results).toMatchObject([{ email: "ann@example.com", outcome: "invited" }]);
  });

  test.each([
    ["email", "@example.com"],
    ["email", "bob@"],
    ["emails", ["bob@example.com", "0123abcd"]],
    ["emails", ID],
  ])("chooses no invitations by a part of an address: %s %j", async (name, value) => {
    trieve.add("bob@example.com", { id: ID });
    for (const tool of ["resend_invitation", "delete_invitation"]) {
      const { text } = await call(tool, { [name]: value });
      expect(text).toMatch(new RegExp(`^invalid_input: ${name} takes whole addresses here; noth`));
    }
    expect(trieve.proxy.seen).toEqual([]);
  });

  test.each<[string, object, string]>([
    ["send_invitation", { email: "a@example.com", emails: ["b@example.com"] }, "emails"],
    ["delete_invitation", { id: ID, invitation_id: ID }, "invitations"],
    ["delete_invitation", { invitations: [ID], email: "b@example.com" }, "invitations"],
    ["resend_invitation", { email: "b@example.com", emails: "b@example.com" }, "invitations"],
  ])("beside it is invalid_input: %s %j", async (tool, args, own) => {
    const { text } = await call(tool, args);
    expect(text).toMatch(new RegExp(`^invalid_input: ${own} is given under two names; nothing`));
    expect(text).not.toContain("example.com");
    expect(trieve.proxy.seen).toEqual([]);
  });

  test("beside it counts for nothing where it is null", async () => {
    const { facts } = await call("send_invitation", { email: null, emails: ["a@example.com"] });
    expect(facts.counts).toEqual({ invited: 1 });
  });
});

interface Property {
  type: string;
  enum?: string[];
  default?: unknown;
}

describe("every tool", async () => {
  const { client } = await connectInMemory({ environment: {} });
  const { tools } = await client.listTools();
  const all = tools.flatMap(({ name, inputSchema: { properties = {}, required = [] } }) =>
    Object.entries(properties as Record<string, Property>).map(([argument, property]) => ({
      name,
      argument,
      property,
      isRequired: required.includes(argument),
    })),
  );

  /** Of two ways to write the same arguments: what differs in what comes of them. */
  async function expectSame(tool: string, args: object, same: object): Promise<void> {
    trieve.store.rows = [];
    for (const days of [1, 2]) trieve.add(`bob${days}@example.com`, { days });
    trieve.add("bob@example.com", { id: ID });
    const told = async (args: object) => {
      const { isError, text, facts } = await call(tool, args);
      expect(isError, text).toBe(false);
      const { confirmation, expires_at, ...rest } = facts;
      return rest;
    };
    const first = await told(args);
    trieve.store.rows = trieve.store.rows.filter(({ email }) => email.startsWith("bob"));
    const withoutIds = (facts: object) => JSON.stringify(facts).replace(/"id":"[^"]*"/g, "");
    expect(withoutIds(await told(same))).toBe(withoutIds(first));
  }

  test.each(all.filter(({ isRequired }) => !isRequired))(
    "$name takes null and blanks for no $argument",
    async ({ name, argument }) => {
      const right = RIGHT[name] ?? {};
      for (const nothing of [null, "", "  "]) {
        await expectSame(name, right, { ...right, [argument]: nothing });
      }
    },
  );

  test.each(all.filter(({ isRequired }) => isRequired))(
    "$name misses its $argument where that is null",
    async ({ name, argument }) => {
      for (const args of [{}, { [argument]: null }]) {
        const { text } = await call(name, args);
        expect(text).toMatch(new RegExp(`^invalid_input: ${argument}: it is missing \\(1-50 `));
      }
    },
  );

  test.each(all.filter(({ property }) => property.type === "array"))(
    "$name takes $argument as text too",
    async ({ name, argument }) => {
      const one = argument === "emails" ? "ann@example.com" : ID;
      const two = [one, argument === "emails" ? "eve@example.com" : "bob1@example.com"];
      for (const same of [one, ` ${one} `, `["${one}"]`, `${one},`]) {
        await expectSame(name, { [argument]: [one] }, { [argument]: same });
      }
      for (const same of [two.join(", "), two.join("\n"), two.join(";"), JSON.stringify(two)]) {
        await expectSame(name, { [argument]: two }, { [argument]: same });
      }
    },
  );

  test.each(all.filter(({ property }) => property.enum ?? property.type === "integer"))(
    "$name takes $argument as text of any case, blanks around it",
    async ({ name, argument, property }) => {
      const value = property.enum?.[1] ?? 2;
      const same = ` ${String(value).toUpperCase()} `;
      const right = RIGHT[name] ?? {};
      await expectSame(name, { ...right, [argument]: value }, { ...right, [argument]: same });
    },
  );

  test.each(Object.keys(RIGHT).filter((name) => tools.some((tool) => tool.name === name)))(
    "%s takes its arguments as JSON text",
    async (name) => {
      const right = RIGHT[name] ?? {};
      await expectSame(name, right, { "": JSON.stringify(right) });
    },
  );
});

describe("what is clear is taken as meant", () => {
  test.each([
    { email: " Bob@ ", limit: "10" },
    { email: "*@example.com*" },
    { email: "Bob <bob@example.com>" },
    { email: "[bob@example.com](mailto:bob@example.com)" },
    { email: "bob@example.com," },
    { email: "\u201cbob@example.com\u201d" },
    { status: "ALL", older_than_days: "1", role: "User" },
  ])("%j", async (filters) => {
    trieve.add("bob@example.com", { days: 3 });
    trieve.add("eve@partner.example", { days: 0, role: 1 });
    const { facts } = await call("list_invitations", filters);
    expect(facts.invitations).toMatchObject([{ email: "bob@example.com" }]);
  });

  test("an id with signs around it", async () => {
    trieve.add("dora@example.com", { id: ID });
    const { facts } = await call("delete_invitation", { invitations: [`"\`${ID}\`"`] });
    expect(facts.show_to_user).toContain("dora@example.com");
  });
});

describe("what is missing or wrong gets a sentence", () => {
  test("that offers no role which the operator does not allow", async () => {
    const environment = { ...trieve.environment, TRIEVE_MAX_ROLE: "user" };
    const server = await connectInMemory({ environment });
    const { text } = await server.call("send_invitation", { ...ADMIN, role: "member" });
    expect(text).toContain("role: must be one of user;");
    const listed = await server.call("list_invitations", { role: "member" });
    expect(listed.text).toContain("role: must be one of user, admin, owner;");
  });

  test("that names an empty address by its number", async () => {
    const { text } = await call("send_invitation", { emails: ["ann@example.com", " "] });
    expect(text).toMatch(/^invalid_email: number 2: There is no @/);
  });

  test.each(["emails", "invitations"])("that names how many %s there are too many", async (own) => {
    const tool = own === "emails" ? "send_invitation" : "delete_invitation";
    const many = Array.from({ length: 57 }, (_, n) => `p${n}@example.com`);
    for (const given of [many, many.join(","), JSON.stringify(many)]) {
      const { text } = await call(tool, { [own]: given });
      expect(text).toContain(`${own}: 57 are given, and at most 50 are allowed in one call`);
      expect(text).not.toContain("example.com");
    }
    expect(trieve.proxy.seen).toEqual([]);
  });

  test.each(["0123abc", "everybody", "*", "%", "0123abcx", `${ID}0`])(
    "that says what names an invitation, where %j does not",
    async (name) => {
      trieve.add("bob@example.com", { id: ID });
      for (const tool of ["resend_invitation", "delete_invitation"]) {
        const { text } = await call(tool, { invitations: ["bob@example.com", name] });
        expect(text).toMatch(
          /^invalid_input: invitations, number 2: must be one address, or an id /,
        );
        expect(text).toContain("8 characters or more");
      }
      expect(trieve.proxy.seen).toEqual([]);
    },
  );

  test.each<[string, object, RegExp]>([
    ["send_invitation", {}, /^invalid_input: emails: it is missing \(.*\); nothing was done\. /],
    ["delete_invitation", {}, /^invalid_input: invitations: it is missing \(1-50 addresses or/],
    ["send_invitation", { emails: [] }, /^invalid_input: emails: must be a list like \["first", /],
    ["send_invitation", { emails: "" }, /^invalid_input: emails: must be a list like/],
    ["send_invitation", { emails: {} }, /^invalid_input: emails: must be a list like/],
    [
      "send_invitation",
      { emails: [["a@b.org"]] },
      /^invalid_input: emails, number 1: must be text/,
    ],
    ["delete_invitation", { invitations: 5 }, /^invalid_input: invitations: must be a list like/],
    ["delete_invitation", { invitations: ["a@b.org", 5] }, /invitations, number 2: must be text/],
    ["send_invitation", { ...ADMIN, role: "boss" }, /role: must be one of user, admin;/],
    ["send_invitation", { ...ADMIN, role: 1 }, /role: must be one of user, admin;/],
    ["list_invitations", { limit: 0 }, /limit: must be a whole number within .*1-200/],
    ["list_invitations", { limit: "ten", status: "x" }, /status: must be .*limit: must be/],
    ["list_invitations", { older_than_days: 1.5 }, /older_than_days: must be a whole number/],
    ["list_invitations", { email: ["bob"] }, /email: must be text/],
    ["list_invitations", { "": "[1]" }, /The arguments are not an object with names; this tool/],
  ])("%s with %j", async (tool, args, expected) => {
    const { text } = await call(tool, args);
    expect(text).toMatch(expected);
    expect(text).not.toMatch(/expected|received|undefined|Invalid/);
    expect(trieve.proxy.seen).toEqual([]);
  });
});

describe("a confirmation", () => {
  test.each<[string, (text: string) => string]>([
    ["in quotes", (text) => `"${text}"`],
    ["in curly quotes", (text) => `\u201c${text}\u201d`],
    ["in backticks with a full stop", (text) => ` \`${text}\`. `],
    ["with its name", (text) => `confirmation: ${text}`],
    ["in brackets and bold", (text) => `**<${text}>**`],
    ["broken over lines", (text) => text.replace(" ", "\n  ")],
  ])("%s works", async (_, wrap) => {
    const server = await connectInMemory(trieve);
    const { facts } = await server.call("send_invitation", ADMIN);
    const confirmation = wrap(facts.confirmation);
    const done = await server.call("send_invitation", { ...ADMIN, confirmation });
    expect(done.facts).toMatchObject({ outcome: "done", confirmed_by: "code" });
  });

  test("is ignored on a call that needs none, and worth nothing on one that does", async () => {
    const server = await connectInMemory(trieve);
    const confirmation = "yes";
    const sent = await server.call("send_invitation", {
      emails: ["ann@example.com"],
      confirmation,
    });
    expect(sent.facts.outcome).toBe("done");
    const asked = await server.call("send_invitation", {
      emails: ["eve@example.com"],
      role: "admin",
      confirmation,
    });
    expect(asked.text).toMatch(/^confirmation_invalid: /);
    expect(trieve.proxy.count("POST")).toBe(1);
  });
});
