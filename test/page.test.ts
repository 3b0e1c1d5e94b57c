import { setTimeout as soon } from "node:timers/promises";
import { describe, expect, type TestContext, test } from "vitest";
import { type BinClient, connectBin } from "./support/bin.ts";
import { says } from "./support/client.ts";
import { connectModern } from "./support/modern.ts";
import { createOpener, type Opener, plainBrowser, request } from "./support/opener.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// The question as a page, in the built program: a stand-in for the browser is told the address, and a
// plain HTTP client breaks every rule.

interface Setting {
  trieve: TestTrieve;
  server: BinClient;
  opener: Opener;
  id: string;
  /** The call that needs a yes. */
  remove(options?: { confirmation?: string; signal?: AbortSignal }): ReturnType<BinClient["call"]>;
}

async function begin(
  { onTestFinished }: TestContext,
  environment: Record<string, string> = {},
  opener = createOpener(),
) {
  const trieve = await startTrieve();
  const { id } = trieve.add("bob@example.com", { role: 1 });
  const server = await connectBin({
    environment: {
      ...trieve.environment,
      TRIEVE_CONFIRM: "form,page,code",
      BROWSER: opener.command,
      ...environment,
    },
  });
  onTestFinished(async () => {
    await server.close();
    await trieve.close();
  });
  const setting: Setting = {
    trieve,
    server,
    opener,
    id,
    remove: ({ confirmation, signal } = {}) =>
      server.call(
        "delete_invitation",
        { invitations: [id], ...(confirmation === undefined ? {} : { confirmation }) },
        signal === undefined ? {} : { signal },
      ),
  };
  return setting;
}

/** A page that is over says so to everybody, without its question. */
async function expectOver(url: string): Promise<void> {
  const { text } = await request(url);
  expect(text).toMatch(/<h1>(Your answer: [\w ]+|This question is over)<\/h1>/);
  expect(text).not.toMatch(/name="field"|bob@example/);
}

const deletes = ({ trieve }: Setting) => trieve.proxy.count("DELETE");

test.concurrent("a yes on the page deletes, 10 s after the opening at the earliest, and leaves no trace", async (context) => {
  const setting = await begin(context);
  const since = Date.now();
  const removed = setting.remove();
  const url = await setting.opener.address();
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}$/);
  const browser = plainBrowser(url);
  const shown = await browser.read();
  expect(shown.status).toBe(200);
  for (const fact of [
    "Delete this invitation?",
    "bob@example.com",
    "admin",
    ">Keep<",
    ">Delete<",
  ]) {
    expect(shown.text).toContain(fact);
  }
  expect(shown.text).not.toMatch(/<script|https?:|javascript:/);
  await soon(1_600);
  const pressed = await browser.press("delete");
  expect(pressed.text).toMatch(/Your answer: Delete.*It counts in \d s/s);
  expect(deletes(setting)).toBe(0);
  const { facts, text } = await removed;
  expect(Date.now() - since).toBeGreaterThanOrEqual(10_000);
  expect(facts).toMatchObject({ outcome: "done", confirmed_by: "page" });
  expect(text).toContain("confirmed_by: page");
  expect(deletes(setting)).toBe(1);
  await expectOver(url);
  const { bin } = setting.server;
  const audited = bin
    .stderr()
    .split("\n")
    .filter((line) => line.includes('"confirmed_by":"page"'));
  // That it has begun, and what came of it.
  expect(audited).toHaveLength(2);
  const token = new URL(url).pathname.slice(1);
  for (const secret of [token, browser.field, new URL(url).host]) {
    expect(secret.length).toBeGreaterThan(10);
    expect(bin.stdout() + bin.stderr()).not.toContain(secret);
  }
  expect(setting.opener.starts()).toEqual([[url]]);
});

test.concurrent("the page cannot be framed, copied, scripted or told to others", async (context) => {
  const setting = await begin(context);
  const removed = setting.remove();
  const { headers } = await plainBrowser(await setting.opener.address()).read();
  expect(headers["content-security-policy"]).toMatch(
    /^default-src 'none'; style-src 'sha256-[^']{44}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'$/,
  );
  expect(headers).toMatchObject({
    "referrer-policy": "same-origin",
    "cache-control": "no-store",
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
  });
  expect(headers).not.toHaveProperty("set-cookie");
  await setting.server.close();
  await removed.catch(() => {});
});

