import { serveModern } from "../../src/mcp/modern.ts";
import { type Channel, withoutDump } from "../../src/mcp/protocol.ts";
import { createTestApp, type MemoryOptions } from "./app.ts";
import type { CallAnswer } from "./client.ts";

/** A server of revision 2026-07-28, driven message by message. */
export interface ModernServer {
  log: string[];
  questions: string[];
  /** Every notification that came. */
  notices: { method: string; params: object }[];
  /** Sends one request with the envelope and returns the whole answer. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read single fields of the raw message
  request(method: string, params?: object, envelope?: object): Promise<any>;
  notify(method: string, params: object): void;
  /** Calls a tool; a question is put to the person, and the call repeated with the answer. */
  call(name: string, args?: object): Promise<CallAnswer>;
}

const CAPABILITIES = "io.modelcontextprotocol/clientCapabilities";

/** Runs the server in this process on the modern protocol. With a `person`, requests declare elicitation. */
export async function connectModern(options: MemoryOptions): Promise<ModernServer> {
  const log: string[] = [];
  const questions: string[] = [];
  const notices: ModernServer["notices"] = [];
  const waiting = new Map<number, (message: object) => void>();
  const channel: Channel = {
    async start() {},
    async send(message) {
      if ("method" in message) notices.push(message);
      waiting.get(message.id)?.(withoutDump(message));
    },
    async close() {},
  };
  await serveModern(createTestApp(options, log), channel);
  const { person } = options;
  const envelope = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    [CAPABILITIES]: person === undefined ? {} : { elicitation: { form: {} } },
  };
  let lastId = 0;
  const server: ModernServer = {
    log,
    questions,
    notices,
    request(method, params = {}, more = {}) {
      lastId += 1;
      const id = lastId;
      const answer = new Promise((resolve) => waiting.set(id, resolve));
      const message = {
        jsonrpc: "2.0",
        id,
        method,
        params: { ...params, _meta: { ...envelope, ...more } },
      };
      channel.onmessage?.(message);
      return answer;
    },
    notify: (method, params) =>
      channel.onmessage?.({ jsonrpc: "2.0", method, params: { ...params, _meta: envelope } }),
    async call(name, args = {}) {
      let { result, error } = await server.request("tools/call", { name, arguments: args });
      while (result?.resultType === "input_required") {
        const { requestState, inputRequests } = result;
        const { message, requestedSchema } = inputRequests.decision.params;
        questions.push(message);
        const choices = requestedSchema.properties.decision.enum;
        const decision = await (async () => person?.({ message, choices }))().catch(() => null);
        const inputResponses = { decision };
        ({ result, error } = await server.request("tools/call", {
          name,
          arguments: args,
          requestState,
          inputResponses,
        }));
      }
      if (error !== undefined) throw new Error(error.message);
      const { content, structuredContent, isError = false } = result;
      return { isError, text: content[0].text, facts: structuredContent };
    },
  };
  return server;
}
