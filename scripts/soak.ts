import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as soon } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Client } from "@modelcontextprotocol/client";
import { startBin, transportOver } from "../test/support/bin.ts";
import { type CallAnswer, says } from "../test/support/client.ts";
import type { Fault } from "../test/support/fault-proxy.ts";
import { startTrieve } from "../test/support/trieve.ts";

// Calls the built program for --minutes, in both protocols in parallel, with a fifth of Trieve's answers broken and
// every eighth question abandoned. Reports the outcomes of the calls, memory and descriptors, and exits with 1 if
// memory grew, a mail went out twice or a descriptor was left open.

const { values } = parseArgs({ options: { minutes: { type: "string", default: "1" } } });
const minutes = Number(values.minutes);
const AT_ONCE = 4;
const PAUSE_MS = 100;
/** The list is kept at about this length, so that growing memory means a leak. */
const ROWS = 200;
/** Longer than an idle connection is kept open. */
const IDLE_MS = 10_000;
/**
 * Megabytes per minute by which the heap, after garbage collection, may grow in the second half of a run. The program
 * keeps some state for ten minutes, so a shorter half proves nothing.
 */
const MOST_GROWTH = minutes < 20 ? Number.POSITIVE_INFINITY : 0.05;
const LOG_HEAP = `data:text/javascript,setInterval(() => {
  gc();
  console.error("heap", process.memoryUsage().heapUsed);
}, 10000).unref()`;

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

const problems: string[] = [];
const outcomes = new Map<string, number>();
/** How many mails the calls so far may have sent to an address. */
const asked = new Map<string, number>();
const counts = { calls: 0, answers: 0, broken: 0, questions: 0, abandoned: 0 };
let added = 0;

const trieve = await startTrieve();
const { store, proxy } = trieve;
for (let n = 0; n < ROWS; n += 1) trieve.add(`start${n}@example.com`, { used: n % 4 === 0 });
proxy.always(() => {
  // Otherwise the proxy's own record would grow.
  proxy.seen.length = 0;
  counts.answers += 1;
  if (Math.random() >= 0.2) return { pass: true };
  counts.broken += 1;
  return pick(BROKEN);
});

/** Starts the built program and connects a client by one protocol. */
async function connect(protocol: "legacy" | "modern") {
  const bin = startBin({
    environment: trieve.environment,
    keep: false,
    nodeArgs: ["--expose-gc", "--import", LOG_HEAP],
  });
  const mode = protocol === "legacy" ? protocol : { pin: "2026-07-28" };
  const client = new Client(
    { name: "soak", version: "1" },
    { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } },
  );
  let questions = 0;
  /** How to abort each running call, by the address that it is about. */
  const running = new Map<string, () => void>();
  client.setRequestHandler("elicitation/create", ({ params }) => {
    questions += 1;
    counts.questions += 1;
    const about = [...running.keys()].find((email) => params.message.includes(email));
    if (questions % 8 === 0 && about !== undefined) running.get(about)?.();
    const { properties } = (params as { requestedSchema: object }).requestedSchema as {
      properties: { decision: { enum: string[] } };
    };
    // In turn, since five in a row without a yes would pause all questions for ten minutes.
    const answer = [says.yes, says.no, says.yes, says.cancel][questions % 4] ?? says.yes;
    return answer({ choices: properties.decision.enum }) as { action: "accept" };
  });
  await client.connect(transportOver(bin.child) as never);
  return {
    protocol,
    client,
    bin,
    /** Undefined if the caller gave up while a question was open. */
    async call(name: string, args: object, about = ""): Promise<CallAnswer | undefined> {
      const given = new AbortController();
      if (about !== "") running.set(about, () => given.abort());
      counts.calls += 1;
      try {
        const options = { signal: given.signal, timeout: 120_000 };
        const result = await client.callTool({ name, arguments: { ...args } }, options);
        const [content] = result.content as { text: string }[];
        const facts = result.structuredContent;
        return { isError: result.isError === true, text: content?.text ?? "", facts };
      } catch (error) {
        if (!given.signal.aborted) throw error;
        counts.abandoned += 1;
        return undefined;
      } finally {
        running.delete(about);
      }
    },
  };
}
type Server = Awaited<ReturnType<typeof connect>>;

function judge(name: string, answer: CallAnswer | undefined): void {
  const { isError, text, facts } = answer ?? { isError: false, text: "", facts: {} };
  // Every call has one target, whose outcome says more than that of the call.
  const [row] = facts?.results ?? [];
  const code = isError ? text.slice(0, text.indexOf(":")) : (row?.outcome ?? facts?.outcome);
  const outcome = answer === undefined ? "abandoned" : (code ?? "listed");
  outcomes.set(`${name} ${outcome}`, (outcomes.get(`${name} ${outcome}`) ?? 0) + 1);
  const isThere = () => store.rows.some(({ id }) => id.startsWith(row.id));
  if (outcome === "deleted" && isThere()) problems.push(`not deleted: ${text}`);
  if (outcome === "internal_error") problems.push(text);
}

