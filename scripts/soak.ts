import { readFileSync } from "node:fs";
import { setTimeout as soon } from "node:timers/promises";
import { parseArgs } from "node:util";
import { connectBin } from "../test/support/bin.ts";
import { type CallAnswer, says } from "../test/support/client.ts";
import type { Fault } from "../test/support/fault-proxy.ts";
import { startTrieve } from "../test/support/trieve.ts";

// Calls the built program for minutes, with a fifth of Trieve's answers broken, and reports memory,
// sockets and whatever broke a promise.

const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" } } });
const minutes = Number(values.minutes);
const AT_ONCE = 8;

const BROKEN: Fault[] = [
  { reset: true },
  { reset: true, forward: true },
  { answer: 500 },
  { answer: 503, forward: true },
  { answer: 429, headers: { "retry-after": "0" } },
  { answer: 200, body: "<html>" },
  { answer: 302, headers: { location: "http://127.0.0.1:1/" } },
  { cut: '[{"id":' },
];

function pick<T>(list: readonly T[]): T {
  return list[Math.floor(Math.random() * list.length)] as T;
}

const trieve = await startTrieve();
for (let n = 0; n < 200; n += 1)
  trieve.add(`start${n}@example.com`, { used: n % 4 === 0, days: n });
let broken = 0;
let questions = 0;
trieve.proxy.always(() => {
  if (Math.random() >= 0.2) return { pass: true };
  broken += 1;
  return pick(BROKEN);
});
const server = await connectBin({
  environment: trieve.environment,
  // What is not JSON-RPC on stdout ends the run all the same.
  keep: false,
  person: (question) => {
    questions += 1;
    // In turn, for several without a yes running would end all questions for ten minutes.
    const answer = [says.yes, says.no, says.yes, says.cancel][questions % 4] ?? says.yes;
    return answer(question);
  },
});

const outcomes = new Map<string, number>();
const problems: string[] = [];
let calls = 0;

function judge(name: string, { isError, text, facts }: CallAnswer): void {
  calls += 1;
  // Every call has one target, whose outcome tells more than that of the call.
  const [row] = facts?.results ?? [];
  const code = text.slice(0, text.indexOf(":"));
  const outcome = isError ? code : (row?.outcome ?? facts.outcome ?? "listed");
  outcomes.set(`${name} ${outcome}`, (outcomes.get(`${name} ${outcome}`) ?? 0) + 1);
  const isThere = () => trieve.store.rows.some(({ id }) => id.startsWith(row.id));
  if (outcome === "deleted" && isThere()) problems.push(`not deleted: ${text}`);
  if (outcome === "internal_error") problems.push(text);
}

async function work(worker: number, until: number): Promise<void> {
  for (let n = 0; Date.now() < until; n += 1) {
    const kind = Math.random();
    if (kind < 0.5) {
      judge("list", await server.call("list_invitations", { status: "all", limit: 20 }));
    } else if (kind < 0.6) {
      judge("members", await server.call("list_members", { limit: 20 }));
    } else if (kind < 0.8) {
      const email = `w${worker}n${n}@example.com`;
      judge("send", await server.call("send_invitation", { emails: [email] }));
      const sent = trieve.store.mails.filter(({ to }) => to === email).length;
      if (sent > 1) problems.push(`${sent} mails to one address`);
    } else {
      const row = pick(trieve.store.rows);
      if (row === undefined) trieve.add(`again${worker}n${n}@example.com`);
      else {
        const invitations = [pick([row.email, row.id.slice(0, 8), row.id])];
        judge("delete", await server.call("delete_invitation", { invitations }));
      }
    }
    // The proxy's own record would be the leak to find.
    trieve.proxy.seen.length = 0;
    await soon(20);
  }
}

const samples: { minute: number; megabytes: number; sockets: number }[] = [];
const started = Date.now();
function sample(): void {
  const status = readFileSync(`/proc/${server.bin.child.pid}/status`, "utf8");
  const megabytes = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  const minute = (Date.now() - started) / 60_000;
  samples.push({ minute, megabytes, sockets: trieve.proxy.connections.now });
}
const timer = setInterval(sample, 5_000);
await Promise.all(
  Array.from({ length: AT_ONCE }, (_, worker) => work(worker, started + minutes * 60_000)),
);
clearInterval(timer);
sample();
if (server.bin.answers() !== calls + 1) problems.push("not every call was answered once");
if (/warning/i.test(server.bin.stderr())) problems.push("a warning on stderr");
await server.close();
await trieve.close();

/** Megabytes a minute, by least squares over the second half, when everything is warm. */
function slope(): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const mean = (read: (at: (typeof half)[number]) => number) =>
    half.reduce((sum, at) => sum + read(at), 0) / half.length;
  const [x, y] = [mean(({ minute }) => minute), mean(({ megabytes }) => megabytes)];
  const over = half.reduce((sum, at) => sum + (at.minute - x) * (at.megabytes - y), 0);
  const under = half.reduce((sum, at) => sum + (at.minute - x) ** 2, 0);
  return over / (under || 1);
}

const report = {
  minutes,
  calls,
  broken_answers: broken,
  megabytes: {
    first: samples[0]?.megabytes,
    last: samples.at(-1)?.megabytes,
    slope_a_minute: slope(),
  },
  most_sockets: trieve.proxy.connections.most,
  outcomes: Object.fromEntries([...outcomes].sort()),
  problems: problems.slice(0, 20),
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
