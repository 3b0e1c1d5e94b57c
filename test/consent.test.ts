import { describe, expect, test } from "vitest";
import type { Reply } from "../src/consent/form.ts";
import type { Decision } from "../src/consent/question.ts";
import {
  actionOn as action,
  ask,
  createWorld,
  type Event as EventOf,
  type Played as PlayedOf,
  play as playAll,
  yesesInRandom,
} from "./support/questions.ts";

// The questions alone, on a clock that stands still, so every short sequence of events can be tried.

type Event = EventOf<Decision>;
const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 1);
const answering = (action: string, content?: unknown): Reply => ({
  kind: "answer",
  action,
  content,
});
const YES = answering("accept", { decision: "send" });
const NO = answering("accept", { decision: "do not send" });
const SEND_A = { title: action("a").title };
const UNKNOWN = { kind: "unknown" };

const propose = (name: string, label: string, method: "form" | "code" = "form", waits = true) =>
  ask(action(name), label, method, waits);
const reply =
  (name: string, label: string, answer: Reply, isPageNext = false): Event =>
  ({ questions, ids }) =>
    questions.answer(ids.get(label) ?? label, name, answer, isPageNext);
const say =
  (name: string, text: string): Event =>
  ({ questions }) =>
    questions.confirm(name, text);
const confirm =
  (name: string, label: string, binding = name): Event =>
  ({ questions, texts }) =>
    questions.confirm(binding, texts.get(label) ?? `${action(name).title} ${label}`);
const close =
  (label: string): Event =>
  ({ questions, ids }) => {
    questions.close(ids.get(label) ?? label);
    return { kind: "unknown" };
  };
type Played = Event | [minutes: number, event: Event];

/** Plays events, each with the minutes that pass before it. */
const play = (...events: Played[]) =>
  playAll(
    events.map(
      (entry): PlayedOf<Decision> => (Array.isArray(entry) ? [entry[0] * MINUTE, entry[1]] : entry),
    ),
  );
const last = (...events: Played[]) => play(...events).at(-1);

describe("a question", () => {
  test("is asked, and answered once", () => {
    const verdicts = play(propose("a", "1"), reply("a", "1", YES), reply("a", "1", YES));
    expect(verdicts).toEqual([
      { kind: "asked", question: expect.objectContaining({ method: "form" }) },
      { kind: "yes", by: "form", action: expect.objectContaining(SEND_A) },
      UNKNOWN,
    ]);
  });
  test("is not answered by another secret, nor for other arguments", () => {
    expect(last(propose("a", "1"), reply("a", "2", YES))).toEqual(UNKNOWN);
    expect(last(propose("a", "1"), reply("b", "1", YES))).toEqual(UNKNOWN);
  });
  test("cannot be answered with a code, nor a code with an answer", () => {
    expect(last(propose("a", "1"), confirm("a", "1"))).toEqual(UNKNOWN);
    expect(last(propose("a", "1", "code"), reply("a", "1", YES))).toEqual(UNKNOWN);
  });
  test("can be put while a code is out", () => {
    expect(last(propose("a", "1", "code"), propose("b", "2"))).toMatchObject({ kind: "asked" });
  });
  test("keeps the others waiting, for four minutes at most", () => {
    expect(last(propose("a", "1"), [1, propose("b", "2")])).toMatchObject({
      kind: "busy",
      ms: 3 * MINUTE,
    });
    expect(last(propose("a", "1"), [1, propose("a", "2")])).toMatchObject({
      kind: "busy",
      ms: 3 * MINUTE,
    });
    expect(last(propose("a", "1"), [4, propose("b", "2")])).toMatchObject({ kind: "asked" });
  });
  test("is replaced by the same one when nobody waits for the answer", () => {
    const lost = propose("a", "1", "form", false);
    expect(last(lost, propose("a", "2", "form", false))).toMatchObject({ kind: "asked" });
    expect(last(lost, propose("b", "2", "form", false))).toMatchObject({ kind: "busy" });
    expect(last(lost, propose("a", "2", "form", false), reply("a", "1", YES))).toEqual(UNKNOWN);
  });
  test("is worth nothing after ten minutes, or when its caller has gone", () => {
    expect(last(propose("a", "1"), [9.9, reply("a", "1", YES)])).toMatchObject({ kind: "yes" });
    expect(last(propose("a", "1"), [10, reply("a", "1", YES)])).toMatchObject({
      kind: "no",
      reason: "timed_out",
    });
    const lost = propose("a", "1", "form", false);
    expect(last(lost, [10, reply("a", "1", YES)])).toEqual(UNKNOWN);
    const gone = close("1");
    expect(last(propose("a", "1"), gone, reply("a", "1", YES))).toEqual(UNKNOWN);
    expect(last(propose("a", "1"), gone, propose("b", "2"))).toMatchObject({ kind: "asked" });
  });
  test("and its no end the codes for the same target, also one that was shown beside it", () => {
    const shown = propose("a", "2", "code");
    const no = reply("a", "1", answering("decline"));
    expect(last(propose("a", "1"), shown, no, confirm("a", "2"))).toEqual(UNKNOWN);
  });
  test("that nobody waits for ends when the same is asked anew, or refused", () => {
    const old = propose("a", "1", "form", false);
    const late = reply("a", "1", YES);
    const anew: Played = [4.5, propose("a", "2", "form", false)];
    expect(last(old, anew, late)).toEqual(UNKNOWN);
    expect(last(old, anew, reply("a", "2", NO), late)).toEqual(UNKNOWN);
    expect(last(old, [4.5, propose("b", "2", "form", false)], late)).toMatchObject({ kind: "yes" });
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
      const answer = reply("a", "1", answering(action, content));
      expect(last(propose("a", "1"), answer)).toMatchObject({ kind: "no", reason });
    }
  });
  test("refused within a second gets the hint that it may not have been shown", () => {
    expect(last(propose("a", "1"), reply("a", "1", NO))).toMatchObject({
      reason: "kept",
      isInstant: true,
    });
    const slow = last(propose("a", "1"), [1 / 60, reply("a", "1", NO)]);
    expect(slow).toMatchObject({ kind: "no", reason: "kept", isInstant: false });
  });
});

