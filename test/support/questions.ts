import fc from "fast-check";
import { confirmationText } from "../../src/consent/code.ts";
import type { Decision, PageQuestion, PageReply } from "../../src/consent/question.ts";
import { createQuestions, type Questions } from "../../src/consent/questions.ts";
import type { Action } from "../../src/tools/action.ts";
import { steppedClock } from "./app.ts";

/** The questions of a test on a stepped clock, with the names that the test gives to them. */
export interface World {
  questions: Questions;
  clock: ReturnType<typeof steppedClock>;
  /** The id of a question by its name. */
  ids: Map<string, string>;
  /** The pages, by name. */
  pages: Map<string, PageQuestion>;
  /** The text of a code by its name. */
  texts: Map<string, string>;
  /** The field that each reader of a page was given. */
  fields: Map<string, string>;
}

/** Something that happens to the questions. */
export type Event<Seen> = (world: World) => Seen;
/** An event, after this many milliseconds or at once. */
export type Played<Seen> = Event<Seen> | [ms: number, event: Event<Seen>];

export function createWorld(): World {
  const clock = steppedClock();
  const [ids, pages, texts, fields] = [new Map(), new Map(), new Map(), new Map()];
  return { questions: createQuestions(clock), clock, ids, pages, texts, fields };
}

/** Plays events one after the other, in a new world by default. */
export function play<Seen>(events: readonly Played<Seen>[], world = createWorld()): Seen[] {
  return events.map((entry) => {
    const [ms, event] = Array.isArray(entry) ? entry : [0, entry];
    world.clock.step(ms);
    return event(world);
  });
}

/** Stands for the call that waits. */
export const CALL = {};

/** An action on one target, which is never performed. */
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

/** Asks about `action`, bound to its target; the question is kept by `name`. */
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

/** Keeps the question of a decision under `name`. */
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

/** What a browser shows: the question, an answer, that it was turned away, or nothing. */
export function shownBy(reply: PageReply | undefined): string {
  if (reply === undefined) return "over";
  return reply.kind === "answer" ? (reply.page.answer ?? "no answer") : reply.kind;
}

/** How many yeses result from `numRuns` random sequences of six to thirty of these letters. */
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
