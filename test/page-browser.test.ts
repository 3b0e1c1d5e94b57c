import { createServer } from "node:http";
import { type AddressInfo, connect, createServer as createForwarder } from "node:net";
import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  onTestFinished,
  test,
} from "vitest";
import type { Decision } from "../src/consent/question.ts";
import { connectBin } from "./support/bin.ts";
import { launchChromium } from "./support/chromium.ts";
import { createOpener } from "./support/opener.ts";
import { pageAction, pageRow, type ServedPage, servePageOf } from "./support/pages.ts";
import { startTrieve } from "./support/trieve.ts";

// The page in a real browser: what a person sees and can press, and what another site can do.

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(() => browser?.close());

let context: BrowserContext;
let page: Page;
/** Every address that the browser asked for. */
let requests: string[];
let served: ServedPage;
beforeEach(async () => {
  context = await browser.newContext({ viewport: { width: 1_024, height: 768 } });
  page = await context.newPage();
  requests = [];
  context.on("request", (request) => requests.push(request.url()));
  served = await servePageOf(pageAction());
});
afterEach(async () => {
  served.end();
  await context.close();
});

const acting = () => page.getByRole("button", { name: "Delete", exact: true });
const refusing = () => page.getByRole("button", { name: "Keep", exact: true });
const FIFTY = Array.from({ length: 50 }, (_, n) =>
  pageRow(`firstname.lastname${n}@department.example.com`, n < 2 ? "admin" : "user"),
);

/** What the call gets, once it no longer waits. */
async function decision(): Promise<Decision> {
  for (;;) {
    const decision = served.look();
    if (decision.kind !== "wait") return decision;
    await page.waitForTimeout(50);
  }
}

/** Another page in place of the one of every test. */
async function serve(more: Parameters<typeof pageAction>[0]): Promise<void> {
  served.end();
  served = await servePageOf(pageAction(more));
}

test("a click on the page deletes through the built program", async () => {
  const trieve = await startTrieve();
  const { id } = trieve.add("bob@example.com", { role: 1 });
  const opener = createOpener();
  const environment = { ...trieve.environment, TRIEVE_CONFIRM: "page", BROWSER: opener.command };
  const server = await connectBin({ environment });
  const removed = server.call("delete_invitation", { invitations: [id.slice(0, 8)] });
  await page.goto(await opener.address());
  expect(await page.getByRole("heading").textContent()).toBe("Delete this invitation?");
  await acting().click();
  expect(await page.getByRole("heading").textContent()).toBe("Your answer: Delete");
  expect((await removed).facts).toMatchObject({
    outcome: "done",
    confirmed_by: "page",
    results: [{ outcome: "deleted" }],
  });
  await server.close();
  await trieve.close();
});

