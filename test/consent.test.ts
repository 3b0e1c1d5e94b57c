import { describe, expect, test } from "vitest";
import { confirmationText, decide } from "../src/consent/consent.ts";
import {
  type ConsentState,
  type Event,
  NO_CONSENT,
  type Reply,
  type Verdict,
} from "../src/consent/state.ts";
import type { Deed } from "../src/tools/deed.ts";

// The state machine alone: a pure function, so every short sequence of events can be tried.

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 1);
const deed = (name: string): Deed => ({
  title: `send invitation to ${name}@example.com (admin)`,
  facts: ["Send this invitation?"],
  choices: ["do not send", "send"],
  targets: [{ key: name }],
  subject: {},
  perform: NEVER,
});
const NEVER = () => Promise.reject(new Error("the state machine performs nothing"));
const YES: Reply = { form: { action: "accept", content: { decision: "send" } } };
const NO: Reply = { form: { action: "accept", content: { decision: "do not send" } } };

type Way = Extract<Event, { type: "ask" }>["way"];
const propose = (
  name: string,
  secret: string,
  way: Way | "none" = "form",
  waits = true,
): Event => ({
  type: "ask",
  deed: deed(name),
  binding: name,
  way: way === "none" ? undefined : way,
  secret,
  waits,
});
const reply = (name: string, secret: string, answer: Reply): Event => ({
  type: "reply",
  secret,
  binding: name,
  reply: answer,
});
const confirm = (name: string, secret: string): Event => ({
  type: "confirm",
  binding: name,
  confirmation: confirmationText(deed(name), secret),
});

type Played = Event | [minutes: number, event: Event];

/** Plays events, each with the minutes that pass before it. */
function play(...events: Played[]): Verdict[] {
  let state: ConsentState = NO_CONSENT;
  let now = NOW;
  return events.map((entry) => {
    const [minutes, event] = Array.isArray(entry) ? entry : [0, entry];
    now += minutes * MINUTE;
    const step = decide(state, event, now);
    state = step.state;
    return step.verdict;
  });
}
const last = (...events: Played[]) => play(...events).at(-1);

describe("a question", () => {
  test("is asked, and answered once", () => {
    const verdicts = play(propose("a", "1"), reply("a", "1", YES), reply("a", "1", YES));
    expect(verdicts).toEqual([
      { ask: "1", deed: deed("a") },
      { yes: "form", deed: deed("a") },
      { invalid: true },
    ]);
  });
  test("is not answered by another secret, nor for other arguments", () => {
    expect(last(propose("a", "1"), reply("a", "2", YES))).toEqual({ invalid: true });
    expect(last(propose("a", "1"), reply("b", "1", YES))).toEqual({ invalid: true });
  });
  test("cannot be answered with a code, nor a code with an answer", () => {
    expect(last(propose("a", "1"), confirm("a", "1"))).toEqual({ invalid: true });
    expect(last(propose("a", "1", "code"), reply("a", "1", YES))).toEqual({ invalid: true });
  });
  test("can be put while a code is out", () => {
    expect(last(propose("a", "1", "code"), propose("b", "2"))).toHaveProperty("ask");
  });
  test("keeps the others waiting, for four minutes at most", () => {
    expect(last(propose("a", "1"), [1, propose("b", "2")])).toMatchObject({ busy: 3 * MINUTE });
    expect(last(propose("a", "1"), [1, propose("a", "2")])).toMatchObject({ busy: 3 * MINUTE });
    expect(last(propose("a", "1"), [4, propose("b", "2")])).toMatchObject({ ask: "2" });
  });
  test("is replaced by the same one when nobody waits for the answer", () => {
    const lost = propose("a", "1", "form", false);
    expect(last(lost, propose("a", "2", "form", false))).toMatchObject({ ask: "2" });
    expect(last(lost, propose("b", "2", "form", false))).toHaveProperty("busy");
    expect(last(lost, propose("a", "2", "form", false), reply("a", "1", YES))).toEqual({
      invalid: true,
    });
  });
  test("is worth nothing after ten minutes, or when its caller has gone", () => {
    expect(last(propose("a", "1"), [9.9, reply("a", "1", YES)])).toHaveProperty("yes");
    expect(last(propose("a", "1"), [10, reply("a", "1", YES)])).toMatchObject({ no: "timed_out" });
    const lost = propose("a", "1", "form", false);
    expect(last(lost, [10, reply("a", "1", YES)])).toEqual({ invalid: true });
    const gone: Event = { type: "abandon", secret: "1" };
    expect(last(propose("a", "1"), gone, reply("a", "1", YES))).toEqual({ invalid: true });
    expect(last(propose("a", "1"), gone, propose("b", "2"))).toHaveProperty("ask");
  });
  test("and its no end the codes for the same target, also one that was shown beside it", () => {
    const shown = propose("a", "2", "code");
    const no = reply("a", "1", { form: { action: "decline" } });
    expect(last(propose("a", "1"), shown, no, confirm("a", "2"))).toEqual({ invalid: true });
  });
  test("that nobody waits for ends when the same is asked anew, or refused", () => {
    const old = propose("a", "1", "form", false);
    const late = reply("a", "1", YES);
    const anew: Played = [4.5, propose("a", "2", "form", false)];
    expect(last(old, anew, late)).toEqual({ invalid: true });
    expect(last(old, anew, reply("a", "2", NO), late)).toEqual({ invalid: true });
    expect(last(old, [4.5, propose("b", "2", "form", false)], late)).toHaveProperty("yes");
  });
  test("is only accepted by that word, with exactly the acting choice", () => {
    const answers: [action: string, content: unknown, reason: string][] = [
      ["approve", { decision: "send" }, "client_error"],
      ["ACCEPT", { decision: "send" }, "client_error"],
      ["accept", null, "client_error"],
      ["accept", "send", "client_error"],
      ["accept", { decision: "Send" }, "client_error"],
      ["accept", Object.create({ decision: "send" }), "client_error"],
      ["decline", { decision: "send" }, "declined"],
      ["cancel", { decision: "send" }, "cancelled"],
    ];
    for (const [action, content, reason] of answers) {
      const answer = reply("a", "1", { form: { action, content } });
      expect(last(propose("a", "1"), answer)).toMatchObject({ no: reason });
    }
  });
  test("refused within a second gets the hint that it may not have been shown", () => {
    expect(last(propose("a", "1"), reply("a", "1", NO))).toMatchObject({
      no: "kept",
      hint: "instant",
    });
    const slow = last(propose("a", "1"), [1 / 60, reply("a", "1", NO)]);
    expect(slow).toMatchObject({ no: "kept" });
    expect(slow).not.toHaveProperty("hint");
  });
});

