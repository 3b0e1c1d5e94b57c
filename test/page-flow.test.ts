import { setTimeout as soon } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { steppedClock } from "./support/app.ts";
import { says } from "./support/client.ts";
import { connectInMemory, type MemoryServer } from "./support/memory.ts";
import { createOpener, type Opener, plainBrowser, request } from "./support/opener.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// The question as a page in this process, on a clock that tests move on: every turn of it, and no waiting.
// The same through the built program and in real time is in page.test.ts.

let trieve: TestTrieve;
let clock: ReturnType<typeof steppedClock>;
let opener: Opener;
let server: MemoryServer;
let id: string;
beforeEach(async () => {
  trieve = await startTrieve();
  id = trieve.add("bob@example.com", { role: 1 }).id;
  clock = steppedClock();
  opener = createOpener();
  server = await connect({});
});
afterEach(async () => {
  await server.client.close();
  await trieve.close();
});

const connect = (environment: Record<string, string>, person?: typeof says.yes) =>
  connectInMemory({
    environment: {
      ...trieve.environment,
      TRIEVE_CONFIRM: "page,form,code",
      BROWSER: opener.command,
      ...environment,
    },
    clock,
    ...(person === undefined ? {} : { person }),
  });
const remove = (more: object = {}) =>
  server.call("delete_invitation", { invitation_id: id, ...more });
const deletes = () => trieve.proxy.count("DELETE");

/** The page of the call, read by a browser. */
async function opened(count = 1) {
  const url = await opener.address(count);
  const browser = plainBrowser(url);
  return { url, browser, page: await browser.read() };
}

/** Moves the clock on by seconds, and lets what waits for it go on. */
async function pass(seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 0.5) {
    clock.step(500);
    await soon(2);
  }
}

async function untilOver(url: string): Promise<void> {
  const isOpen = () =>
    request(url).then(
      () => true,
      () => false,
    );
  for (let tries = 0; await isOpen(); tries += 1) {
    if (tries > 100) throw new Error("the page is still served");
    await soon(10);
  }
}

test("shows the deed as a heading, facts and two choices, in words that are safe", async () => {
  const evil = trieve.add('<b onclick="x">@x.org; Role: user', { role: 2, days: 3 });
  const removed = server.call("delete_invitation", { invitation_id: evil.id });
  const { browser, page } = await opened();
  expect(page.status).toBe(200);
  const shown = page.text
    .replace(/value="[\w-]{22}"/, 'value="..."')
    .replace(/<style>[^<]+<\/style>/, "<style>...</style>")
    .replace(/\d{4}-\d\d-\d\d/, "YYYY-MM-DD")
    .replace(/127\.0\.0\.1:\d+/, "127.0.0.1:port")
    .replace(evil.id.slice(0, 8), "id");
  await expect(shown).toMatchFileSnapshot("contract/question.html");
  await browser.press("keep");
  expect((await removed).facts.reason).toBe("kept");
});

test("a yes counts 10 s after the opening, and deletes", async () => {
  const removed = remove();
  const { url, browser, page } = await opened();
  expect(page.text).toContain("<h1>Delete this invitation?</h1>");
  await pass(1.5);
  const pressed = await browser.press("delete");
  expect(pressed.text).toContain("<h1>Your answer: delete</h1>");
  expect(pressed.text).toContain("It is on its way and counts in 9 s, unless this page is opened");
  expect(pressed.text).toMatch(/You can close this page\.<.*kept until \d\d:\d\d, should your/s);
  // The same browser may look again.
  expect((await browser.read()).text).toContain("<h1>Your answer: delete</h1>");
  await pass(8);
  expect(deletes()).toBe(0);
  await pass(0.5);
  const { facts } = await removed;
  expect(facts).toMatchObject({ outcome: "deleted", confirmed_by: "page" });
  expect(deletes()).toBe(1);
  await untilOver(url);
});

