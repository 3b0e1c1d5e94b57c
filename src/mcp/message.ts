import { isObject, WRAPPED_ARGUMENTS } from "../json.ts";

/** A JSON-RPC message that both SDKs accept: they drop any other without an answer, and its client waits forever. */
export interface Message {
  jsonrpc: "2.0";
  /** Null in an error about a message without a usable id. */
  id?: string | number | null;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: unknown;
}

/** A message to deliver, or the error that answers it; neither for an invalid one that expects no answer. */
type Reading = { message?: Message; refusal?: Message };

const RELATED_TASK = "io.modelcontextprotocol/related-task";

const INVALID_REQUEST =
  "A request needs an id (a string or an integer), a method (a string) and params (an object)";

function refuse(id: string | number | null, code = -32600, message = INVALID_REQUEST): Reading {
  return { refusal: { jsonrpc: "2.0", id, error: { code, message } } };
}

// One object, so that a batch is answered with it only once.
const NO_ID = refuse(null);

/** Reads the messages of a line; a batch has several, and those without a usable id share one error. */
export function readLine(line: string): Reading[] {
  let value: unknown;
  try {
    // PowerShell writes a byte order mark first.
    value = JSON.parse(line.replace(/^\uFEFF/, ""));
  } catch {
    return [refuse(null, -32700, "Each line must be one message in JSON")];
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
  // Clients take an error without an id for a fault of the server: even a malformed notification gets none.
  return isRequest || method === undefined ? NO_ID : {};
}

function readParams({ arguments: given, _meta, ...params }: Record<string, unknown>) {
  const read = withoutNulls(params);
  if (isObject(_meta)) read["_meta"] = readMeta(_meta);
  // Models also send arguments that are null or not an object, which the SDKs would refuse.
  if (given !== undefined) read["arguments"] = { [WRAPPED_ARGUMENTS]: given };
  return read;
}

// If one of these two is invalid, the SDKs drop the request without an answer.
function readMeta({ progressToken, [RELATED_TASK]: _, ...meta }: Record<string, unknown>) {
  return isId(progressToken) ? { ...withoutNulls(meta), progressToken } : withoutNulls(meta);
}

/** Leaves out what is null, down to the depth at which the protocol still defines the names. */
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
