import { setTimeout as soon } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { steppedClock } from "./support/app.ts";
import { type Person, says } from "./support/client.ts";
import { connectInMemory, type MemoryServer } from "./support/memory.ts";
import { connectModern } from "./support/modern.ts";
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

const connect = (environment: Record<string, string>, person?: Person) =>
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
  server.call("delete_invitation", { invitations: [id], ...more });
const deletes = () => trieve.proxy.count("DELETE");

/** The page of the call, read by a browser. */
async function opened(count = 1) {
  const url = await opener.address(count);
  const browser = plainBrowser(url);
  return { url, browser, page: await browser.read() };
}

/** The local time in so many seconds, as a person's clock shows it. */
function timeIn(seconds: number): string {
  return new Date(clock.now() + seconds * 1_000).toTimeString().slice(0, 5);
}

/** Moves the clock on by seconds, and lets what waits for it go on. */
async function pass(seconds: number): Promise<void> {
  for (let left = seconds; left > 0; left -= 0.5) {
    clock.step(500);
    await soon(2);
  }
}

/** A page that is over says so to everybody, without its question. */
async function expectOver(url: string): Promise<void> {
  const { status, text } = await request(url);
  expect([200, 410]).toContain(status);
  expect(text).toMatch(/<h1>(Your answer: [\w ]+|This question is over)<\/h1>/);
  expect(text).not.toMatch(/name="field"|bob@example/);
}

async function untilClosed(url: string): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    if (
      await request(url).then(
        () => false,
        () => true,
      )
    )
      return;
    await soon(10);
  }
  throw new Error("the page is still served");
}

test("shows the action as a heading, facts and two choices, in words that are safe", async () => {
  const evil = trieve.add('<b onclick="x">@x.org; Role: user', { role: 2, days: 3 });
  const removed = server.call("delete_invitation", { invitations: [evil.id] });
  const { browser, page } = await opened();
  expect(page.status).toBe(200);
  const shown = page.text
    .replace(/value="[\w-]{22}"/, 'value="..."')
    .replace(/<style>[^<]+<\/style>/, "<style>...</style>")
    .replace(/\d{4}-\d\d-\d\d/, "YYYY-MM-DD")
    .replace(/127\.0\.0\.1:\d+/, "127.0.0.1:port")
    .replace(`until ${timeIn(600)},`, "until hh:mm,")
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
  expect(pressed.text).toContain("<h1>Your answer: Delete</h1>");
  expect(pressed.text).toContain(
    "It counts in 9 s. Until then, the button below takes it back, and so does opening the address of this page again.",
  );
  expect(pressed.text).toContain("You can close this page.");
  await pass(8);
  expect(deletes()).toBe(0);
  await pass(0.5);
  const { facts } = await removed;
  expect(facts).toMatchObject({ outcome: "done", confirmed_by: "page" });
  expect(deletes()).toBe(1);
  await expectOver(url);
});

test("a yes can be taken back until it counts", async () => {
  const removed = remove();
  const { browser } = await opened();
  await pass(2);
  const { text } = await browser.press("delete");
  expect(text).toContain('<button name="decision" value="keep">Take it back</button>');
  expect(text).toContain(`name="field" value="${browser.field}"`);
  await pass(7.5);
  expect((await browser.press("keep")).text).toContain("<h1>Your answer: Keep</h1>");
  expect((await removed).facts).toMatchObject({ outcome: "not_confirmed", reason: "kept" });
  expect(deletes()).toBe(0);
});

test("a yes that counts has no button left, and is kept for the call that comes", async () => {
  const removed = remove();
  const { browser } = await opened();
  await pass(30);
  expect((await removed).facts.outcome).toBe("confirmation_pending");
  const { text } = await browser.press("delete");
  expect(text).toContain("Tell your assistant to go on");
  expect(text).not.toContain("<button");
  expect((await remove()).facts).toMatchObject({ outcome: "done", confirmed_by: "page" });
});

