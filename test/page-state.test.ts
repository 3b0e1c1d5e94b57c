import { describe, expect, test } from "vitest";
import type { Click, Decision, TurnedAway } from "../src/consent/question.ts";
import {
  actionOn,
  ask as asking,
  CALL,
  createWorld,
  type Event as EventOf,
  keep,
  type Played,
  play as playAll,
  shownBy,
  type World,
  yesesInRandom,
} from "./support/questions.ts";

// The states of a page alone, on a clock that stands still: who may answer, and when it counts.

/** What the call, or the browser, sees. */
type Seen = Decision | { kind: "wait"; ms: number } | { kind: "done" } | { shows: string };
type Event = EventOf<Seen>;
const NOW = Date.UTC(2026, 0, 1);
const UNKNOWN = { kind: "unknown" };
/** What a call gets that comes back to a page that has ended. */
const ENDED = { kind: "no", reason: "timed_out", action: expect.anything() };
const OVER = { shows: "over" };

const action = (name: string) => actionOn(name, `delete ${name}`, ["keep", "delete"]);
const ask = (name = "a", label = "1", method: "page" | "form" | "code" = "page"): Event =>
  asking(action(name), label, method, true);
const pageOf = ({ pages }: World) => pages.get("1");

/** A browser fetches the page; who gets it keeps its field. */
const read =
  (who = "first", wrong?: TurnedAway): Event =>
  (world) => {
    const page = pageOf(world);
    const reply = page && world.questions.read(page, wrong);
    if (reply?.kind === "question") world.fields.set(who, reply.page.field);
    return { shows: shownBy(reply) };
  };
const click =
  (choice: string, who = "first", change: Partial<Click> = {}): Event =>
  (world) => {
    const field = world.fields.get(who) ?? "f";
    const sent = { field, choice, isFromPage: true, ...change };
    const page = pageOf(world);
    return { shows: shownBy(page && world.questions.click(page, sent)) };
  };
/** The call looks how things are. `isOver`: it may wait no longer. */
const look =
  ({ isOver = false, hasTime = true, call = CALL } = {}): Event =>
  (world) => {
    const page = pageOf(world);
    if (page === undefined) return { kind: "unknown" };
    const ms = page.until - world.clock.elapsed();
    return ms > 0 && !isOver ? { kind: "wait", ms } : world.questions.decide(page, call, hasTime);
  };
const noting =
  (note: "opened" | "failed" | "close" | "leave"): Event =>
  (world) => {
    const page = pageOf(world);
    if (page === undefined) return { kind: "done" };
    if (note === "close") world.questions.close(page.id);
    else world.questions[note](page, CALL);
    return { kind: "done" };
  };
const resume =
  (binding = "a", call = CALL): Event =>
  ({ questions }) => {
    const question = questions.resume(binding, call);
    return question ? { kind: "asked", question } : { kind: "unknown" };
  };
const confirm =
  (label: string): Event =>
  ({ questions, texts }) =>
    questions.confirm("a", texts.get(label) ?? "delete a none");

type Timed = Event | [seconds: number, event: Event];

/** Plays events, each with the seconds that pass before it; gives what came last and the page's rest. */
function play(...events: Timed[]) {
  const world = createWorld();
  const seen = playAll(
    events.map(
      (entry): Played<Seen> =>
        Array.isArray(entry) ? [Math.round(entry[0] * 1_000), entry[1]] : entry,
    ),
    world,
  );
  const page = pageOf(world);
  return { seen: seen.at(-1), rest: page ? page.until - world.clock.elapsed() : 0 };
}
const last = (...events: Timed[]) => play(...events).seen;
const agreed: Timed[] = [ask(), read(), [1.5, click("delete")]];

