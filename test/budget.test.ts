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

test("the six tools cost a model at most 900 tokens, and 2,700 in all", async () => {
  const { tools } = await server.client.listTools();
  const seen = tools.map(({ name, description, inputSchema }) => ({
    name,
    description,
    inputSchema,
  }));
  const tokens = countTokens(JSON.stringify(seen));
  expect(tools).toHaveLength(6);
  expect(tokens).toBeLessThanOrEqual(900);
  expect(countTokens(JSON.stringify(tools))).toBeLessThanOrEqual(2_700);
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

test("what a call needs is at most 280 kB, all of it but what a proxy needs at most 540 kB", () => {
  const sizes = readdirSync("dist", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(?!undici-).*\.js$/.test(entry.name))
    .map(({ name, parentPath }) => ({ name, bytes: statSync(`${parentPath}/${name}`).size }));
  const sum = (list: typeof sizes) => list.reduce((all, { bytes }) => all + bytes, 0);
  expect(sum(sizes)).toBeLessThanOrEqual(540_000);
  const onDemand = /^(stateless|start|doctor|page-server|open-browser)-/;
  expect(sum(sizes.filter(({ name }) => !onDemand.test(name)))).toBeLessThanOrEqual(280_000);
});