test("a yes before the button is there shows the question again", async () => {
  const removed = remove();
  const { browser } = await opened();
  await pass(1);
  const early = await browser.press("delete");
  expect(early.text).toContain("<h1>Delete this invitation?</h1>");
  expect(early.text).toContain(browser.field);
  await browser.press("keep");
  expect((await removed).facts).toMatchObject({ outcome: "not_confirmed", reason: "kept" });
  expect(deletes()).toBe(0);
});

test("a no counts at once, is told on the page, and closes it", async () => {
  const removed = remove();
  const { url, browser } = await opened();
  const { text } = await browser.press("keep");
  expect(text).toContain("<h1>Your answer: Keep</h1>");
  expect(text).toContain("<p>Nothing was done, and nothing will be.</p>");
  const { facts } = await removed;
  expect(facts.note).toBe(
    'Nothing was done: no confirmation was obtained. The answer was "keep". Do not retry unless the user asks for it.',
  );
  await expectOver(url);
  for (const count of [2, 3, 4, 5]) {
    const again = remove();
    await (await opened(count)).browser.press("keep");
    await again;
  }
  const paused = await server.call("send_invitation", { emails: ["a@x.org"], role: "admin" });
  expect(paused.facts).toMatchObject({ outcome: "not_confirmed", reason: "paused" });
  expect(paused.facts.note).toContain("last five questions");
  expect(opener.starts()).toHaveLength(5);
});

test("a second reading voids the question, also after the yes, and no way follows", async () => {
  const removed = remove();
  const { url, browser } = await opened();
  await pass(2);
  await browser.press("delete");
  const second = await plainBrowser(url).read();
  expect(second.status).toBe(410);
  expect(second.text).toContain("<h1>This question is over</h1>");
  expect(second.text).toContain("If you did not open it, another program");
  expect(second.headers["set-cookie"]).toBeUndefined();
  const { facts } = await removed;
  expect(facts).toMatchObject({ outcome: "not_confirmed", reason: "opened_twice" });
  expect(facts.note).toBe(
    "Nothing was done: no confirmation was obtained. The page was opened a second time: by a reload, a new tab, or another browser or program. No answer on it counts. Do not retry unless the user asks for it.",
  );
  expect(facts).not.toHaveProperty("confirmation");
  await expectOver(url);
  expect(deletes()).toBe(0);
});

