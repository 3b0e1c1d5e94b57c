import { createHash } from "node:crypto";
import * as z from "zod";
import { Failure } from "../errors.ts";
import { organizationLabel, type ToolContext } from "./context.ts";
import type { Result } from "./result.ts";

// The arguments of every list, and its pages.

export const limit = z.int().min(1).max(200).default(50).describe("1-200");
export const cursor = z.string().optional().describe("next_cursor, with the same filters");

/** What every list answers: a page of its rows, how many match, and what there is in all. */
export function listOutput<Rows extends z.ZodRawShape, Total extends string>(
  rows: Rows,
  totals: readonly Total[],
) {
  const counts = Object.fromEntries(totals.map((name) => [name, z.int()]));
  return z.object({
    organization: z.string(),
    ...rows,
    matched: z.int(),
    next_cursor: z.string().optional(),
    totals: z.object(counts as Record<Total, z.ZodInt>),
    skipped: z.int().optional(),
  });
}

/** What rows are sorted by: a number, then text. */
type Key = readonly [order: number, text: string];

function compare([a, text]: Key, [b, other]: Key): number {
  return a - b || (text < other ? -1 : text > other ? 1 : 0);
}

/** What a list has to show. */
interface Listing<Row, Facts> {
  /** The fact that holds its rows. */
  name: string;
  matching: readonly Row[];
  /** Rows come in the order of their keys, which are all different. */
  keyOf(row: Row): Key;
  factsOf(row: Row): Facts;
  /** The names of what stands in the text of a row. */
  columns: string;
  formatRow(facts: Facts): string;
  /** Which ones were looked for, where that is told. */
  which?: string;
  totals: Readonly<Record<string, number>>;
  /** How many rows could not be read. */
  skipped: number;
}

interface Arguments {
  limit: number;
  cursor?: string | undefined;
}

/**
 * What shows a list to a call with these arguments: one page of it, as facts and as text. A cursor holds where its
 * page ended, and is bound to every argument but `limit`. Throws Failure `invalid_input` for one that was made for
 * another question, or never.
 */
export function createPaging({ limit, cursor, ...filters }: Arguments, context: ToolContext) {
  const digest = (mark: string) => {
    const key = JSON.stringify([context.organizationId, filters, mark]);
    return createHash("sha256").update(key).digest("base64url").slice(0, 8);
  };
  const write = (mark: string) => `${Buffer.from(mark).toString("base64url")}.${digest(mark)}`;
  const [encoded = ""] = cursor?.split(".") ?? [];
  const mark = Buffer.from(encoded, "base64url").toString();
  if (cursor !== undefined && cursor !== write(mark)) {
    throw new Failure("invalid_input", {
      happened: "cursor does not belong to these filters",
      next: "Repeat the call without cursor, or with exactly the filters that returned it",
    });
  }
  const start: Key = mark === "" ? [Number.NEGATIVE_INFINITY, ""] : JSON.parse(mark);

  return <Row, Facts>(listing: Listing<Row, Facts>): { kind: "result"; result: Result } => {
    const { name, matching, keyOf, columns, which = "", totals, skipped } = listing;
    const rest = matching
      .map((row) => ({ row, key: keyOf(row) }))
      .filter(({ key }) => compare(key, start) > 0)
      .sort((a, b) => compare(a.key, b.key));
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    const hasMore = last !== undefined && rest.length > page.length;
    const next_cursor = hasMore ? write(JSON.stringify(last.key)) : undefined;
    const rows = page.map(({ row }) => listing.factsOf(row));
    const organization = organizationLabel(context);
    const matched = matching.length;
    const shown = rows.length < matched ? `, ${rows.length} shown` : "";
    const all = Object.entries(totals).map(([name, count]) => `${count} ${name}`);
    const lines = [
      `${matched}${which} matched${shown}. ${organization} has ${all.join(", ")}.`,
      skipped > 0 && `skipped: ${skipped} rows could not be read`,
      ...(rows.length > 0 ? [columns, ...rows.map(listing.formatRow)] : []),
      next_cursor !== undefined && `next_cursor: ${next_cursor}`,
    ];
    const facts = { organization, [name]: rows, matched, next_cursor, totals };
    return {
      kind: "result",
      result: {
        facts: { ...facts, skipped: skipped || undefined },
        text: lines.filter(Boolean).join("\n"),
      },
    };
  };
}
