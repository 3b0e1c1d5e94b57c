import { spawn } from "node:child_process";
import { once } from "node:events";
import open from "open";
import { type Browser, commandsOf } from "../config/browser.ts";

/** Opens `url` in the person's browser. Rejects if no program for that can be started. */
export async function openBrowser(browser: Browser, url: string): Promise<void> {
  if (browser === "system") {
    (await open(url)).unref();
    return;
  }
  if ("missing" in browser) throw new Error(browser.missing);
  for (const words of commandsOf(browser.command)) {
    try {
      return await start(words, url);
    } catch {
      // The next program of the list may exist.
    }
  }
  throw new Error("no program in BROWSER could be started");
}

// The package `open` ignores BROWSER once it is bundled. No shell: nothing in the URL is ever run as a command. The
// exit code means nothing: explorer.exe exits with 1 after opening a page.
async function start([program = "", ...given]: readonly string[], url: string): Promise<void> {
  const hasPlaceholder = given.some((word) => word.includes("%s"));
  const args = hasPlaceholder ? given.map((word) => word.replaceAll("%s", url)) : [...given, url];
  const opener = spawn(program, args, { stdio: "ignore", detached: true, windowsHide: true });
  opener.unref();
  await once(opener, "spawn");
}
