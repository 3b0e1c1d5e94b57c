import type { Failure } from "../errors.ts";

const ATTEMPTS = 3;
const BASE_MS = 300;
const CAP_MS = 5_000;
const LONGEST_RETRY_AFTER_MS = 10_000;

/**
 * How long to wait before a read is tried again, in milliseconds, or undefined for "do not".
 * `attempt` counts from 1; `random` is in [0, 1). Full jitter, as in "Exponential Backoff And
 * Jitter" (AWS Architecture Blog, 2015); never less than what Retry-After asks for.
 */
export function retryDelay(failure: Failure, attempt: number, random: number): number | undefined {
  if (attempt >= ATTEMPTS || !failure.isRepeatable) return undefined;
  const asked = failure.retryAfterMs ?? 0;
  if (asked > LONGEST_RETRY_AFTER_MS) return undefined;
  const jitter = random * Math.min(CAP_MS, BASE_MS * 2 ** (attempt - 1));
  return Math.max(asked, jitter);
}

/**
 * The wait that a Retry-After header asks for, in milliseconds: whole seconds or an HTTP date
 * (RFC 9110, 10.2.3). Undefined for anything else; 0 for a date in the past.
 */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  // Date.parse accepts much that is not an HTTP date ("1.5", "-3"); all three forms start with a weekday.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