describe("a form that nobody can have seen", () => {
  const asked = propose("a", "1");

  test("passes to a page that is next, once, and does not count as ended", () => {
    for (const action of ["decline", "cancel"]) {
      const answer = reply("a", "1", answering(action), true);
      expect(last(asked, [0.9 / 60, answer])).toMatchObject({
        kind: "unseen",
        reason: action === "decline" ? "declined" : "cancelled",
      });
      expect(last(asked, answer, answer)).toEqual(UNKNOWN);
      expect(last(asked, answer, reply("a", "1", YES))).toEqual(UNKNOWN);
      const five = Array.from({ length: 5 }, () => [asked, answer]).flat();
      expect(last(...five, propose("b", "2"))).toMatchObject({ kind: "asked" });
    }
  });
  test("is none after a second, with an answer in it, and where no page is next", () => {
    const decline = answering("decline");
    const no = { kind: "no", reason: "declined" };
    expect(last(asked, [1 / 60, reply("a", "1", decline, true)])).toMatchObject(no);
    expect(last(asked, reply("a", "1", decline, false))).toMatchObject(no);
    expect(last(asked, reply("a", "1", NO, true))).toMatchObject({ kind: "no", reason: "kept" });
    expect(last(asked, reply("a", "1", YES, true))).toMatchObject({ kind: "yes" });
  });
});

