import { describe, expect, test } from "vitest";
import { confirmationText, decide, restOf } from "../src/consent/consent.ts";
import {
  type ConsentState,
  type Event,
  NO_CONSENT,
  type Reader,
  type Verdict,
} from "../src/consent/state.ts";
import type { Deed } from "../src/tools/deed.ts";

// The states of a page alone, as the pure function has them: who may answer, and when it counts.

const NOW = Date.UTC(2026, 0, 1);
const deed = (name: string): Deed => ({
  title: `delete ${name}`,
  facts: ["Delete?"],
  choices: ["keep", "delete"],
  targets: [{ key: name }],
  subject: {},
  perform: () => Promise.reject(new Error("the state machine performs nothing")),
});
const FIRST: Reader = { cookie: "c1", field: "f1" };
const SECOND: Reader = { cookie: "c2", field: "f2" };

const ask = (name = "a", secret = "1", way: "page" | "form" | "code" = "page"): Event => ({
  type: "ask",
  deed: deed(name),
  binding: name,
  way,
  secret,
  waits: true,
});
const read = (reader = FIRST, cookie: string[] = []): Event => ({
  type: "read",
  secret: "1",
  cookie,
  fresh: reader,
});
const click = (decision: string, { cookie, field } = FIRST): Event => ({
  type: "click",
  secret: "1",
  cookie: [cookie],
  field,
  decision,
});
const look = (more: { isOver?: boolean; hasTime?: boolean } = {}): Event => ({
  type: "look",
  secret: "1",
  isOver: false,
  hasTime: true,
  ...more,
});
const resume: Event = { type: "resume", binding: "a" };
const confirm = (secret: string): Event => ({
  type: "confirm",
  binding: "a",
  confirmation: confirmationText(deed("a"), secret),
});

type Played = Event | [seconds: number, event: Event];

/** Plays events, each with the seconds that pass before it; gives the last verdict and the rest. */
function play(...events: Played[]): { verdict: Verdict; rest: number } {
  let state: ConsentState = NO_CONSENT;
  let now = NOW;
  let verdict: Verdict = { dropped: true };
  for (const entry of events) {
    const [seconds, event] = Array.isArray(entry) ? entry : [0, entry];
    now += seconds * 1_000;
    ({ state, verdict } = decide(state, event, now));
  }
  return { verdict, rest: restOf(state, "1", now) };
}
const last = (...events: Played[]) => play(...events).verdict;
const agreed: Played[] = [ask(), read(), [1.5, click("delete")]];

