import { mkdir } from "node:fs/promises";
import { launchChromium } from "../test/support/chromium.ts";
import { actionInDocs, servePageOf } from "../test/support/pages.ts";

// Takes screenshots of a question's page in a browser, docs/page-light.png and docs/page-dark.png, and of one about
// several invitations, docs/page-several-light.png and docs/page-several-dark.png.

const NAMES = ["bob", "carl", "dora", "eve", "frank", "ines", "kim"];
const emails = NAMES.map((name) => `${name}@example.com`);
const PICTURES = [
  ["page", 1, 680, 560],
  ["page-several", emails.length, 860, 700],
] as const;

const browser = await launchChromium();
await mkdir("docs", { recursive: true });
for (const [name, count, width, height] of PICTURES) {
  for (const colorScheme of ["light", "dark"] as const) {
    const served = await servePageOf(await actionInDocs(emails.slice(0, count)));
    const context = await browser.newContext({
      colorScheme,
      viewport: { width, height },
      deviceScaleFactor: 2,
    });
    const page = await context.newPage();
    await page.goto(served.url);
    await page.getByRole("button", { name: /^Delete/ }).waitFor();
    await page.screenshot({ path: `docs/${name}-${colorScheme}.png` });
    served.end();
    await context.close();
  }
}
await browser.close();
process.exit(0);