describe("the person", () => {
  test("presses the acting button, which counts once the opening is 10 s ago", async () => {
    await page.goto(served.url);
    await acting().click();
    expect(await page.textContent("main")).toContain("It counts in");
    expect(served.look()).toEqual({ kind: "wait" });
    served.settle();
    expect(served.look()).toMatchObject({ kind: "yes", by: "page" });
  });

  test("refuses with the first key: the refusing button has the focus", async () => {
    await page.goto(served.url);
    expect(await refusing().evaluate((one) => one.matches(":focus"))).toBe(true);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Your answer: Keep" }).waitFor();
    expect(served.look()).toMatchObject({ kind: "no", reason: "kept" });
  });

  test("agrees with the keyboard alone", async () => {
    await page.goto(served.url);
    await acting().waitFor();
    await page.keyboard.press("Tab");
    expect(await acting().evaluate((one) => one.matches(":focus"))).toBe(true);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Your answer: Delete" }).waitFor();
  });

  test("has no acting button for 1.5 s, neither for the mouse nor for the keyboard", async () => {
    await page.goto(served.url);
    const stateAt = (ms: number) =>
      page.evaluate(`(() => {
        const button = document.querySelector(".act");
        for (const one of document.getAnimations()) {
          one.pause();
          one.currentTime = ${ms};
        }
        button.blur();
        button.focus();
        const visible = getComputedStyle(button).visibility === "visible";
        return { visible, focused: document.activeElement === button };
      })()`);
    // On a machine that stalls the animation may be over, and gone, before it is looked at.
    const isRunning = await page.evaluate("document.getAnimations().length > 0");
    if (isRunning) {
      expect(await stateAt(0)).toEqual({ visible: false, focused: false });
      expect(await stateAt(1_490)).toEqual({ visible: false, focused: false });
      expect(await stateAt(1_500)).toEqual({ visible: true, focused: true });
    }
    expect(await page.textContent("style")).toMatch(/animation: soon 1500ms steps\(1, end\)/);
  });

  const openInNewTab = async () => {
    page = await context.newPage();
    return page.goto(served.url);
  };
  const AGAIN: [string, () => Promise<unknown>][] = [
    ["reloads", () => page.reload()],
    ["goes away and comes back", () => page.goto("about:blank").then(() => page.goBack())],
    ["opens the address in the same tab", () => page.goto(served.url)],
    ["opens it in a new tab", openInNewTab],
  ];
  test.each(AGAIN)("%s, and is told that the question is over", async (_, open) => {
    await page.goto(served.url);
    await open();
    expect(await page.getByRole("heading").textContent()).toBe("This question is over");
    expect(await page.textContent("main")).toContain("by a reload, a new tab");
    expect(served.look()).toMatchObject({ kind: "no", reason: "opened_twice" });
  });

  test.each(AGAIN.slice(2))("%s after a yes, which takes it back", async (_, open) => {
    await page.goto(served.url);
    await acting().click();
    await page.getByRole("heading", { name: "Your answer: Delete" }).waitFor();
    await open();
    served.settle();
    expect(served.look()).toMatchObject({ kind: "no", reason: "opened_twice" });
  });

  test("takes a yes back with the button of the answer, by the keyboard alone", async () => {
    await page.goto(served.url);
    await acting().click();
    const button = page.getByRole("button", { name: "Take it back" });
    await button.waitFor();
    await page.keyboard.press("Tab");
    expect(await button.evaluate((one) => one.matches(":focus"))).toBe(true);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Your answer: Keep" }).waitFor();
    served.settle();
    expect(served.look()).toMatchObject({ kind: "no", reason: "kept" });
  });

  test("answers with cookies switched off", async () => {
    await context.close();
    context = await browser.newContext();
    page = await context.newPage();
    await page.route("**/*", async (route) => {
      const { cookie, ...headers } = route.request().headers();
      await route.continue({ headers });
    });
    await page.goto(served.url);
    await acting().click();
    await page.getByRole("heading", { name: "Your answer: Delete" }).waitFor();
    expect(await context.cookies()).toEqual([]);
  });

  test("is told why a yes without its origin does not count, and can still refuse", async () => {
    // With this header a browser hides the origin of a form.
    await page.route("**/*", async (route) => {
      if (route.request().method() === "POST") return route.continue();
      const response = await route.fetch();
      const headers = { ...response.headers(), "referrer-policy": "no-referrer" };
      return route.fulfill({ response, headers });
    });
    await page.goto(served.url);
    await acting().click();
    await page.getByRole("heading", { name: "This answer does not count" }).waitFor();
    expect(served.look()).toEqual({ kind: "wait" });
    await refusing().click();
    await page.getByRole("heading", { name: "Your answer: Keep" }).waitFor();
    expect(served.look()).toMatchObject({ kind: "no", reason: "kept" });
  });

  test("finds the question over when going back after the answer", async () => {
    await page.goto(served.url);
    await refusing().click();
    await page.getByRole("heading", { name: "Your answer: Keep" }).waitFor();
    await page.goBack().catch(() => {});
    await page.goto(served.url).catch(() => {});
    expect(await page.getByRole("button").count()).toBe(0);
    expect(served.look()).toMatchObject({ kind: "no", reason: "kept" });
  });
});

