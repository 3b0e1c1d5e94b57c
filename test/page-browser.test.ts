import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectBin } from "./support/bin.ts";
import { launchChromium } from "./support/chromium.ts";
import { createOpener } from "./support/opener.ts";
import { pageDeed, type ServedPage, servePageOf } from "./support/pages.ts";
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
  served = await servePageOf(pageDeed());
});
afterEach(async () => {
  served.end();
  await context.close();
});

const acting = () => page.getByRole("button", { name: "delete", exact: true });
const refusing = () => page.getByRole("button", { name: "keep", exact: true });
const FIFTY = Array.from({ length: 50 }, (_, n) => `firstname.lastname${n}@department.example.com`);

/** Another page in place of the one of every test. */
async function serve(facts: readonly string[]): Promise<void> {
  served.end();
  served = await servePageOf(pageDeed(facts));
}

test("a click on the page deletes through the built program", async () => {
  const trieve = await startTrieve();
  const { id } = trieve.add("bob@example.com", { role: 1 });
  const opener = createOpener();
  const environment = { ...trieve.environment, TRIEVE_CONFIRM: "page", BROWSER: opener.command };
  const server = await connectBin({ environment });
  const removed = server.call("delete_invitation", { invitation_id: id });
  await page.goto(await opener.address());
  expect(await page.getByRole("heading").textContent()).toBe("Delete this invitation?");
  await acting().click();
  expect(await page.getByRole("heading").textContent()).toBe("Your answer: delete");
  expect((await removed).facts).toMatchObject({ outcome: "deleted", confirmed_by: "page" });
  await server.close();
  await trieve.close();
});

