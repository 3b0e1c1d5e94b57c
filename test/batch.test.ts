import { expect, test } from "vitest";
import { Failure } from "../src/errors.ts";
import { runBatch } from "../src/trieve/batch.ts";
import { createCallContext } from "../src/trieve/call.ts";
import {
  ageInDays,
  isSameEmail,
  parseTimestamp,
  readInvitations,
} from "../src/trieve/invitation.ts";
import type { Outcome } from "../src/trieve/outcome.ts";
import { virtualClock } from "./support/calls.ts";

// How a call goes through its targets, whatever it does to them.

const TARGETS = ["a", "b", "c"].map((email) => ({ email }));

type Work = Parameters<typeof runBatch<(typeof TARGETS)[number]>>[3];

function start({ ms = 1_000, signal = new AbortController().signal } = {}) {
  const clock = virtualClock();
  const told: string[] = [];
  const call = createCallContext(clock, signal, ms, {
    progress: (message) => void told.push(message),
    write: ({ email }) => void told.push(`begun ${email}`),
  });
  // Another batch of the same call may have gone before.
  call.outcomes.push({ target: {}, outcome: "deleted" });
  const options = { untouched: "not_deleted", atOnce: 1, needsMs: 500 } as const;
  const run = (work: Work) => runBatch(call, TARGETS, options, work);
  const outcomes = () => call.outcomes.map(({ outcome, failure }) => `${outcome} ${failure?.code}`);
  return { run, call, clock, told, outcomes };
}
const done = async (target: Outcome["target"]): Promise<Outcome> => ({
  target,
  outcome: "deleted",
});
const NOT_BEGUN = "not_deleted cancelled";

test("before anything is done, every target is untouched", async () => {
  const { run, outcomes } = start();
  const running = run(async () => undefined);
  expect(outcomes()).toEqual(["deleted undefined", NOT_BEGUN, NOT_BEGUN, NOT_BEGUN]);
  await running;
});

test("every target has its outcome in its place, and a step", async () => {
  const { run, outcomes, told } = start();
  await run(async (target) => (target.email === "b" ? undefined : done(target)));
  expect(outcomes()).toEqual([
    "deleted undefined",
    "deleted undefined",
    NOT_BEGUN,
    "deleted undefined",
  ]);
  expect(told).toEqual(["1 of 3", "2 of 3", "3 of 3"]);
});

test("a request that may change something leaves its outcome open until it is taken back", async () => {
  const { run, call, outcomes, told } = start();
  const seen: string[][] = [];
  await run(async (target, own) => {
    if (target.email !== "b") return undefined;
    const takeBack = own.beginWrite();
    seen.push(outcomes());
    expect(call.spent.writes).toBe(1);
    takeBack();
    expect(call.spent.writes).toBe(0);
    seen.push(outcomes());
    return undefined;
  });
  expect(told).toEqual(["1 of 3", "begun b", "2 of 3", "3 of 3"]);
  expect(seen).toEqual([
    ["deleted undefined", NOT_BEGUN, "outcome_unknown outcome_unknown", NOT_BEGUN],
    ["deleted undefined", NOT_BEGUN, NOT_BEGUN, NOT_BEGUN],
  ]);
});

test("the first is begun with whatever time is left, another one only with enough", async () => {
  const begun = async (left: number, tookMs: number) => {
    const { run, clock } = start({ ms: left });
    let count = 0;
    await run(async (target) => {
      count += 1;
      clock.turn(tookMs);
      return done(target);
    });
    return count;
  };
  expect(await begun(499, 0)).toBe(1);
  expect(await begun(500, 0)).toBe(3);
  expect(await begun(1_000, 500)).toBe(2);
  expect(await begun(1_000, 501)).toBe(1);
});

test("a failure of one target leaves the others, any other stops them with its own code", async () => {
  const end = async (code: "changed" | "forbidden") => {
    const { run, outcomes } = start();
    await run(async (target) => {
      if (target.email === "a") throw new Failure(code);
      return done(target);
    });
    return outcomes().slice(1);
  };
  expect(await end("changed")).toEqual([
    "changed changed",
    "deleted undefined",
    "deleted undefined",
  ]);
  expect(await end("forbidden")).toEqual(Array(3).fill("not_deleted forbidden"));
});

test("the first reason to stop counts, also for who had to wait for a turn", async () => {
  const { run, call, outcomes } = start();
  await run(async (_, own, stop) => {
    stop(new Failure("busy"));
    stop(new Failure("timeout"));
    own.beginWrite();
    return undefined;
  });
  expect(outcomes().slice(1)).toEqual(Array(3).fill("not_deleted busy"));
  expect(call.spent).toEqual({ requests: 0, writes: 0 });
});

test("what stops a batch is no outcome of those that were not begun", async () => {
  const { run, outcomes } = start();
  await run(async (_, own, stop) => {
    stop(new Failure("outcome_unknown"));
    own.beginWrite();
    return undefined;
  });
  expect(outcomes().slice(1)).toEqual(Array(3).fill("not_deleted outcome_unknown"));
});

