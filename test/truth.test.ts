import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Clock } from "../src/clock.ts";
import { loadSettings } from "../src/config/load.ts";
import type { Caller } from "../src/consent/form.ts";
import { createApp } from "../src/mcp/server.ts";
import { createStore, insertRow, type Row } from "../src/sandbox/store.ts";
import { createCallContext } from "../src/trieve/call.ts";
import { createTrieveClient } from "../src/trieve/client.ts";
import { createSendGuard } from "../src/trieve/send-guard.ts";

// Writes that are answered with anything by anybody and take effect at any time, lists and members that come late,
// broken or not at all: whatever is told is true, at the answer and for good, and every call keeps its time. The time
// is the test's own, and it passes only while nothing else is to be done.

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"], now: Date.UTC(2026, 0, 1) });
});
afterEach(() => {
  vi.useRealTimers();
});

const clock: Clock = {
  now: () => Date.now(),
  elapsed: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timeout = setTimeout(resolve, ms);
      signal?.addEventListener("abort", () => {
        clearTimeout(timeout);
        reject(signal.reason);
      });
    }),
};

/** Lets everything happen that needs no time. */
const settle = async () => {
  for (let n = 0; n < 4; n += 1) await new Promise((done) => setImmediate(done));
};

const CALL_MS = 55_000;
/** What comes later than this from something before Trieve may leave Trieve at work, so long at most. */
const INSTANT_MS = 1_000;
const WORK_MS = 15_000;
const SEND_WORK_MS = 60_000;
/** By then everything has taken effect. */
const LATEST_MS = 60_000;
const EMAILS = ["ann", "bob", "carl", "dan", "eve", "fay", "gus"].map(
  (name) => `${name}@example.com`,
);
const JSON_TYPE = { "content-type": "application/json" };
const HTML = { "content-type": "text/html" };
const refusing = (message: string) => Response.json({ message }, { status: 400 });

type Effect = "none" | "row" | "member";
interface Answer {
  /** Throws where there is none. */
  make(): Response;
  effects: readonly Effect[];
  /** Whether the effect may come after it. */
  isEarly?: true;
}

const ANY: readonly Effect[] = ["none", "row", "member"];
const early = (make: () => Response): Answer => ({ make, effects: ANY, isEarly: true });
const page = (status: number) => early(() => new Response("<html>", { status, headers: HTML }));
const status = (status: number) => early(() => new Response(null, { status }));
const GATES: Record<string, Answer> = {
  302: status(302),
  408: status(408),
  429: status(429),
  500: status(500),
  502: status(502),
  "503 as a page": page(503),
  "504 as a page": page(504),
  "200 as a page": page(200),
  reset: early(() => {
    throw new TypeError("fetch failed", {
      cause: Object.assign(new Error("reset"), { code: "ECONNRESET", syscall: "read" }),
    });
  }),
};
const REFUSED: Record<string, Answer> = {
  401: { make: () => new Response(null, { status: 401 }), effects: ["none"] },
  403: { make: () => new Response(null, { status: 403 }), effects: ["none"] },
};
const POSTS: Record<string, Answer> = {
  ...GATES,
  ...REFUSED,
  204: { make: () => new Response(null, { status: 204 }), effects: ["row", "member"] },
  mail: { make: () => refusing("Error sending email."), effects: ["row", "member"] },
  // As Trieve answers the second of two that a proxy made of one.
  invited: { make: () => refusing("User with email x has already been invited"), effects: ["row"] },
  member: {
    make: () => refusing("User with email x is already in the organization"),
    effects: ["member"],
  },
  invalid: { make: () => refusing("Invalid email"), effects: ["none"] },
};
const DELETES: Record<string, Answer> = {
  ...GATES,
  ...REFUSED,
  204: { make: () => new Response(null, { status: 204 }), effects: ["row"] },
  400: { make: () => refusing("Error getting invitation."), effects: ["row", "none"] },
};

