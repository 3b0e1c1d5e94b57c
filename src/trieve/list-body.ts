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
  try {
    const rows: unknown = JSON.parse(text);
    if (Array.isArray(rows)) return rows;
  } catch {
    // Not kept as the cause: its message quotes the body.
    const brokeOff = /^\s*\[/.test(text) && !text.trimEnd().endsWith("]");
    if (brokeOff && !isWhole) throw new Failure("network_error", CUT_OFF);
  }
  throw new Failure("bad_response", { detail: "not a JSON list" });
}
