import { expect } from "vitest";
import type { Clock } from "../../src/clock.ts";
import { loadSettings } from "../../src/config/load.ts";
import { createApp } from "../../src/mcp/server.ts";
import { createSandboxApp } from "../../src/sandbox/app.ts";
import { createStore, insertRow, type Row, type Store } from "../../src/sandbox/store.ts";
import { createTrieveClient } from "../../src/trieve/client.ts";
import { LIMITS, type Limits } from "../../src/trieve/limits.ts";

/** How a request is answered; `pass` lets Trieve do it. */
export type Answer = (pass: () => Promise<Response>) => Response | Promise<Response>;

/** Answers like this, as Trieve or a proxy would, without carrying out the request. */
export function says(status: number, message?: string, headers = {}): Answer {
  const body = message === undefined ? null : JSON.stringify({ message });
  return () => new Response(body, { status, headers });
}

/** An HTML page, as from a gateway in front of Trieve. */
export const page = (status: number): Answer =>
  says(status, "", { "content-type": "text/html; charset=utf-8" });

/** Carries out the request, but gives this answer. */
export function doneBut(answer: Answer): Answer {
  return async (pass) => {
    await pass();
    return answer(pass);
  };
}

/** The connection breaks. */
export const breaks: Answer = () => {
  const cause = Object.assign(new Error("no words"), { code: "ECONNRESET" });
  throw new TypeError("fetch failed", { cause });
};

/** The connection is refused, so nothing reaches Trieve. */
export const refuses: Answer = () => {
  throw Object.assign(new Error("no words"), { code: "ECONNREFUSED", syscall: "connect" });
};

/** No answer comes. */
export const hangs: Answer = () => new Promise(() => {});

/** The request reaches Trieve. */
export const passes: Answer = (pass) => pass();

/** The program's time when it starts. */
export const START = Date.UTC(2026, 0, 31, 12);
const DAY_MS = 86_400_000;

/** Time that moves only by `turn` or by sleeping, which takes no real time. A sleep of more than 10 s never ends. */
export function virtualClock(): Clock & { turn(ms: number): void } {
  let elapsed = 0;
  return {
    now: () => START + elapsed,
    elapsed: () => elapsed,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      if (ms > 10_000) await new Promise(() => {});
      elapsed += ms;
    },
    turn(ms) {
      elapsed += ms;
    },
  };
}

type Method = "GET" | "POST" | "DELETE";

export interface Played {
  /** What the person was asked: the lines of the question, and its field. */
  question: string[];
  /** The requests to Trieve, and among them when the person was asked. */
  requests: string[];
  /** The answer that the model reads. */
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read single fields of the facts
  facts: any;
}

/**
 * The tools in this process, without protocol, network or waiting: requests are answered by a sandbox, or as `next`
 * says.
 */