const someMs = fc.constantFrom(5, 5, 900, 1_500, 6_000, 18_000, 30_000, 100_000);
const aWrite = (answers: Record<string, Answer>) =>
  fc.constantFrom(...Object.keys(answers)).chain((answer) =>
    fc.record({
      answer: fc.constant(answer),
      effect: fc.constantFrom<Effect>(...(answers[answer] as Answer).effects),
      answerMs: someMs,
      effectMs: fc.constantFrom(1, 500, 2_500, 4_000, 12_000, 40_000),
    }),
  );
const good = { how: "good", ms: 5 };
const aReading = fc.oneof(
  fc.constant(good),
  fc.record({
    how: fc.constantFrom("good", "stale", "page", "500", "404", "reset", "unreadable row"),
    ms: fc.constantFrom(5, 2_000, 8_000, 25_000),
  }),
);
const aCourse = fc.record({
  tool: fc.constantFrom("send", "send", "resend", "resend", "delete"),
  count: fc.integer({ min: 1, max: 3 }),
  posts: fc.array(aWrite(POSTS), { maxLength: 3 }),
  deletes: fc.array(aWrite(DELETES), { maxLength: 4 }),
  slowFirst: fc.constantFrom(5, 5, 5, 5_000, 19_000),
  /** The readings of the list from the first write on. */
  readings: fc.array(aReading, { maxLength: 6 }),
  members: fc.constantFrom("good", "good", "403", "slow"),
  isUsed: fc.boolean(),
  /** What other calls ask for at the same time. */
  beside: fc.oneof(
    fc.constant<("send" | "list")[]>([]),
    fc.array(fc.constantFrom("send" as const, "list" as const), { minLength: 3, maxLength: 8 }),
  ),
});
type Course = typeof aCourse extends fc.Arbitrary<infer T> ? T : never;

const fine = { answer: "204", effect: "row", answerMs: 5, effectMs: 1 } as const;