describe("nobody else", () => {
  test("reads the page in a second browser: that voids it", async () => {
    await page.goto(served.url);
    await acting().waitFor();
    const other = await browser.newContext();
    const second = await other.newPage();
    expect((await second.goto(served.url))?.status()).toBe(410);
    expect(await second.getByRole("heading").textContent()).toBe("This question is over");
    await other.close();
    await acting()
      .click()
      .catch(() => {});
    expect(served.look()).toMatchObject({ kind: "no", reason: "opened_twice" });
  });

  /** A page of another program in the same browser, at another port of this machine. */
  async function serveOther(html: string): Promise<string> {
    const other = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end(html);
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      other.closeAllConnections();
      other.close();
    });
    return `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
  }

  const ELSEWHERE: [string, string][] = [
    ["a frame", `<iframe src="URL"></iframe>`],
    ["a script", `<script>fetch("URL", { mode: "no-cors", credentials: "include" })</script>`],
    ["an image", `<img src="URL">`],
  ];
  test.each(ELSEWHERE)(
    "gets the question into %s of another program: that voids it",
    async (_, html) => {
      const other = await serveOther(html.replace("URL", served.url));
      await page.goto(other);
      expect(await decision()).toMatchObject({
        reason: "opened_twice",
        turnedAway: { why: "not_a_window" },
      });
      for (const frame of page.frames()) expect(await frame.locator("button").count()).toBe(0);
    },
  );

  test("answers it by a form of another program, before the person's reading or after", async () => {
    const { url } = served;
    const other = await serveOther(`<form method="post" action="${url}">
      <input name="decision" value="delete"><button>go</button></form>`);
    for (const host of ["localhost", "127.0.0.1"]) {
      await page.goto(other.replace("127.0.0.1", host));
      const posted = page.waitForResponse((one) => one.request().method() === "POST");
      await page.getByText("go").click();
      expect((await posted).status()).toBe(403);
      expect(await page.getByRole("heading").textContent()).toBe("This answer does not count");
    }
    const own = await context.newPage();
    await own.goto(url);
    await page.goto(other);
    await page.getByText("go").click();
    await page.getByRole("heading", { name: "This answer does not count" }).waitFor();
    expect(await own.getByRole("heading").textContent()).toBe("Delete this invitation?");
    expect(served.look()).toEqual({ kind: "wait" });
  });

  /**
   * Has the browser keep a service worker of a program that had a port before, and gives the address of the page
   * at that port: forwarded to it, which the page allows.
   */
  async function leaveWorker(script: string): Promise<string> {
    const earlier = createServer((request, response) => {
      const isScript = request.url === "/sw.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      // So that the browser does not look for the script again, which would give it away.
      response.setHeader("cache-control", "max-age=86400");
      const register = `navigator.serviceWorker.register("/sw.js", { updateViaCache: "all" })`;
      response.end(isScript ? script : `<script>${register}</script>`);
    });
    await new Promise<void>((resolve) => earlier.listen(0, "127.0.0.1", resolve));
    const { port } = earlier.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.evaluate("navigator.serviceWorker.ready.then(() => true)");
    earlier.closeAllConnections();
    await new Promise((resolve) => earlier.close(resolve));
    const { port: own, pathname } = new URL(served.url);
    const forwarding = createForwarder((socket) => {
      const page = connect(Number(own), "127.0.0.1");
      for (const one of [socket, page]) one.on("error", () => {});
      socket.pipe(page).pipe(socket);
    });
    await new Promise<void>((resolve) => forwarding.listen(port, "127.0.0.1", resolve));
    onTestFinished(() => void forwarding.close());
    return `http://127.0.0.1:${port}${pathname}`;
  }

  /** The script of one that agrees in the person's place, as soon as it has the page's field. */
  const worker = (does: { start?: string; onGet?: string; onPost?: string }) => `
    addEventListener("install", () => skipWaiting());
    addEventListener("activate", (event) =>
      event.waitUntil(Promise.all([clients.claim(), ${does.start ?? ""}])));
    const agree = (field) => new Response(
      '<form method="post"><input name="field" value="' + field +
        '"><input name="decision" value="delete"></form>' +
        '<script>setTimeout(() => document.forms[0].submit(), 1600)</script>',
      { headers: { "content-type": "text/html" } });
    const agreeTo = async (page) =>
      agree(/name="field" value="([^"]+)"/.exec(await (await page).text())?.[1]);
    addEventListener("fetch", (event) => {
      if (event.request.method === "GET") { ${does.onGet ?? ""} }
      else if (!self.hasAgreed) { self.hasAgreed = true; ${does.onPost ?? ""} }
    });`;

  const READERS: [string, string][] = [
    ["asks for it", worker({ onGet: "event.respondWith(agreeTo(fetch(event.request)))" })],
    [
      "has it fetched ahead",
      worker({
        start: "registration.navigationPreload.enable()",
        onGet: "event.respondWith(agreeTo(event.preloadResponse))",
      }),
    ],
  ];
  test.each(READERS)("reads it by a service worker left on the port that %s", async (_, script) => {
    await page.goto(await leaveWorker(script));
    expect(await decision()).toMatchObject({ kind: "no", reason: "opened_twice" });
  });

  test("takes the person's answer by a service worker left on the port", async () => {
    const onPost = `event.respondWith(event.request.text()
      .then((body) => agree(new URLSearchParams(body).get("field"))))`;
    await page.goto(await leaveWorker(worker({ onPost })));
    await refusing().click();
    expect(await decision()).toMatchObject({ kind: "no", reason: "kept" });
  });

  test("holds on to the page by a window that it opened it in", async () => {
    await page.goto(await serveOther("<button>open</button>"));
    const opening = context.waitForEvent("page");
    await page.evaluate(`(globalThis.own = open("${served.url}", "own"), undefined)`);
    const own = await opening;
    await own.getByRole("button", { name: "Keep" }).waitFor();
    expect(await page.evaluate("own.closed")).toBe(true);
    expect(await own.evaluate("opener")).toBeNull();
    expect(served.look()).toEqual({ kind: "wait" });
  });

  test("keeps the page from its person by cookies", async () => {
    const other = await serveOther("");
    await page.goto(other);
    const plant = `for (let n = 0; n < 30; n += 1) document.cookie = "c" + n + "=" + "x".repeat(4000)`;
    await page.evaluate(plant);
    await expect.poll(async () => (await context.cookies()).length).toBeGreaterThan(20);
    await page.goto(served.url);
    await refusing().click();
    expect(await decision()).toMatchObject({ kind: "no", reason: "kept" });
  });

  test("makes a reading by looking ahead", async () => {
    const other = await serveOther(
      `<script type="speculationrules">{"prefetch": [{"source": "list", "urls": ["${served.url}"]}],
        "prerender": [{"source": "list", "urls": ["${served.url}"]}]}</script>
      <link rel="prefetch" href="${served.url}">`,
    );
    await page.goto(other);
    await page.waitForTimeout(500);
    const own = await context.newPage();
    await own.goto(served.url);
    expect(await own.getByRole("heading").textContent()).toBe("Delete this invitation?");
    expect(served.look()).toEqual({ kind: "wait" });
  });
});

