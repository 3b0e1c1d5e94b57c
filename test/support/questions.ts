import fc from "fast-check";
import { confirmationText } from "../../src/consent/code.ts";
import type { Decision, PageQuestion, PageReply } from "../../src/consent/question.ts";
import { createQuestions, type Questions } from "../../src/consent/questions.ts";
import type { Action } from "../../src/tools/action.ts";
import { steppedClock } from "./app.ts";

/** A box of questions on a clock that stands still, with the names that a test gives to what it asks. */
export interface World {
  questions: Questions;
  clock: ReturnType<typeof steppedClock>;
  /** The id of a question by its name. */
  ids: Map<string, string>;
  /** A page by its name. */
  pages: Map<string, PageQuestion>;
  /** The text of a code by its name. */
  texts: Map<string, string>;
  /** The field that each reader of a page was given. */
  fields: Map<string, string>;
}

/** Something happens to the questions. */
export type Event<Seen> = (world: World) => Seen;
/** It happens after so many milliseconds. */
export type Played<Seen> = Event<Seen> | [ms: number, event: Event<Seen>];

export function createWorld(): World {
  const clock = steppedClock();
  const [ids, pages, texts, fields] = [new Map(), new Map(), new Map(), new Map()];
  return { questions: createQuestions(clock), clock, ids, pages, texts, fields };
}

/** Plays what happens, one after the other, in a world of its own. */
export function play<Seen>(events: readonly Played<Seen>[], world = createWorld()): Seen[] {
  return events.map((entry) => {
    const [ms, event] = Array.isArray(entry) ? entry : [0, entry];
    world.clock.step(ms);
    return event(world);
  });
}

/** The call that waits, where one does. */
export const CALL = {};

/** An action on one target, which nobody performs. */
export function actionOn(
  target: string,
  title = `send invitation to ${target}@example.com (admin)`,
  choices: Action["choices"] = ["do not send", "send"],
): Action {
  return {
    title,
    question: "Send this invitation?",
    rows: [],
    facts: [],
    choices,
    needsConsent: true,
    targets: [{ email: target }],
    perform: () => Promise.reject(new Error("questions perform nothing")),
  };
}

/** Asks about `action`, bound to its target; what comes of it goes by `name`. */
export function ask(
  action: Action,
  name: string,
  method: "form" | "page" | "code",
  isAwaited: boolean,
): Event<Decision> {
  return (world) => {
    const binding = action.targets[0]?.email ?? "";
    const decision = world.questions.ask({
      action,
      binding,
      method,
      awaitedBy: isAwaited ? CALL : undefined,
    });
    return keep(world, name, decision);
  };
}

/** Keeps what was asked by its name. */
export function keep({ ids, pages, texts }: World, name: string, decision: Decision): Decision {
  if (decision.kind !== "asked") return decision;
  const { question } = decision;
  ids.set(name, question.id);
  if (question.method === "page") pages.set(name, question);
  if (question.method === "code") {
    texts.set(name, confirmationText(question.action, question.id));
  }
  return decision;
}

/** What a browser shows: the question, an answer, why it was turned away, or nothing. */
export function shownBy(reply: PageReply | undefined): string {
  if (reply === undefined) return "over";
  return reply.kind === "answer" ? (reply.page.answer ?? "no answer") : reply.kind;
}

/** How many yeses come of as many random sequences of six to thirty of these letters. */
export function yesesInRandom<Letter>(
  alphabet: readonly Letter[],
  yesesIn: (sequence: Letter[]) => number,
  numRuns: number,
): number {
  let yeses = 0;
  const letters = fc.array(fc.constantFrom(...alphabet), { minLength: 6, maxLength: 30 });
  fc.assert(
    fc.property(letters, (sequence) => {
      yeses += yesesIn(sequence);
    }),
    { numRuns },
  );
  return yeses;
}