/** A Trieve, and what stands before it, that goes the given course; `wire` tells what went out for each target. */
function createWorld(course: Course) {
  const store = createStore();
  const wire = EMAILS.map(() => ({
    posts: 0,
    deletes: 0,
    mails: 0,
    effect: "none",
    answer: "",
    wrong: "",
  }));
  const [posts, deletes] = [[...course.posts], [...course.deletes]];
  const readings = [...course.readings];
  let isCalm = false;
  let hasWritten = false;
  const inside = { all: 0, mostOfAll: 0, sends: 0, mostSends: 0 };

  /** Trieve is at work on a request for `ms`, whatever becomes of its connection. */
  function work(ms: number, isSend = false): void {
    inside.all += 1;
    inside.sends += isSend ? 1 : 0;
    inside.mostOfAll = Math.max(inside.mostOfAll, inside.all);
    inside.mostSends = Math.max(inside.mostSends, inside.sends);
    setTimeout(
      () => {
        inside.all -= 1;
        inside.sends -= isSend ? 1 : 0;
      },
      Math.min(ms, isSend ? SEND_WORK_MS : WORK_MS),
    );
  }

  /** What was before the last change, for a list that lags by two seconds. */
  let before = { rows: [] as Row[], until: 0 };
  const rowsOf = (how: string) => {
    if (how === "stale" && Date.now() < before.until) return before.rows;
    if (how !== "unreadable row") return store.rows;
    return store.rows.map((row, n) => (n === store.rows.length - 1 ? { ...row, role: "?" } : row));
  };

  /** The answer after `ms`, unless it is given up. */
  async function after(ms: number, signal: AbortSignal, make: () => Response): Promise<Response> {
    await clock.sleep(ms, signal);
    return make();
  }

  async function list(signal: AbortSignal): Promise<Response> {
    const first = { how: "good", ms: course.slowFirst };
    const { how, ms } = isCalm ? good : hasWritten ? (readings.shift() ?? good) : first;
    work(ms);
    const body = JSON.stringify(rowsOf(how));
    if (how === "page") {
      return after(ms, signal, () => new Response("[]", { headers: HTML }));
    }
    if (how === "500" || how === "404" || how === "reset") {
      const make = how === "404" ? status(404).make : (GATES[how] as Answer).make;
      return after(ms, signal, make);
    }
    return after(ms, signal, () => new Response(body, { headers: JSON_TYPE }));
  }

  function members(signal: AbortSignal): Promise<Response> {
    if (course.members === "403") return after(5, signal, (REFUSED["403"] as Answer).make);
    work(course.members === "slow" ? 30_000 : 5);
    const rows = [...store.members.values()].map(({ role, ...user }) => ({
      ...user,
      user_orgs: [{ organization_id: store.organizationId, role }],
    }));
    return after(course.members === "slow" ? 30_000 : 5, signal, () => Response.json(rows));
  }

  /** One write, which `act` puts into effect. */
  function write(
    planned: Course["posts"][number],
    answers: Record<string, Answer>,
    signal: AbortSignal,
    act: () => void,
  ): Promise<Response> {
    const { make, isEarly } = answers[planned.answer] as Answer;
    const answerMs = planned.answerMs;
    const effectMs = isEarly ? planned.effectMs : Math.min(planned.effectMs, answerMs);
    const change = () => {
      before = { rows: [...store.rows], until: Date.now() + 2_000 };
      act();
    };
    if (planned.effect !== "none") setTimeout(change, effectMs);
    // With an answer of its own, Trieve is done.
    const isOwn = !isEarly || ["408", "500"].includes(planned.answer);
    const isDone = isOwn || answerMs < INSTANT_MS;
    work(isDone ? answerMs : Math.max(answerMs, effectMs), answers === POSTS);
    hasWritten = true;
    return after(answerMs, signal, make);
  }

  async function answer(request: Request, init: RequestInit): Promise<Response> {
    const { method, url } = request;
    const signal = init.signal as AbortSignal;
    const body = method === "POST" ? JSON.parse(await new Response(init.body).text()) : {};
    const { pathname } = new URL(url);
    if (pathname.includes("/users/")) return members(signal);
    if (method === "GET") return list(signal);
    if (method === "POST") {
      const at = EMAILS.indexOf(body.email);
      const one = wire[at] as (typeof wire)[number];
      one.posts += 1;
      const hasRow = store.rows.some(({ email }) => email === body.email);
      if (hasRow && old.length > 0) one.wrong = "sent beside the old one";
      // What Trieve knows, it refuses.
      const known = store.members.has(body.email) ? "member" : hasRow ? "invited" : undefined;
      if (known) {
        work(4, true);
        return after(5, signal, (POSTS[known] as Answer).make);
      }
      const planned = posts.shift() ?? fine;
      Object.assign(one, { effect: planned.effect, answer: planned.answer });
      return write(planned, POSTS, signal, () => {
        one.mails += 1;
        if (planned.effect === "member") store.members.set(body.email, memberOf(body.email));
        else insertRow(store, { email: body.email, role: body.user_role, at: Date.now() });
      });
    }
    const id = pathname.split("/").at(-1);
    const at = old.findIndex((row) => row.id === id);
    const one = wire[at] as (typeof wire)[number];
    one.deletes += 1;
    const isThere = store.rows.some((row) => row.id === id);
    const planned = deletes.shift() ?? fine;
    const effective =
      !isThere && planned.answer === "204" ? { ...planned, answer: "400" } : planned;
    return write(effective, DELETES, signal, () => {
      store.rows = store.rows.filter((row) => row.id !== id);
    });
  }

  const memberOf = (email: string) => ({ id: crypto.randomUUID(), email, name: null, role: 0 });
  const targets = EMAILS.slice(0, course.count);
  const at = Date.now() - 1e8;
  const old: Row[] = [];
  if (course.tool !== "send") old.push(...targets.map((email) => insertRow(store, { email, at })));
  else if (course.isUsed) insertRow(store, { email: EMAILS[0] as string, used: true, at });

  return {
    store,
    wire,
    old,
    targets,
    inside,
    fetch: answer as typeof fetch,
    calm() {
      isCalm = true;
    },
  };
}

