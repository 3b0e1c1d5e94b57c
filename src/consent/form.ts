import type { Clock } from "../clock.ts";
import { capitalised } from "../text.ts";
import { type Action, formatAction, formatFacts } from "../tools/action.ts";
import { FORM_MS, type Reason } from "./question.ts";

const PROGRESS_MS = 15_000;
/** The facts in the description of a form's field; its title names the target. */
const FIELD_LABELS: ReadonlySet<string> = new Set(["Role", "Organization"]);

/** Who calls, and how that client can be asked. */
export interface Caller {
  /** Fires when the client cancels the call or goes away. */
  signal: AbortSignal;
  /** Whether the client declared that it can show a form to a person. */
  hasForms: boolean;
  /** Shows a form and waits. Absent where the answer can only come with a repeated call. */
  showForm?(form: Form, signal: AbortSignal): Promise<Reply>;
  /** The answer to an earlier form, on a repeated call. */
  answer?: { id: string; reply: Reply };
  /** Reports one more step, and how many are left if that is known. Present if the client asked for progress. */
  progress?(message: string, left?: number): void;
}

/** What came back for a form: what the client sent, unchecked, or why there is no answer. */
export type Reply =
  | { kind: "answer"; action: string; content?: unknown }
  | { kind: "failed"; reason: "timed_out" | "client_error" };

/** A question for a person, as elicitation in form mode carries it. */
export type Form = ReturnType<typeof createForm>;

/**
 * The form that asks for consent to `action`: a required choice without a default. Several clients show little more
 * than the field, so that names the action, its target, the role and the organization.
 */
export function createForm(action: Action) {
  const { title, facts, choices } = action;
  const decision = {
    type: "string" as const,
    title: `${capitalised(title)}?`,
    description: formatFacts(facts.filter(({ label = "" }) => FIELD_LABELS.has(label))).join("; "),
    enum: [...choices],
  };
  return {
    message: formatAction(action),
    requestedSchema: { type: "object" as const, properties: { decision }, required: ["decision"] },
  };
}

/** Why a reply is not a yes; undefined if it is one: accepted, with exactly the acting choice. */
export function reasonAgainst(reply: Reply, { choices }: Action): Reason | undefined {
  if (reply.kind === "failed") return reply.reason;
  const { action, content } = reply;
  if (action === "decline") return "declined";
  if (action === "cancel") return "cancelled";
  if (action !== "accept") return "client_error";
  const decision = Object.getOwnPropertyDescriptor(Object(content), "decision")?.value;
  const [refusing, acting] = choices;
  if (decision === acting) return undefined;
  return decision === refusing ? "kept" : "client_error";
}

/**
 * Shows the form and waits for the reply, for four minutes at most or until `signal` fires, with progress
 * every 15 s. Never throws: a failing client is a reply too.
 */
export async function waitForReply(
  showForm: (signal: AbortSignal) => Promise<Reply>,
  caller: Caller,
  clock: Clock,
  signal: AbortSignal,
): Promise<Reply> {
  const asking = new AbortController();
  const timers = new AbortController();
  const close = () => asking.abort("the question is closed");
  signal.addEventListener("abort", close, { signal: timers.signal });
  const timeout = clock
    .sleep(FORM_MS, timers.signal)
    .catch(() => {})
    .then((): Reply => ({ kind: "failed", reason: "timed_out" }));
  keepAlive(caller, clock, timers.signal);
  try {
    const reply = await Promise.race([showForm(asking.signal), timeout]);
    // To close an answered question too would look to the client like a cancellation.
    if (reply.kind === "failed") close();
    return reply;
  } catch {
    return { kind: "failed", reason: "client_error" };
  } finally {
    timers.abort();
  }
}

/** Sends progress every 15 s until `signal` fires, to a caller that asked for it. */
export async function keepAlive(
  { progress }: Caller,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  while (progress !== undefined && !signal.aborted) {
    await clock.sleep(PROGRESS_MS, signal).catch(() => {});
    if (!signal.aborted) progress("Waiting for a person's answer");
  }
}
