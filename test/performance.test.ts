import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fillPage, quote, readFigures } from "./bench/report.ts";

test("docs/performance.md has the tables of docs/figures.json", () => {
  const page = readFileSync(new URL("../docs/performance.md", import.meta.url), "utf8");
  expect(fillPage(page, readFigures())).toBe(page);
});

test("what the README may quote names the Node, the machine and the day", () => {
  const { node, machine, date } = readFigures()["node 20"] ?? {};
  expect(quote()).toContain(`Node ${node} on ${machine}, ${date}`);
});