describe("a page", () => {
  test("that nothing has read in 10 s, or whose opener failed, passes", () => {
    expect(last(ask(), [9.9, look()])).toEqual({ wait: 100 });
    expect(last(ask(), [10, look()])).toEqual({ unread: "unread" });
    expect(last(ask(), { type: "unopened", secret: "1" }, look())).toEqual({ unread: "failed" });
    expect(last(ask(), [10, read()])).toEqual({ invalid: true });
    expect(last(ask(), [10, look()], read())).toEqual({ invalid: true });
    // The time runs from the opening.
    expect(last(ask(), [5, { type: "opened", secret: "1" }], [9, look()])).toEqual({ wait: 1_000 });
    // An opener that fails late has been overtaken by the reader.
    expect(last(ask(), read(), { type: "unopened", secret: "1" }, look())).toHaveProperty("wait");
  });

  test("belongs to its first reader; a second one voids it, also after a yes", () => {
    const isVoid = { view: { shows: "void" } };
    expect(last(ask(), read(), read(SECOND, ["x", "c1"]))).toMatchObject({
      view: { shows: "question", reader: FIRST },
    });
    expect(last(ask(), read(), read(SECOND))).toEqual(isVoid);
    expect(last(ask(), read(), read(SECOND, ["c2"]))).toEqual(isVoid);
    expect(last(...agreed, [8.4, read(SECOND)])).toEqual(isVoid);
    expect(last(...agreed, [8.4, read(SECOND)], [5, look()])).toMatchObject({ no: "opened_twice" });
    expect(last(ask(), read(), read(SECOND), click("delete"))).toEqual({ invalid: true });
    expect(play(ask(), read(), read(SECOND)).rest).toBe(0);
  });

  test("takes a yes after 1.5 s, which counts 10 s after the opening", () => {
    expect(last(ask(), read(), [1.4, click("delete")])).toMatchObject({
      view: { shows: "question" },
    });
    expect(last(ask(), read(), [1.4, click("delete")], [20, look()])).toHaveProperty("wait");
    expect(last(...agreed)).toMatchObject({
      view: { shows: "yes", waits: true, countsAt: NOW + 10_000 },
    });
    expect(last(...agreed, look())).toEqual({ wait: 8_500 });
    expect(last(...agreed, [8.5, look()])).toEqual({ yes: "page", deed: expect.anything() });
    expect(last(...agreed, [8.5, look()], look())).toEqual({ invalid: true });
    expect(last(ask(), read(), [60, click("delete")], look())).toHaveProperty("yes");
    expect(play(ask(), read(), [60, click("delete")]).rest).toBeLessThanOrEqual(0);
  });

  test("takes the refusing choice at once, also after a yes that does not count yet", () => {
    expect(last(ask(), read(), click("keep"), look())).toMatchObject({ no: "kept" });
    expect(last(...agreed, click("keep"), look())).toMatchObject({ no: "kept" });
    expect(last(ask(), read(), click("keep"), click("delete"))).toEqual({ invalid: true });
    expect(play(ask(), read(), click("keep")).rest).toBe(0);
  });

  test("takes nothing without its reader's cookie and field, and no other word", () => {
    const nothing = { view: { shows: "nothing" } };
    expect(last(ask(), [2, click("delete")])).toEqual(nothing);
    const strangers = [{ ...FIRST, field: "" }, { ...FIRST, cookie: "" }, SECOND];
    for (const stranger of strangers) {
      for (const decision of ["keep", "delete"]) {
        expect(last(ask(), read(), [2, click(decision, stranger)])).toEqual(nothing);
      }
    }
    for (const decision of ["", "Delete", "send"]) {
      expect(last(ask(), read(), [2, click(decision)])).toEqual(nothing);
    }
  });

  test("is not answered by a form's reply or a code", () => {
    const reply = { form: { action: "accept", content: { decision: "delete" } } };
    expect(last(ask(), { type: "reply", secret: "1", binding: "a", reply })).toEqual({
      invalid: true,
    });
    expect(last(ask(), confirm("1"))).toEqual({ invalid: true });
  });

  test("stays when the call ends, and keeps an answer for the same call", () => {
    const left = look({ isOver: true });
    expect(last(ask(), read(), [30, left])).toMatchObject({
      later: true,
      isAnswered: false,
      expiresAt: NOW + 600_000,
    });
    expect(last(ask(), read(), [30, left], resume)).toMatchObject({ ask: "1" });
    expect(last(ask(), read(), [30, left], [200, click("delete")])).toMatchObject({
      view: { shows: "yes", waits: false },
    });
    const kept: Played[] = [ask(), read(), [30, left], [200, click("delete")]];
    expect(last(...kept, resume, look())).toHaveProperty("yes");
    expect(last(...kept, [370, resume])).toEqual({ invalid: true });
    expect(last(...kept, { type: "resume", binding: "b" })).toEqual({ invalid: true });
    expect(last(ask(), read(), [30, left], click("keep"), resume, look())).toMatchObject({
      no: "kept",
    });
    // A yes without the time for the deed is kept too.
    expect(last(...agreed, [20, look({ hasTime: false })])).toMatchObject({ isAnswered: true });
    expect(last(...agreed, [20, look({ hasTime: false })], resume, look())).toHaveProperty("yes");
  });

  test("that nobody has read is opened anew by the same call", () => {
    const left: Played[] = [ask(), [5, look({ isOver: true })]];
    expect(last(...left, resume)).toEqual({ invalid: true });
    expect(last(...left, resume, ask("a", "2"))).toMatchObject({ ask: "2" });
  });

  test("is the one question that is open, until it is answered", () => {
    expect(last(ask(), read(), [60, ask("b", "2")])).toMatchObject({ busy: 540_000 });
    expect(last(ask(), read(), [60, ask("b", "2", "form")])).toHaveProperty("busy");
    expect(last(ask(), read(), resume)).toEqual({ invalid: true });
    expect(last(...agreed, ask("b", "2"))).toHaveProperty("busy");
    expect(last(...agreed, [8.5, ask("b", "2")])).toMatchObject({ ask: "2" });
    expect(last(ask(), read(), click("keep"), ask("b", "2"))).toMatchObject({ ask: "2" });
    expect(last(ask(), read(), [600, ask("b", "2")])).toMatchObject({ ask: "2" });
  });

  test("ends codes and kept answers for the same target", () => {
    expect(last(ask("a", "9", "code"), confirm("9"))).toHaveProperty("yes");
    expect(last(ask("a", "9", "code"), ask(), confirm("9"))).toEqual({ invalid: true });
    const kept: Played[] = [...agreed, [20, look({ isOver: true, hasTime: false })]];
    expect(last(...kept, ask("a", "2"), resume)).toEqual({ invalid: true });
    expect(last(...kept, ask("b", "2"), resume)).toMatchObject({ ask: "1" });
  });

  test("counts its refusals with the others, and a voided one as none", () => {
    const refused = [ask(), read(), click("keep"), look()];
    expect(last(...refused, ...refused, ...refused, ask())).toMatchObject({ hint: "paused" });
    const voided = [ask(), read(), read(SECOND), look()];
    expect(last(...voided, ...voided, ...voided, ask())).toHaveProperty("ask");
  });

  test("dies with its caller", () => {
    const gone: Event = { type: "abandon", secret: "1" };
    expect(last(...agreed, gone, [9, look()])).toEqual({ invalid: true });
    expect(play(...agreed, gone).rest).toBe(0);
  });
});

