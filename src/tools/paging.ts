import { createHash } from "node:crypto";
import * as z from "zod";
import { Failure } from "../errors.ts";

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

interface Page {
  organization: string;
  matched: number;
  next_cursor?: string | undefined;
  totals: Readonly<Record<string, number>>;
  skipped?: number | undefined;
}

/** The same as text: a line that counts, then the rows under the names of their columns. */
export function listText(page: Page, which: string, columns: string, rows: readonly string[]) {
  const { organization, matched, next_cursor, totals, skipped } = page;
  const shown = rows.length < matched ? `, ${rows.length} shown` : "";
  const all = Object.entries(totals).map(([name, count]) => `${count} ${name}`);
  return [
    `${matched}${which} matched${shown}. ${organization} has ${all.join(", ")}.`,
    ...(skipped ? [`skipped: ${skipped} rows could not be read`] : []),
    ...(rows.length > 0 ? [columns, ...rows] : []),
    ...(next_cursor === undefined ? [] : [`next_cursor: ${next_cursor}`]),
  ].join("\n");
}

interface Filters {
  limit: number;
  cursor?: string | undefined;
}

/** What rows are sorted by: a number, then text. */
type Key = readonly [order: number, text: string];

function compare([a, text]: Key, [b, other]: Key): number {
  return a - b || (text < other ? -1 : text > other ? 1 : 0);
}

/** Cuts rows into pages. */
export type TakePage = <Row>(
  rows: readonly Row[],
  /** Rows come in the order of their keys. */
  keyOf: (row: Row) => Key,
  /** Where the next page begins: a key after that of the row and before any other; the key itself by default. */
  markOf?: (row: Row) => Key,
) => { page: Row[]; next_cursor: string | undefined };

/**
 * The pages of a list with these arguments. A cursor holds where its page ended, and is bound to every argument
 * but `limit`. Throws Failure `invalid_input` for one that was made for another question, or never.
 */
export function createPaging(
  { limit, cursor, ...filters }: Filters,
  organizationId: string,
): TakePage {
  const digest = (mark: string) => {
    const key = JSON.stringify([organizationId, filters, mark]);
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
  return (rows, keyOf, markOf = keyOf) => {
    const rest = rows
      .map((row) => ({ row, key: keyOf(row) }))
      .filter(({ key }) => compare(key, start) > 0)
      .sort((a, b) => compare(a.key, b.key));
    const page = rest.slice(0, limit).map(({ row }) => row);
    const last = page.at(-1);
    const hasMore = last !== undefined && rest.length > page.length;
    return { page, next_cursor: hasMore ? write(JSON.stringify(markOf(last))) : undefined };
  };
}
