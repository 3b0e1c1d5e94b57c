import { existsSync } from "node:fs";
import { platform, release } from "node:os";
import { delimiter, join } from "node:path";

/** What opens a page for the person at this machine: a program that was named, or the system. */
export type Browser = { command: string } | "system" | { missing: string };

interface Machine {
  platform: string;
  /** Version of the kernel, which tells WSL from Linux. */
  release: string;
  isContainer(): boolean;
}

const HERE: Machine = {
  platform: platform(),
  release: release(),
  isContainer: () => existsSync("/.dockerenv") || existsSync("/run/.containerenv"),
};

/** Whether a browser can be opened, as far as the environment tells. `command` overrides what it tells. */
export function findBrowser(
  environment: Readonly<Record<string, string | undefined>>,
  command: string | undefined,
  machine: Machine = HERE,
): Browser {
  const isSet = (name: string) => (environment[name] ?? "") !== "";
  if (command !== undefined) return { command };
  if (isSet("SSH_CONNECTION")) return { missing: "this is a remote shell (SSH_CONNECTION)" };
  if (machine.platform === "win32" || machine.platform === "darwin") return "system";
  if (isSet("DISPLAY") || isSet("WAYLAND_DISPLAY")) return "system";
  const isWsl = /microsoft/i.test(machine.release) && !machine.isContainer();
  if (isWsl) return "system";
  return { missing: "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)" };
}

/** Program and arguments of BROWSER. Quotes keep blanks together, and a path with blanks needs none. */
export function wordsOf(command: string): string[] {
  if (existsSync(command)) return [command];
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain ?? "",
  );
}

/** Whether the program of BROWSER is there, as a path or in the folders of `path`, which is PATH. */
export function isProgramThere(command: string, path: string): boolean {
  const [program = ""] = wordsOf(command);
  const folders = /[/\\]/.test(program) ? [""] : path.split(delimiter);
  return folders.some((folder) =>
    ["", ".exe", ".cmd"].some((end) => existsSync(join(folder, program + end))),
  );
}

/** What opens a page, in words. */
export function browserWords(browser: Browser): string {
  if (browser === "system") return "opened in the system's browser";
  if ("missing" in browser) return `not to be had: ${browser.missing}`;
  return "opened by the program in BROWSER";
}
