import { expect } from "vitest";
import type { CallAnswer } from "./client.ts";
import type { TestTrieve } from "./trieve.ts";

/** A call that came back, and what it did on the wire. */
export interface Call extends CallAnswer {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was asked for
  args: any;
  person: string;
  startedAt: number;
  endedAt: number;
  /** POST requests between its start and its end. */
  posts: number;
}

const DOUBT_MS = 2 * 60_000;

/**
 * What must hold after every call, whatever Trieve answered. `together` says that the last calls
 * overlapped, so that their requests cannot be told apart.
 */
export function checkCalls(calls: readonly Call[], trieve: TestTrieve, together: boolean): void {
  const last = calls.at(-1);
  if (last === undefined) return;
  const { name, args, text, facts, isError } = last;
  expect(isError ? facts === undefined : facts.organization_id.length === 36).toBe(true);
  expect(text).not.toContain("<html>");
  const rows = trieve.store.rows;
  if (name === "send_invitation") {
    const address = args.email.toLowerCase();
    if (!together) expect(last.posts).toBeLessThanOrEqual(1);
    const doubts = calls.filter(
      (call) =>
        call !== last &&
        call.name === name &&
        call.args.email.toLowerCase() === address &&
        call.text.startsWith("outcome_unknown") &&
        call.endedAt <= last.startedAt &&
        last.startedAt - call.endedAt < DOUBT_MS,
    );
    if (doubts.length > 0 && !together) expect(last.posts, `POST in doubt: ${text}`).toBe(0);
    if (facts?.outcome === "invited" && !together) {
      expect(rows.map(({ id }) => id)).toContain(facts.invitation.id);
    }
    const acted = ["invited", "added"].includes(facts?.outcome);
    if (args.role === "admin" && last.person !== "yes") expect(acted).toBe(false);
    if (/nothing was sent/i.test(text) && !together) expect(last.posts).toBeLessThanOrEqual(1);
    const pending = rows.filter(({ email, used }) => !used && email.toLowerCase() === address);
    expect(pending.length).toBeLessThanOrEqual(1);
  }
  if (name === "delete_invitation") {
    const isThere = rows.some(({ id }) => id === args.invitation_id);
    if (facts?.outcome === "deleted") expect(isThere).toBe(false);
    if (last.person !== "yes" && !together) expect(isThere).toBe(true);
  }
  if (name === "list_invitations" && !isError && !together) {
    expect(facts.totals.pending + facts.totals.used).toBe(rows.length);
  }
}