describe("a code", () => {
  test("is shown with its action, and works once", () => {
    const world = createWorld();
    const events = [propose("a", "1", "code"), confirm("a", "1"), confirm("a", "1")];
    const [shown, ...rest] = playAll(events, world);
    expect(world.texts.get("1")).toMatch(/^send invitation to a@example\.com \(admin\) [\w-]{22}$/);
    expect(shown).toMatchObject({
      kind: "asked",
      question: {
        method: "code",
        action: SEND_A,
        expiresAt: NOW + 10 * MINUTE,
      },
    });
    expect(rest).toEqual([
      { kind: "yes", by: "code", action: expect.objectContaining(SEND_A) },
      UNKNOWN,
    ]);
  });
  test("leaves the others as they are when it is used", () => {
    const shown = [propose("a", "1", "code"), propose("b", "2", "code")];
    expect(last(...shown, confirm("a", "1"), confirm("b", "2"))).toMatchObject({ kind: "yes" });
  });
  test("must be passed back whole, for the same arguments, within ten minutes", () => {
    const shown = propose("a", "1", "code");
    expect(last(shown, confirm("b", "1"))).toEqual(UNKNOWN);
    expect(last(shown, confirm("a", "1", "b"))).toEqual(UNKNOWN);
    expect(last(shown, say("a", "1"))).toEqual(UNKNOWN);
    expect(last(shown, say("a", "harmless 1"))).toEqual(UNKNOWN);
    expect(last(shown, [10, confirm("a", "1")])).toEqual(UNKNOWN);
  });
  test("is worth nothing once the same question got a newer one", () => {
    const both = [propose("a", "1", "code"), propose("a", "2", "code")];
    expect(last(...both, confirm("a", "1"))).toEqual(UNKNOWN);
    expect(last(...both, confirm("a", "2"))).toMatchObject({ kind: "yes" });
  });
  test("is forgotten when a hundred newer ones were made", () => {
    const newer = Array.from({ length: 100 }, (_, n) => propose(`b${n}`, `n${n}`, "code"));
    expect(last(propose("a", "1", "code"), ...newer, confirm("a", "1"))).toEqual(UNKNOWN);
    expect(last(propose("a", "1", "code"), ...newer.slice(1), confirm("a", "1"))).toMatchObject({
      kind: "yes",
    });
  });
});

describe("five questions running without a yes", () => {
  interface End {
    answer?: Reply;
    /** Minutes. */
    after?: number;
  }
  /** Asks about a target of that name, and gets an answer. */
  const end = (name: string, { answer = NO, after = 0 }: End = {}): Played[] => [
    [after, propose(name, name)],
    reply(name, name, answer),
  ];
  const ends = (count: number, more: End = {}) =>
    Array.from({ length: count }, (_, n) => end(`t${n}`, more)).flat();

  test("pause all questions for ten minutes, in every way and whatever they are about", () => {
    for (const again of [propose("a", "x"), propose("a", "x", "code"), propose("t0", "x")]) {
      expect(last(...ends(5), again)).toMatchObject({ kind: "no", reason: "paused" });
    }
    expect(last(...ends(4), propose("a", "x"))).toMatchObject({ kind: "asked" });
    expect(last(...ends(5), [9.9, propose("a", "x")])).toMatchObject({ reason: "paused" });
    expect(last(...ends(5), [10, propose("a", "x")])).toMatchObject({ kind: "asked" });
    // And five more are needed then.
    expect(last(...ends(5), ...end("b", { after: 10 }), propose("a", "x"))).toMatchObject({
      kind: "asked",
    });
  });
  test("pause from the fifth on, if they are no more than ten minutes apart", () => {
    const slowly = [...ends(4), ...end("b", { after: 9.9 })];
    expect(last(...slowly, [9.9, propose("a", "x")])).toMatchObject({ reason: "paused" });
    expect(last(...slowly, [10, propose("a", "x")])).toMatchObject({ kind: "asked" });
    const apart = [...ends(4), ...end("b", { after: 10 })];
    expect(last(...apart, propose("a", "x"))).toMatchObject({ kind: "asked" });
  });
  test("are counted from the last yes on, by a form or a code", () => {
    const yes = end("b", { answer: YES });
    expect(last(...ends(4), ...yes, ...ends(4), propose("a", "x"))).toMatchObject({
      kind: "asked",
    });
    expect(last(...ends(4), ...yes, ...ends(5), propose("a", "x"))).toMatchObject({
      reason: "paused",
    });
    const code = [propose("b", "c", "code"), confirm("b", "c")];
    expect(last(...ends(4), ...code, ...ends(4), propose("a", "x"))).toMatchObject({
      kind: "asked",
    });
  });
  test("are counted however they ended", () => {
    const answers: Reply[] = [
      { kind: "failed", reason: "timed_out" },
      { kind: "failed", reason: "client_error" },
      answering("accept"),
      answering("cancel"),
      answering("decline"),
    ];
    for (const answer of answers) {
      expect(last(...ends(5, { answer }), propose("a", "x"))).toMatchObject({ reason: "paused" });
    }
    const gone: Played[] = [propose("b", "b"), close("b")];
    expect(last(...ends(4), ...gone, propose("a", "x"))).toMatchObject({ reason: "paused" });
    const lost = (name: string) => propose(name, name, "form", false);
    expect(last(...ends(4), lost("b"), [10, close("b")], propose("a", "x"))).toMatchObject({
      kind: "asked",
    });
    expect(last(...ends(4), lost("b"), lost("b"), propose("b", "x"))).toMatchObject({
      reason: "paused",
    });
  });
  test("do not count codes, and leave those that are out as they are", () => {
    const codes = Array.from({ length: 9 }, (_, n) => propose(`c${n}`, `c${n}`, "code"));
    expect(last(...codes, [10, propose("a", "x")])).toMatchObject({ kind: "asked" });
    expect(last(propose("a", "x", "code"), ...ends(5), confirm("a", "x"))).toMatchObject({
      kind: "yes",
    });
  });
});

