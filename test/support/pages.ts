import { createPageServer } from "../../src/consent/page-server.ts";
import type { Decision } from "../../src/consent/question.ts";
import { createQuestions } from "../../src/consent/questions.ts";
import type { Action, Fact, Row } from "../../src/tools/action.ts";
import { turnableClock } from "./app.ts";

/** A question on a page of its own, without a program around it. */
export interface ServedPage {
  url: string;
  /** What a call that waits would get by now. */
  look(): Decision | { kind: "wait" };
  /** Lets the time pass after which a yes counts. */
  settle(): void;
  /** Ends the question, and with it the page. */
  end(): void;
}

/** An action with more rows and facts; what they hold is untrusted. */
export function pageAction({
  rows = [],
  facts = [],
}: {
  rows?: readonly Row[];
  facts?: readonly Fact[];
} = {}): Action {
  return {
    title: "delete invitation of bob@example.com (admin)",
    question: "Delete this invitation?",
    meaning: "This cannot be undone.",
    rows,
    facts: [
      { label: "E-mail", text: "bob@example.com" },
      { label: "Role", text: "admin (can invite and remove people)" },
      { label: "Status", text: "pending - the mailed link stops working" },
      { label: "Created", text: "2026-11-01 (23 days ago)" },
      ...facts,
      {
        label: "Organization",
        text: "Example Ltd (5a4db0c5-7a0b-4d0e-9c61-000000000001)",
      },
      { label: "Trieve", text: "trieve.example.com" },
      { label: "Invitation", text: "00000003" },
    ],
    choices: ["keep", "delete"],
    needsConsent: true,
    targets: [],
    perform: () => Promise.reject(new Error("nothing is performed here")),
  };
}

/** One of several targets of a delete. */
export function pageRow(email: string, role = "user", status = "pending", id = "00000003"): Row {
  return {
    cells: [
      { label: "E-mail", text: email },
      { label: "Role", text: role },
      { label: "Status", text: status },
      { label: "Created", text: "2026-11-01 (23 days ago)" },
      { label: "Invitation", text: id },
    ],
    hasRights: role !== "user",
  };
}

// A browser on a machine that stalls may take longer than the 10 s.
const PATIENCE_MS = 60_000;

/** Serves the page of `action`, which a browser may take a minute to read. */
export async function servePageOf(action: Action): Promise<ServedPage> {
  const clock = turnableClock();
  const awaitedBy = {};
  const questions = createQuestions(clock);
  const asked = questions.ask({ action, binding: "b", method: "page", awaitedBy });
  if (asked.kind !== "asked" || asked.question.method !== "page") {
    throw new Error("a first question is always asked");
  }
  const page = asked.question;
  const url = await createPageServer(questions)(page);
  questions.opened(page);
  clock.turn(-PATIENCE_MS);
  return {
    url,
    look: () =>
      page.until > clock.elapsed() ? { kind: "wait" } : questions.decide(page, awaitedBy, true),
    settle: () => clock.turn(PATIENCE_MS + 10_000),
    end: () => questions.close(page.id),
  };
}
