import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import open from "open";
import type { Browser } from "../config/browser.ts";

/** Shows `url` in the person's browser. Rejects when what should open it cannot be started. */
export async function openBrowser(browser: Browser, url: string): Promise<void> {
  if (browser !== "system" && "missing" in browser) throw new Error(browser.missing);
  const opener = browser === "system" ? await open(url) : start(browser.command, url);
  opener.unref();
  await new Promise<void>((resolve, reject) => {
    opener.once("error", reject);
    // Its exit code says nothing: explorer.exe gives 1 for a page that it has opened.
    opener.once("exit", () => resolve());
  });
}

/** Whether the program of BROWSER is there, as a path or in the folders of `path`, which is PATH. */
export function isProgramThere(command: string, path: string): boolean {
  const [program = ""] = wordsOf(command);
  const folders = /[/\\]/.test(program) ? [""] : path.split(delimiter);
  return folders.some((folder) =>
    ["", ".exe", ".cmd"].some((end) => existsSync(join(folder, program + end))),
  );
}

// `open` does not heed BROWSER once it is bundled. No shell: nothing in the address is ever a command.
function start(command: string, url: string) {
  const [program = "", ...given] = wordsOf(command);
  const hasPlace = given.some((word) => word.includes("%s"));
  const args = hasPlace ? given.map((word) => word.replaceAll("%s", url)) : [...given, url];
  return spawn(program, args, { stdio: "ignore", detached: true, windowsHide: true });
}

/** Program and arguments of BROWSER. Quotes keep blanks together, and a path with blanks needs none. */
function wordsOf(command: string): string[] {
  if (existsSync(command)) return [command];
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? "",
  );
}
