import { mkdir } from "node:fs/promises";
import { launchChromium } from "../test/support/chromium.ts";
import { pageAction, pageRow, servePageOf } from "../test/support/pages.ts";

// Draws the page of a question as docs/page-light.png and docs/page-dark.png, as a browser shows it, and one about
// several invitations as docs/page-several-light.png and docs/page-several-dark.png.

const one = pageAction();
const users = ["carl", "dora", "eve", "frank", "ines", "kim"];
const rows = [
  pageRow("olga@example.com", "owner", "pending", "00000008"),
  pageRow("bob@example.com", "admin", "used"),
  ...users.map((name, n) => pageRow(`${name}@example.com`, "user", "pending", `0000001${n}`)),
];
const several = {
  ...pageAction({ rows }),
  question: `Delete ${rows.length} invitations?`,
  facts: one.facts.filter(({ label = "" }) => ["Organization", "Trieve"].includes(label)),
  choices: ["keep", `delete ${rows.length}`] as const,
};
const PICTURES = [
  ["page", one, 680, 560],
  ["page-several", several, 860, 580],
] as const;

const browser = await launchChromium();
await mkdir("docs", { recursive: true });
for (const [name, action, width, height] of PICTURES) {
  for (const colorScheme of ["light", "dark"] as const) {
    const served = await servePageOf(action);
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
