import { isObject, UNNAMED } from "../json.ts";

/** A JSON-RPC message that both SDKs take: they drop any other, and its client would wait for ever. */
export interface Message {
  jsonrpc: "2.0";
  id?: string | number;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: unknown;
}

/** A message to hand on, or the error that answers it. Undefined for what is none and asks for no answer. */
export type Reading = { message: Message } | { refusal: object } | undefined;

const INVALID_REQUEST = -32600;
const RELATED_TASK = "io.modelcontextprotocol/related-task";

/** Reads the messages of a line; a batch has several. */
export function readLine(line: string): Reading[] {
  let value: unknown;
  try {
    // PowerShell writes a byte order mark first.
    value = JSON.parse(line.replace(/^\uFEFF/, ""));
  } catch {
    return [undefined];
  }
  return Array.isArray(value) ? value.map(readMessage) : [readMessage(value)];
}

function readMessage(value: unknown): Reading {
  if (!isObject(value)) return undefined;
  const { id, method, result, error } = value;
  if (method === undefined && (result !== undefined || error !== undefined)) {
    const answer = isObject(result) ? { result } : { error };
    return isId(id) ? { message: { jsonrpc: "2.0", id, ...answer } } : undefined;
  }
  const isRequest = Object.hasOwn(value, "id");
  const params = value["params"] ?? {};
  if (typeof method === "string" && isObject(params) && (isId(id) || !isRequest)) {
    const known = isId(id) ? { id } : {};
    return { message: { jsonrpc: "2.0", ...known, method, params: readParams(params) } };
  }
  if (!isRequest) return undefined;
  const message =
    "A request has an id (a string or an integer), a method (a string) and params (an object)";
  const answered = isId(id) || typeof id === "number" ? id : null;
  return {
    refusal: { jsonrpc: "2.0", id: answered, error: { code: INVALID_REQUEST, message } },
  };
}

function readParams({ arguments: given, _meta, ...params }: Record<string, unknown>) {
  const read = withoutNulls(params);
  if (isObject(_meta)) read["_meta"] = readMeta(_meta);
  // Models send arguments that are no object, or null, and the SDKs take an object alone.
  if (given !== undefined) read["arguments"] = { [UNNAMED]: given };
  return read;
}

// The SDKs drop a request, without an answer, for what is wrong in these two.
function readMeta({ progressToken, [RELATED_TASK]: _, ...meta }: Record<string, unknown>) {
  return isId(progressToken) ? { ...withoutNulls(meta), progressToken } : withoutNulls(meta);
}

/** Null counts as left out, as deep as the protocol has names of its own. */
function withoutNulls(object: Record<string, unknown>, depth = 4): Record<string, unknown> {
  if (depth === 0) return object;
  return Object.fromEntries(
    Object.entries(object)
      .filter(([, value]) => value !== null)
      .map(([name, value]) => [name, isObject(value) ? withoutNulls(value, depth - 1) : value]),
  );
}

function isId(value: unknown): value is string | number {
  return typeof value === "string" || Number.isSafeInteger(value);
}
