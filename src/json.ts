// Every layer checks JSON from outside, some before others are loaded: so this is a file of its own.

/** Whether a JSON value is an object, that is, neither an array nor null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The key of an object around a tool's arguments, which may be any JSON value: the SDKs let only an object through.
 * mcp/message.ts wraps them, and tools/arguments.ts unwraps them.
 */
export const WRAPPED_ARGUMENTS = "";