describe("a code", () => {
  test("is shown with its deed, and works once", () => {
    const [shown, ...rest] = play(propose("a", "1", "code"), confirm("a", "1"), confirm("a", "1"));
    expect(shown).toMatchObject({
      show: "send invitation to a@example.com (admin) 1",
      expiresAt: NOW + 10 * MINUTE,
    });
    expect(rest).toEqual([{ yes: "code", deed: deed("a") }, { invalid: true }]);
  });
  test("leaves the others as they are when it is used", () => {
    const shown = [propose("a", "1", "code"), propose("b", "2", "code")];
    expect(last(...shown, confirm("a", "1"), confirm("b", "2"))).toHaveProperty("yes");
  });
  test("must be passed back whole, for the same arguments, within ten minutes", () => {
    const shown = propose("a", "1", "code");
    expect(last(shown, confirm("b", "1"))).toEqual({ invalid: true });
    expect(last(shown, { ...confirm("a", "1"), binding: "b" } as Event)).toEqual({ invalid: true });
    expect(last(shown, { type: "confirm", binding: "a", confirmation: "1" })).toEqual({
      invalid: true,
    });
    expect(last(shown, { type: "confirm", binding: "a", confirmation: "harmless 1" })).toEqual({
      invalid: true,
    });
    expect(last(shown, [10, confirm("a", "1")])).toEqual({ invalid: true });
  });
  test("is worth nothing once the same question got a newer one", () => {
    const both = [propose("a", "1", "code"), propose("a", "2", "code")];
    expect(last(...both, confirm("a", "1"))).toEqual({ invalid: true });
    expect(last(...both, confirm("a", "2"))).toHaveProperty("yes");
  });
  test("is forgotten when a hundred newer ones were made", () => {
    const newer = Array.from({ length: 100 }, (_, n) => propose(`b${n}`, `n${n}`, "code"));
    expect(last(propose("a", "1", "code"), ...newer, confirm("a", "1"))).toEqual({ invalid: true });
    expect(last(propose("a", "1", "code"), ...newer.slice(1), confirm("a", "1"))).toHaveProperty(
      "yes",
    );
  });
  test("is not given where the operator wants prompts", () => {
    expect(last(propose("a", "1", "none"))).toEqual({ unavailable: true });
  });
});

