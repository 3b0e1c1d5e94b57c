import { config } from "zod";
import type { Caller } from "../consent/form.ts";
import type { Result } from "../tools/result.ts";

// What legacy.ts and modern.ts have in common.

// A process parses few messages: interpreting a schema is cheaper than compiling it first.
config({ jitless: true });

/** One connection, which the SDKs call a transport. */
export interface Channel {
  start(): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: each SDK has its own type of message, and serve.ts needs none.
  send(message: any): Promise<void>;
  close(): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: see above
  onmessage?: (message: any) => void;
  onclose?: () => void;
}

const INVALID_PARAMS = -32602;
const INTERNAL_ERROR = -32603;

/**
 * Replaces the schema dump with which the SDKs answer a request that does not fit its schema, under one of two codes,
 * by a sentence. Errors that carry data have a sentence of their own.
 */
export function withoutDump(message: { error?: { code: number; data?: unknown } }): object {
  const { code, data } = message.error ?? {};
  if (data !== undefined || (code !== INVALID_PARAMS && code !== INTERNAL_ERROR)) return message;
  const text = "The request does not fit the protocol; check the parameters of its method";
  return { ...message, error: { code: INVALID_PARAMS, message: text } };
}

/** A finished call as a result of tools/call. */
export function toolResult({ text, facts }: Result) {
  const content = [{ type: "text" as const, text }];
  return facts === undefined ? { content, isError: true } : { content, structuredContent: facts };
}

/** Lets a call report progress, if the client gave a token for it. The number always grows, as MCP requires. */
export function progressTo(
  progressToken: string | number | undefined,
  notify: (notification: {
    method: "notifications/progress";
    params: { progressToken: string | number; progress: number; total?: number; message: string };
  }) => Promise<void>,
): Pick<Caller, "progress"> {
  if (progressToken === undefined) return {};
  let progress = 0;
  return {
    progress(message, left) {
      progress += 1;
      const total = left === undefined ? {} : { total: progress + left };
      const params = { progressToken, progress, ...total, message };
      notify({ method: "notifications/progress", params }).catch(() => {});
    },
  };
}

/** Replaces ajv, which the SDKs would load to validate answers to forms: `reasonAgainst` checks those anyway. */
export const uncheckedSchemas = {
  getValidator: () => (data: unknown) => ({
    valid: true as const,
    data: data as never,
    errorMessage: undefined,
  }),
};
