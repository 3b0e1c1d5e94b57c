import { setTimeout as soon } from "node:timers/promises";
import { afterAll, describe, expect, test, vi } from "vitest";
import { type BinClient, connectBin } from "./support/bin.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// A Trieve that is slow, in real time: how many requests it gets, who waits for whom, and what is told.

const open: { trieve: TestTrieve; server: BinClient }[] = [];
async function begin(prepare: (trieve: TestTrieve) => void = () => {}) {
  const trieve = await startTrieve();
  prepare(trieve);
  const server = await connectBin({ environment: trieve.environment });
  open.push({ trieve, server });
  return { trieve, server };
}
afterAll(async () => {
  for (const { trieve, server } of open.splice(0)) {
    server.bin.child.kill("SIGKILL");
    await trieve.close();
  }
});

const send = ({ call }: BinClient, name: string) =>
  call("send_invitation", { emails: [`${name}@example.com`] });

describe.concurrent("beside a slow Trieve", () => {
  test("at most four requests run, of these two sends, whatever comes in", async () => {
    const { trieve, server } = await begin(({ store, proxy }) => {
      store.mailMs = 700;
      proxy.always(({ method }) => (method === "GET" ? { delay: 150 } : { pass: true }));
    });
    let sends = 0;
    const watch = setInterval(() => {
      const running = trieve.proxy.count("POST") - trieve.store.mails.length;
      sends = Math.max(sends, running);
    }, 20);
    await Promise.all([
      ...Array.from({ length: 6 }, (_, n) => send(server, `p${n}`)),
      ...Array.from({ length: 20 }, () => server.call("list_invitations")),
    ]);
    clearInterval(watch);
    expect(trieve.store.mails).toHaveLength(6);
    expect(trieve.proxy.mostWaiting()).toBe(4);
    expect(sends).toBe(2);
  });

  test("a send that gets no turn is busy with nothing sent, and lists go on", async () => {
    const { trieve, server } = await begin(({ store }) => {
      store.mailMs = 14_000;
    });
    const mailing = [send(server, "a"), send(server, "b")];
    await vi.waitUntil(() => trieve.proxy.count("POST") === 2, { timeout: 20_000 });
    const late = send(server, "c");
    const list = await server.call("list_invitations");
    expect(list.facts.matched).toBe(2);
    const { text } = await late;
    expect(text).toMatch(/^busy: .*nothing was sent/);
    expect(trieve.proxy.count("POST")).toBe(2);
    for (const { facts } of await Promise.all(mailing))
      expect(facts.counts).toEqual({ invited: 1 });
  });

  test("a relay of 24 s is invited, with one POST", async () => {
    const { trieve, server } = await begin(({ store }) => {
      store.mailMs = 24_000;
    });
    const { facts } = await send(server, "ann");
    expect(facts.counts).toEqual({ invited: 1 });
    expect(trieve.proxy.count("POST")).toBe(1);
  });

  test("a relay that never answers is mail_unconfirmed within 60 s, with the id", async () => {
    const { trieve, server } = await begin(({ store }) => {
      store.mailMs = 600_000;
    });
    const since = performance.now();
    const { text } = await send(server, "ann");
    expect(performance.now() - since).toBeLessThan(60_000);
    expect(text).toMatch(/^mail_unconfirmed: /);
    expect(text).toContain(trieve.store.rows[0]?.id.slice(0, 8));
    expect(trieve.proxy.count("POST")).toBe(1);
  });

  test("a list of 12 s is waited for, and asked for once", async () => {
    const { trieve, server } = await begin(({ proxy }) => proxy.next("GET", { delay: 12_000 }));
    const { facts } = await server.call("list_invitations");
    expect(facts.matched).toBe(0);
    expect(trieve.proxy.count("GET")).toBe(1);
  });

  test("a list that ran out of time is not repeated", async () => {
    const { trieve, server } = await begin(({ proxy }) => proxy.next("GET", { silence: "all" }));
    const since = performance.now();
    const { text } = await server.call("list_invitations");
    expect(text).toMatch(/^timeout: /);
    expect(performance.now() - since).toBeGreaterThan(19_000);
    expect(trieve.proxy.count("GET")).toBe(1);
  });

  test("a send after a slow list takes less, so that there is time to tell what came of it", async () => {
    const { trieve, server } = await begin(({ store, proxy }) => {
      store.mailMs = 600_000;
      proxy.next("GET", { delay: 15_000 });
    });
    const since = performance.now();
    const { text } = await send(server, "ann");
    expect(performance.now() - since).toBeLessThan(60_000);
    expect(text).toMatch(/^mail_unconfirmed: /);
    expect(trieve.proxy.count("POST")).toBe(1);
  });

  test("lists that were given up keep their place for as long as Trieve works for them", async () => {
    const { trieve, server } = await begin(({ proxy }) => {
      proxy.next("GET", ...Array.from({ length: 4 }, () => ({ silence: "all" }) as const));
    });
    const callers = Array.from({ length: 4 }, () => new AbortController());
    const since = performance.now();
    for (const { signal } of callers)
      server.call("list_invitations", {}, { signal }).catch(() => {});
    await vi.waitUntil(() => trieve.proxy.count("GET") === 4, { timeout: 20_000 });
    for (const caller of callers) caller.abort();
    const next = server.call("list_invitations");
    await soon(8_000);
    expect(trieve.proxy.count("GET")).toBe(4);
    expect((await next).facts.matched).toBe(0);
    expect(performance.now() - since).toBeGreaterThan(14_000);
  });
});
