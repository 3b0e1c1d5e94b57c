import { refuse } from "./refusals.ts";
import { sameText } from "./secret.ts";
import {
  type ConsentState,
  type Page,
  type PageEvent,
  type Pending,
  type Reader,
  type Step,
  VALID_MS,
  type View,
  without,
} from "./state.ts";

/**
 * How long a page may stay unread, and a yes without effect: a program that was faster than the
 * person's browser must still be found out by it.
 */
const SETTLED_MS = 10_000;
/** How long the acting button takes to be there; nobody reads faster. */
export const BUTTON_MS = 1_500;

type Question = Pending & { page: Page };
type EventOf<T extends PageEvent["type"]> = Extract<PageEvent, { type: T }>;

/** The page's part of `decide`. */
export function decidePage(state: ConsentState, event: PageEvent, now: number): Step {
  if (event.type === "resume") return resume(state, event);
  const question = pageIn(state, event.secret);
  if (question === undefined) return { state, verdict: { invalid: true } };
  switch (event.type) {
    case "opened":
      return turned(state, question, { openedAt: now });
    case "unopened":
      return turned(state, question, { hasFailed: true });
    case "read":
      return read(state, question, event, now);
    case "click":
      return click(state, question, event, now);
    case "look":
      return look(state, question, event, now);
  }
}

/** The page with this secret, in whatever stage. */
export function pageIn({ pending }: ConsentState, secret: string): Question | undefined {
  return pending.filter(isPage).find((one) => sameText(one.secret, secret));
}

/** Whether an open question is a page. */
export function isPage(one: Pending): one is Question {
  return one.page !== undefined;
}

/** Milliseconds until the page needs nobody to look at it any more; not above zero from then on. */
export function pageRest({ page, since }: Question, now: number): number {
  const { answer, reader, hasFailed, openedAt } = page;
  if (answer === "kept" || answer === "opened_twice") return 0;
  if (reader === undefined && hasFailed) return 0;
  const isAsking = answer === undefined && reader !== undefined;
  return (isAsking ? since + VALID_MS : openedAt + SETTLED_MS) - now;
}

function resume(state: ConsentState, { binding }: EventOf<"resume">): Step {
  const question = state.pending
    .filter(isPage)
    .find((one) => one.binding === binding && !one.waits);
  if (question === undefined) return { state, verdict: { invalid: true } };
  const { secret, deed, page } = question;
  // A page that nobody has read is opened anew, like any first one.
  if (page.reader === undefined) {
    return { state: without(state, secret), verdict: { invalid: true } };
  }
  return { state: replace(state, { ...question, waits: true }), verdict: { ask: secret, deed } };
}

function read(
  state: ConsentState,
  question: Question,
  { cookie, fresh }: EventOf<"read">,
  now: number,
): Step {
  if (pageRest(question, now) <= 0) return { state, verdict: { invalid: true } };
  const { reader, answer } = question.page;
  if (reader === undefined) {
    const view: View = { shows: "question", deed: question.deed, reader: fresh };
    return turned(state, question, { reader: { ...fresh, since: now } }, view);
  }
  if (!has(cookie, reader.cookie)) {
    return turned(state, question, { answer: "opened_twice" }, { shows: "void" });
  }
  const view = answer === "yes" ? yesView(question) : questionView(question, reader);
  return turned(state, question, {}, view);
}

function click(
  state: ConsentState,
  question: Question,
  { cookie, field, decision }: EventOf<"click">,
  now: number,
): Step {
  if (pageRest(question, now) <= 0) return { state, verdict: { invalid: true } };
  const { deed, page } = question;
  const { reader } = page;
  const [refusing, acting] = deed.choices;
  const isReader = reader !== undefined && has(cookie, reader.cookie);
  if (!isReader || !sameText(field ?? "", reader.field)) {
    return turned(state, question, {}, { shows: "nothing" });
  }
  if (decision === refusing) {
    const refused = refuse(state, deed, "kept", now);
    return turned(refused, question, { answer: "kept" }, { shows: "no", deed });
  }
  if (decision !== acting) return turned(state, question, {}, { shows: "nothing" });
  if (now - reader.since < BUTTON_MS) {
    return turned(state, question, {}, questionView(question, reader));
  }
  return turned(state, question, { answer: "yes" }, yesView(question));
}

function look(
  state: ConsentState,
  question: Question,
  { isOver, hasTime }: EventOf<"look">,
  now: number,
): Step {
  const { secret, deed, page, since } = question;
  const { answer } = page;
  const rest = pageRest(question, now);
  const ended = without(state, secret);
  if (answer === "kept" || answer === "opened_twice") {
    return { state: ended, verdict: { no: answer, deed } };
  }
  const isAnswered = answer === "yes";
  if (rest <= 0 && !isAnswered) {
    return { state: ended, verdict: { unread: page.hasFailed ? "failed" : "unread" } };
  }
  if (rest <= 0 && hasTime) return { state: ended, verdict: { yes: "page", deed } };
  if (rest > 0 && !isOver) return { state, verdict: { wait: rest } };
  const left = replace(state, { ...question, waits: false });
  const expiresAt = since + VALID_MS;
  return { state: left, verdict: { later: true, deed, isAnswered, expiresAt } };
}

function has(cookies: readonly string[], cookie: string): boolean {
  return cookies.some((one) => sameText(one, cookie));
}

function questionView({ deed }: Question, { cookie, field }: Reader): View {
  return { shows: "question", deed, reader: { cookie, field } };
}

function yesView({ deed, waits, since, page }: Question): View {
  const countsAt = page.openedAt + SETTLED_MS;
  return { shows: "yes", deed, waits, countsAt, expiresAt: since + VALID_MS };
}

/** The page with `change`, and what is said of that. */
function turned(
  state: ConsentState,
  question: Question,
  change: Partial<Page>,
  view: View = { shows: "nothing" },
): Step {
  const page = { ...question.page, ...change };
  return { state: replace(state, { ...question, page }), verdict: { view } };
}

function replace(state: ConsentState, entry: Pending): ConsentState {
  const pending = state.pending.map((one) => (one.secret === entry.secret ? entry : one));
  return { ...state, pending };
}