test.concurrent("no broken rule answers or spoils the question; the refusing button counts at once", async (context) => {
  const setting = await begin(context);
  const removed = setting.remove();
  const url = await setting.opener.address();
  const { origin, port, pathname } = new URL(url);
  expect((await request(url, { headers: { "sec-purpose": "prefetch" } })).status).toBe(503);
  for (const path of ["/", "/favicon.ico", `${pathname}/`, `${pathname}?decision=delete`]) {
    expect((await request(`${origin}${path}`)).status).toBe(404);
  }
  // None of those was a reading: the browser is still the first.
  const browser = plainBrowser(url);
  expect((await browser.read()).status).toBe(200);
  await soon(1_600);
  const other = "A".repeat(22);
  const broken: [Parameters<typeof browser.press>[1], number][] = [
    [{ host: `localhost:${port}` }, 403],
    [{ origin: undefined }, 403],
    [{ origin: "null" }, 403],
    [{ origin: `http://localhost:${port}` }, 403],
    [{ origin: "https://evil.example.com" }, 403],
    [{ origin: `${origin}/` }, 403],
    [{ mode: "cors" }, 403],
    [{ mode: "no-cors" }, 403],
    [{ field: undefined }, 403],
    [{ field: other }, 403],
    [{ body: JSON.stringify({ field: browser.field, decision: "delete" }) }, 403],
    [{ method: "PUT" }, 405],
    [{ method: "PATCH" }, 405],
    [{ path: `${origin}/${other}` }, 404],
  ];
  for (const [change, status] of broken) {
    const { status: got } = await browser.press("delete", change);
    expect([change, got]).toEqual([change, status]);
  }
  for (const decision of ["Delete", "", "yes", "send", "delete "]) {
    expect((await browser.press(decision)).status).toBe(403);
  }
  const long = `field=${browser.field}&decision=delete&more=${"x".repeat(2_000)}`;
  expect((await browser.press("delete", { body: long })).status).toBe(413);
  expect((await request(url, { method: "HEAD" })).status).toBe(405);
  const pressed = await browser.press("keep");
  expect(pressed.text).toMatch(/Your answer: Keep.*You can close this page/s);
  const { facts } = await removed;
  expect(facts).toMatchObject({ outcome: "not_confirmed", reason: "kept" });
  expect(facts.note).toMatch(/^Nothing was done: no confirmation was obtained\./);
  expect(deletes(setting)).toBe(0);
  await expectOver(url);
});

test.concurrent("the acting button within 1.5 s of the first reading is no answer", {
  retry: 3,
}, async (context) => {
  const setting = await begin(context);
  const removed = setting.remove();
  const browser = plainBrowser(await setting.opener.address());
  await browser.read();
  const pressed = await browser.press("delete");
  expect(pressed.text).toContain("Delete this invitation?");
  await browser.press("keep");
  expect((await removed).facts).toMatchObject({ reason: "kept" });
  expect(deletes(setting)).toBe(0);
});

describe("a second reading", () => {
  test.concurrent("voids the question, and no code comes of it", async (context) => {
    const setting = await begin(context);
    const removed = setting.remove();
    const url = await setting.opener.address();
    const browser = plainBrowser(url);
    await browser.read();
    const second = await plainBrowser(url).read();
    expect(second.status).toBe(410);
    expect(second.text).toContain("opened a second time");
    expect(second.text).not.toContain("bob@example.com");
    const { facts } = await removed;
    expect(facts).toMatchObject({ outcome: "not_confirmed", reason: "opened_twice" });
    expect(facts).not.toHaveProperty("confirmation");
    await expectOver(url);
    // The next call asks anew, on another page.
    const again = setting.remove();
    const next = await setting.opener.address(2);
    expect(next).not.toBe(url);
    const reader = plainBrowser(next);
    await reader.read();
    await reader.press("keep");
    expect((await again).facts).toMatchObject({ reason: "kept" });
    expect(deletes(setting)).toBe(0);
  });

  test.concurrent("finds out a program that was faster and said yes", async (context) => {
    const setting = await begin(context);
    const removed = setting.remove();
    const url = await setting.opener.address();
    const program = plainBrowser(url);
    await program.read();
    await soon(1_600);
    expect((await program.press("delete")).text).toContain("It counts in");
    await soon(1_000);
    expect((await plainBrowser(url).read()).status).toBe(410);
    expect((await removed).facts).toMatchObject({ reason: "opened_twice" });
    expect(deletes(setting)).toBe(0);
  });
});

