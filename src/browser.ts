import { existsSync } from "node:fs";
import { platform, release } from "node:os";

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

/** What opens a page, in words. */
export function browserWords(browser: Browser): string {
  if (browser === "system") return "opened in the system's browser";
  if ("missing" in browser) return `not to be had: ${browser.missing}`;
  return "opened by the program in BROWSER";
}