test("a yes before the button is there shows the question again", async () => {
  const removed = remove();
  const { browser } = await opened();
  await pass(1);
  const early = await browser.press("delete");
  expect(early.text).toContain("<h1>Delete this invitation?</h1>");
  expect(early.headers["set-cookie"]?.[0]).toContain(browser.cookie);
  expect(early.text).toContain(browser.field);
  await browser.press("keep");
  expect((await removed).facts).toMatchObject({ outcome: "not_confirmed", reason: "kept" });
  expect(deletes()).toBe(0);
});

test("a no counts at once, is told on the page, and closes it", async () => {
  const removed = remove();
  const { url, browser } = await opened();
  const { text } = await browser.press("keep");
  expect(text).toContain("<h1>Your answer: keep</h1>");
  expect(text).toContain("<p>Nothing was done, and nothing will be.</p>");
  const { facts } = await removed;
  expect(facts.note).toBe(
    "Nothing was done: no confirmation was obtained. The refusing choice was taken. Do not retry unless the user asks for it.",
  );
  await untilOver(url);
  for (const count of [2, 3]) {
    const again = remove();
    await (await opened(count)).browser.press("keep");
    await again;
  }
  const paused = await remove();
  expect(paused.facts.reason).toBe("kept");
  expect(paused.facts.note).toContain("asked three times within 10 minutes");
  expect(opener.starts()).toHaveLength(3);
});

test("a second reader voids the question, also after the yes, and no way follows", async () => {
  const removed = remove();
  const { url, browser } = await opened();
  await pass(2);
  await browser.press("delete");
  const second = await plainBrowser(url).read();
  expect(second.status).toBe(410);
  expect(second.text).toContain("<h1>This question is over</h1>");
  expect(second.text).toContain("If it was not you who opened it, another program");
  expect(second.headers["set-cookie"]).toBeUndefined();
  const { facts } = await removed;
  expect(facts).toMatchObject({ outcome: "not_confirmed", reason: "opened_twice" });
  expect(facts).not.toHaveProperty("confirmation");
  await untilOver(url);
  expect(deletes()).toBe(0);
});

describe("what breaks a rule", () => {
  test("is refused, is no reading, and changes nothing", async () => {
    const removed = remove();
    const url = await opener.address();
    const { origin, port, pathname } = new URL(url);
    const get = (path: string, headers = {}) => request(`${origin}${path}`, { headers });
    expect((await get(pathname, { host: `localhost:${port}` })).status).toBe(403);
    expect((await get(pathname, { "sec-fetch-site": "cross-site" })).status).toBe(403);
    expect((await get("/")).status).toBe(404);
    expect((await get(`${pathname}?x`)).status).toBe(404);
    const browser = plainBrowser(url);
    const { headers } = await browser.read();
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "referrer-policy": "same-origin",
      "cache-control": "no-store",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
      connection: "close",
    });
    expect(headers["set-cookie"]?.[0]).toMatch(
      /^reader=[\w-]{22}; Path=\/[\w-]{22}; Max-Age=600; HttpOnly; SameSite=Strict$/,
    );
    await pass(2);
    const other = "A".repeat(22);
    for (const [change, status] of [
      [{ host: `localhost:${port}` }, 403],
      [{ origin: undefined }, 403],
      [{ origin: "null" }, 403],
      [{ site: "same-site" }, 403],
      [{ cookie: undefined }, 403],
      [{ cookie: `reader=${other}` }, 403],
      [{ cookie: `other=${browser.cookie.slice(7)}` }, 403],
      [{ field: undefined }, 403],
      [{ field: other }, 403],
      [{ type: "text/plain" }, 403],
      [{ method: "PUT" }, 405],
      [{ path: `${origin}/${other}` }, 404],
    ] as const) {
      expect([change, (await browser.press("delete", change)).status]).toEqual([change, status]);
    }
    expect((await browser.press("yes")).status).toBe(403);
    const body = `field=${browser.field}&decision=delete&more=${"x".repeat(1_000)}`;
    await expect(browser.press("delete", { body })).rejects.toThrow();
    expect((await browser.read()).text).toContain("Delete this invitation?");
    // The cookie may stand beside others, and the browser need not say where it comes from.
    const cookie = `a=b; ${browser.cookie}; c`;
    const { text } = await browser.press("keep", { site: undefined, cookie });
    expect(text).toContain("Your answer: keep");
    await removed;
    expect(deletes()).toBe(0);
  });
});

