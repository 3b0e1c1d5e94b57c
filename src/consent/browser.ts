import { spawn } from "node:child_process";
import { once } from "node:events";
import open from "open";
import { type Browser, commandsOf } from "../config/browser.ts";

/** Shows `url` in the person's browser. Rejects when nothing that should open it can be started. */
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
      // The next one of the list may be there.
    }
  }
  throw new Error("no program in BROWSER could be started");
}

// `open` does not heed BROWSER once it is bundled. No shell: nothing in the address is ever a command. The exit code
// says nothing: explorer.exe gives 1 for a page that it has opened.
async function start([program = "", ...given]: readonly string[], url: string): Promise<void> {
  const hasPlace = given.some((word) => word.includes("%s"));
  const args = hasPlace ? given.map((word) => word.replaceAll("%s", url)) : [...given, url];
  const opener = spawn(program, args, { stdio: "ignore", detached: true, windowsHide: true });
  opener.unref();
  await once(opener, "spawn");
}
