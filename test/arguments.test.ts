import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// What models send as arguments: what is clear is taken as meant, the rest gets the sentence that helps.

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const ADMIN = { email: "ann@example.com", role: "admin" };

describe("an argument that a tool does not know", () => {
  test.each([
    ["send_invitation", { email: "ann@example.com", dry_run: true }, "dry_run"],
    ["send_invitation", { email: "ann@example.com", send_email: false }, "send_email"],
    ["delete_invitation", { invitation_id: "x", organization_id: "y" }, "organization_id"],
    ["send_invitation", { ...ADMIN, "we`ird": 1 }, "we\\`ird"],
  ])("is refused by %s with %j before anything is read", async (tool, args, named) => {
    const { text } = await (await connectInMemory(trieve)).call(tool, args);
    expect(text).toContain(`invalid_input: ${named} is no argument of this tool, which takes `);
    expect(text).toContain("nothing was done");
    expect(trieve.proxy.seen).toEqual([]);
  });

  test.each([
    ["resend_invitations", "invitation_id", "Call again with invitation_ids in its place"],
    ["delete_invitation", "invitation_ids", "Use delete_invitations"],
    ["send_invitation", "emails", "Use send_invitations"],
    ["delete_invitation", "id", "Call again with invitation_id in its place"],
    ["delete_invitations", "ids", "Call again with invitation_ids in its place"],
    ["delete_invitation", "invitationId", "Call again with invitation_id in its place"],
    ["send_invitation", "email_address", "Call again with email in its place"],
    ["send_invitation", "invitation_id", "Call again without it"],
    ["resend_invitations", "emails", "Call again without it"],
    [
      "delete_invitation",
      "older_than_days",
      "Use list_invitations, which takes it and gives the ids",
    ],
  ])("of %s, %s, leads to no other deed", async (tool, name, next) => {
    const { text } = await (await connectInMemory(trieve)).call(tool, { [name]: "x" });
    expect(text).toContain(`; nothing was done. ${next}`);
  });

  test("is named by the list, which answers", async () => {
    const server = await connectInMemory(trieve);
    const { facts, text } = await server.call("list_invitations", { expired: true, sort: "x" });
    expect(facts).toMatchObject({ matched: 0, ignored: ["expired", "sort"] });
    expect(text).toContain("expired, sort");
  });

  test("is dropped quietly where clients add it, or where it is null", async () => {
    const server = await connectInMemory(trieve);
    const added = { wait_for_previous: true, task_progress: "- [ ] x", note: null };
    const sent = await server.call("send_invitation", { email: "ann@example.com", ...added });
    expect(sent.facts.outcome).toBe("invited");
    expect((await server.call("list_invitations", added)).facts).not.toHaveProperty("ignored");
  });
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
    const { facts } = await (await connectInMemory(trieve)).call("list_invitations", filters);
    expect(facts.matched).toBe(1);
  });

  test("several addresses in one text, and an id with signs around it", async () => {
    const server = await connectInMemory(trieve);
    const emails = "ann@example.com, bob@example.com\ncarl@example.com";
    const { facts } = await server.call("send_invitations", { emails });
    expect(facts.show_to_user).toContain("Send 3 invitations as user?");
    const { id } = trieve.add("dora@example.com");
    const asked = await server.call("delete_invitation", { invitation_id: `"\`${id}\`"` });
    expect(asked.facts.outcome).toBe("confirmation_required");
  });

  test("the role of an invitation in capitals", async () => {
    const server = await connectInMemory(trieve);
    const { facts } = await server.call("send_invitation", { ...ADMIN, role: " Admin " });
    expect(facts).toMatchObject({ outcome: "confirmation_required", role: "admin" });
  });
});

describe("what is missing or wrong gets a sentence", () => {
  test("that offers no role which the operator does not allow", async () => {
    const environment = { ...trieve.environment, TRIEVE_MAX_ROLE: "user" };
    const server = await connectInMemory({ environment });
    const { text } = await server.call("send_invitation", { ...ADMIN, role: "member" });
    expect(text).toContain("role: must be one of user (");
    const listed = await server.call("list_invitations", { role: "member" });
    expect(listed.text).toContain("role: must be one of user, admin, owner (");
  });

  test("that names an empty address by its number", async () => {
    const server = await connectInMemory(trieve);
    const { text } = await server.call("send_invitations", { emails: ["ann@example.com", " "] });
    expect(text).toContain("number 2: The address is empty");
  });

  test("that says what is wrong with a short id", async () => {
    const server = await connectInMemory(trieve);
    const { text } = await server.call("delete_invitation", { invitation_id: "00000003" });
    expect(text).toContain("invitation_id: must be a whole id, 36 characters");
  });

  test.each<[string, object, RegExp]>([
    ["send_invitation", {}, /^invalid_input: email: it is missing \(.*\)\. /],
    ["delete_invitation", {}, /^invalid_input: invitation_id: it is missing \(id from list_inv/],
    ["delete_invitation", { invitation_id: 5 }, /^invalid_input: invitation_id: must be text/],
    ["send_invitation", { email: ["a@b.org"] }, /^invalid_input: email: must be text/],
    ["send_invitation", { ...ADMIN, role: "boss" }, /role: must be one of user, admin \(/],
    ["list_invitations", { limit: 0 }, /limit: must be a whole number within .*1-200/],
    ["list_invitations", { limit: "ten", status: "x" }, /status: must be .*limit: must be/],
    ["list_invitations", { older_than_days: 1.5 }, /older_than_days: must be a whole number/],
  ])("%s with %j", async (tool, args, expected) => {
    const { text } = await (await connectInMemory(trieve)).call(tool, args);
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
    expect(done.facts).toMatchObject({ outcome: "invited", confirmed_by: "code" });
  });

  test("is ignored on a call that needs none, and worth nothing on one that does", async () => {
    const server = await connectInMemory(trieve);
    const confirmation = "yes";
    const sent = await server.call("send_invitation", { email: "ann@example.com", confirmation });
    expect(sent.facts.outcome).toBe("invited");
    const asked = await server.call("send_invitation", {
      email: "eve@example.com",
      role: "admin",
      confirmation,
    });
    expect(asked.text).toMatch(/^confirmation_invalid: /);
    expect(trieve.proxy.count("POST")).toBe(1);
  });
});