describe("a yes comes only of its own question or code", () => {
  interface Letter {
    event: Event;
    minutes?: number;
    /** The question or code that a yes to it must belong to. */
    answers?: string;
    /** The question or code that it opens, or ends. */
    opens?: string;
    ends?: string;
    isClose?: boolean;
  }
  const alphabet: Letter[] = [
    { event: propose("a", "qa"), opens: "qa" },
    { event: propose("b", "qb"), opens: "qb" },
    { event: propose("a", "qs", "form", false), opens: "qs" },
    { event: propose("a", "ca", "code"), opens: "ca" },
    { event: reply("a", "qa", YES), answers: "qa" },
    { event: reply("a", "qs", YES), answers: "qs" },
    { event: reply("b", "qa", YES) },
    { event: reply("a", "qa", NO), ends: "qa" },
    { event: confirm("a", "ca"), answers: "ca" },
    { event: confirm("a", "ca", "b") },
    { event: close("qa"), ends: "qa", isClose: true },
    { event: close("none"), minutes: 10 },
  ];

  /** Plays a sequence, holds every yes in it to what was open, and counts them. */
  function yesesIn(letters: readonly Letter[]): number {
    const world = createWorld();
    let alive = new Set<string>();
    let yeses = 0;
    for (const { event, minutes = 0, answers, opens, ends, isClose } of letters) {
      world.clock.step(minutes * MINUTE);
      if (minutes > 0) alive = new Set();
      const decision = event(world);
      if (decision.kind === "yes") {
        yeses += 1;
        const isOwn = answers !== undefined && alive.has(answers);
        if (!isOwn || decision.action.targets[0]?.email !== "a") throw new Error("a yes of nobody");
        alive.delete(answers);
      }
      if (decision.kind === "yes" || (decision.kind === "no" && decision.reason === "kept")) {
        // A yes or a no for the target ends what else was asked about it, but for a form that a call waits for.
        for (const one of ["qs", "ca"]) alive.delete(one);
      }
      if (opens !== undefined && decision.kind === "asked") {
        if (opens === "qa" || opens === "qs") for (const one of ["qs", "ca"]) alive.delete(one);
        alive.add(opens);
      }
      if (ends !== undefined && (decision.kind !== "unknown" || isClose)) {
        alive.delete(ends);
      }
    }
    return yeses;
  }

  test("in every sequence of five events", () => {
    // Where nothing is open the others come to nothing, so a sequence that begins with one is a shorter one.
    const [openers, others] = [alphabet.slice(0, 4), alphabet.slice(4)];
    for (const { event } of others) expect(event(createWorld())).toEqual(UNKNOWN);
    let yeses = 0;
    let sequences = 0;
    const explore = (before: readonly Letter[]) => {
      for (const letter of before.length === 0 ? openers : alphabet) {
        const letters = [...before, letter];
        if (letters.length < 5) explore(letters);
        else {
          sequences += 1;
          yeses += yesesIn(letters);
        }
      }
    };
    explore([]);
    expect(sequences).toBe(4 * 12 ** 4);
    expect(yeses).toBeGreaterThan(1_000);
  });

  test("in random sequences of up to thirty", () => {
    expect(yesesInRandom(alphabet, yesesIn, 3_000)).toBeGreaterThan(1_000);
  });
});