test("the end of a cancelled call is told, and what is unexpected is thrown", async () => {
  const caller = new AbortController();
  const abort = new DOMException("no more", "AbortError");
  const end = (error: unknown) => {
    const { run, outcomes } = start({ signal: caller.signal });
    const work = async () => {
      throw error;
    };
    return run(work).then(outcomes, (thrown: unknown) => thrown);
  };
  expect(await end(abort)).toBe(abort);
  caller.abort();
  expect(await end(abort)).toEqual([
    "deleted undefined",
    ...Array(3).fill("not_deleted cancelled"),
  ]);
  for (const error of [new TypeError("x"), { name: "AbortError" }]) {
    expect(await end(error)).toBe(error);
  }
});

// What targets are made of.

const ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-000000000001";
const row = (id: string, more: object = {}) => ({
  id,
  email: "a@b.org",
  organization_id: ORGANIZATION,
  used: false,
  created_at: "2026-01-31T09:15:02.123456",
  role: 0,
  ...more,
});

test.each<[string, string[], string[]]>([
  ["their first 8 characters", ["aaaaaaaa-0", "bbbbbbbb-0"], ["aaaaaaaa", "bbbbbbbb"]],
  ["more where these are shared", ["aaaaaaaa-1", "aaaaaaaa-2"], ["aaaaaaaa-1", "aaaaaaaa-2"]],
  [
    "as many more as they need",
    ["aaaaaaaa-12", "aaaaaaaa-3", "bbbbbbbb-1", "aaaaaaaa-11"],
    ["aaaaaaaa-12", "aaaaaaaa-3", "bbbbbbbb", "aaaaaaaa-11"],
  ],
  [
    "all but the first dash",
    ["aaaaaaaa-1234-1", "aaaaaaaa-1234-2"],
    ["aaaaaaaa-1234-1", "aaaaaaaa-1234-2"],
  ],
])("ids are shown by %s", (_, beginnings, shown) => {
  const whole = "00000000-0000-4000-8000-000000000000";
  const rows = beginnings.map((id) => row(`${id}${whole.slice(id.length)}`.toUpperCase()));
  const { invitations, skipped } = readInvitations(rows, ORGANIZATION);
  expect(skipped).toBe(0);
  expect(invitations.map(({ shortId }) => shortId)).toEqual(shown);
});

test("one invitation that is listed twice keeps its short id", () => {
  const id = "aaaaaaaa-0000-4000-8000-000000000000";
  const { invitations } = readInvitations([row(id), row(id)], ORGANIZATION);
  expect(invitations.map(({ shortId }) => shortId)).toEqual(["aaaaaaaa", "aaaaaaaa"]);
});

test.each<[string, object, boolean]>([
  ["as it is", {}, true],
  ["of the organization in capitals", { organization_id: ORGANIZATION.toUpperCase() }, true],
  ["of another organization", { organization_id: "5a4db0c5-7a0b-4d0e-9c61-000000000002" }, false],
  ["with an id that is none", { id: "x" }, false],
  ["without an address", { email: undefined }, false],
  ["with a time that is none", { created_at: "x" }, false],
  ["with scopes of text and null", { scopes: ["a", null] }, true],
  ["with scopes of numbers", { scopes: [1] }, false],
  ["with half a role", { role: 0.5 }, false],
  ["with words for used", { used: "no" }, false],
])("a row %s is read or counted", (_, more, isRead) => {
  const one = row("aaaaaaaa-0000-4000-8000-000000000000", more);
  const { invitations, skipped } = readInvitations([one], ORGANIZATION);
  expect([invitations.length, skipped]).toEqual(isRead ? [1, 0] : [0, 1]);
});

test.each<[string, string | undefined]>([
  ["2026-01-31T09:15:02", "2026-01-31T09:15:02.000Z"],
  ["2026-01-31 09:15:02.5Z", "2026-01-31T09:15:02.500Z"],
  ["2026-01-31T09:15:02.123456789", "2026-01-31T09:15:02.123Z"],
  ["2026-01-31T09:15:02+01:30", "2026-01-31T07:45:02.000Z"],
  ["2026-01-31T09:15:02-0130", "2026-01-31T10:45:02.000Z"],
  ["2026-02-30T09:15:02", undefined],
  ["2026-01-31T24:00:00", undefined],
  ["2026-01-31T09:15:02+99:99", undefined],
  ["2026-01-31T09:15:02.1234567890", undefined],
  ["0026-01-31T09:15:02", undefined],
  ["x2026-01-31T09:15:02", undefined],
  ["2026-01-31T09:15:02x", undefined],
  ["", undefined],
])("%j is the moment %s", (value, expected) => {
  const at = parseTimestamp(value);
  expect(at === undefined ? undefined : new Date(at).toISOString()).toBe(expected);
});

test("an age is in whole days, and never below none", () => {
  const DAY_MS = 86_400_000;
  const age = (ms: number) => ageInDays({ createdAt: 1_000 } as never, 1_000 + ms);
  expect([-DAY_MS, 0, DAY_MS - 1, DAY_MS, 2.5 * DAY_MS].map(age)).toEqual([0, 0, 0, 1, 2]);
});

test("addresses are the same in any letters, and not otherwise", () => {
  expect(isSameEmail("A@b.org", "a@B.org")).toBe(true);
  expect(isSameEmail("a@b.org", "c@b.org")).toBe(false);
  expect(isSameEmail("a@b.org", "a@b.orgx")).toBe(false);
});
