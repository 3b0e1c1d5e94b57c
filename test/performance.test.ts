import { readFileSync, statSync } from "node:fs";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { ready } from "./bench/measure.ts";
import { fillPage, quote, readFigures } from "./bench/report.ts";
import { BIN } from "./support/bin.ts";

test("docs/performance.md has the tables of docs/figures.json", () => {
  const page = readFileSync(new URL("../docs/performance.md", import.meta.url), "utf8");
  expect(fillPage(page, readFigures())).toBe(page);
});

test("what the README may quote names the Node, the machine and the day", () => {
  const { node, machine, date } = readFigures()["node 20"] ?? {};
  expect(quote()).toContain(`Node ${node} on ${machine}, ${date}`);
});

const TELL_FILES = `data:text/javascript,
  import Module from "node:module";
  process.on("exit", () => console.error("read", JSON.stringify(Object.keys(Module._cache))));`;

// Counted, not timed: a new version of an SDK may bring back what the build leaves out of it.
test.each([
  ["legacy", 165_000],
  ["modern", 260_000],
] as const)(
  "a start with the %s protocol reads five files, of %i bytes at most",
  async (protocol, most) => {
    const { server } = await ready({ args: ["--import", TELL_FILES, BIN], env: {} }, protocol);
    const told = text(server.child.stderr);
    server.child.stdin.end();
    const [, list = ""] = /^read (.*)$/m.exec(await told) ?? [];
    const files: string[] = JSON.parse(list);
    expect(files).toHaveLength(5);
    expect(files.reduce((sum, file) => sum + statSync(file).size, 0)).toBeLessThan(most);
  },
);
