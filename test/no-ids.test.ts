import { randomUUID } from "node:crypto";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as soon } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { addMember } from "../src/sandbox/store.ts";
import { connectBin, toolCall } from "./support/bin.ts";
import { type Person, says } from "./support/client.ts";
import { createOpener, plainBrowser } from "./support/opener.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// The id of an invitation is the code that joins the organization: none leaves the process whole, in whatever
// spelling, on whatever way.

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

/** Every spelling in which an id could be found. */
function spellings(id: string): string[] {
  const bytes = Buffer.from(id.replaceAll("-", ""), "hex");
  return [
    // One sign less is as good as all: who has that only has to try.
    id.slice(0, -1),
    id.replaceAll("-", ""),
    bytes.toString("base64").replace(/=+$/, "").toLowerCase(),
    bytes.toString("base64url").toLowerCase(),
  ];
}

/** A text, and what is in it in base64. */
function readable(text: string): string {
  const packed = text.match(/[\w+/-]{24,}/g) ?? [];
  return [text, ...packed.map((one) => Buffer.from(one, "base64").toString("latin1"))]
    .join("\n")
    .toLowerCase();
}

/** The ids in a text, each with what stands before it. */
function leaks(ids: Iterable<string>, where: string, text: string): string[] {
  const all = readable(text);
  return [...ids].flatMap((id) =>
    spellings(id).flatMap((spelling) => {
      const at = all.indexOf(spelling);
      return at < 0 ? [] : `${where}: ${all.slice(Math.max(0, at - 60), at)}${spelling}`;
    }),
  );
}

