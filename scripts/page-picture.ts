import { mkdir } from "node:fs/promises";
import { launchChromium } from "../test/support/chromium.ts";
import { pageAction, servePageOf } from "../test/support/pages.ts";

// Draws the page of a question as docs/page-light.png and docs/page-dark.png, as a browser shows it.

const browser = await launchChromium();
await mkdir("docs", { recursive: true });
for (const colorScheme of ["light", "dark"] as const) {
  const served = await servePageOf(pageAction());
  const context = await browser.newContext({
    colorScheme,
    viewport: { width: 680, height: 560 },
    deviceScaleFactor: 2,
  });
  const page = await context.newPage();
  await page.goto(served.url);
  await page.getByRole("button", { name: "Delete", exact: true }).waitFor();
  await page.screenshot({ path: `docs/page-${colorScheme}.png` });
  served.end();
  await context.close();
}
await browser.close();
process.exit(0);
