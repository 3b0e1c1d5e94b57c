/**
 * The name under which arguments travel that are no object, since the SDKs let nothing else through:
 * mcp/message.ts puts them there, and arguments.ts takes them out.
 */
export const UNNAMED = "";
