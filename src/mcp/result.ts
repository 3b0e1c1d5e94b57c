import type { CallResult } from "./call.ts";

/** A finished call as tools/call answers it, in both eras. */
export function toolResult({ text, facts, isError }: Exclude<CallResult, { secret: string }>) {
  const content = [{ type: "text" as const, text }];
  return isError || facts === undefined
    ? { content, isError: true }
    : { content, structuredContent: facts };
}
