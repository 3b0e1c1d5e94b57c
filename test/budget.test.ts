import { readdirSync, readFileSync, statSync } from "node:fs";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectInMemory, type MemoryServer } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// What is exact may have a threshold: tokens, bytes, requests. Time has none; see docs/performance.md.

let trieve: TestTrieve;
let server: MemoryServer;
beforeAll(async () => {
  trieve = await startTrieve();
  server = await connectInMemory(trieve);
});
afterAll(() => trieve.close());

test("the tools cost a model at most 650 tokens", async () => {
  const { tools } = await server.client.listTools();
  const seen = tools.map(({ name, description, inputSchema }) => ({
    name,
    description,
    inputSchema,
  }));
  const tokens = countTokens(JSON.stringify(seen));
  expect(tokens).toBeLessThanOrEqual(650);
  expect(readFileSync("README.md", "utf8")).toContain(`cost a model ${tokens} tokens`);
});

test("a page of 1,000 or 10,000 invitations costs at most 2,600 tokens of text", async () => {
  for (const size of [1_000, 10_000]) {
    while (trieve.store.rows.length < size) {
      const n = trieve.store.rows.length;
      trieve.add(`firstname.lastname${n}@department.example.com`, { days: n / 24, role: n % 2 });
    }
    const { text } = await server.call("list_invitations");
    expect(text.split("\n").length).toBeGreaterThan(50);
    expect(countTokens(text)).toBeLessThanOrEqual(2_600);
  }
});

test("what a call needs is at most 240 kB, all of it at most 500 kB", () => {
  const sizes = readdirSync("dist", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".js"))
    .map(({ name, parentPath }) => ({ name, bytes: statSync(`${parentPath}/${name}`).size }));
  const sum = (list: typeof sizes) => list.reduce((all, { bytes }) => all + bytes, 0);
  expect(sum(sizes)).toBeLessThanOrEqual(500_000);
  const onDemand = /^(stateless|start|doctor|page-server|open-browser)-/;
  expect(sum(sizes.filter(({ name }) => !onDemand.test(name)))).toBeLessThanOrEqual(240_000);
});