describe("a page", () => {
  test("that nothing has read in 25 s, or whose opener failed, passes", () => {
    expect(last(ask(), [24.9, look()])).toEqual({ kind: "wait", ms: 100 });
    expect(last(ask(), [25, look()])).toEqual({ kind: "unread", unread: "not_fetched" });
    expect(last(ask(), noting("failed"), look())).toEqual({ kind: "unread", unread: "not_opened" });
    expect(last(ask(), [24.9, read()])).toEqual({ shows: "question" });
    expect(last(ask(), [25, read()])).toEqual({ shows: "no answer" });
    expect(last(ask(), [25, look()], read())).toEqual({ shows: "no answer" });
    // The time runs from the opening.
    expect(last(ask(), [5, noting("opened")], [24, look()])).toEqual({ kind: "wait", ms: 1_000 });
    // An opener that fails late has been overtaken by the reader.
    expect(last(ask(), read(), noting("failed"), look())).toMatchObject({ kind: "wait" });
  });

  test("is handed out once; any other reading voids it, also after a yes", () => {
    const isVoid = { shows: "opened_twice" };
    expect(last(ask(), read())).toEqual({ shows: "question" });
    expect(last(ask(), read(), read())).toEqual(isVoid);
    expect(last(ask(), read(), read("second"))).toEqual(isVoid);
    expect(last(...agreed, [8.4, read("second")])).toEqual(isVoid);
    expect(last(...agreed, [8.4, read("second")], [5, look()])).toMatchObject({
      kind: "no",
      reason: "opened_twice",
    });
    expect(last(ask(), read(), read("second"), click("delete"))).toEqual({
      shows: "opened_twice",
    });
    expect(play(ask(), read(), read("second")).rest).toBe(0);
  });

  test("is voided by a first reading with something wrong, and the call is told what", () => {
    const turnedAway = { why: "address", host: "evil.example.com" } as const;
    expect(last(ask(), read("first", turnedAway))).toEqual({ shows: "opened_twice" });
    expect(last(ask(), read("first", turnedAway), look())).toMatchObject({
      kind: "no",
      reason: "opened_twice",
      turnedAway,
    });
    expect(last(ask(), read("first", turnedAway), read("second"))).toEqual({
      shows: "opened_twice",
    });
    // And by a service worker that looks for its script after the person's reading.
    const worker = read("second", { why: "service_worker" });
    expect(last(...agreed, worker, look())).toMatchObject({
      turnedAway: { why: "service_worker" },
    });
    expect(last(ask(), read(), read(), look())).toMatchObject({ turnedAway: { why: "again" } });
  });

  test("takes a yes after 1.5 s, which counts 10 s after the opening", () => {
    expect(last(ask(), read(), [1.4, click("delete")])).toMatchObject({ shows: "question" });
    expect(last(ask(), read(), [1.4, click("delete")], [20, look()])).toMatchObject({
      kind: "wait",
    });
    expect(last(...agreed)).toMatchObject({ shows: "yes" });
    expect(last(...agreed, look())).toEqual({ kind: "wait", ms: 8_500 });
    expect(last(...agreed, [8.5, look()])).toEqual({
      kind: "yes",
      by: "page",
      action: expect.anything(),
    });
    expect(last(...agreed, [8.5, look()], look())).toEqual(ENDED);
    expect(last(ask(), read(), [60, click("delete")], look())).toMatchObject({ kind: "yes" });
    expect(play(ask(), read(), [60, click("delete")]).rest).toBeLessThanOrEqual(0);
  });

  test("takes the refusing choice at once, also after a yes that does not count yet", () => {
    expect(last(ask(), read(), click("keep"), look())).toMatchObject({
      kind: "no",
      reason: "kept",
    });
    expect(last(...agreed, click("keep"), look())).toMatchObject({ kind: "no", reason: "kept" });
    expect(last(ask(), read(), click("keep"), click("delete"))).toEqual({ shows: "kept" });
    expect(play(ask(), read(), click("keep")).rest).toBe(0);
  });

  test("takes nothing without the field that was handed out, and no other word", () => {
    const nothing = { shows: "turned_away" };
    expect(last(ask(), [2, click("delete")])).toEqual(nothing);
    for (const decision of ["keep", "delete"]) {
      for (const change of [{ field: "" }, { field: null }, { field: "A".repeat(22) }]) {
        const stranger = click(decision, "first", change);
        expect(last(ask(), read(), [2, stranger])).toEqual(nothing);
      }
      expect(last(ask(), read(), [2, click(decision, "second")])).toEqual(nothing);
    }
    for (const decision of ["", "Delete", "send"]) {
      expect(last(ask(), read(), [2, click(decision)])).toEqual(nothing);
    }
    // Nothing of it voids the question, and the call is told that a browser came.
    const stranger: Timed = [2, click("delete", "second")];
    expect(last(ask(), read(), stranger, click("keep"))).toEqual({ shows: "kept" });
    expect(last(ask(), read(), stranger, look({ isOver: true }))).toMatchObject({
      kind: "pending",
      page: { turnedAway: { why: "field" } },
    });
  });

  test("takes a yes from itself alone, and a no from wherever it comes", () => {
    const elsewhere = { isFromPage: false };
    const yes: Timed = [2, click("delete", "first", elsewhere)];
    expect(last(ask(), read(), yes)).toEqual({ shows: "turned_away" });
    expect(last(ask(), read(), yes, look({ isOver: true }))).toMatchObject({
      kind: "pending",
      page: { turnedAway: { why: "origin" } },
    });
    const no = click("keep", "first", elsewhere);
    expect(last(ask(), read(), no, look())).toMatchObject({ kind: "no", reason: "kept" });
    expect(last(...agreed, no, look())).toMatchObject({ kind: "no", reason: "kept" });
  });

  test("is not answered by a form's reply or a code", () => {
    const reply: Event = (world) =>
      world.questions.answer(
        pageOf(world)?.id ?? "none",
        "a",
        {
          kind: "answer",
          action: "accept",
          content: { decision: "delete" },
        },
        true,
      );
    expect(last(ask(), reply)).toEqual(UNKNOWN);
    const code: Event = (world) => world.questions.confirm("a", `delete a ${world.ids.get("1")}`);
    expect(last(ask("a", "1", "code"), code)).toMatchObject({ kind: "yes" });
    expect(last(ask(), code)).toEqual(UNKNOWN);
  });

  test("that stands in for a form passes to nothing: that form's no is the end", () => {
    const no = { kind: "no", reason: "declined", action: action("a"), isInstant: true } as const;
    const instead: Event = (world) => {
      const asked = world.questions.ask({
        action: action("a"),
        binding: "a",
        method: "page",
        awaitedBy: CALL,
        unseenForm: "declined",
      });
      return keep(world, "1", asked);
    };
    const expected = { ...no, action: expect.anything() };
    expect(last(instead, noting("failed"), look())).toEqual({ ...expected, unread: "not_opened" });
    expect(last(instead, [30, look()])).toEqual({ ...expected, unread: "not_fetched" });
    expect(last(instead, read(), click("keep"), look())).toMatchObject({ reason: "kept" });
    expect(last(instead, read(), [10, click("delete")], look())).toMatchObject({ kind: "yes" });
    const five = Array.from({ length: 5 }, () => [instead, noting("failed"), look()]).flat();
    expect(last(...five, ask())).toMatchObject({ reason: "paused" });
  });

  test("stays when the call ends, and keeps an answer for the same call", () => {
    const left = look({ isOver: true });
    expect(last(ask(), read(), [30, left])).toMatchObject({
      kind: "pending",
      page: { state: "read", expiresAt: NOW + 600_000 },
    });
    expect(last(ask(), read(), [30, left], resume())).toMatchObject({ kind: "asked" });
    expect(last(ask(), read(), [30, left], [200, click("delete")])).toMatchObject({ shows: "yes" });
    const kept: Timed[] = [ask(), read(), [30, left], [200, click("delete")]];
    expect(last(...kept, resume(), look())).toMatchObject({ kind: "yes" });
    expect(last(...kept, [370, resume()])).toEqual(UNKNOWN);
    expect(last(...kept, resume("b"))).toEqual(UNKNOWN);
    expect(last(ask(), read(), [30, left], click("keep"), resume(), look())).toMatchObject({
      kind: "no",
      reason: "kept",
    });
    // A yes without the time for the action is kept too.
    expect(last(...agreed, [20, look({ hasTime: false })])).toMatchObject({
      kind: "pending",
      page: { answer: "yes" },
    });
    expect(last(...agreed, [20, look({ hasTime: false })], resume(), look())).toMatchObject({
      kind: "yes",
    });
  });

  test("that nobody has read is found by the same call for 25 s, then opened anew", () => {
    const left: Timed[] = [ask(), [5, look({ isOver: true })]];
    expect(last(...left, resume())).toMatchObject({ kind: "asked" });
    expect(last(...left, [20, resume()])).toEqual(UNKNOWN);
    expect(last(...left, [20, resume()], ask("a", "2"))).toMatchObject({ kind: "asked" });
    expect(last(...left, noting("failed"), resume())).toEqual(UNKNOWN);
  });

  test("is waited for by the newest of the same calls, and the one before it is told to come again", () => {
    const newer = {};
    const taken: Timed[] = [ask(), read(), [20, resume("a", newer)]];
    expect(last(...taken)).toMatchObject({ kind: "asked" });
    expect(last(...taken, look({ isOver: true }))).toMatchObject({ kind: "pending" });
    const agreedTo: Timed[] = [...taken, click("delete")];
    expect(last(...agreedTo, look())).toMatchObject({ kind: "pending", page: { answer: "yes" } });
    expect(last(...agreedTo, look(), look({ call: newer }))).toMatchObject({ kind: "yes" });
    // The older one neither leaves it nor ends it.
    const left: Timed[] = [...taken, noting("leave"), look({ isOver: true })];
    expect(last(...left, [200, ask("b", "2")])).toMatchObject({ kind: "busy" });
    expect(last(...left, click("keep"), look({ call: newer }))).toMatchObject({ reason: "kept" });
  });

  test("is the one question that is open, until it is answered", () => {
    expect(last(ask(), read(), [60, ask("b", "2")])).toMatchObject({ kind: "busy", ms: 540_000 });
    expect(last(ask(), read(), [60, ask("b", "2", "form")])).toMatchObject({ kind: "busy" });
    expect(last(...agreed, ask("b", "2"))).toMatchObject({ kind: "busy" });
    expect(last(...agreed, [8.5, ask("b", "2")])).toMatchObject({ kind: "asked" });
    expect(last(ask(), read(), click("keep"), ask("b", "2"))).toMatchObject({ kind: "asked" });
    expect(last(ask(), read(), [600, ask("b", "2")])).toMatchObject({ kind: "asked" });
  });

  test("ends codes and kept answers for the same target", () => {
    expect(last(ask("a", "9", "code"), confirm("9"))).toMatchObject({ kind: "yes" });
    expect(last(ask("a", "9", "code"), ask(), confirm("9"))).toEqual(UNKNOWN);
    const kept: Timed[] = [...agreed, [20, look({ isOver: true, hasTime: false })]];
    expect(last(...kept, ask("a", "2"), look())).toEqual(ENDED);
    expect(last(...kept, ask("b", "2"), resume())).toMatchObject({ kind: "asked" });
  });

  test("counts among five questions without a yes, once each, unless nobody has read it", () => {
    const ENDS: [Timed[], isCounted: boolean][] = [
      [[ask(), read(), click("keep")], true],
      [[ask(), read(), click("keep"), look()], true],
      [[ask(), read(), read("second"), look()], true],
      [[ask(), noting("failed"), look()], false],
      [[ask(), [25, look()]], false],
      [[...agreed, [10, look()]], false],
    ];
    for (const [end, isCounted] of ENDS) {
      const five = Array.from({ length: 5 }, () => end).flat();
      expect(last(...five.slice(end.length), ask("b", "2"))).toMatchObject({ kind: "asked" });
      const sixth = isCounted ? { kind: "no", reason: "paused" } : { kind: "asked" };
      expect(last(...five, ask("b", "2"))).toMatchObject(sixth);
    }
    const refused = [ask(), read(), click("keep"), look()];
    const four = [...refused, ...refused, ...refused, ...refused];
    expect(last(...four, ...agreed, [10, look()], ...four, ask())).toMatchObject({ kind: "asked" });
    // One that gave way counts, and so does one that ran out.
    const gaveWay: Timed[] = [ask(), read(), noting("leave"), [120, ask("c")]];
    const unopened: Timed[] = [noting("failed"), look()];
    expect(last(...four, ...gaveWay, ...unopened, ask())).toMatchObject({ reason: "paused" });
    const left: Timed[] = [ask(), read(), [30, look({ isOver: true })], [570, look()]];
    expect(last(...left, ...four, ask())).toMatchObject({ kind: "no", reason: "paused" });
    expect(last(...four, ask())).toMatchObject({ kind: "asked" });
  });

  test("stays when its caller has gone, and the same call finds it", () => {
    const gone = noting("leave");
    expect(last(ask(), read(), gone, resume())).toMatchObject({ kind: "asked" });
    expect(last(...agreed, gone, [9, resume()], look())).toMatchObject({ kind: "yes" });
    expect(last(ask(), gone, [5, resume()])).toMatchObject({ kind: "asked" });
  });

  test("that no call waits for gives way 120 s after opening and reading, unless answered", () => {
    const left: Timed[] = [ask(), [20, read()], [10, look({ isOver: true })]];
    expect(last(...left, [109, ask("b", "2")])).toMatchObject({ kind: "busy", ms: 1_000 });
    expect(last(...left, [110, ask("b", "2")])).toMatchObject({ kind: "asked" });
    expect(last(...left, [110, ask("b", "2", "form")])).toMatchObject({ kind: "asked" });
    expect(last(...left, [109, resume()])).toMatchObject({ kind: "asked" });
    expect(last(...left, [110, resume()])).toEqual(UNKNOWN);
    // Its tab is told so, and answers no more.
    expect(last(...left, [110, resume()], click("delete"))).toEqual({ shows: "no answer" });
    // Not one that a call waits for, and none that was answered.
    expect(last(...left, [100, resume()], [100, ask("b", "2")])).toMatchObject({ kind: "busy" });
    const answered: Timed[] = [...left, click("delete"), [200, ask("b", "2")]];
    expect(last(...answered)).toMatchObject({ kind: "asked" });
    expect(last(...answered, resume())).toMatchObject({ kind: "asked" });
  });

  test("tells what became of it for ten minutes, and then nothing", () => {
    const yes: Timed[] = [...agreed, [10, look()]];
    expect(last(...yes, read("second"))).toEqual({ shows: "yes" });
    expect(last(...yes, click("keep"))).toEqual({ shows: "yes" });
    expect(last(...yes, read("second"), look())).toEqual(ENDED);
    expect(last(...yes, resume())).toEqual(UNKNOWN);
    // Also where the same is asked again.
    expect(last(...yes, ask("a", "2"), read("second"))).toEqual({ shows: "yes" });
    expect(last(...yes, [588, read("second")])).toEqual({ shows: "yes" });
    expect(last(...yes, [589, read("second")])).toEqual(OVER);
    expect(last(ask(), read(), click("keep"), look(), read())).toEqual({ shows: "kept" });
    // A kept yes that a newer question ended is none any more.
    const kept: Timed[] = [...agreed, [20, look({ isOver: true, hasTime: false })]];
    expect(last(...kept, ask("a", "2"), read())).toEqual({ shows: "no answer" });
  });
});