describe("a first reading", () => {
  const WRONG: [string, Record<string, string>, RegExp][] = [
    [
      "by another name",
      { host: "evil.example.com:80" },
      /by an address other than 127.* \(evil\.example\.com:80\)/,
    ],
    [
      "by a host that says more",
      { host: "127.0.0.1.evil.org" },
      /by an address other than .* \(127\.0\.0\.1\.evil\.org\)/,
    ],
    ["by a script", { "sec-fetch-mode": "cors" }, /other than a browser window/],
    ["by a frame", { "sec-fetch-dest": "iframe" }, /other than a browser window/],
    ["by a page of the same origin", { "sec-fetch-site": "same-origin" }, /other than a browser/],
    [
      "ahead of a service worker",
      { "service-worker-navigation-preload": "" },
      /service worker.*what the browser stores for 127/,
    ],
    [
      "by a service worker",
      { "service-worker": "script" },
      /service worker.*what the browser stores for 127/,
    ],
  ];
  test.each(WRONG)("%s gets words and voids the question", async (_, headers, why) => {
    const removed = remove();
    const reply = await plainBrowser(await opener.address()).read(headers);
    expect(reply.status).toBe(410);
    expect(reply.text).toMatch(why);
    expect(reply.text).not.toMatch(/bob@example|name="field"/);
    const { facts } = await removed;
    expect(facts).toMatchObject({ outcome: "not_confirmed", reason: "opened_twice" });
    expect(facts.note).toMatch(why);
  });

  test.each<[string, Record<string, string>]>([
    ["a forwarded port", { host: "127.0.0.1:9999" }],
    ["localhost", { host: "localhost:8080" }],
    ["another site's link", { "sec-fetch-site": "cross-site" }],
    ["a part of the page", { range: "bytes=0-10" }],
    ["the cookies of other programs", { cookie: `a=${"x".repeat(30_000)}` }],
  ])("by or with %s gets the question, and its answer counts", async (_, headers) => {
    const removed = remove();
    const browser = plainBrowser(await opener.address());
    const reply = await browser.read(headers);
    expect(reply.status).toBe(200);
    expect(reply.text).toContain("<h1>Delete this invitation?</h1>");
    await pass(2);
    const { host } = headers;
    const pressed = await browser.press("delete", host ? { host, origin: `http://${host}` } : {});
    expect(pressed.text).toContain("<h1>Your answer: Delete</h1>");
    await pass(8);
    expect((await removed).facts.outcome).toBe("done");
  });

  test.each(["sec-purpose", "purpose", "x-moz"])("is none with %s", async (name) => {
    const removed = remove();
    const browser = plainBrowser(await opener.address());
    const ahead = await browser.read({ [name]: "prefetch" });
    expect([ahead.status, ahead.text]).toEqual([503, ""]);
    expect((await browser.read()).text).toContain("<h1>Delete this invitation?</h1>");
    const later = await browser.read({ [name]: "prefetch;prerender" });
    expect([later.status, later.text]).toEqual([503, ""]);
    expect((await browser.press("keep")).text).toContain("Your answer: Keep");
    await removed;
  });
});

test("a service worker that looks for its script voids the question, whatever its path", async () => {
  const removed = remove();
  const { browser, url } = await opened();
  await pass(2);
  await browser.press("delete");
  const script = await request(new URL("/sw.js", url).href, {
    headers: { "service-worker": "script" },
  });
  expect(script.status).toBe(410);
  expect((await removed).facts.reason).toBe("opened_twice");
  expect(deletes()).toBe(0);
});

test("a yes whose origin is hidden is told why, and may still become a no", async () => {
  const removed = remove();
  const { browser } = await opened();
  await pass(2);
  for (const change of [{ origin: "null" }, { origin: undefined }, { mode: "cors" }]) {
    const { status, text } = await browser.press("delete", change);
    expect(status).toBe(403);
    expect(text).toContain("<h1>This answer does not count</h1>");
    expect(text).toContain("a privacy setting or an extension may hide");
    expect(text).toContain(`name="field" value="${browser.field}"`);
  }
  await pass(28);
  const { facts } = await removed;
  expect(facts.outcome).toBe("confirmation_pending");
  expect(facts.note).toMatch(/^Nothing was done yet\. An answer was turned away\. The browser did/);
  const again = remove();
  expect((await browser.press("keep", { origin: "null" })).text).toContain("Your answer: Keep");
  expect((await again).facts.reason).toBe("kept");
  expect(deletes()).toBe(0);
});

describe("what breaks a rule", () => {
  test("is refused, is no reading, and changes nothing", async () => {
    const removed = remove();
    const url = await opener.address();
    const { origin, port, pathname } = new URL(url);
    const get = (path: string) => request(`${origin}${path}`);
    expect((await get("/")).status).toBe(404);
    expect((await get(`${pathname}?x`)).status).toBe(404);
    for (const method of ["HEAD", "PUT", "OPTIONS"]) {
      expect((await request(url, { method })).status).toBe(405);
    }
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
    expect(headers).not.toHaveProperty("set-cookie");
    await pass(2);
    const other = "A".repeat(22);
    for (const [change, status] of [
      [{ host: `localhost:${port}` }, 403],
      [{ origin: undefined }, 403],
      [{ origin: "null" }, 403],
      [{ origin: `http://localhost:${port}` }, 403],
      [{ mode: "no-cors" }, 403],
      [{ field: undefined }, 403],
      [{ field: other }, 403],
      [{ method: "PUT" }, 405],
      [{ path: `${origin}/${other}` }, 404],
    ] as const) {
      expect([change, (await browser.press("delete", change)).status]).toEqual([change, status]);
    }
    expect((await browser.press("yes")).status).toBe(403);
    const body = `field=${browser.field}&decision=delete&more=${"x".repeat(1_000)}`;
    expect((await browser.press("delete", { body })).status).toBe(413);
    // The browser need not say where it comes from.
    const { text } = await browser.press("keep", { site: undefined, mode: undefined });
    expect(text).toContain("Your answer: Keep");
    await removed;
    expect(deletes()).toBe(0);
  });
});

