import { expect } from "vitest";
import type { CallAnswer } from "./client.ts";
import type { TestTrieve } from "./trieve.ts";

/** A call that returned, and what it did on the wire. */
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

/** What an answer says about one target. */
export interface Told {
  outcome: string;
  /** The beginning of an id. */
  id?: string;
  new_id?: string;
  reason?: string;
  email?: string;
}

/** Outcomes of targets that the call did nothing to. */
export const UNTOUCHED =
  /^(not_\w+|changed|role_not_allowed|domain_not_allowed|invalid_email|rejected|already_\w+)$/;

const LINE =
  /^(?<outcome>(?!user|admin|owner)[a-z_]+)(?: (?<id>[0-9a-f-]{8,36}))?(?: new_id (?<new_id>[0-9a-f-]+))?(?: \((?<reason>.*)\))?(?: (?<email>\S+@\S+))?$/;

/** What a write says about its targets, from the lines of its text; unless it is an error, its facts must agree. */
export function toldBy({ text, facts, isError }: CallAnswer): Told[] {
  const lines = text.split("\n").flatMap((line) => {
    const groups = LINE.exec(line)?.groups;
    return groups === undefined ? [] : [JSON.parse(JSON.stringify(groups)) as Told];
  });
  if (!isError) expect(lines).toEqual(facts.results ?? []);
  // Several ids that match nothing may have the same beginning.
  const known = lines.filter(({ outcome }) => outcome !== "not_found");
  const keys = known.map(({ id, email }) => id ?? email?.toLowerCase());
  expect(new Set(keys).size, `each target once: ${text}`).toBe(keys.length);
  return lines;
}

/** Nothing that the program says may contain a whole id, foreign HTML or an internal error. */
export function checkWords(said: readonly string[], ids: Iterable<string>): void {
  const all = said.join("\n");
  for (const id of ids) expect(all, `the whole id ${id}`).not.toContain(id);
  expect(all).not.toContain("<html>");
  expect(all).not.toContain("internal_error");
}

const DOUBT_MS = 2 * 60_000;
const lower = (email: string) => email.toLowerCase();

/**
 * What must hold after every call, whatever Trieve answered. `together`: the last calls overlapped, so it is unknown
 * which of them made which request.
 */
export function checkCalls(calls: readonly Call[], trieve: TestTrieve, together: boolean): void {
  const last = calls.at(-1);
  if (last === undefined) return;
  const { name, args, person, facts, isError } = last;
  const { rows, members } = trieve.store;
  expect(isError ? facts === undefined : facts.organization === trieve.store.organizationId).toBe(
    true,
  );
  if (name.startsWith("list_")) {
    // A failure must never look like an empty list.
    if (isError || together) return;
    const total = Object.values<number>(facts.totals).reduce((sum, one) => sum + one, 0);
    expect(total).toBe(name === "list_members" ? members.size : rows.length);
    return;
  }
  const told = toldBy(last);
  if (!isError && facts.results !== undefined) {
    const names = (args.emails ?? args.invitations) as string[];
    expect(told.length).toBeLessThanOrEqual(names.length);
    expect(told.length).toBeGreaterThan(0);
  }
  const ids = rows.map(({ id }) => id);
  const isThere = (id = "?") => ids.some((one) => one.startsWith(id));
  for (const { outcome, id, new_id, reason, email = "" } of told) {
    if (outcome === "added" && !reason?.startsWith("probably")) {
      expect(members.has(email), `${email} is no member`).toBe(true);
    }
    if (together) continue;
    if (outcome === "invited") expect(isThere(id)).toBe(true);
    if (outcome === "resent") expect(isThere(new_id)).toBe(true);
    if (outcome === "deleted" || outcome === "resent") expect(isThere(id)).toBe(false);
  }
  if (person !== "yes") {
    const acted = told.filter(({ outcome }) => /^(resent|deleted|deleted_not_sent)$/.test(outcome));
    expect(acted, "without a yes").toEqual([]);
  }
  if (name === "send_invitation") checkSend(calls, last, together);
  for (const email of rows.filter(({ used }) => !used).map((row) => lower(row.email))) {
    const same = rows.filter((row) => !row.used && lower(row.email) === email);
    expect(same, "one invitation each").toHaveLength(1);
  }
}

function checkSend(calls: readonly Call[], last: Call, together: boolean): void {
  const { args, person, text, posts } = last;
  const emails = new Set<string>(args.emails.map(lower));
  const isAsked = args.role === "admin" || emails.size > 1;
  const isAgreed = person === "yes";
  const acted = toldBy(last).filter(({ outcome }) => ["invited", "added"].includes(outcome));
  if (isAsked && !isAgreed) {
    // If only one of several invitations as user remains to be sent, no question is needed.
    expect(acted.length).toBeLessThanOrEqual(args.role === "admin" ? 0 : 1);
  }
  if (together) return;
  expect(posts).toBeLessThanOrEqual(isAsked && isAgreed ? emails.size : 1);
  const doubted = new Set<string>();
  for (const call of calls) {
    if (call === last || last.startedAt - call.endedAt > DOUBT_MS) continue;
    for (const { outcome, email = "" } of toldBy(call)) {
      const isSend = call.name === "send_invitation";
      if (isSend && outcome === "outcome_unknown") doubted.add(lower(email));
      // A person's yes to a resend overrides the doubt.
      if (call.name === "resend_invitation") doubted.delete(lower(email));
    }
  }
  const open = [...emails].filter((email) => !doubted.has(email));
  expect(posts, `a POST in doubt: ${text}`).toBeLessThanOrEqual(open.length);
}