test("localhost, and a link of another site, show the question as well", async () => {
  await page.setContent(`<a href="${served.url.replace("127.0.0.1", "localhost")}">link</a>`);
  await page.getByText("link").click();
  await refusing().click();
  await page.getByRole("heading", { name: "Your answer: Keep" }).waitFor();
  expect(served.look()).toMatchObject({ kind: "no", reason: "kept" });
});

describe("the page", () => {
  const overflow = () => page.evaluate("document.documentElement.scrollWidth - innerWidth");

  /** Where a button is in the window, once it is there. */
  async function isInReach(button: ReturnType<typeof acting>): Promise<boolean> {
    await button.waitFor();
    const box = await button.boundingBox();
    const size = page.viewportSize();
    if (box === null || size === null) return false;
    const isInside = box.x >= 0 && box.y >= 0;
    return isInside && box.x + box.width <= size.width && box.y + box.height <= size.height;
  }

  const WINDOWS: [string, { width: number; height: number }][] = [
    ["a desktop", { width: 1_280, height: 720 }],
    ["a desktop at 200 %", { width: 640, height: 400 }],
    ["a phone of 320 px", { width: 320, height: 568 }],
  ];
  test.each(WINDOWS)("shows fifty addresses on %s with the buttons in reach", async (_, size) => {
    await serve({ rows: FIFTY });
    await page.setViewportSize(size);
    await page.goto(served.url);
    expect(await overflow()).toBeLessThanOrEqual(0);
    expect(await isInReach(refusing())).toBe(true);
    expect(await isInReach(acting())).toBe(true);
    const list = page.getByRole("region", { name: "What this is about" });
    for (const { cells } of FIFTY) expect(await list.textContent()).toContain(cells[0]?.text);
    const scrolls = await list.evaluate((one) => one.scrollHeight > one.clientHeight);
    expect(scrolls).toBe(true);
    await page.getByText("firstname.lastname49@").scrollIntoViewIfNeeded();
    expect(await isInReach(acting())).toBe(true);
  });

  test("fits 320 px also with an address that has no place to break", async () => {
    await serve({ facts: [{ label: "E-mail", text: `${"w".repeat(98)}@x` }] });
    await page.setViewportSize({ width: 320, height: 568 });
    await page.goto(served.url);
    expect(await overflow()).toBeLessThanOrEqual(0);
  });

  test("names the columns of each cell and the address of each row, at any width", async () => {
    await serve({ rows: FIFTY });
    await page.goto(served.url);
    for (const width of [1_024, 320]) {
      await page.setViewportSize({ width, height: 700 });
      const table = page.getByRole("table");
      const heads = await table.getByRole("columnheader").allTextContents();
      expect(heads).toEqual(["E-mail", "Role", "Status", "Created", "Invitation"]);
      expect(await table.getByRole("row").count()).toBe(51);
      expect(await table.getByRole("rowheader").count()).toBe(50);
      const row = table.getByRole("row", { name: "firstname.lastname0@department.example.com" });
      expect(await row.getByRole("cell").first().textContent()).toBe("admin");
      const weights =
        "[...document.querySelectorAll('td')].map((one) => getComputedStyle(one).fontWeight)";
      const [first, , , , , , , , last] = (await page.evaluate(weights)) as string[];
      expect([first, last]).toEqual(["700", "400"]);
    }
  });

  test("is read in order: heading, facts, refusing, acting", async () => {
    await page.goto(served.url);
    await acting().waitFor();
    const tree = await page.locator("body").ariaSnapshot();
    const order = [
      "main",
      "heading",
      "cannot be undone",
      "region",
      "bob@example.com",
      "Keep",
      "Delete",
      "answered until",
    ];
    let from = 0;
    for (const part of order) {
      const at = tree.indexOf(part, from);
      expect(at, `${part} in\n${tree}`).toBeGreaterThanOrEqual(from);
      from = at;
    }
  });

  test("shows what an invitation holds as text", async () => {
    await serve({
      rows: [pageRow("<i>item</i>")],
      facts: [
        { label: "<u>Note</u>", text: `<img src=x onerror="document.title='got'"><b>&amp;</b> "'` },
        { text: "<s>sentence</s>" },
      ],
    });
    await page.goto(served.url);
    expect(await page.textContent("main")).toContain(`<img src=x onerror="document.title='got'">`);
    for (const markup of ["<i>item</i>", "<u>Note</u>", "<s>sentence</s>"]) {
      expect(await page.textContent("main")).toContain(markup);
    }
    expect(await page.locator("img, b, i, u, s").count()).toBe(0);
  });

  test.each(["light", "dark"] as const)("passes axe in %s, in every state", async (colorScheme) => {
    await page.emulateMedia({ colorScheme });
    const check = async () => {
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run(),
      );
      expect(violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
    };
    await page.goto(served.url);
    await acting().waitFor();
    const background = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(background).toBe(colorScheme === "dark" ? "rgb(22, 24, 27)" : "rgb(238, 240, 243)");
    await check();
    await acting().click();
    await check();
    await serve({ rows: FIFTY });
    await page.goto(served.url);
    await acting().waitFor();
    await check();
    await refusing().click();
    await check();
    await serve({});
    await page.goto(served.url);
    await page.goto(served.url);
    await page.getByRole("heading", { name: "This question is over" }).waitFor();
    await check();
  });

  test("asks nothing of anybody else, and runs no script", async () => {
    const errors: string[] = [];
    page.on("console", (message) => errors.push(message.text()));
    await page.goto(served.url);
    await acting().click();
    await page.getByRole("heading", { name: "Your answer: Delete" }).waitFor();
    const { origin } = new URL(served.url);
    expect(requests.length).toBeGreaterThanOrEqual(2);
    for (const url of requests) expect(new URL(url).origin).toBe(origin);
    expect(errors.filter((text) => !/404|Cleared data types/.test(text))).toEqual([]);
    expect(await page.locator("script").count()).toBe(0);
  });
});