/** Makes one call after the other, each with one target. */
async function work(server: Server, worker: number, until: number): Promise<void> {
  const call = async (name: string, args: object, about?: string) => {
    const ask = () => server.call(name, args, about);
    let answer = await ask();
    judge(name, answer);
    // In the modern protocol an abandoned question blocks others until it is asked again, or for minutes.
    if (answer === undefined && Math.random() < 0.95) {
      answer = await ask();
      judge(name, answer);
    }
  };
  const mayMail = (email: string) => asked.set(email, (asked.get(email) ?? 0) + 2);
  for (let n = 0; Date.now() < until; n += 1) {
    const kind = Math.random();
    const row = pick(store.rows);
    if (kind < 0.5) await call("list_invitations", { status: "all", limit: 20 });
    else if (kind < 0.6) await call("list_members", { limit: 20 });
    else if (kind < 0.8) {
      const email = `${server.protocol}${worker}n${n}@example.com`;
      asked.set(email, 1);
      await call("send_invitation", { emails: [email] });
    } else {
      const isResend = kind < 0.9;
      if (isResend) mayMail(row.email);
      const invitations = [pick([row.email, row.id.slice(0, 8), row.id])];
      const tool = isResend ? "resend_invitation" : "delete_invitation";
      await call(tool, { invitations }, row.email);
    }
    while (store.rows.length > ROWS) store.rows.splice(store.rows.indexOf(pick(store.rows)), 1);
    for (; store.rows.length < ROWS - 20; added += 1) trieve.add(`more${added}@example.com`);
    await soon(PAUSE_MS);
  }
}

const proc = (server: Server, file: string) => `/proc/${server.bin.child.pid}/${file}`;
const descriptors = (server: Server) => readdirSync(proc(server, "fd")).length;
const resident = (server: Server) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(proc(server, "status"), "utf8"))?.[1]) / 1024;
const heap = (server: Server) =>
  Number(
    server.bin
      .stderr()
      .match(/(?<=^heap )\d+/gm)
      ?.at(-1),
  ) / 1e6;

/** Megabytes per minute, by least squares over the second half, after everything has warmed up. */
function slopeOf(samples: readonly (readonly [number, number, ...number[]])[]): number {
  const half = samples.slice(Math.floor(samples.length / 2));
  const mean = (at: 0 | 1) => half.reduce((sum, one) => sum + one[at], 0) / half.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = half.reduce((sum, at) => sum + (at[0] - x) * (at[1] - y), 0);
  const variance = half.reduce((sum, at) => sum + (at[0] - x) ** 2, 0);
  return covariance / (variance || 1);
}

/** Keeps one server busy for the whole time, and reports its memory and descriptors. */
async function soak(server: Server) {
  await server.call("list_invitations", {});
  await soon(IDLE_MS);
  const opened = descriptors(server);
  const started = Date.now();
  const samples: [minute: number, heap: number, resident: number][] = [];
  const sample = () =>
    samples.push([(Date.now() - started) / 60_000, heap(server), resident(server)]);
  const timer = setInterval(sample, 10_000);
  const until = started + minutes * 60_000;
  await Promise.all(Array.from({ length: AT_ONCE }, (_, worker) => work(server, worker, until)));
  clearInterval(timer);
  sample();
  await soon(IDLE_MS);
  const left = descriptors(server);
  const slope = slopeOf(samples);
  const { protocol } = server;
  if (slope > MOST_GROWTH) problems.push(`${protocol}: the heap grows by ${slope} MB a minute`);
  if (left > opened) problems.push(`${protocol}: ${left - opened} descriptors left open`);
  if (/warning/i.test(server.bin.stderr())) problems.push(`${protocol}: a warning on stderr`);
  await server.client.close();
  const every = Math.ceil(samples.length / 12);
  const overTime = samples
    .filter((_, n) => n % every === 0 || n === samples.length - 1)
    .map((one) => one.map((value) => Number(value.toFixed(1))));
  return {
    "minute, heap and resident memory in MB": overTime.map((one) => one.join(", ")),
    heap_grows_a_minute: slope,
    descriptors: { before: opened, after: left },
  };
}

const servers = await Promise.all([connect("legacy"), connect("modern")]);
const [legacy, modern] = await Promise.all(servers.map(soak));
await trieve.close();

const mails = new Map<string, number>();
for (const { to } of store.mails) mails.set(to, (mails.get(to) ?? 0) + 1);
for (const [email, count] of mails) {
  const most = asked.get(email) ?? 0;
  if (count > most) problems.push(`${count} mails to one address, for ${most} calls`);
}
const addresses = store.rows.map(({ email }) => email);
const twice = addresses.filter((email, at) => addresses.indexOf(email) !== at);
for (const email of twice) problems.push(`two invitations to ${email}`);

const report = {
  minutes,
  ...counts,
  most_connections: proxy.connections.most,
  legacy,
  modern,
  outcomes: Object.fromEntries([...outcomes].sort()),
  problems: problems.slice(0, 20),
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
