import type { ServerResponse } from "node:http";

/** A tool as a host shows it to its model. */
export interface ListedTool {
  name: string;
  /** Codex groups the tools of a server, and wants the group named in a call. */
  group?: string | undefined;
  description: string;
  schema: { properties?: Record<string, object>; required?: string[] };
}

/** What a host asks of its model: the tools it may call, and what came of the calls so far. */
export interface Turn {
  tools: ListedTool[];
  results: string[];
}

export type Move = { call: ListedTool; args: object } | { say: string };

/** How a host talks to a model. `id` is another one for every move. */
export interface Dialect {
  path: RegExp;
  // biome-ignore lint/suspicious/noExplicitAny: requests of four foreign formats
  read(body: any): Turn;
  write(move: Move, id: string, model: string): object[];
  /** Whether every event has its type before it, and what ends the stream. */
  named: boolean;
  end?: string;
}

/** Text of a result, which is a string or a list of parts. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return JSON.stringify(content ?? "");
  return content.map((part: { text?: string }) => part.text ?? "").join("\n");
}

const anthropic: Dialect = {
  path: /\/v1\/messages(\?|$)/,
  named: true,
  read: ({ tools = [], messages = [] }) => ({
    tools: tools.map(({ name, description, input_schema: schema }: never) => ({
      name,
      description,
      schema,
    })),
    results: messages
      .flatMap(({ content }: { content: unknown }) => (Array.isArray(content) ? content : []))
      .filter(({ type }: { type: string }) => type === "tool_result")
      .map(({ content }: { content: unknown }) => textOf(content)),
  }),
  write(move, id, model) {
    const isCall = "call" in move;
    const usage = { input_tokens: 1, output_tokens: 1 };
    const block = isCall
      ? { type: "tool_use", id: `toolu_${id}`, name: move.call.name, input: {} }
      : { type: "text", text: "" };
    const delta = isCall
      ? { type: "input_json_delta", partial_json: JSON.stringify(move.args) }
      : { type: "text_delta", text: move.say };
    const message = { id: `msg_${id}`, type: "message", role: "assistant", model, content: [] };
    const stop = { stop_reason: isCall ? "tool_use" : "end_turn", stop_sequence: null };
    return [
      { type: "message_start", message: { ...message, stop_reason: null, usage } },
      { type: "content_block_start", index: 0, content_block: block },
      { type: "content_block_delta", index: 0, delta },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: stop, usage },
      { type: "message_stop" },
    ];
  },
};

const responses: Dialect = {
  path: /\/responses(\?|$)/,
  named: true,
  read: ({ tools = [], input = [] }) => ({
    // biome-ignore lint/suspicious/noExplicitAny: a tool, or a group of them
    tools: tools.flatMap((one: any) =>
      (one.tools ?? [one])
        .filter(({ type }: { type: string }) => type === "function")
        .map(({ name, description, parameters: schema }: never) => ({
          name,
          ...(one.tools === undefined ? {} : { group: one.name }),
          description,
          schema,
        })),
    ),
    results: (Array.isArray(input) ? input : [])
      .filter(({ type }: { type: string }) => type === "function_call_output")
      .map(({ output }: { output: unknown }) => textOf(output)),
  }),
  write(move, id) {
    const usage = { input_tokens: 1, output_tokens: 1, total_tokens: 2 };
    const item =
      "call" in move
        ? {
            type: "function_call",
            call_id: `call_${id}`,
            name: move.call.name,
            ...(move.call.group === undefined ? {} : { namespace: move.call.group }),
            arguments: JSON.stringify(move.args),
          }
        : {
            type: "message",
            role: "assistant",
            id: `msg_${id}`,
            content: [{ type: "output_text", text: move.say }],
          };
    const response = { id: `resp_${id}`, output: [item], usage };
    return [
      { type: "response.created", response: { id: response.id } },
      { type: "response.output_item.done", output_index: 0, item },
      { type: "response.completed", response },
    ];
  },
};

const chat: Dialect = {
  path: /\/chat\/completions(\?|$)/,
  named: false,
  end: "[DONE]",
  read: ({ tools = [], messages = [] }) => ({
    tools: tools
      .filter(({ type }: { type: string }) => type === "function")
      .map(({ function: { name, description, parameters: schema } }: never) => ({
        name,
        description,
        schema,
      })),
    results: messages
      .filter(({ role }: { role: string }) => role === "tool")
      .map(({ content }: { content: unknown }) => textOf(content)),
  }),
  write(move, id, model) {
    const chunk = { id: `chatcmpl-${id}`, object: "chat.completion.chunk", created: 1, model };
    const call = "call" in move && {
      index: 0,
      id: `call_${id}`,
      type: "function",
      function: { name: move.call.name, arguments: JSON.stringify(move.args) },
    };
    const delta = call ? { tool_calls: [call] } : { content: "say" in move ? move.say : "" };
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const finish_reason = call ? "tool_calls" : "stop";
    return [
      {
        ...chunk,
        choices: [{ index: 0, delta: { role: "assistant", ...delta }, finish_reason: null }],
      },
      { ...chunk, choices: [{ index: 0, delta: {}, finish_reason }], usage },
    ];
  },
};

const gemini: Dialect = {
  path: /:(streamG|g)enerateContent(\?|$)/,
  named: false,
  read: ({ tools = [], contents = [] }) => ({
    tools: tools
      .flatMap(({ functionDeclarations = [] }) => functionDeclarations)
      .map(({ name, description, parametersJsonSchema, parameters }: never) => ({
        name,
        description,
        schema: parametersJsonSchema ?? parameters ?? {},
      })),
    results: contents
      .flatMap(({ parts = [] }) => parts)
      .filter((part: object) => "functionResponse" in part)
      .map(({ functionResponse: { response } }: never) =>
        textOf((response as { output?: unknown }).output ?? response),
      ),
  }),
  write(move) {
    const part =
      "call" in move
        ? { functionCall: { name: move.call.name, args: move.args } }
        : { text: move.say };
    const usageMetadata = { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 };
    const content = { role: "model", parts: [part] };
    return [{ candidates: [{ content, finishReason: "STOP", index: 0 }], usageMetadata }];
  },
};

export const DIALECTS: readonly Dialect[] = [anthropic, responses, chat, gemini];

/** Sends a move as server-sent events. */
export function send(
  response: ServerResponse,
  { named, end }: Dialect,
  events: readonly object[],
): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const event of events) {
    if (named) response.write(`event: ${(event as { type: string }).type}\n`);
    response.write(`data: ${JSON.stringify(event)}\n\n`);
  }
  response.end(end === undefined ? "" : `data: ${end}\n\n`);
}
