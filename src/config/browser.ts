import { accessSync, constants, existsSync, statSync } from "node:fs";
import { platform, release } from "node:os";
import { delimiter, join } from "node:path";
import { isContainer } from "./machine.ts";

/** What opens a page for the person at this machine: the program in BROWSER, the system, or nothing and why. */
export type Browser = { command: string } | "system" | { missing: string };

/** This machine. Under WSL the kernel's release contains `microsoft`. */
const HERE = {
  platform: platform() as string,
  release: release(),
  isContainer,
  isThere: isProgramThere,
};

/** What can open a page here, judging by the environment; `command` is BROWSER, which takes precedence. */
export function findBrowser(
  environment: NodeJS.ProcessEnv,
  command: string | undefined,
  machine = HERE,
): Browser {
  const home = environment["HOME"] ?? environment["USERPROFILE"];
  if (command !== undefined && /^none$/i.test(command)) return { missing: "BROWSER is none" };
  if (command !== undefined) {
    return { command: home ? command.replace(/(?<![^\s"':])~(?=[/\\])/g, () => home) : command };
  }
  if (environment["SSH_CONNECTION"]) return { missing: "this is a remote shell (SSH_CONNECTION)" };
  const isDesktop = machine.platform === "win32" || machine.platform === "darwin";
  const isWsl = /microsoft/i.test(machine.release) && !machine.isContainer();
  if (isDesktop || isWsl) return "system";
  if (!environment["DISPLAY"] && !environment["WAYLAND_DISPLAY"]) {
    return { missing: "there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)" };
  }
  const hasXdgOpen = machine.isThere("xdg-open", environment["PATH"] ?? "");
  return hasXdgOpen ? "system" : { missing: "there is no xdg-open (package xdg-utils)" };
}

/** Whether a program named in BROWSER exists, as a path or in a folder of `path`, the value of PATH. */
export function isProgramThere(command: string, path: string): boolean {
  return commandsOf(command).some(([program = ""]) => {
    const folders = /[/\\]/.test(program) ? [""] : path.split(delimiter);
    return folders.some((folder) =>
      ["", ".exe", ".cmd"].some((end) => isProgram(join(folder, program + end))),
    );
  });
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * The programs in BROWSER, to be tried in turn, each with its arguments; Debian sets `x-www-browser:firefox`, for
 * example. Quotes group words with blanks; the path of an existing file needs none.
 */
export function commandsOf(command: string): string[][] {
  const separator = delimiter === ":" ? /:(?=(?:[^"']|"[^"]*"|'[^']*')*$)/ : /;/;
  const entries = existsSync(command) ? [command] : command.split(separator);
  return entries.filter((entry) => entry.trim() !== "").map(splitCommand);
}

function splitCommand(command: string): string[] {
  if (existsSync(command)) return [command];
  const words = command.match(/"[^"]*"|'[^']*'|\S+/g) ?? [];
  return words.map((word) => word.replace(/^(["'])(.*)\1$/s, "$2"));
}
