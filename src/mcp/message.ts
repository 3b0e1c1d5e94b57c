import { isObject } from "../json.ts";
import { UNNAMED } from "../tools/unnamed.ts";

/** A JSON-RPC message that both SDKs take. */
export interface Message {
  jsonrpc: "2.0";
  id?: string | number;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: unknown;
}

/** What one message comes to: itself, made regular; an answer that refuses it; or nothing to be done. */
export type Reading = { message: Message } | { refusal: object } | undefined;

const INVALID_REQUEST = -32600;
const INVALID_PARAMS = -32602;
const RELATED_TASK = "io.modelcontextprotocol/related-task";

/**
 * Reads a line: its messages, of which a batch has several. Undefined for what is no JSON. A byte
 * order mark at the start is forgiven.
 */
export function readLine(line: string): Reading[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line.replace(/^\uFEFF/, ""));
  } catch {
    return undefined;
  }
  return Array.isArray(value) ? value.map(readMessage) : [readMessage(value)];
}

/**
 * Makes a message regular where its meaning is clear, and answers it where not: the SDKs drop what they
 * do not understand, and a client would wait for ever.
 */
function readMessage(value: unknown): Reading {
  if (!isObject(value)) return undefined;
  const { id, method, params } = value;
  const isRequest = Object.hasOwn(value, "id");
  const refuse = (code: number, message: string): Reading =>
    isRequest
      ? {
          refusal: {
            jsonrpc: "2.0",
            id: isId(id) || typeof id === "number" ? id : null,
            error: { code, message },
          },
        }
      : undefined;
  const isAnswer = Object.hasOwn(value, "result") || Object.hasOwn(value, "error");
  if (isAnswer && typeof method !== "string") return readAnswer(value);
  if (typeof method !== "string" || method === "") {
    return refuse(INVALID_REQUEST, "A request needs a method, which is a text");
  }
  if (isRequest && !isId(id)) {
    return refuse(INVALID_REQUEST, "The id of a request must be a text or a whole number");
  }
  if (params !== undefined && params !== null && !isObject(params)) {
    return refuse(INVALID_PARAMS, "params must be an object with names");
  }
  const regular = readParams(method, params ?? undefined);
  if (method === "tools/call" && typeof regular?.["name"] !== "string") {
    return refuse(INVALID_PARAMS, "params.name must be the name of a tool from tools/list");
  }
  return {
    message: {
      jsonrpc: "2.0",
      ...(isId(id) ? { id } : {}),
      method,
      ...(regular === undefined ? {} : { params: regular }),
    },
  };
}

function readAnswer({ id, result, error }: Record<string, unknown>): Reading {
  if (!isId(id)) return undefined;
  if (isObject(result)) return { message: { jsonrpc: "2.0", id, result } };
  const { code, message } = isObject(error) ? error : {};
  const told = { code: isWhole(code) ? code : INVALID_REQUEST, message: String(message ?? "") };
  return { message: { jsonrpc: "2.0", id, error: told } };
}

function readParams(
  method: string,
  params: Record<string, unknown> | undefined,
): Record<string, unknown> | undefined {
  if (method === "initialize") return readHello(params ?? {});
  if (params === undefined) return undefined;
  const { _meta, ...rest } = params;
  const read = isObject(_meta) ? { ...rest, _meta: readMeta(_meta) } : rest;
  if (method === "tools/call") return readCall(read);
  if (method === "tools/list" && typeof rest["cursor"] !== "string") return without(read, "cursor");
  return read;
}

/** A token that is none is as good as no token, and there are no tasks that it could belong to. */
function readMeta(given: Record<string, unknown>): Record<string, unknown> {
  const meta = without(given, RELATED_TASK);
  return isId(meta["progressToken"]) ? meta : without(meta, "progressToken");
}

/** The tools read the arguments; what is no object reaches them as an argument without a name. */
function readCall(params: Record<string, unknown>): Record<string, unknown> {
  const { name, arguments: given = {}, _meta, inputResponses, requestState } = params;
  const bare = given === null ? {} : { [UNNAMED]: given };
  return {
    name,
    arguments: isObject(given) ? withoutTrap(given) : bare,
    ...(_meta === undefined ? {} : { _meta }),
    ...(isObject(inputResponses) ? { inputResponses } : {}),
    ...(typeof requestState === "string" ? { requestState } : {}),
  };
}

/** The SDKs drop an argument of this name, and it may have carried a condition like any other. */
function withoutTrap(given: Record<string, unknown>): Record<string, unknown> {
  if (!Object.hasOwn(given, "__proto__")) return given;
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name === "__proto__" ? "proto" : name, value]),
  );
}

/** What a client says of itself; the parts that it leaves out or gets wrong are taken as not there. */
function readHello(params: Record<string, unknown>): Record<string, unknown> {
  const { protocolVersion, capabilities, clientInfo, _meta } = params;
  const { name, version } = isObject(clientInfo) ? clientInfo : {};
  return {
    protocolVersion: typeof protocolVersion === "string" ? protocolVersion : "",
    capabilities: readCapabilities(capabilities),
    clientInfo: {
      name: typeof name === "string" ? name : "unknown",
      version: typeof version === "string" ? version : "unknown",
    },
    ...(isObject(_meta) ? { _meta: readMeta(_meta) } : {}),
  };
}

/** Of what a client can do only this matters: whether it shows forms. */
function readCapabilities(given: unknown): object {
  const elicitation = isObject(given) ? given["elicitation"] : undefined;
  if (!isObject(elicitation)) return {};
  const modes = ["form", "url"].filter((mode) => isObject(elicitation[mode]));
  return { elicitation: Object.fromEntries(modes.map((mode) => [mode, {}])) };
}

function without(object: Record<string, unknown>, name: string): Record<string, unknown> {
  const { [name]: _, ...rest } = object;
  return rest;
}

function isId(value: unknown): value is string | number {
  return typeof value === "string" || isWhole(value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
