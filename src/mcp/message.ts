import { isObject, UNNAMED } from "../json.ts";

/** A JSON-RPC message that both SDKs take: they drop any other, and its client would wait for ever. */
export interface Message {
  jsonrpc: "2.0";
  /** Null in an error that answers what has no id. */
  id?: string | number | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: unknown;
}

/** A message to hand on, or the error that answers it; neither for what asks for no answer. */
type Reading = { message?: Message; refusal?: Message };

const RELATED_TASK = "io.modelcontextprotocol/related-task";

const NO_REQUEST =
  "A request has an id (a string or an integer), a method (a string) and params (an object)";

function refuse(id: string | number | null, code = -32600, message = NO_REQUEST): Reading {
  return { refusal: { jsonrpc: "2.0", id, error: { code, message } } };
}

// One object each, so that a batch is answered with it once.
const NO_JSON = refuse(null, -32700, "Each line holds one message as JSON");
const NO_ID = refuse(null);

/** Reads the messages of a line; a batch has several. What cannot be told apart in it is answered once. */
export function readLine(line: string): Reading[] {
  let value: unknown;
  try {
    // PowerShell writes a byte order mark first.
    value = JSON.parse(line.replace(/^\uFEFF/, ""));
  } catch {
    return [NO_JSON];
  }
  if (!Array.isArray(value)) return [readMessage(value)];
  return value.length === 0 ? [NO_ID] : [...new Set(value.map(readMessage))];
}

function readMessage(value: unknown): Reading {
  if (!isObject(value)) return NO_ID;
  const { id, method, result, error } = value;
  if (method === undefined && (result !== undefined || error !== undefined)) {
    const answer = isObject(result) ? { result } : { error };
    return isId(id) ? { message: { jsonrpc: "2.0", id, ...answer } } : {};
  }
  const isRequest = Object.hasOwn(value, "id");
  const params = value["params"] ?? {};
  if (typeof method === "string" && isObject(params) && (isId(id) || !isRequest)) {
    const known = isId(id) ? { id } : {};
    return { message: { jsonrpc: "2.0", ...known, method, params: readParams(params) } };
  }
  if (isId(id) || typeof id === "number") return refuse(id);
  // Clients take an error without an id for a fault of the server's: a notification gets none, however it is written.
  return isRequest || method === undefined ? NO_ID : {};
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