const caller: Caller = {
  signal: new AbortController().signal,
  hasForms: true,
  showForm: async ({ requestedSchema }) => ({
    kind: "answer",
    action: "accept",
    content: { decision: requestedSchema.properties.decision.enum[1] },
  }),
};

async function play(course: Course) {
  const world = createWorld(course);
  const { store, wire, old, targets } = world;
  const settings = loadSettings({
    TRIEVE_API_KEY: store.apiKey,
    TRIEVE_ORGANIZATION_ID: store.organizationId,
    TRIEVE_BASE_URL: "http://localhost:8090",
    TRIEVE_CONFIRM: "form",
  });
  const calls = createApp({
    settings,
    version: "0",
    clock,
    audit: { log: () => {} },
    createClient: (options) => createTrieveClient({ ...options, fetch: world.fetch }),
  });
  const name = `${course.tool}_invitation`;
  const args =
    course.tool === "send" ? { emails: targets } : { invitations: old.map(({ id }) => id) };

  /** Calls that begin at once: what each says, and how long the longest took. */
  async function call(...all: [name: string, args: object][]) {
    const since = Date.now();
    let ms: number | undefined;
    const texts: string[] = [];
    const running = all.map(async ([name, args], at) => {
      const result = await calls.call(name, args, caller);
      texts[at] = result.kind === "result" ? result.text : "";
    });
    Promise.all(running).then(() => {
      ms = Date.now() - since;
    });
    await settle();
    while (ms === undefined) {
      await vi.advanceTimersToNextTimerAsync();
      await settle();
    }
    return { text: texts[0] ?? "", ms };
  }

  const rowOf = (email: string) =>
    store.rows.find((row) => row.email === email && !old.includes(row) && !row.used);
  const others = course.beside.map((one, at): [string, object] =>
    one === "list"
      ? ["list_invitations", {}]
      : ["send_invitation", { emails: [EMAILS[3 + (at % 4)]] }],
  );
  const first = await call([name, args], ...others);
  const atAnswer = targets.map((email, at) => ({
    isMember: store.members.has(email),
    hasRow: rowOf(email) !== undefined,
    hasOld: store.rows.some(({ id }) => id === old[at]?.id),
  }));
  const wireThen = wire.map((one) => ({ ...one }));
  world.calm();
  // A second delete or resend would do what the first one left.
  const second = course.tool === "send" ? await call([name, args]) : first;
  await vi.advanceTimersByTimeAsync(LATEST_MS);
  return {
    ...{ first, second, inside: world.inside },
    told: targets.map((email, at) => ({
      line: first.text.split("\n").find((line) => line.endsWith(` ${email}`)) ?? "",
      ...(wireThen[at] as (typeof wire)[number]),
      ...(atAnswer[at] as (typeof atAnswer)[number]),
      hasOldAtEnd: store.rows.some(({ id }) => id === old[at]?.id),
      postsInAll: wire[at]?.posts ?? 0,
      mailsInAll: wire[at]?.mails ?? 0,
    })),
  };
}

type Told = Awaited<ReturnType<typeof play>>["told"][number];