export function startCalls(environment: Record<string, string> = {}, limits: Partial<Limits> = {}) {
  const store: Store = createStore();
  const app = createSandboxApp(store);
  const clock = virtualClock();
  const known = new Set<Row>();
  const answers: Record<Method, Answer[]> = { GET: [], POST: [], DELETE: [] };
  let requests: string[] = [];
  const seen: { method: string; url: URL; headers: Headers; body: string }[] = [];
  const made = new Map<string, number>();

  /** Trieve's answer; what it stores gets an id and a date that are the same in every run. */
  async function pass(request: Request): Promise<Response> {
    const response = await app.fetch(request);
    for (const row of store.rows) {
      if (known.has(row)) continue;
      const { email } = row;
      made.set(email, (made.get(email) ?? 0) + 1);
      row.id = idOf(
        `e${made.get(email)}${Buffer.from(email.toLowerCase()).toString("hex")}`.slice(0, 8),
      );
      row.created_at = timestamp(clock.now());
      known.add(row);
    }
    return response;
  }

  async function fetch(given: Request | URL | string, init?: RequestInit): Promise<Response> {
    const request = new Request(given, init);
    const { method, headers } = request;
    const url = new URL(request.url);
    // Listed in the order in which they begin.
    const answer = answers[method as Method].shift() ?? passes;
    const at = requests.push("") - 1;
    const path = url.pathname.replace("/api/", "").replace(`/${store.organizationId}`, "");
    const tell = (end: string | number) => {
      requests[at] = `${method} ${path}${about} -> ${end}`;
    };
    let about = "";
    try {
      const body = await request.text();
      seen.push({ method, url, headers, body });
      if (body !== "") about = ` ${JSON.parse(body).email} ${JSON.parse(body).user_role}`;
      const again = { method, headers, ...(body === "" ? {} : { body }) };
      const dropped = new Promise<never>((_, reject) => {
        init?.signal?.addEventListener("abort", () => reject(init.signal?.reason));
      });
      const response = await Promise.race([answer(() => pass(new Request(url, again))), dropped]);
      tell(response.status);
      return response;
    } catch (error) {
      tell("broken");
      throw error;
    }
  }

  const settings = loadSettings({
    TRIEVE_API_KEY: store.apiKey,
    TRIEVE_ORGANIZATION_ID: store.organizationId,
    TRIEVE_BASE_URL: "https://trieve.example.com",
    TRIEVE_DASHBOARD_URL: "https://dashboard.example.com",
    TRIEVE_CONFIRM: "form,code",
    ...environment,
  });
  const log: string[] = [];
  const calls = createApp({
    settings,
    version: "0.0.0-test",
    clock,
    audit: { log: (line) => log.push(line) },
    limits: { ...LIMITS, ...limits },
    createClient: (options) =>
      createTrieveClient({ ...options, fetch: fetch as typeof globalThis.fetch }),
  });

  return {
    store,
    clock,
    log,
    seen,
    cutShort: calls.cutShort,
    /** The answers to the next requests with this method; then Trieve answers again. */
    next(method: Method, ...list: Answer[]) {
      answers[method].push(...list);
    },
    /** Stores an invitation whose id begins with `id`, created `days` ago. */
    add(
      id: string,
      email: string,
      { days = 1, ...more }: { days?: number; role?: number; used?: boolean; scopes?: [] } = {},
    ): Row {
      const row = insertRow(store, { email, id: idOf(id), at: START - days * DAY_MS, ...more });
      known.add(row);
      return row;
    },
    /** Calls a tool. If the person is asked, `before` runs, and then the choice with index `says` is taken. */
    async call(
      name: string,
      args: unknown,
      {
        before,
        says = 1,
        signal,
      }: { before?: () => void; says?: 0 | 1; signal?: AbortSignal } = {},
    ): Promise<Played> {
      requests = [];
      const question: string[] = [];
      const answer = await calls.call(name, args, {
        signal: signal ?? new AbortController().signal,
        hasForms: true,
        async showForm({ message, requestedSchema }) {
          const { title, description, enum: choices } = requestedSchema.properties.decision;
          question.push(...message.split("\n"), `${title} ${description} [${choices.join(" | ")}]`);
          requests.push("yes or no");
          before?.();
          return { kind: "answer", action: "accept", content: { decision: choices[says] } };
        },
      });
      if (answer.kind === "form") throw new Error("this caller can be asked");
      // As on the wire, where undefined fields do not exist.
      const facts = answer.facts && JSON.parse(JSON.stringify(answer.facts));
      return { question, requests, text: answer.text, facts };
    },
  };
}

export type TestCalls = ReturnType<typeof startCalls>;

function idOf(beginning: string): string {
  return `${beginning}${"-7a0b-4d0e-9c61-000000000001".slice(beginning.length - 8)}`;
}

/** A timestamp as Trieve writes it, without a zone. */
function timestamp(at: number): string {
  return new Date(at).toISOString().slice(0, -1);
}

/**
 * Plays one call, and compares its requests and its text with the snapshot. The outcome is given in the test as well,
 * so that an update of the snapshot for new wording cannot change it unnoticed.
 */
export async function expectCall(
  it: TestCalls,
  outcome: string,
  [name, args]: readonly [string, object],
  more: Parameters<TestCalls["call"]>[2] = {},
): Promise<void> {
  const { requests, text } = await it.call(name, args, more);
  expect(text.split(/[:\n]/)[0], text).toBe(outcome);
  expect([...requests.map((line) => `> ${line}`), text].join("\n")).toMatchSnapshot();
}
