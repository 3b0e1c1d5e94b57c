import { neutralise } from "../text.ts";
import type { App } from "./app.ts";
import type { CallResult } from "./call.ts";

/** A finished call as tools/call answers it, in both eras. */
export function toolResult({ text, facts, isError }: Exclude<CallResult, { secret: string }>) {
  const content = [{ type: "text" as const, text }];
  return isError || facts === undefined
    ? { content, isError: true }
    : { content, structuredContent: facts };
}

/** What an error of the protocol says of a tool that `app` does not show; undefined for one it does. */
export function unknownTool(app: App, name: string): string | undefined {
  const isShown = app.tools.some((tool) => tool.name === name);
  return isShown ? undefined : `Unknown tool: ${neutralise(name)}`;
}

/**
 * Takes the place of ajv, which the SDKs would load for the answers to elicitations: consent.ts checks
 * those, and stricter.
 */
export const uncheckedSchemas = {
  getValidator: () => (data: unknown) => ({
    valid: true as const,
    data: data as never,
    errorMessage: undefined,
  }),
};
