import { randomBytes } from "node:crypto";
import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  inputRequired,
  PROTOCOL_VERSION_META_KEY,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  type ServerContext,
  UnsupportedProtocolVersionError,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Reply } from "../consent/state.ts";
import type { Caller } from "../consent/way.ts";
import { neutralise } from "../text.ts";
import type { App } from "./app.ts";
import type { Channel } from "./channel.ts";
import { progressWith, toolResult, uncheckedSchemas, unknownTool } from "./face.ts";

const REVISION = "2026-07-28";
const QUESTION = "decision";
// The SDK's limit goes by the wall clock, which is turned; how long a question lasts is decided with it.
const FOR_EVER_S = 1e9;
// Tools change with the configuration only, and that is read once, so a client may keep the list.
const TOOLS_TTL_MS = 300_000;

/**
 * Serves revision 2026-07-28 on `channel`: no handshake, an envelope on every request, and a question
 * to a person is a result whose answer comes with the repeated call.
 */
export async function openStateless(app: App, channel: Channel): Promise<void> {
  // The state only names an open question, which this process holds; the seal makes it unforgeable.
  const seal = createRequestStateCodec<{ secret: string }>({
    key: randomBytes(32),
    ttlSeconds: FOR_EVER_S,
  });

  function createServer(): Server {
    const hint = { ttlMs: TOOLS_TTL_MS, cacheScope: "private" } as const;
    const server = new Server(app.serverInfo, {
      capabilities: { tools: {} },
      instructions: app.instructions,
      requestState: { verify: seal.verify },
      cacheHints: { "tools/list": hint, "server/discover": hint },
      jsonSchemaValidator: uncheckedSchemas,
    });
    server.setRequestHandler("tools/list", () => ({ tools: [...app.tools] }) as never);
    server.setRequestHandler("tools/call", async ({ params }, context) => {
      const unknown = unknownTool(app, params.name);
      if (unknown !== undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, unknown);
      const result = await app.call(params.name, params.arguments, callerOf(context));
      if (!("secret" in result)) return toolResult(result);
      const { form, secret } = result;
      return inputRequired({
        inputRequests: { [QUESTION]: inputRequired.elicit(form) },
        requestState: await seal.mint({ secret }),
      });
    });
    return server;
  }

  serveStdio(createServer, { transport: channel, legacy: "reject" });
  refuseOtherRevisions(channel);
}

// The SDK looks at the revision of the first message only.
function refuseOtherRevisions(channel: Channel): void {
  const deliver = channel.onmessage;
  channel.onmessage = (message) => {
    const requested: unknown = message.params?._meta?.[PROTOCOL_VERSION_META_KEY];
    if (requested === undefined || requested === REVISION || message.id === undefined) {
      deliver?.(message);
      return;
    }
    const error = new UnsupportedProtocolVersionError({
      supported: [REVISION],
      requested: neutralise(String(requested)),
    });
    const { code, message: text, data } = error;
    channel
      .send({ jsonrpc: "2.0", id: message.id, error: { code, message: text, data } })
      .catch(() => {});
  };
}

function callerOf({ mcpReq }: ServerContext): Caller {
  // The SDK has checked the envelope, and gives it no type.
  const envelope: { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } = { ...mcpReq.envelope };
  const elicitation = envelope[CLIENT_CAPABILITIES_META_KEY]?.elicitation;
  const state = mcpReq.requestState<{ secret: string }>();
  const caller: Caller = {
    signal: mcpReq.signal,
    // `{}` means form mode, as it did before there were modes.
    hasForms:
      elicitation !== undefined &&
      (elicitation.form !== undefined || Object.keys(elicitation).length === 0),
  };
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken !== undefined) {
    caller.progress = progressWith(progressToken, mcpReq.notify);
  }
  if (state !== undefined) {
    caller.answer = { secret: state.secret, reply: replyIn(mcpReq.inputResponses?.[QUESTION]) };
  }
  return caller;
}

function replyIn(response: unknown): Reply {
  if (typeof response !== "object" || response === null) return { failed: "client_error" };
  const { action, content } = response as { action?: unknown; content?: unknown };
  return { form: { action: String(action), content } };
}