describe("three refusals", () => {
  interface Refusal {
    answer?: Reply;
    target?: string;
    /** Minutes. */
    after?: number;
  }
  const refuse = (
    secret: string,
    { answer = NO, target = "a", after = 0 }: Refusal = {},
  ): Played[] => [[after, propose(target, secret)], reply(target, secret, answer)];
  const refused = [...refuse("1"), ...refuse("2"), ...refuse("3")];

  test("pause the target for ten minutes, in every way", () => {
    for (const way of ["form", "code", "none"] as const) {
      expect(last(...refused, propose("a", "4", way))).toMatchObject({
        no: "kept",
        hint: "paused",
      });
    }
    const decline: Reply = { form: { action: "decline" } };
    const ends = [...refuse("1"), ...refuse("2"), ...refuse("3", { answer: decline })];
    expect(last(...ends, propose("a", "4"))).toMatchObject({ no: "declined", hint: "paused" });
    expect(last(...refused, [9.9, propose("a", "4")])).toMatchObject({ hint: "paused" });
    expect(last(...refused, [10, propose("a", "4")])).toHaveProperty("ask");
  });
  test("pause for ten minutes from the third on, however far apart they were", () => {
    const two = [...refuse("1"), ...refuse("2", { after: 5 })];
    const slowly = [...two, ...refuse("3", { after: 4.9 })];
    expect(last(...slowly, [9.9, propose("a", "4")])).toMatchObject({ hint: "paused" });
    expect(last(...slowly, [10, propose("a", "4")])).toHaveProperty("ask");
    const apart = [...two, ...refuse("3", { after: 5 })];
    expect(last(...apart, propose("a", "4"))).toHaveProperty("ask");
  });
  test("of one target leave the others alone", () => {
    expect(last(...refused, propose("b", "4"))).toHaveProperty("ask");
    const mixed = [...refuse("b1", { target: "b" }), ...refuse("1"), ...refuse("2")];
    expect(last(...mixed, propose("a", "3"))).toHaveProperty("ask");
  });
  test("of one target do not prolong those of another", () => {
    const twice = [...refuse("b1", { target: "b" }), ...refuse("b2", { target: "b" })];
    // The pause of a, after nine minutes, is none of b's business.
    const paused = [...twice, ...refuse("1", { after: 9 }), ...refuse("2"), ...refuse("3")];
    const third = refuse("b3", { target: "b", after: 2 });
    expect(last(...paused, ...third, propose("b", "b4"))).toHaveProperty("ask");
    // And two of each are no three of a.
    const mixed = [...twice, ...refuse("1"), ...refuse("2", { after: 9 })];
    expect(last(...mixed, ...refuse("3", { after: 2 }), propose("a", "4"))).toHaveProperty("ask");
  });
  test("must be refusals: a timeout or a broken client is none", () => {
    const broken: Reply[] = [
      { failed: "timed_out" },
      { failed: "client_error" },
      { form: { action: "accept" } },
    ];
    for (const answer of broken) {
      const events = ["1", "2", "3"].flatMap((secret) => refuse(secret, { answer }));
      expect(last(...events, propose("a", "4"))).toHaveProperty("ask");
    }
  });
});

test("no sequence of up to five events says yes without its own question or code", () => {
  const alphabet: [string, Played][] = [
    ["ask a", propose("a", "qa")],
    ["ask b", propose("b", "qb")],
    ["ask a stateless", propose("a", "qs", "form", false)],
    ["code a", propose("a", "ca", "code")],
    ["yes a", reply("a", "qa", YES)],
    ["yes a stateless", reply("a", "qs", YES)],
    ["yes a for b", reply("b", "qa", YES)],
    ["no a", reply("a", "qa", NO)],
    ["confirm a", confirm("a", "ca")],
    ["confirm b with a's", { ...confirm("a", "ca"), binding: "b" } as Event],
    ["abandon a", { type: "abandon", secret: "qa" }],
    ["later", [10, { type: "abandon", secret: "none" }]],
  ];
  let sequences = 0;
  let yeses = 0;

  function explore(
    state: ConsentState,
    now: number,
    open: ReadonlySet<string>,
    depth: number,
  ): void {
    if (depth === 0) return;
    for (const [, entry] of alphabet) {
      sequences += 1;
      const [minutes, event] = Array.isArray(entry) ? entry : [0, entry];
      const then = now + minutes * MINUTE;
      const alive = new Set(minutes > 0 ? [] : open);
      const { state: next, verdict } = decide(state, event, then);
      if ("yes" in verdict) {
        yeses += 1;
        const secret = event.type === "reply" ? event.secret : "ca";
        expect(alive.has(secret)).toBe(true);
        expect("binding" in event && event.binding).toBe("a");
      }
      if ("ask" in verdict) alive.add(verdict.ask);
      if ("show" in verdict) alive.add("ca");
      if (event.type === "reply" && !("invalid" in verdict)) alive.delete(event.secret);
      if (event.type === "abandon") alive.delete(event.secret);
      if (event.type === "confirm" && "yes" in verdict) alive.delete("ca");
      explore(next, then, alive, depth - 1);
    }
  }
  explore(NO_CONSENT, NOW, new Set(), 5);
  expect(sequences).toBe(12 + 12 ** 2 + 12 ** 3 + 12 ** 4 + 12 ** 5);
  expect(yeses).toBeGreaterThan(1_000);
});
