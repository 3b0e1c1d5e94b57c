import { readdirSync, readFileSync, statSync } from "node:fs";
import fc from "fast-check";
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

test("the tools cost a model at most 750 tokens, and 2,200 in all", async () => {
  const { tools } = await server.client.listTools();
  const seen = tools.map(({ name, description, inputSchema }) => ({
    name,
    description,
    inputSchema,
  }));
  const tokens = countTokens(JSON.stringify(seen));
  expect(tokens).toBeLessThanOrEqual(750);
  expect(countTokens(JSON.stringify(tools))).toBeLessThanOrEqual(2_200);
  // Written there by npm run generate.
  const [, told] = /cost a model (\d+) tokens/.exec(readFileSync("README.md", "utf8")) ?? [];
  expect(Number(told)).toBe(tokens);
});

test("a page of 50 of 1,000 or 10,000 invitations costs at most 1,400 tokens of text", async () => {
  // Ids as random ones are, but the same in each run: some cost a token more than others.
  const random = fc.sample(fc.uuid(), { numRuns: 10_000, seed: 1 });
  for (const size of [1_000, 10_000]) {
    while (trieve.store.rows.length < size) {
      const n = trieve.store.rows.length;
      const more = { days: n / 24, role: n % 2, used: n % 7 === 0, id: random[n] ?? "" };
      trieve.add(`firstname.lastname${n}@department.example.com`, more);
    }
    for (const args of [{}, { order: "oldest" }, { status: "all", order: "oldest" }]) {
      const { text } = await server.call("list_invitations", args);
      expect(text.match(/@department/g)).toHaveLength(50);
      expect(countTokens(text)).toBeLessThanOrEqual(1_400);
    }
  }
});

test("what a call needs is at most 280 kB, all of it but what a proxy needs at most 540 kB", () => {
  const sizes = readdirSync("dist", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /^(?!undici-).*\.js$/.test(entry.name))
    .map(({ name, parentPath }) => ({ name, bytes: statSync(`${parentPath}/${name}`).size }));
  const sum = (list: typeof sizes) => list.reduce((all, { bytes }) => all + bytes, 0);
  expect(sum(sizes)).toBeLessThanOrEqual(540_000);
  const onDemand = /^(modern|start|doctor|page-server|browser)-/;
  expect(sum(sizes.filter(({ name }) => !onDemand.test(name)))).toBeLessThanOrEqual(280_000);
});
