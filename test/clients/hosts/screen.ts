import { setTimeout as soon } from "node:timers/promises";
import xterm from "@xterm/headless";
import type { Running } from "./host.ts";

const COLUMNS = 100;
const ROWS = 60;
const STEP_MS = 200;

/** What stands on the screen of a program in a terminal, and its keys. */
export interface Screen {
  text(): string;
  press(keys: string): void;
  /** Waits until `pattern` stands there, or no longer does; ends with the program. */
  until(pattern: RegExp, there?: boolean): Promise<void>;
}

/** The arguments for `script` (util-linux) to run a command in a terminal of this size. */
export function inTerminal(command: readonly string[]): string[] {
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  return ["-qefc", `stty cols ${COLUMNS} rows ${ROWS}; exec ${words.join(" ")}`, "/dev/null"];
}

/** The screen of a program that was started with `inTerminal`. */
export function screenOf({ child, ended }: Running): Screen {
  const terminal = new xterm.Terminal({ cols: COLUMNS, rows: ROWS, allowProposedApi: true });
  child.stdout?.on("data", (text: string) => terminal.write(text));
  const press = (keys: string) => child.stdin?.write(keys);
  // A program asks its terminal things, as where the cursor is.
  terminal.onData(press);
  let isOver = false;
  void ended.then(() => {
    isOver = true;
  });
  const text = () => {
    const { active } = terminal.buffer;
    const rows = Array.from({ length: ROWS }, (_, row) => active.getLine(active.baseY + row));
    return rows.map((row) => row?.translateToString(true).trim()).join("\n");
  };
  return {
    text,
    press,
    async until(pattern, there = true) {
      while (!isOver && pattern.test(text()) !== there) await soon(STEP_MS);
    },
  };
}