describe("settled", () => {
  const opened = () => {
    const world = createWorld();
    playAll<Seen>([ask(), read()], world);
    const end = new AbortController();
    let isOver = false;
    const page = pageOf(world);
    if (page === undefined) throw new Error("a first question is always asked");
    const over = world.questions.settled(page, CALL, 30_000, end.signal).then(() => {
      isOver = true;
    });
    return { world, page, end, over, isOver: () => isOver };
  };
  const aTurn = () => new Promise((resolve) => setImmediate(resolve));

  test("comes when the page is answered for good, not when it is only read or agreed to", async () => {
    const { world, over, isOver } = opened();
    playAll<Seen>(
      [
        [1_500, click("delete")],
        [10, click("delete")],
      ],
      world,
    );
    await aTurn();
    expect(isOver()).toBe(false);
    playAll<Seen>([click("keep")], world);
    await over;
  });

  test("comes when a yes has settled, when the question is closed, and when it is gone", async () => {
    const agreeing = opened();
    playAll<Seen>([[1_500, click("delete")]], agreeing.world);
    await aTurn();
    agreeing.world.clock.step(8_499);
    await aTurn();
    expect(agreeing.isOver()).toBe(false);
    agreeing.world.clock.step(1);
    await agreeing.over;
    const closed = opened();
    playAll<Seen>([noting("close")], closed.world);
    await closed.over;
    const { signal } = new AbortController();
    await closed.world.questions.settled(closed.page, CALL, 30_000, signal);
  });

  test("comes when the time is up, or the caller has gone", async () => {
    const late = opened();
    late.world.clock.step(29_999);
    await aTurn();
    expect(late.isOver()).toBe(false);
    late.world.clock.step(1);
    await late.over;
    const gone = opened();
    gone.end.abort();
    await gone.over;
  });
});