/** What has to be so where a target is told to have come to this. */
const MUST: Record<string, (one: Told, tool: string) => void> = {
  invited: (one) => expect(one).toMatchObject({ hasRow: true, posts: 1, answer: "204" }),
  resent: (one) => expect(one).toMatchObject({ hasRow: true, hasOld: false, posts: 1 }),
  mail_unconfirmed: (one) => expect(one).toMatchObject({ hasRow: true, hasOld: false, posts: 1 }),
  added(one) {
    expect(one).toMatchObject({ posts: 1, hasOld: false });
    if (!one.line.includes("probably")) expect(one.isMember).toBe(true);
    expect(one.effect).toBe("member");
  },
  already_member: (one) => expect(one.isMember).toBe(true),
  changed: (one) => expect(one).toMatchObject({ posts: 0, deletes: 0 }),
  already_accepted: (one) => expect(one.posts).toBe(0),
  deleted: (one) => expect(one).toMatchObject({ hasOld: false, posts: 0 }),
  deleted_not_sent(one) {
    expect(one.hasOld).toBe(false);
    if (one.posts > 0 && one.answer !== "429" && one.answer !== "member")
      expect(one.effect).toBe("none");
  },
  not_sent(one) {
    if (one.posts > 0 && one.answer !== "429") expect(one.effect).toBe("none");
  },
  rejected: (one) => expect(one).toMatchObject({ posts: 1, effect: "none" }),
  not_deleted: (one) => expect(one).toMatchObject({ hasOld: true, hasOldAtEnd: true }),
  not_resent: (one) => expect(one).toMatchObject({ hasOld: true, hasOldAtEnd: true, posts: 0 }),
  outcome_unknown(one, tool) {
    expect(tool === "send" ? one.posts : one.deletes).toBeGreaterThan(0);
    // Where a resend has not seen the old one go, it sends nothing.
    if (one.posts > 0) expect(one.hasOld).toBe(false);
  },
};

test("what is told of any write is true, nothing is done twice, and every call keeps its time", async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(aCourse, async (course) => {
      const { first, second, told, inside } = await play(course);
      expect(inside.mostOfAll).toBeLessThanOrEqual(4);
      expect(inside.mostSends).toBeLessThanOrEqual(2);
      expect(first.ms).toBeLessThanOrEqual(CALL_MS);
      expect(second.ms).toBeLessThanOrEqual(CALL_MS);
      for (const one of told) {
        const outcome = one.line.split(" ", 1)[0] ?? "";
        seen.add(`${course.tool}: ${outcome}`);
        expect(one.wrong).toBe("");
        expect(one.posts).toBeLessThanOrEqual(1);
        expect(one.deletes).toBeLessThanOrEqual(2);
        const must = MUST[outcome];
        if (must === undefined) throw new Error(`nobody expects this: ${first.text}`);
        must(one, course.tool);
        // Of a 429 all is said that can be, and that it may be sent again.
        const isOpen = outcome === "not_sent" && one.answer === "429";
        if (course.tool === "send" && !isOpen) {
          expect(one.mailsInAll, second.text).toBeLessThanOrEqual(1);
        }
        if (outcome === "outcome_unknown") expect(one.postsInAll).toBe(one.posts);
      }
    }),
    { numRuns: 300 },
  );
  const must = [
    ...["invited", "added", "mail_unconfirmed", "outcome_unknown", "not_sent"],
    ...["already_member", "already_accepted"],
  ].map((outcome) => `send: ${outcome}`);
  const others = ["resent", "mail_unconfirmed", "deleted_not_sent", "outcome_unknown"];
  expect([...seen]).toEqual(
    expect.arrayContaining([
      ...must,
      ...others.map((outcome) => `resend: ${outcome}`),
      ...["deleted", "not_deleted", "outcome_unknown"].map((outcome) => `delete: ${outcome}`),
    ]),
  );
});

test("a call that waits for another send to its address is busy when its time is up, and sends nothing later", async () => {
  const guard = createSendGuard(clock);
  const caller = new AbortController();
  const callOf = (ms: number) => createCallContext(clock, caller.signal, ms);
  const done: string[] = [];
  const send = async (name: string, ms: number) => {
    await clock.sleep(ms);
    done.push(name);
  };
  const to = (email: string) => [{ email }];
  const first = guard.oneAtATime(callOf(9_000), to("ann@x.org"), () => send("first", 5_000));
  const second = guard.oneAtATime(callOf(1_000), to("ANN@x.org"), () => send("second", 1));
  const third = guard.oneAtATime(callOf(9_000), to("ann@x.org"), () => send("third", 1));
  const failed = second.catch(({ code }) => code);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await failed).toBe("busy");
  await vi.advanceTimersByTimeAsync(6_000);
  await Promise.all([first, third]);
  expect(done).toEqual(["first", "third"]);
});