test.concurrent("after 30 s the call says that the page is open; a yes is kept, and the same call acts", async (context) => {
  const setting = await begin(context);
  const since = Date.now();
  const removed = setting.remove();
  const url = await setting.opener.address();
  const browser = plainBrowser(url);
  await browser.read();
  const ann = { emails: ["ann@example.com"], role: "admin" };
  const other = await setting.server.call("send_invitation", ann);
  expect(other.text).toMatch(/^busy: .*delete invitation of bob@example\.com \(admin\)/);
  const first = await removed;
  expect(Date.now() - since).toBeGreaterThanOrEqual(30_000);
  expect(Date.now() - since).toBeLessThan(55_000);
  expect(first.isError).toBe(false);
  expect(first.facts).toMatchObject({
    outcome: "confirmation_pending",
    next: expect.stringMatching(/page.*browser.*same arguments/),
  });
  expect(first.facts).not.toHaveProperty("confirmation");
  const pressed = await browser.press("delete");
  expect(pressed.text).toMatch(
    /Tell your assistant to go on; nothing is done until then.*kept until \d\d:\d\d/,
  );
  await expectOver(url);
  expect(deletes(setting)).toBe(0);
  const { facts } = await setting.remove();
  expect(facts).toMatchObject({ outcome: "done", confirmed_by: "page" });
  expect(setting.opener.starts()).toHaveLength(1);
  // It served once.
  expect((await setting.remove()).facts).toMatchObject({
    outcome: "nothing_to_do",
    results: [{ outcome: "already_gone" }],
  });
  expect(deletes(setting)).toBe(1);
});

test.concurrent("the same call waits again, and takes a no that came in between", async (context) => {
  const setting = await begin(context);
  const removed = setting.remove();
  const browser = plainBrowser(await setting.opener.address());
  await browser.read();
  expect((await removed).facts.outcome).toBe("confirmation_pending");
  const again = setting.remove();
  await soon(2_000);
  await browser.press("keep");
  expect((await again).facts).toMatchObject({ outcome: "not_confirmed", reason: "kept" });
  expect(setting.opener.starts()).toHaveLength(1);
  expect(deletes(setting)).toBe(0);
});

test.concurrent("a yes that leaves less than 25 s of the call is kept for the next one", async (context) => {
  const setting = await begin(context);
  setting.trieve.proxy.next("GET", { delay: 4_500 });
  const removed = setting.remove();
  const browser = plainBrowser(await setting.opener.address());
  await browser.read();
  await soon(27_500);
  await browser.press("delete");
  const { facts } = await removed;
  expect(facts).toMatchObject({ outcome: "confirmation_pending" });
  expect(facts.next).toMatch(/^The page was answered: call again/);
  expect(deletes(setting)).toBe(0);
  expect((await setting.remove()).facts).toMatchObject({ outcome: "done" });
});

describe("where no browser opens the page, a code takes its place", () => {
  const OPENERS: [string, Record<string, string>, Opener | undefined, RegExp][] = [
    ["no such program", { BROWSER: "/no/such/browser" }, undefined, /no browser could be opened/],
    ["a page that nothing fetches", {}, createOpener(), /no browser fetched the page within 25/],
  ];
  for (const [name, environment, opener, why] of OPENERS) {
    test.concurrent(name, async (context) => {
      const setting = await begin(context, environment, opener);
      const { facts } = await setting.remove();
      expect(facts).toMatchObject({ outcome: "confirmation_required" });
      expect(facts.note).toMatch(why);
      // The page is void from then, and the code counts although the page stands before it.
      if (opener !== undefined) await expectOver(await opener.address());
      const { confirmation } = facts;
      expect((await setting.remove({ confirmation })).facts).toMatchObject({
        outcome: "done",
        confirmed_by: "code",
      });
    });
  }

  test.concurrent("or a form, where that is the next way", async (context) => {
    const trieve = await startTrieve();
    const { id } = trieve.add("bob@example.com", { role: 1 });
    const environment = {
      ...trieve.environment,
      TRIEVE_CONFIRM: "page,form",
      BROWSER: "/no/such/browser",
    };
    const server = await connectBin({ environment, person: says.yes });
    context.onTestFinished(async () => {
      await server.close();
      await trieve.close();
    });
    const { facts } = await server.call("delete_invitation", { invitations: [id] });
    expect(facts).toMatchObject({ outcome: "done", confirmed_by: "form" });
    expect(server.questions).toHaveLength(1);
  });

  test.concurrent("and without one the call is refused", async (context) => {
    const environment = { TRIEVE_CONFIRM: "form,page", BROWSER: "/no/such/browser" };
    const setting = await begin(context, environment);
    const { text } = await setting.remove();
    expect(text).toMatch(
      /^confirmation_unavailable: .*form elicitation, and no browser could be opened.*TRIEVE_CONFIRM=form,page/,
    );
    expect(deletes(setting)).toBe(0);
  });

  test.concurrent("a remote shell has no page", async (context) => {
    const environment = { TRIEVE_CONFIRM: "page", BROWSER: "", SSH_CONNECTION: "192.0.2.1 1" };
    const setting = await begin(context, environment);
    expect((await setting.remove()).text).toMatch(/^confirmation_unavailable: .*remote shell/);
  });
});