describe("a form that a client answers by itself", () => {
  const formFirst = { TRIEVE_CONFIRM: "form,page,code" };

  test.each(["decline", "cancel"] as const)(
    "with a %s is asked on the page, in the same call",
    async (how) => {
      server = await connect(formFirst, () => ({ action: how }));
      const removed = remove();
      const { browser } = await opened();
      await pass(2);
      await browser.press("delete");
      await pass(8);
      expect((await removed).facts).toMatchObject({ outcome: "done", confirmed_by: "page" });
      expect(server.questions).toHaveLength(1);
      expect(deletes()).toBe(1);
    },
  );

  test("is asked on the page for a client that repeats the call with the answer, too", async () => {
    const environment = { ...trieve.environment, BROWSER: opener.command, ...formFirst };
    const modern = await connectModern({ environment, person: says.decline, clock });
    const removed = modern.call("delete_invitation", { invitations: [id] });
    await (await opened()).browser.press("keep");
    expect((await removed).facts).toMatchObject({ outcome: "not_confirmed", reason: "kept" });
  });

  test("stays refused after a second, with another answer, or where only a form is allowed", async () => {
    const slow = () => {
      clock.step(1_000);
      return says.decline();
    };
    for (const [confirm, person, reason] of [
      ["form,page,code", slow, "declined"],
      ["form,page,code", says.no, "kept"],
      ["form", says.decline, "declined"],
      ["page,form", says.decline, "declined"],
    ] as const) {
      const BROWSER = confirm === "page,form" ? "/no/such/browser" : opener.command;
      server = await connect({ TRIEVE_CONFIRM: confirm, BROWSER }, person);
      expect((await remove()).facts).toMatchObject({ outcome: "not_confirmed", reason });
    }
    expect(opener.starts()).toEqual([]);
  });

  test("never passes to a code, whatever becomes of the page", async () => {
    server = await connect({ ...formFirst, BROWSER: "/no/such/browser" }, says.decline);
    const { facts } = await remove();
    expect(facts).toMatchObject({ outcome: "not_confirmed", reason: "declined" });
    expect(facts.note).toMatch(
      /The client declined the question\. The answer came within a second.*No page was used: no browser could be opened/,
    );
    server = await connect(formFirst, says.decline);
    const removed = remove();
    await opener.address();
    await pass(30);
    expect((await removed).facts).toMatchObject({ outcome: "not_confirmed", reason: "declined" });
    // Neither does a page that was left open, nor one that was refused.
    const left = remove();
    const { browser } = await opened(2);
    await pass(30);
    expect((await left).facts.outcome).toBe("confirmation_pending");
    await browser.press("keep");
    expect((await remove()).facts).toMatchObject({ reason: "kept" });
  });
});

