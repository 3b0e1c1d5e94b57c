import { setTimeout as soon } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";
import { type BinClient, connectBin } from "./support/bin.ts";
import { type Person, says } from "./support/client.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// The wall clock is turned while things are under way: by a time server, or because the machine slept.

const PRELOAD = fileURLToPath(new URL("support/turned-clock.cjs", import.meta.url));
const HOUR_MS = 3_600_000;
const NIGHT_MS = 8 * HOUR_MS;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function begin(
  turnMs: number,
  person: (turn: () => Promise<void>) => Person = () => says.yes,
): Promise<{ trieve: TestTrieve; server: BinClient; turn: () => Promise<void> }> {
  const trieve = await startTrieve();
  ends.push(trieve.close);
  let server: BinClient;
  const turn = async () => {
    server.bin.child.kill("SIGUSR2");
    await soon(100);
  };
  server = await connectBin({
    environment: { ...trieve.environment, TURN_MS: String(turnMs) },
    nodeArgs: ["--require", PRELOAD],
    person: person(turn),
  });
  ends.push(server.close);
  return { trieve, server, turn };
}

test.each([NIGHT_MS, -HOUR_MS])(
  "a send is told from the list, the clock turned by %i ms",
  async (ms) => {
    const { trieve, server, turn } = await begin(ms);
    trieve.store.mailMs = 1_500;
    const sent = server.call("send_invitation", { emails: ["ann@example.com"] });
    await vi.waitUntil(() => trieve.proxy.count("POST") === 1, { timeout: 20_000 });
    await turn();
    expect((await sent).facts).toMatchObject({ outcome: "done", counts: { invited: 1 } });
  },
);

test.each([NIGHT_MS, -HOUR_MS])("a form is answered, the clock turned by %i ms", async (ms) => {
  const { trieve, server } = await begin(ms, (turn) => async (question) => {
    await turn();
    return says.yes(question);
  });
  const { id } = trieve.add("bob@example.com");
  const { facts } = await server.call("delete_invitation", { invitations: [id] });
  expect(facts).toMatchObject({ outcome: "done", counts: { deleted: 1 } });
});

test("an hour back does not make the limit of a minute one of an hour", async () => {
  const { server, turn } = await begin(-HOUR_MS);
  for (let n = 0; n < 30; n += 1) {
    await server.call("send_invitation", { emails: [`p${n}@example.com`] });
  }
  await turn();
  const { text } = await server.call("send_invitation", { emails: ["last@example.com"] });
  const [, seconds] = /^rate_limited: .*Wait (\d+) seconds/.exec(text) ?? [];
  expect(Number(seconds)).toBeGreaterThan(0);
  expect(Number(seconds)).toBeLessThanOrEqual(60);
});

test("an hour on does not end the two minutes of doubt, and back the audit tells no negative time", async () => {
  const { trieve, server, turn } = await begin(HOUR_MS);
  trieve.proxy.next("POST", { reset: true });
  const first = await server.call("send_invitation", { emails: ["ann@example.com"] });
  expect(first.text).toMatch(/^outcome_unknown: /);
  await turn();
  const second = await server.call("send_invitation", { emails: ["ann@example.com"] });
  expect(second.text).toMatch(/^outcome_unknown: /);
  expect(trieve.proxy.count("POST")).toBe(1);
  const lines = server.bin
    .stderr()
    .split("\n")
    .filter((line) => line.startsWith("{"));
  for (const line of lines) expect(JSON.parse(line).ms).toBeLessThan(HOUR_MS);
});