describe("a yes comes only of a click of the one reader", () => {
  const [first, second] = [read(), read("second")];
  const yes: Timed = [1.5, click("delete")];
  const strangersYes: Timed = [1.5, click("delete", "second")];
  const no = click("keep");
  const alphabet: Timed[] = [
    ask(),
    first,
    second,
    yes,
    strangersYes,
    no,
    look(),
    look({ isOver: true }),
    resume(),
    [10, look()],
  ];
  const NOTHING = ["unknown", "busy", "turned_away", "over"];

  /** Plays a sequence, holds every yes in it to what was done on the page, and counts them. */
  function yesesIn(letters: readonly Timed[]): number {
    const world = createWorld();
    /** What was of some effect since the page was asked for. */
    let past: Timed[] = [];
    let yeses = 0;
    for (const letter of letters) {
      const [seconds, event] = Array.isArray(letter) ? letter : [0, letter];
      world.clock.step(seconds * 1_000);
      const page = pageOf(world);
      const canChange = page !== undefined && page.until > world.clock.elapsed();
      const seen = event(world);
      const kind = "shows" in seen ? seen.shows : seen.kind;
      if (kind === "yes" && "kind" in seen) {
        yeses += 1;
        const [reader, ...others] = past.filter((one) => one === first || one === second);
        expect(others).toEqual([]);
        expect(past).toContain(reader === first ? yes : strangersYes);
        expect(past).not.toContain(no);
      }
      if (kind === "asked" && letter === alphabet[0]) past = [];
      const isNothing = NOTHING.includes(kind) || ("shows" in seen && !canChange);
      if (!isNothing) past.push(letter);
    }
    return yeses;
  }

  test("in every sequence of six events", () => {
    // Without a page the others come to nothing, so a sequence that begins with one is a shorter one.
    const [opener, ...others] = alphabet;
    for (const letter of others) {
      const event = Array.isArray(letter) ? letter[1] : letter;
      expect([UNKNOWN, OVER]).toContainEqual(event(createWorld()));
    }
    let yeses = 0;
    let sequences = 0;
    const explore = (before: readonly Timed[]) => {
      for (const letter of alphabet) {
        const letters = [...before, letter];
        if (letters.length < 6) explore(letters);
        else {
          sequences += 1;
          yeses += yesesIn(letters);
        }
      }
    };
    if (opener !== undefined) explore([opener]);
    expect(sequences).toBe(10 ** 5);
    expect(yeses).toBeGreaterThan(500);
  });

  test("in random sequences of up to thirty", () => {
    expect(yesesInRandom(alphabet, yesesIn, 5_000)).toBeGreaterThan(100);
  });
});