describe("a call waits for 30 s", () => {
  test("and leaves the page open; a yes is kept for the same call, which acts at once", async () => {
    const begun = clock.now();
    const removed = remove();
    const { url, browser } = await opened();
    await pass(12);
    const other = await server.call("send_invitation", { emails: ["a@x.org"], role: "admin" });
    expect(other.text).toBe(
      "busy: Another question is waiting for a person's answer: delete invitation of bob@example.com (admin). Wait until it has been answered, or call again in 588 seconds; nothing was done. To do several things at once, put them into one call, which asks only once.",
    );
    await pass(18);
    const { facts } = await removed;
    expect(facts).toMatchObject({
      outcome: "confirmation_pending",
      next: 'Ask the user to answer on the page that is open in their browser ("delete invitation of bob@example.com (admin)"). Then call again with the same arguments; each call waits for up to 30 seconds.',
      note: "Nothing was done yet.",
      expires_at: `${new Date(begun + 600_000).toISOString().slice(0, 19)}Z`,
    });
    expect(facts).not.toHaveProperty("confirmation");
    const pressed = await browser.press("delete");
    expect(pressed.text).toMatch(
      /Tell your assistant to go on; nothing is done until then\. Your answer is kept until \d\d:\d\d\./,
    );
    await expectOver(url);
    expect(deletes()).toBe(0);
    expect((await remove()).facts).toMatchObject({ outcome: "done", confirmed_by: "page" });
    expect(opener.starts()).toHaveLength(1);
  });

  test("and the same call again, which takes a no", async () => {
    const removed = remove();
    const { browser } = await opened();
    await pass(30);
    expect((await removed).facts.outcome).toBe("confirmation_pending");
    const waiting = remove();
    await soon(50);
    await pass(30);
    expect((await waiting).facts.outcome).toBe("confirmation_pending");
    // The call did not read the list, but the audit knows from the page whom it is about.
    const audited = { outcome: "confirmation_pending", email: "bob@example.com" };
    expect(JSON.parse(server.log.at(-1) ?? "")).toMatchObject(audited);
    const again = remove();
    await soon(50);
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
    await untilClosed(url);
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
      next: "The page was answered: call again now, with the same arguments.",
    });
    expect(deletes()).toBe(0);
    expect((await remove()).facts.outcome).toBe("done");
  });
});

