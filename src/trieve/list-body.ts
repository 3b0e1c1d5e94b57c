import { Failure } from "../failures.ts";
import { CUT_OFF } from "./http-failure.ts";

/**
 * Whether a body that was read to its end is whole for certain: it tells where it ends, and what was
 * packed is not judged by that.
 */
export function isWhole({ headers }: Response): boolean {
  const tellsItsEnd = headers.has("content-length") || headers.has("transfer-encoding");
  return tellsItsEnd && !headers.has("content-encoding");
}

/**
 * The rows of a list's body. Throws Failure: `network_error` for a list that broke off, `bad_response` for
 * what is none.
 */
export function parseList(text: string, isWhole: boolean): readonly unknown[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    // Not kept as the cause: its message quotes the body.
  }
  const isOpen = /^\s*\[/.test(text) && !/\]\s*$/.test(text);
  if (isOpen && !isWhole) throw new Failure("network_error", CUT_OFF);
  if (!Array.isArray(rows)) throw new Failure("bad_response", { detail: "not a JSON list" });
  return rows;
}
