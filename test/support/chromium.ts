import { type Browser, chromium } from "playwright-core";

const INSTALLED = ["chrome", "msedge", "chromium"];

/**
 * Launches a headless browser: on Linux x64 the one that comes as an npm package, elsewhere one that is
 * installed. Throws where there is none.
 */
export async function launchChromium(): Promise<Browser> {
  if (process.platform === "linux" && process.arch === "x64") {
    const { default: packed } = await import("@sparticuz/chromium");
    const executablePath = await packed.executablePath();
    // The package's own arguments use a single process, which exits when the first window is closed.
    return chromium.launch({ executablePath, args: ["--no-sandbox"], timeout: 120_000 });
  }
  for (const channel of INSTALLED) {
    const browser = await chromium.launch({ channel }).catch(() => undefined);
    if (browser !== undefined) return browser;
  }
  throw new Error("These tests need a browser: install Chrome, Edge or Chromium.");
}