describe("a call waits for 30 s", () => {
  test("and leaves the page open; a yes is kept for the same call, which acts at once", async () => {
    const begun = clock.now();
    const removed = remove();
    const { url, browser } = await opened();
    await pass(12);
    const other = await server.call("send_invitation", { email: "a@x.org", role: "admin" });
    expect(other.text).toBe(
      "busy: Another question is waiting for a person's answer: delete invitation of bob@example.com (admin). Let it be answered, or call again in 588 seconds at the latest; nothing was done. For several at once use send_invitations, resend_invitations or delete_invitations, which ask once.",
    );
    await pass(18);
    const { facts } = await removed;
    expect(facts).toMatchObject({
      outcome: "confirmation_pending",
      next: 'Ask the user to answer on the page that is open in their browser ("delete invitation of bob@example.com (admin)"). Then call again with the same arguments; each call waits for up to 30 seconds.',
      note: "Nothing was done yet.",
      expires_at: `${new Date(begun + 600_000).toISOString().slice(0, 19)}Z`,
      invitation: { id },
    });
    expect(facts).not.toHaveProperty("confirmation");
    const pressed = await browser.press("delete");
    expect(pressed.text).toMatch(
      /Tell your assistant to go on; nothing is done until then\. It is kept until \d\d:\d\d\./,
    );
    await untilOver(url);
    expect(deletes()).toBe(0);
    expect((await remove()).facts).toMatchObject({ outcome: "deleted", confirmed_by: "page" });
    expect(opener.starts()).toHaveLength(1);
  });

  test("and the same call again, which takes a no", async () => {
    const removed = remove();
    const { browser } = await opened();
    await pass(30);
    expect((await removed).facts.outcome).toBe("confirmation_pending");
    const again = remove();
    await soon(50);
    expect((await browser.read()).text).toContain("Delete this invitation?");
    await browser.press("keep");
    expect((await again).facts).toMatchObject({ reason: "kept" });
    expect(opener.starts()).toHaveLength(1);
  });

  test("and no longer than the question's 10 minutes", async () => {
    const removed = remove();
    const { url } = await opened();
    await pass(30);
    expect((await removed).facts.outcome).toBe("confirmation_pending");
    clock.step(580_000);
    await untilOver(url);
    const again = remove();
    const next = await opened(2);
    await next.browser.press("keep");
    expect((await again).facts).toMatchObject({ reason: "kept" });
    expect(next.url).not.toBe(url);
  });

  test("and a yes that leaves less than 25 s of its time is kept for the next one", async () => {
    let reading = 0;
    trieve.proxy.always(({ method }) => {
      if (method === "GET" && reading++ === 0) clock.step(4_500);
      return { pass: true };
    });
    const removed = remove();
    const { browser } = await opened();
    await pass(27);
    await browser.press("delete");
    const { facts } = await removed;
    expect(facts).toMatchObject({
      outcome: "confirmation_pending",
      next: "The page was answered: call again with the same arguments at once.",
    });
    expect(deletes()).toBe(0);
    expect((await remove()).facts.outcome).toBe("deleted");
  });
});

test("a caller who wants it gets a sign of life every 15 s, and none afterwards", async () => {
  const told: (string | undefined)[] = [];
  const call = server.client.callTool(
    { name: "delete_invitation", arguments: { invitation_id: id } },
    undefined,
    { onprogress: ({ message }) => told.push(message) },
  );
  const { browser } = await opened();
  await pass(14.5);
  expect(told).toEqual([]);
  await pass(1);
  expect(told).toEqual(["Waiting for a person's answer"]);
  await browser.press("keep");
  await call;
  await pass(30);
  expect(told).toHaveLength(1);
});

