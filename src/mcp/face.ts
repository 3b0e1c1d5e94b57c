import type { Caller } from "../consent/way.ts";
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

/** A message of the protocol. */
export interface ProgressNotification {
  method: "notifications/progress";
  params: { progressToken: string | number; progress: number; total?: number; message: string };
}

/** How a caller that gave a token is told of progress, which only ever grows. */
export function progressWith(
  progressToken: string | number,
  notify: (notification: ProgressNotification) => Promise<void>,
): NonNullable<Caller["progress"]> {
  let progress = 0;
  return (message, left) => {
    progress += 1;
    const total = left === undefined ? {} : { total: progress + left };
    const params = { progressToken, progress, ...total, message };
    notify({ method: "notifications/progress", params }).catch(() => {});
  };
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