test("no id leaves the process whole, on stdout, stderr, in the audit file or on a page", async () => {
  const audit = join(mkdtempSync(join(tmpdir(), "trieve-")), "audit.log");
  const opener = createOpener();
  const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: audit, BROWSER: opener.command };
  const ids = new Set<string>();
  const left: [where: string, text: string][] = [];

  function noteIds(): void {
    for (const { id } of trieve.store.rows) ids.add(id);
    for (const { method, path } of trieve.proxy.seen) {
      if (method === "DELETE") ids.add(path.split("/").at(-1) ?? "");
    }
  }
  /** Puts an invitation there, and gives its id. */
  function add(...invitation: Parameters<TestTrieve["add"]>): string {
    const { id } = trieve.add(...invitation);
    noteIds();
    return id;
  }
  /** An id that no list shows, as a caller may name it. */
  function unlisted(): string {
    const id = randomUUID();
    ids.add(id);
    return id;
  }
  /** Has the next answers to a method hold every id there is. */
  function breakNext(method: string, ...statuses: number[]): void {
    noteIds();
    const message = [...ids].join(" ");
    const headers = { location: `http://127.0.0.1:1/${message}`, "www-authenticate": message };
    const body = JSON.stringify({ message });
    trieve.proxy.next(method, ...statuses.map((answer) => ({ answer, body, headers })));
  }

  /** Calls whose answers begin with the word that is expected; a list's begins with a number. */
  async function connect(TRIEVE_CONFIRM: string, person?: Person) {
    const server = await connectBin({
      environment: { ...environment, TRIEVE_CONFIRM },
      ...(person === undefined ? {} : { person }),
    });
    return {
      async call(expected: string, name: string, args: object) {
        const answer = await server.call(name, args);
        noteIds();
        expect(answer.text).toMatch(new RegExp(`^${expected}\\b`));
        return answer;
      },
      bin: server.bin,
      async close() {
        await server.close();
        left.push([`stdout with ${TRIEVE_CONFIRM}`, server.bin.stdout()]);
        left.push([`stderr with ${TRIEVE_CONFIRM}`, server.bin.stderr()]);
      },
    };
  }

  const list = "list_invitations";
  const send = "send_invitation";
  const resend = "resend_invitation";
  const remove = "delete_invitation";
  const bob = add("bob@example.com", { role: 1 });
  const alike = ["aaaaaaaa-1111-4000-8000-0123456789ab", "aaaaaaaa-1122-4000-8000-123456789abc"];
  for (const id of alike) add(`${id.slice(9, 13)}@example.com`, { id, days: 5 });
  for (const email of ["twin@example.com", "Twin@example.com"]) add(email, { days: 9 });
  const used = add("used@example.com", { used: true });
  const scoped = add("scoped@example.com");
  for (const row of trieve.store.rows) if (row.id === scoped) row.scopes = ["a"];

  for (const name of ["Ann", null]) {
    addMember(trieve.store, { email: `${name}@member.example.com`, name });
  }

  let onQuestion = () => {};
  const form = await connect("form", (question) => {
    onQuestion();
    return says.yes(question);
  });
  for (const order of ["newest", "oldest"]) {
    const { facts } = await form.call("7", list, { status: "all", order, limit: 2 });
    const cursor = facts.next_cursor;
    await form.call("7", list, { status: "all", order, limit: 2, cursor });
    await form.call("invalid_input", list, { status: "used", order, limit: 2, cursor });
  }
  for (const { id } of trieve.store.members.values()) ids.add(id);
  await form.call("2", "list_members", {});
  breakNext("GET", 500, 400, 200);
  await form.call("bad_response", list, {});

  await form.call("done", send, { emails: ["new@example.com"] });
  await form.call("done", send, { emails: ["boss@example.com"], role: "admin" });
  await form.call("done", send, { emails: ["m1@example.com", "m2@example.com"] });
  await form.call("nothing_to_do", send, { emails: ["new@example.com"] });
  await form.call("already_invited", send, { emails: ["new@example.com"], role: "admin" });
  await form.call("already_accepted", send, { emails: ["used@example.com"] });
  trieve.store.refuseMail = true;
  await form.call("mail_unconfirmed", send, { emails: ["lost@example.com"] });
  trieve.store.refuseMail = false;
  breakNext("POST", 400);
  await form.call("outcome_unknown", send, { emails: ["unclear@example.com"] });
  breakNext("POST", 403);
  await form.call("forbidden", send, { emails: ["no@example.com"] });

  await form.call("done", resend, { invitations: ["new@example.com"] });
  await form.call("done", resend, { invitations: [bob], role: "user" });
  await form.call("nothing_to_do", resend, { invitations: [bob] });
  await form.call("partly_done", resend, { invitations: ["m1@example.com", unlisted(), scoped] });
  await form.call("already_accepted", resend, { invitations: [used] });
  await form.call("not_supported", resend, { invitations: [scoped.slice(0, 8)] });
  breakNext("POST", 403);
  await form.call("deleted_not_sent", resend, { invitations: ["m2@example.com"] });

  await form.call("ambiguous", remove, { invitations: ["twin@example.com", "aaaaaaaa"] });
  await form.call("done", remove, { invitations: [alike[0]?.toUpperCase()] });
  await form.call("nothing_to_do", remove, { invitations: [alike[0]] });
  await form.call("done", remove, { invitations: ["boss@example.com", used] });
  await form.call("partly_done", remove, { invitations: [unlisted(), "lost@example.com"] });
  await form.call("not_found", remove, { invitations: [unlisted(), unlisted().toUpperCase()] });
  await form.call("not_found", remove, { invitations: [unlisted().slice(0, -1)] });
  const odd = add("odd@example.com");
  onQuestion = () => {
    for (const row of trieve.store.rows) if (row.id === odd) row.role = 2;
  };
  await form.call("changed", remove, { invitations: [odd] });
  breakNext("DELETE", 403);
  await form.call("forbidden", remove, { invitations: [odd] });
  breakNext("DELETE", 500, 502);
  await form.call("outcome_unknown", remove, { invitations: [odd] });
  breakNext("GET", 401);
  await form.call("unauthorized", remove, { invitations: [odd, unlisted()] });
  trieve.proxy.next("DELETE", { silence: "all" });
  const hanging = form.bin.stderr().length;
  form.bin.write(toolCall(99_999, remove, { invitations: [odd] }));
  const before = trieve.proxy.count("DELETE");
  while (trieve.proxy.count("DELETE") === before) await soon(10);
  await form.close();
  expect(form.bin.stderr().slice(hanging)).toContain(odd.slice(0, 8));

  const code = await connect("code");
  const both = { invitations: [odd, "scoped@example.com"] };
  const { facts } = await code.call("confirmation_required", remove, both);
  await code.call("confirmation_invalid", remove, { ...both, confirmation: odd });
  await code.call("done", remove, { ...both, confirmation: facts.confirmation });
  await code.call("confirmation_required", resend, { invitations: [alike[1]] });
  await code.close();

  const page = await connect("page");
  const asked = page.call("not_confirmed", remove, { invitations: [alike[1]] });
  const browser = plainBrowser(await opener.address());
  left.push(["a page", (await browser.read()).text]);
  left.push(["an answered page", (await browser.press("keep")).text]);
  await asked;
  left.push(["the address of a page", opener.starts().flat().join("\n")]);
  await page.close();

  left.push(["the audit file", readFileSync(audit, "utf8")]);
  noteIds();
  expect(ids.size).toBeGreaterThan(20);
  expect(left.filter(([, text]) => text.length < 10)).toEqual([]);
  expect(left.flatMap(([where, text]) => leaks(ids, where, text))).toEqual([]);
  // The scan finds what there is: beginnings stand everywhere.
  expect(left.map(([, text]) => text).join()).toContain(odd.slice(0, 8));
});
