import { type Browser, chromium } from "playwright-core";

const INSTALLED = ["chrome", "msedge", "chromium"];

/**
 * A browser without a window: on Linux x64 the one that comes as an npm package, elsewhere one that is
 * installed. Throws where there is none.
 */
export async function launchChromium(): Promise<Browser> {
  if (process.platform === "linux" && process.arch === "x64") {
    const { default: packed } = await import("@sparticuz/chromium");
    const executablePath = await packed.executablePath();
    // Its own arguments put all into one process, which ends with the first window that is closed.
    return chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: 120_000 });
  }
  for (const channel of INSTALLED) {
    const browser = await chromium.launch({ channel }).catch(() => undefined);
    if (browser !== undefined) return browser;
  }
  throw new Error("These tests need a browser: install Chrome, Edge or Chromium.");
}