test("no sequence of up to five events says yes without a click of the one reader", () => {
  const first = read();
  const second = read(SECOND);
  const yes: Played = [1.5, click("delete")];
  const strangersYes: Played = [1.5, click("delete", SECOND)];
  const no = click("keep");
  const alphabet: Played[] = [
    ask(),
    first,
    second,
    yes,
    strangersYes,
    no,
    look(),
    look({ isOver: true }),
    resume,
    [10, look()],
  ];
  let yeses = 0;

  /** `past` has the events that were of some effect since the page was asked for. */
  function explore(before: ConsentState, now: number, past: readonly Played[], depth = 5): void {
    if (depth === 0) return;
    for (const entry of alphabet) {
      const [seconds, event] = Array.isArray(entry) ? entry : [0, entry];
      const then = now + seconds * 1_000;
      const { state, verdict } = decide(before, event, then);
      if ("yes" in verdict) {
        yeses += 1;
        const [reader, ...others] = past.filter((one) => one === first || one === second);
        expect(others).toEqual([]);
        expect(past).toContain(reader === first ? yes : strangersYes);
        expect(past).not.toContain(no);
      }
      const isNothing = "view" in verdict && verdict.view.shows === "nothing";
      const isEffective = !(isNothing || "invalid" in verdict || "busy" in verdict);
      const after = event.type === "ask" && isEffective ? [] : past;
      explore(state, then, isEffective ? [...after, entry] : after, depth - 1);
    }
  }
  explore(NO_CONSENT, NOW, []);
  expect(yeses).toBeGreaterThan(50);
});