describe("the person", () => {
  test("presses the acting button, which counts once the opening is 10 s ago", async () => {
    await page.goto(served.url);
    await acting().click();
    expect(await page.textContent("main")).toContain("on its way");
    expect(served.look()).toHaveProperty("wait");
    served.settle();
    expect(served.look()).toMatchObject({ yes: "page" });
  });

  test("refuses with the first key: the refusing button has the focus", async () => {
    await page.goto(served.url);
    expect(await refusing().evaluate((one) => one.matches(":focus"))).toBe(true);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Your answer: keep" }).waitFor();
    expect(served.look()).toMatchObject({ no: "kept" });
  });

  test("agrees with the keyboard alone", async () => {
    await page.goto(served.url);
    await acting().waitFor();
    await page.keyboard.press("Tab");
    expect(await acting().evaluate((one) => one.matches(":focus"))).toBe(true);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Your answer: delete" }).waitFor();
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

  test("reloads, goes away and comes back as the same reader", async () => {
    await page.goto(served.url);
    await page.reload();
    await page.goto("about:blank");
    await page.goBack();
    const second = await context.newPage();
    await second.goto(served.url);
    expect(await second.getByRole("heading").textContent()).toBe("Delete this invitation?");
    await refusing().click();
    expect(served.look()).toMatchObject({ no: "kept" });
  });

  test("finds the question over when going back after the answer", async () => {
    await page.goto(served.url);
    await refusing().click();
    await page.getByRole("heading", { name: "Your answer: keep" }).waitFor();
    await page.goBack().catch(() => {});
    await page.goto(served.url).catch(() => {});
    expect(await page.getByRole("button").count()).toBe(0);
    expect(served.look()).toMatchObject({ no: "kept" });
  });

  test("goes back after a yes, and sees that it is on its way", async () => {
    await page.goto(served.url);
    await acting().click();
    await page.getByRole("heading", { name: "Your answer: delete" }).waitFor();
    await page.goto(served.url);
    expect(await page.getByRole("heading").textContent()).toBe("Your answer: delete");
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
    expect(served.look()).toMatchObject({ no: "opened_twice" });
  });

  test("reaches it from another site: by form, by script, by frame or by link", async () => {
    const { url } = served;
    const site = createServer((_, response) => {
      response.setHeader("content-type", "text/html");
      response.end(`<form method="post" action="${url}"><input name="decision" value="delete">
        <button>go</button></form><a href="${url}">link</a><iframe src="${url}"></iframe>
        <script>fetch("${url}", { mode: "no-cors", credentials: "include" })</script>`);
    });
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    const { port } = site.address() as AddressInfo;
    for (const host of ["localhost", "127.0.0.1"]) {
      await page.goto(`http://${host}:${port}/`);
      const [, frame] = page.frames();
      expect(await frame?.locator("button").count()).toBe(0);
      const posted = page.waitForResponse((one) => one.request().method() === "POST");
      await page.getByText("go").click();
      expect((await posted).status()).toBe(403);
      await page.goto(`http://${host}:${port}/`);
      const followed = page.waitForResponse(
        (one) =>
          one.url() === url &&
          one.request().isNavigationRequest() &&
          one.frame() === page.mainFrame(),
      );
      await page.getByText("link").click();
      expect((await followed).status()).toBe(403);
    }
    // None of it was a reading, and after the person's none of it is an answer.
    const own = await context.newPage();
    await own.goto(url);
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.getByText("go").click();
    await own.reload();
    expect(await own.getByRole("heading").textContent()).toBe("Delete this invitation?");
    expect(served.look()).toHaveProperty("wait");
    site.closeAllConnections();
    site.close();
  });

  test("reads it under another name of this machine", async () => {
    const other = served.url.replace("127.0.0.1", "localhost");
    expect((await page.goto(other))?.status()).toBe(403);
    await page.goto(served.url);
    await refusing().click();
    expect(served.look()).toMatchObject({ no: "kept" });
  });
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
    await serve(FIFTY);
    await page.setViewportSize(size);
    await page.goto(served.url);
    expect(await overflow()).toBeLessThanOrEqual(0);
    expect(await isInReach(refusing())).toBe(true);
    expect(await isInReach(acting())).toBe(true);
    const list = page.getByRole("region", { name: "What this is about" });
    for (const email of FIFTY) expect(await list.textContent()).toContain(email);
    const scrolls = await list.evaluate((one) => one.scrollHeight > one.clientHeight);
    expect(scrolls).toBe(true);
    await page.getByText(FIFTY.at(-1) ?? "").scrollIntoViewIfNeeded();
    expect(await isInReach(acting())).toBe(true);
  });

  test("fits 320 px also with an address that has no place to break", async () => {
    await serve([`E-mail: ${"w".repeat(98)}@x`]);
    await page.setViewportSize({ width: 320, height: 568 });
    await page.goto(served.url);
    expect(await overflow()).toBeLessThanOrEqual(0);
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
      "keep",
      "delete",
    ];
    let from = 0;
    for (const part of order) {
      const at = tree.indexOf(part, from);
      expect(at, `${part} in\n${tree}`).toBeGreaterThanOrEqual(from);
      from = at;
    }
  });

  test("shows what an invitation holds as text", async () => {
    await serve([`Note: <img src=x onerror="document.title='got'"><b>&amp;</b> "'`]);
    await page.goto(served.url);
    expect(await page.textContent("main")).toContain(`<img src=x onerror="document.title='got'">`);
    expect(await page.locator("img, b").count()).toBe(0);
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
    await serve(FIFTY);
    await page.goto(served.url);
    await acting().waitFor();
    await check();
    await refusing().click();
    await check();
    await serve([]);
    await fetch(served.url);
    await page.goto(served.url);
    await check();
  });

  test("asks nothing of anybody else, and runs no script", async () => {
    const errors: string[] = [];
    page.on("console", (message) => errors.push(message.text()));
    await page.goto(served.url);
    await acting().click();
    await page.getByRole("heading", { name: "Your answer: delete" }).waitFor();
    const { origin } = new URL(served.url);
    expect(requests.length).toBeGreaterThanOrEqual(2);
    for (const url of requests) expect(new URL(url).origin).toBe(origin);
    expect(errors.filter((text) => !text.includes("404"))).toEqual([]);
    expect(await page.locator("script").count()).toBe(0);
  });
});
