import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolRequestSchema,
  ElicitResultSchema,
  ListToolsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { Caller } from "../consent/form.ts";
import { type Channel, progressTo, toolResult, uncheckedSchemas } from "./protocol.ts";
import type { App } from "./server.ts";

// A question ends with its signal; the SDK's default timeout of 60 s would cut it short.
const NEVER_MS = 2 ** 31 - 1;

/** Serves the revisions that begin with `initialize`, 2024-11-05 to 2025-11-25, on `channel`. */
export async function serveLegacy(app: App, channel: Channel): Promise<void> {
  const server = new Server(app.serverInfo, {
    capabilities: { tools: {} },
    instructions: app.instructions,
    jsonSchemaValidator: uncheckedSchemas,
  });
  // Clients on this SDK ignore the cancellation of request 0: they treat that id as missing.
  Object.assign(server, { _requestMessageId: 1 });
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [...app.tools] }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }, extra) => {
    const caller: Caller = {
      signal: extra.signal,
      ...progressTo(extra._meta?.progressToken, extra.sendNotification),
      hasForms: server.getClientCapabilities()?.elicitation?.form !== undefined,
      async showForm(form, signal) {
        const params = { mode: "form", ...form } as const;
        const options = { signal, timeout: NEVER_MS };
        const request = { method: "elicitation/create", params } as const;
        const { action, content } = await extra.sendRequest(request, ElicitResultSchema, options);
        return { kind: "answer", action, content };
      },
    };
    const result = await app.call(params.name, params.arguments, caller);
    if (result.kind === "form") throw new Error("a caller with showForm got a form");
    return toolResult(result);
  });
  await server.connect(channel satisfies Transport);
}
