import { systemClock } from "../../src/clock.ts";
import type { Policy } from "../../src/config/policy.ts";
import { createPageServer } from "../../src/consent/page-server.ts";
import type { Decision } from "../../src/consent/question.ts";
import { createQuestions } from "../../src/consent/questions.ts";
import type { Action, Fact, Row } from "../../src/tools/action.ts";
import type { ToolContext } from "../../src/tools/context.ts";
import { deleteInvitation } from "../../src/tools/delete.ts";
import type { CallContext } from "../../src/trieve/call.ts";
import type { Invitation } from "../../src/trieve/invitation.ts";
import { createSendGuard } from "../../src/trieve/send-guard.ts";
import { turnableClock } from "./app.ts";

/** A question served as a page, without the rest of the program. */
export interface ServedPage {
  url: string;
  /** What a waiting call would get now. */
  look(): Decision | { kind: "wait" };
  /** Advances the time until a yes counts. */
  settle(): void;
  /** Ends the question, and with it the page. */
  end(): void;
}

/** What delete_invitation asks about invitations to these addresses, the first one an admin's: the docs show it. */
export async function actionInDocs(emails: readonly string[]): Promise<Action> {
  const invitations = emails.map((email, at): Invitation => {
    const shortId = `0000000${at + 3}`;
    const role = at === 0 ? "admin" : "user";
    const createdAt = Date.UTC(2026, 10, 6 - 3 * at);
    const id = `${shortId}-0000-4000-8000-000000000000`;
    return { id, shortId, email, role, status: "pending", createdAt, scoped: false };
  });
  const context = {
    organizationId: "5a4db0c5-7a0b-4d0e-9c61-000000000001",
    organizationName: "Example Ltd",
    host: "trieve.example.com",
    clock: { now: () => Date.UTC(2026, 10, 29) },
    client: { list: async () => ({ invitations, skipped: 0 }) },
    guard: createSendGuard(systemClock),
  } as unknown as ToolContext;
  const call = deleteInvitation.prepare({ invitations: emails }, { maxRole: "admin" } as Policy);
  const plan = await call.plan(context, {} as CallContext);
  if (plan.kind !== "action") throw new Error("there is nothing to do");
  return plan.action;
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
    consequence: "This cannot be undone.",
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
    isPrivileged: role !== "user",
  };
}

// On a busy machine a browser may take longer than the 10 s.
const PATIENCE_MS = 60_000;

/** Serves the page of `action`, and gives a browser a minute to request it. */
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
