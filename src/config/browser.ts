import { platform, release } from "node:os";
import { isContainer } from "./machine.ts";

/** What opens a page for the person at this machine: the program in BROWSER, the system, or nothing and why. */
export type Browser = { command: string } | "system" | { missing: string };

interface Machine {
  platform: string;
  /** Version of the kernel: that of WSL has Microsoft in it. */
  release: string;
  isContainer(): boolean;
}

const HERE: Machine = {
  platform: platform(),
  release: release(),
  isContainer,
};

/** What can open a page here, as far as the environment shows; `command` is BROWSER, which overrides that. */
export function findBrowser(
  environment: Readonly<Record<string, string | undefined>>,
  command: string | undefined,
  machine: Machine = HERE,
): Browser {
  if (command !== undefined) return { command };
  if (environment["SSH_CONNECTION"]) return { missing: "this is a remote shell (SSH_CONNECTION)" };
  const isDesktop = machine.platform === "win32" || machine.platform === "darwin";
  const hasDisplay = environment["DISPLAY"] || environment["WAYLAND_DISPLAY"];
  const isWsl = /microsoft/i.test(machine.release) && !machine.isContainer();
  if (isDesktop || hasDisplay || isWsl) return "system";
  return { missing: "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)" };
}