test("a caller who wants it gets a sign of life every 15 s, and none afterwards", async () => {
  const told: (string | undefined)[] = [];
  const call = server.client.callTool(
    { name: "delete_invitation", arguments: { invitations: [id] } },
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

test("a cancelled call leaves its page open, and the same call finds its answer", async () => {
  const client = new AbortController();
  const removed = server
    .call("delete_invitation", { invitations: [id] }, { signal: client.signal })
    .catch(() => "cancelled");
  const { browser } = await opened();
  client.abort();
  expect(await removed).toBe("cancelled");
  await pass(10);
  expect((await browser.press("delete")).text).toContain("Tell your assistant to go on");
  expect(deletes()).toBe(0);
  expect((await remove()).facts).toMatchObject({ outcome: "done", confirmed_by: "page" });
  expect(opener.starts()).toHaveLength(1);
});

test("the same call finds the page of one that still waits, and takes its answer", async () => {
  const removed = remove();
  const { browser } = await opened();
  await pass(5);
  const again = remove();
  expect((await removed).facts.outcome).toBe("confirmation_pending");
  await browser.press("delete");
  await pass(5);
  expect((await again).facts).toMatchObject({ outcome: "done", confirmed_by: "page" });
  expect(opener.starts()).toHaveLength(1);
  expect(deletes()).toBe(1);
});

test("a page that no call waits for gives way after 120 s, by one port for both", async () => {
  const removed = remove();
  const { url, browser } = await opened();
  await pass(30);
  expect((await removed).facts.outcome).toBe("confirmation_pending");
  const other = () => server.call("send_invitation", { emails: ["a@x.org"], role: "admin" });
  expect((await other()).text).toMatch(/^busy: .*call again in 90 seconds/);
  clock.step(90_000);
  const sent = other();
  const next = await opened(2);
  expect(new URL(next.url).host).toBe(new URL(url).host);
  const late = await browser.press("delete");
  expect(late.text).toContain("<h1>This question is over</h1>");
  await next.browser.press("do not send");
  expect((await sent).facts.reason).toBe("kept");
  expect(deletes()).toBe(0);
  // The port is closed with its last page.
  clock.step(479_000);
  await expectOver(next.url);
  clock.step(1_000 + 120_000);
  await untilClosed(next.url);
});

describe("where no browser opens the page, the next way is taken", () => {
  const PROGRAM = "No page was used: no browser could be opened on this machine; BROWSER can name";
  test.each([
    ["no such program", "/no/such/browser", PROGRAM],
    ["a path that is a folder", "/tmp/", PROGRAM],
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

  const LOGGED: [string, string, RegExp][] = [
    ["no display", "", /^no question page: there is no display \(.*; BROWSER can name/],
    ["a program that is not there", "/no/such/browser", /^no question page: no browser could be/],
    ["none", "none", /^no question page: BROWSER is none/],
  ];
  test.each(LOGGED)("and one line of the log says why: %s", async (_, BROWSER, why) => {
    server = await connect({ BROWSER });
    await remove();
    const lines = server.log.filter((line) => !line.startsWith("{"));
    expect(lines).toEqual([expect.stringMatching(why)]);
    server = await connect({ BROWSER, TRIEVE_CONFIRM: "form,page" }, says.no);
    await remove();
    expect(server.log.filter((line) => !line.startsWith("{"))).toEqual([]);
  });

  test("but the next program is tried first, where BROWSER is a list", async () => {
    server = await connect({ BROWSER: `/no/such/browser:/tmp/:${opener.command}` });
    const removed = remove();
    const { browser } = await opened();
    await browser.press("keep");
    expect((await removed).facts.reason).toBe("kept");
    expect(server.log.filter((line) => !line.startsWith("{"))).toEqual([]);
  });

  test("a program whose exit code says that it failed is none of them", async () => {
    opener = createOpener({ exitCode: 1 });
    server = await connect({});
    const removed = remove();
    const url = await opener.address();
    await soon(200);
    const browser = plainBrowser(url);
    expect((await browser.read()).text).toContain("<h1>Delete this invitation?</h1>");
    await browser.press("keep");
    expect((await removed).facts.reason).toBe("kept");
  });

  test("nothing that fetches it within 25 s, after which the page is void", async () => {
    const removed = remove();
    const url = await opener.address();
    await pass(24.5);
    expect(await Promise.race([removed, soon(50)])).toBeUndefined();
    await pass(0.5);
    const { facts } = await removed;
    expect(server.log).toContain("no question page: no browser fetched the page within 25 seconds");
    expect(facts.note).toBe(
      "Nothing was done yet. No page was used: no browser fetched the page within 25 seconds.",
    );
    await expectOver(url);
    expect((await remove({ confirmation: facts.confirmation })).facts.outcome).toBe("done");
  });

  test("a form, where that is the next one", async () => {
    server = await connect({ BROWSER: "/no/such/browser" }, says.yes);
    const { facts } = await remove();
    expect(facts).toMatchObject({ outcome: "done", confirmed_by: "form" });
    expect(server.questions).toHaveLength(1);
  });

  test("and without one the call is refused", async () => {
    server = await connect({ BROWSER: "/no/such/browser", TRIEVE_CONFIRM: "form,page" });
    expect((await remove()).text).toBe(
      "confirmation_unavailable: This needs a person's yes, and nobody can be asked: the client does not offer form elicitation, and no browser could be opened on this machine; BROWSER can name a program that opens one (this server is set to TRIEVE_CONFIRM=form,page); nothing was done. Tell the user what is missing; do not retry until it is there.",
    );
    server = await connect({ BROWSER: "", SSH_CONNECTION: "192.0.2.1 1", TRIEVE_CONFIRM: "page" });
    expect((await remove()).text).toMatch(/remote shell.*; BROWSER can name a program that opens/);
  });

  test("a code from before is worth nothing once a page was refused", async () => {
    server = await connect({ BROWSER: "/no/such/browser" });
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