test.concurrent("a code from before is worth nothing once a page was asked and refused", async (context) => {
  const setting = await begin(context, {}, createOpener({ more: "--" }));
  setting.trieve.proxy.next("GET", { delay: 10 });
  const { facts } = await setting.remove();
  const { confirmation } = facts;
  expect(facts.outcome).toBe("confirmation_required");
  const removed = setting.remove();
  const browser = plainBrowser(await setting.opener.address(2));
  await browser.read();
  await browser.press("keep");
  expect((await removed).facts).toMatchObject({ reason: "kept" });
  const passed = setting.remove({ confirmation });
  const next = plainBrowser(await setting.opener.address(3));
  await next.read();
  await next.press("keep");
  expect((await passed).facts).toMatchObject({ reason: "kept" });
  expect(deletes(setting)).toBe(0);
});

test.concurrent("several are asked about on one page, and each leaves its audit line", async (context) => {
  const { trieve, server, opener } = await begin(context);
  const emails = ["ann", "carl", "dora"].map((name) => `${name}@example.com`);
  const sent = server.call("send_invitation", { emails });
  const browser = plainBrowser(await opener.address());
  const { text } = await browser.read();
  for (const email of emails) expect(text).toContain(email);
  expect(text).toContain(">Send 3<");
  await soon(1_600);
  await browser.press("send 3");
  const { facts } = await sent;
  expect(facts).toMatchObject({ outcome: "done", counts: { invited: 3 }, confirmed_by: "page" });
  expect(trieve.store.mails.map(({ to }) => to).sort()).toEqual(emails);
  const audited = server.bin.stderr().match(/"outcome":"invited".*"confirmed_by":"page"/g);
  expect(audited).toHaveLength(3);
});

test.concurrent("a cancelled call leaves its page open, and the same call finds it", async (context) => {
  const setting = await begin(context);
  const client = new AbortController();
  const removed = setting.remove({ signal: client.signal }).catch(() => {});
  const browser = plainBrowser(await setting.opener.address());
  await browser.read();
  client.abort();
  await removed;
  const again = setting.remove();
  await soon(500);
  await browser.press("keep");
  expect((await again).facts).toMatchObject({ outcome: "not_confirmed", reason: "kept" });
  expect(setting.opener.starts()).toHaveLength(1);
  expect(deletes(setting)).toBe(0);
});

test.concurrent("a yes serves only the action that was shown", async (context) => {
  const setting = await begin(context);
  const removed = setting.remove();
  const browser = plainBrowser(await setting.opener.address());
  await browser.read();
  for (const row of setting.trieve.store.rows) row.role = 2;
  await soon(1_600);
  await browser.press("delete");
  expect((await removed).text).toMatch(/^changed: /);
  expect(deletes(setting)).toBe(0);
});

test.concurrent("the program of BROWSER gets its arguments, and the address where %s stands", async (context) => {
  const setting = await begin(
    context,
    {},
    createOpener({ more: '--new-window "a b" --url=%s --last' }),
  );
  const removed = setting.remove();
  await setting.opener.address();
  expect(setting.opener.starts()[0]).toEqual([
    "--new-window",
    "a b",
    expect.stringMatching(/^--url=http:\/\/127\.0\.0\.1:\d+\/[\w-]{22}$/),
    "--last",
  ]);
  await setting.server.close();
  await removed.catch(() => {});
});

test.concurrent("revision 2026-07-28: the call waits, says that it is pending, and takes the answer", async (context) => {
  const opener = createOpener();
  const trieve = await startTrieve();
  context.onTestFinished(() => trieve.close());
  const { id } = trieve.add("bob@example.com", { role: 1 });
  const environment = {
    ...trieve.environment,
    TRIEVE_CONFIRM: "page,code",
    BROWSER: opener.command,
  };
  const server = await connectModern({ environment });
  const request = { name: "delete_invitation", arguments: { invitations: [id] } };
  const removed = server.request("tools/call", request);
  const browser = plainBrowser(await opener.address());
  await browser.read();
  const { result } = await removed;
  expect(result.resultType).not.toBe("input_required");
  expect(result.structuredContent).toMatchObject({ outcome: "confirmation_pending" });
  expect((await browser.press("delete")).text).toContain("kept until");
  expect((await server.call("delete_invitation", { invitations: [id] })).facts).toMatchObject({
    outcome: "done",
    confirmed_by: "page",
  });
  expect(opener.starts()).toHaveLength(1);
});