test("a cancelled call takes its page along", async () => {
  const client = new AbortController();
  const removed = server
    .call("delete_invitation", { invitation_id: id }, { signal: client.signal })
    .catch(() => "cancelled");
  const { url } = await opened();
  client.abort();
  expect(await removed).toBe("cancelled");
  await untilOver(url);
  // Its question is over too: the same may be asked anew.
  const again = remove();
  await (await opened(2)).browser.press("keep");
  expect((await again).facts.reason).toBe("kept");
  expect(deletes()).toBe(0);
});

describe("where no browser opens the page, the next way is taken", () => {
  const PROGRAM = "No page was used: no browser could be opened on this machine (BROWSER names";
  test.each([
    ["no such program", "/no/such/browser", PROGRAM],
    ["a program that fails", createOpener({ exitCode: 3 }).command, PROGRAM],
  ])("%s", async (_, browser, why) => {
    server = await connect({ BROWSER: browser });
    const { facts } = await remove();
    expect(facts).toMatchObject({
      outcome: "confirmation_required",
      show_to_user: expect.any(String),
    });
    expect(facts.note).toContain(why);
    expect(facts.note).toMatch(/^Nothing was done yet\. /);
    const { confirmation } = facts;
    expect((await remove({ confirmation })).facts).toMatchObject({ confirmed_by: "code" });
  });

  test("nothing that fetches it within 10 s, after which the page is void", async () => {
    const removed = remove();
    const url = await opener.address();
    await pass(9.5);
    expect(await Promise.race([removed, soon(50)])).toBeUndefined();
    await pass(0.5);
    const { facts } = await removed;
    expect(facts.note).toBe(
      "Nothing was done yet. No page was used: no browser fetched the page within 10 seconds.",
    );
    await untilOver(url);
    expect((await remove({ confirmation: facts.confirmation })).facts.outcome).toBe("deleted");
  });

  test("a form, where that is the next one", async () => {
    server = await connect({ BROWSER: "/no/such/browser" }, says.yes);
    const { facts } = await remove();
    expect(facts).toMatchObject({ outcome: "deleted", confirmed_by: "form" });
    expect(server.questions).toHaveLength(1);
  });

  test("and without one the call is refused", async () => {
    server = await connect({ BROWSER: "/no/such/browser", TRIEVE_CONFIRM: "form,page" });
    expect((await remove()).text).toBe(
      "confirmation_unavailable: This needs a person's yes, and nobody can be asked: the client does not offer form elicitation, and no browser could be opened on this machine (BROWSER names a program for that) (this server is set to TRIEVE_CONFIRM=form,page); nothing was done. Tell the user what is missing; do not retry until it is there.",
    );
    server = await connect({ BROWSER: "", SSH_CONNECTION: "192.0.2.1 1", TRIEVE_CONFIRM: "page" });
    expect((await remove()).text).toMatch(/remote shell.*; BROWSER may name a program that opens/);
  });

  test("a code from before is worth nothing once a page was refused", async () => {
    server = await connect({ BROWSER: createOpener({ exitCode: 3 }).command });
    const { confirmation } = (await remove()).facts;
    expect(confirmation).toMatch(/^delete invitation of bob@example\.com \(admin\) [\w-]{22}$/);
    expect((await remove({ confirmation: `${confirmation}x` })).facts.outcome).toBe(
      "confirmation_required",
    );
  });
});

test("%s in BROWSER stands for the address, and blanks for more arguments", async () => {
  opener = createOpener({ more: "--new 'a b' go=%s" });
  server = await connect({});
  const removed = remove();
  const start = await opener.address();
  const url = start.replace(/^go=/, "");
  expect(opener.starts()[0]).toEqual(["--new", "a b", `go=${url}`]);
  const browser = plainBrowser(url);
  await browser.read();
  await browser.press("keep");
  await removed;
});
