import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectBin, startBin } from "./support/bin.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// The key in a file, as the built program reads it.

let trieve: TestTrieve;
beforeAll(async () => {
  trieve = await startTrieve();
});
afterAll(() => trieve.close());

/** A path where `make` has put something. */
function made(make: (path: string) => void): Record<string, string> {
  const path = join(mkdtempSync(join(tmpdir(), "trieve-")), "key");
  make(path);
  return { ...trieve.environment, TRIEVE_API_KEY: "", TRIEVE_API_KEY_FILE: path };
}

function keep(path: string, mode = 0o600): void {
  writeFileSync(path, `${trieve.store.apiKey}\n`);
  chmodSync(path, mode);
}

test.each<[string, (path: string) => void]>([
  ["a pipe", (path) => execFileSync("mkfifo", [path])],
  [
    "a link to a pipe",
    (path) => {
      execFileSync("mkfifo", [`${path}.pipe`]);
      symlinkSync(`${path}.pipe`, path);
    },
  ],
  ["a device", (path) => symlinkSync("/dev/zero", path)],
  ["a folder", (path) => mkdirSync(path)],
])("%s is a fault that nothing waits for", async (_, make) => {
  const environment = made(make);
  const words = "TRIEVE_API_KEY_FILE must name a regular file that holds the key";
  const since = performance.now();
  const server = await connectBin({ environment });
  expect((await server.call("list_invitations")).text).toContain(`configuration_error: ${words}`);
  await server.close();
  const doctor = startBin({ environment, args: ["doctor"] });
  expect((await doctor.exited).code).toBe(1);
  expect(doctor.stdout()).toContain(words);
  expect(performance.now() - since).toBeLessThan(10_000);
  expect(trieve.proxy.seen).toEqual([]);
});

test.each<[string, number, (path: string) => void, RegExp]>([
  [
    "another key",
    401,
    (path) => writeFileSync(path, "tr-new"),
    /has changed since this server read the key: restart/,
  ],
  [
    "another key",
    403,
    (path) => writeFileSync(path, "tr-new"),
    /has changed since this server read the key: restart/,
  ],
  [
    "nothing any more",
    401,
    (path) => rmSync(path),
    /has changed since this server read the key: restart/,
  ],
  ["the same key", 401, (path) => keep(path), /Check the key in the file/],
  ["the same key", 403, (path) => keep(path), /Use the key of an admin or owner/],
])("a key that is refused is told with its file, which holds %s by then: %i", async (...row) => {
  const [, status, change, words] = row;
  const environment = made(keep);
  const server = await connectBin({ environment });
  change(String(environment["TRIEVE_API_KEY_FILE"]));
  trieve.proxy.next("GET", { answer: status });
  const { text } = await server.call("list_invitations");
  expect(text).toMatch(/^(unauthorized|forbidden): /);
  expect(text).toMatch(words);
  expect(`${text}${server.bin.stderr()}`).not.toContain("tr-new");
  await server.close();
});

test.each<[string, (path: string) => void, RegExp]>([
  ["a file", (path) => keep(path), /^$/],
  [
    "a link to a file, as of secrets that are mounted",
    (path) => {
      keep(`${path}.file`);
      symlinkSync(`${path}.file`, path);
    },
    /^$/,
  ],
  [
    "a file that others can read, with a warning",
    (path) => keep(path, 0o644),
    /^warning: TRIEVE_API_KEY_FILE can be read by users other than its owner/,
  ],
])("%s is read", async (_, make, log) => {
  const server = await connectBin({ environment: made(make) });
  expect((await server.call("list_invitations")).facts.matched).toBe(0);
  expect(server.bin.stderr()).toMatch(log);
  await server.close();
});
