// What comes from outside as JSON is looked at in every layer, before any of them is loaded: hence a file of its own.

/** Whether a value of JSON is an object: no list, no null. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The name under which arguments travel, whatever they are: the SDKs let nothing but an object through.
 * mcp/message.ts puts them there, and tools/arguments.ts takes them out.
 */
export const UNNAMED = "";
