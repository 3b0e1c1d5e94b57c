import { createHash } from "node:crypto";
import * as z from "zod";
import { Failure } from "../errors.ts";
import { organizationNameOrId, type ToolContext } from "./context.ts";
import type { Result } from "./result.ts";

// The arguments and results that the lists share, and their paging.

export const limit = z.int().min(1).max(200).default(50).describe("1-200");
export const cursor = z.string().optional().describe("next_cursor, with the same filters");

/** The result schema of a list: a page of rows, how many rows match, and totals for the organization. */
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

/** Sort key of a row: the number first, then the text. */
type Key = readonly [order: number, text: string];

function compare([a, text]: Key, [b, other]: Key): number {
  return a - b || (text < other ? -1 : text > other ? 1 : 0);
}

/** What a list tool provides for paging. */
interface Listing<Row, Facts> {
  /** The field of the result that holds the rows. */
  name: string;
  matching: readonly Row[];
  /** Rows are sorted by this key, which is different for every row. */
  keyOf(row: Row): Key;
  factsOf(row: Row): Facts;
  /** The heading line for the rows as text. */
  columns: string;
  formatRow(facts: Facts): string;
  /** Which kind of row was asked for, after the number in the text; it begins with a blank. */
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
 * Returns a function that renders one page of a list, as facts and as text. A cursor holds the key of the last row of
 * its page and a digest of the organization and of all arguments but `limit`. Throws Failure `invalid_input` for a
 * cursor made with other arguments, or not made by this server.
 */
export function createPaging({ limit, cursor, ...filters }: Arguments, context: ToolContext) {
  const digest = (lastKey: string) => {
    const bound = JSON.stringify([context.organizationId, filters, lastKey]);
    return createHash("sha256").update(bound).digest("base64url").slice(0, 8);
  };
  const cursorFor = (key: string) => `${Buffer.from(key).toString("base64url")}.${digest(key)}`;
  const [encoded = ""] = cursor?.split(".") ?? [];
  const lastKey = Buffer.from(encoded, "base64url").toString();
  if (cursor !== undefined && cursor !== cursorFor(lastKey)) {
    throw new Failure("invalid_input", {
      happened: "cursor does not belong to these filters",
      next: "Repeat the call without cursor, or with exactly the filters that returned it",
    });
  }
  const start: Key = lastKey === "" ? [Number.NEGATIVE_INFINITY, ""] : JSON.parse(lastKey);

  return <Row, Facts>(listing: Listing<Row, Facts>): { kind: "result" } & Result => {
    const { name, matching, keyOf, columns, which = "", totals, skipped } = listing;
    const rest = matching
      .map((row) => ({ row, key: keyOf(row) }))
      .filter(({ key }) => compare(key, start) > 0)
      .sort((a, b) => compare(a.key, b.key));
    const page = rest.slice(0, limit);
    const last = page.at(-1);
    const hasMore = last !== undefined && rest.length > page.length;
    const next_cursor = hasMore ? cursorFor(JSON.stringify(last.key)) : undefined;
    const rows = page.map(({ row }) => listing.factsOf(row));
    const organization = organizationNameOrId(context);
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
      facts: { ...facts, skipped: skipped || undefined },
      text: lines.filter(Boolean).join("\n"),
    };
  };
}
