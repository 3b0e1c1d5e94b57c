import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolRequestSchema,
  ElicitResultSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from "@modelcontextprotocol/sdk/types.js";
import { config } from "zod";
import type { Caller } from "../consent/way.ts";
import type { App } from "./app.ts";
import type { Channel } from "./channel.ts";
import { progressWith, toolResult, uncheckedSchemas, unknownTool } from "./face.ts";

// The signal ends a question in time; the SDK's own timeout must not be the one that decides.
const NEVER_MS = 2 ** 31 - 1;

// A process parses few messages: interpreting a schema is cheaper than compiling it first.
config({ jitless: true });

/** Serves the revisions with an `initialize` handshake, 2024-11-05 to 2025-11-25, on `channel`. */
export async function openHandshake(app: App, channel: Channel): Promise<void> {
  const server = new Server(app.serverInfo, {
    capabilities: { tools: {} },
    instructions: app.instructions,
    jsonSchemaValidator: uncheckedSchemas,
  });
  // Clients built on this SDK do not heed that request 0 is taken back: to them it has no id.
  Object.assign(server, { _requestMessageId: 1 });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [...app.tools] }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const unknown = unknownTool(app, params.name);
    if (unknown !== undefined) throw new McpError(ErrorCode.InvalidParams, unknown);
    const progressToken = extra._meta?.progressToken;
    const caller: Caller = {
      signal: extra.signal,
      hasForms: server.getClientCapabilities()?.elicitation?.form !== undefined,
      async putForm(form, signal) {
        const request = {
          method: "elicitation/create",
          params: { mode: "form", ...form },
        } as const;
        const timeout = NEVER_MS;
        return { form: await extra.sendRequest(request, ElicitResultSchema, { signal, timeout }) };
      },
    };
    if (progressToken !== undefined) {
      caller.progress = progressWith(progressToken, extra.sendNotification);
    }
    const result = await app.call(params.name, params.arguments, caller);
    if ("secret" in result) throw new McpError(ErrorCode.InternalError, "No way to ask");
    return toolResult(result);
  });
  const transport: Transport = channel;
  await server.connect(transport);
}
