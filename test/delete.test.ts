import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { says } from "./support/client.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

test("asks, re-reads, deletes: three requests", async () => {
  const { id } = trieve.add("bob@example.com", { role: 1, days: 23 });
  const server = await connectInMemory({ ...trieve, person: says.yes });
  const { facts } = await server.call("delete_invitation", { invitation_id: id });
  expect(facts).toMatchObject({
    outcome: "deleted",
    confirmed_by: "form",
    organization_id: trieve.store.organizationId,
    invitation: { id, email: "bob@example.com", role: "admin", status: "pending", age_days: 23 },
  });
  expect(trieve.store.rows).toEqual([]);
  expect(trieve.proxy.seen.map(({ method }) => method)).toEqual(["GET", "GET", "DELETE"]);
  const sent = new Date(Date.now() - 23 * 86_400_000).toISOString().slice(0, 10);
  expect(server.questions[0]?.split("\n")).toEqual([
    "Delete this invitation? This cannot be undone.",
    "E-mail: bob@example.com",
    "Role: admin (can invite and remove people)",
    "Status: pending - the mailed link stops working",
    `Sent: ${sent} (23 days ago)`,
    `Organization: ${trieve.store.organizationId}`,
    `Trieve: ${new URL(trieve.proxy.url).host}`,
    `Invitation: ${id.slice(0, 8)}`,
  ]);
});

test("tells a client that cannot ask all that a person would be told", async () => {
  const { id } = trieve.add("bob@example.com", { role: 1, days: 1 });
  const server = await connectInMemory(trieve);
  const host = new URL(trieve.proxy.url).host;
  const where = `Organization: ${trieve.store.organizationId}; Trieve: ${host}`;
  const asked = await server.call("delete_invitation", { invitation_id: id });
  const sent = asked.facts.invitation.sent_at.slice(0, 10);
  expect(asked.facts.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(asked.text.split("\n")).toEqual([
    `confirmation_required: ${asked.facts.note}`,
    `organization_id: ${trieve.store.organizationId}`,
    `show_to_user: ${asked.facts.show_to_user}`,
    `next: ${asked.facts.next}`,
    `confirmation: ${asked.facts.confirmation}`,
    `expires_at: ${asked.facts.expires_at}`,
    `invitation: ${id} admin pending ${asked.facts.invitation.sent_at} 1 bob@example.com`,
  ]);
  expect(asked.facts.next).toMatch(/^Show that to the user .* Then repeat/);
  expect(asked.facts.show_to_user).toBe(
    `Delete this invitation? This cannot be undone. E-mail: bob@example.com; Role: admin (can invite and remove people); Status: pending - the mailed link stops working; Sent: ${sent} (1 day ago); ${where}; Invitation: ${id.slice(0, 8)}`,
  );
  const send = await server.call("send_invitation", { email: "ann@example.com", role: "admin" });
  expect(send.facts.show_to_user).toBe(
    `Send this invitation? E-mail: ann@example.com; Role: admin (can invite and remove people); A person who has a Trieve account joins at once, which cannot be undone here; ${where}`,
  );
});

test("says of a used one that the person stays a member, before and after", async () => {
  const { id } = trieve.add("bob@example.com", { used: true });
  const server = await connectInMemory({ ...trieve, person: says.yes });
  const { facts } = await server.call("delete_invitation", { invitation_id: id });
  expect(facts.note).toContain("stays a member");
  expect(server.questions[0]).toContain("stays a member");
});

test("only an id of the organization's own list gets as far as a question", async () => {
  const foreign = trieve.add("eve@example.com");
  foreign.organization_id = "11111111-1111-4111-8111-111111111111";
  const server = await connectInMemory({ ...trieve, person: says.yes });
  for (const id of [foreign.id, "22222222-2222-4222-8222-222222222222"]) {
    const { isError, text } = await server.call("delete_invitation", { invitation_id: id });
    expect(isError).toBe(true);
    expect(text).toMatch(/^not_found: /);
  }
  const { text } = await server.call("delete_invitation", { invitation_id: "../invitations" });
  expect(text).toMatch(/^invalid_input: invitation_id: /);
  expect(server.questions).toEqual([]);
  expect(trieve.proxy.count("DELETE")).toBe(0);
});

test("takes the id in any case of letters", async () => {
  const { id } = trieve.add("bob@example.com");
  const server = await connectInMemory({ ...trieve, person: says.yes });
  const { facts } = await server.call("delete_invitation", { invitation_id: id.toUpperCase() });
  expect(facts.outcome).toBe("deleted");
});

describe("without a prompt", () => {
  test("a code is shown and works once, with the arguments it was made for", async () => {
    const { id } = trieve.add("bob@example.com", { role: 1 });
    const server = await connectInMemory(trieve);
    const first = await server.call("delete_invitation", { invitation_id: id });
    expect(first.facts).toMatchObject({ outcome: "confirmation_required", invitation: { id } });
    const { confirmation } = first.facts;
    expect(confirmation).toMatch(
      /^delete invitation of bob@example\.com \(admin\) [A-Za-z0-9_-]{22}$/,
    );
    expect(first.text).toContain(confirmation);
    expect(trieve.proxy.count("DELETE")).toBe(0);

    const second = await server.call("delete_invitation", { invitation_id: id, confirmation });
    expect(second.facts).toMatchObject({ outcome: "deleted", confirmed_by: "code" });
    const third = await server.call("delete_invitation", { invitation_id: id, confirmation });
    expect(third.text).toMatch(/^confirmation_invalid: The confirmation is unknown, used, older/);
    expect(trieve.proxy.count("DELETE")).toBe(1);
  });

  test("TRIEVE_CONFIRM=form refuses and says why", async () => {
    const { id } = trieve.add("bob@example.com");
    const environment = { ...trieve.environment, TRIEVE_CONFIRM: "form" };
    const server = await connectInMemory({ environment });
    const { isError, text } = await server.call("delete_invitation", {
      invitation_id: id,
      confirmation: "please",
    });
    expect(isError).toBe(true);
    expect(text).toMatch(/^confirmation_unavailable: .*form elicitation.*TRIEVE_CONFIRM=form/);
    expect(trieve.proxy.count("DELETE")).toBe(0);
  });
});

test("every attempt leaves one audit line", async () => {
  const { id } = trieve.add("bob@example.com", { role: 1 });
  const server = await connectInMemory({ ...trieve, person: says.yes });
  await server.call("delete_invitation", { invitation_id: id });
  await server.call("send_invitation", { email: "no address" });
  await server.call("list_invitations");
  expect(server.log.map((line) => JSON.parse(line))).toEqual([
    {
      time: expect.stringMatching(/Z$/),
      tool: "delete_invitation",
      organization_id: trieve.store.organizationId,
      email: "bob@example.com",
      role: "admin",
      invitation: id.slice(0, 8),
      outcome: "deleted",
      confirmed_by: "form",
      requests: 3,
      ms: expect.any(Number),
    },
    expect.objectContaining({
      tool: "send_invitation",
      email: "no address",
      outcome: "invalid_email",
    }),
  ]);
});
