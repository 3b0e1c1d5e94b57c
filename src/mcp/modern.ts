import {
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  createRequestStateCodec,
  inputRequired,
  PROTOCOL_VERSION_META_KEY,
  type RequestStateCodec,
  Server,
  type ServerContext,
  UnsupportedProtocolVersionError,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import type { Caller, Reply } from "../consent/form.ts";
import { isObject } from "../json.ts";
import { neutralise } from "../text.ts";
import { type Channel, progressTo, toolResult, uncheckedSchemas } from "./protocol.ts";
import type { App } from "./server.ts";

const REVISION = "2026-07-28";
const QUESTION = "decision";
// The SDK would take the age of a state from the wall clock, which may be changed; questions.ts checks it instead.
const FOR_EVER_S = 1e9;
// The list never changes while the process runs, so a client may cache it.
const TOOLS_TTL_MS = 300_000;

/**
 * Serves revision 2026-07-28 on `channel`: every request carries an envelope, and a question to a
 * person is a result whose answer comes with the repeated call.
 */
export async function serveModern(app: App, channel: Channel): Promise<void> {
  let codec: RequestStateCodec<{ id: string }> | undefined;
  // The state holds only the id of a question of this process, and the codec's key keeps it from being forged. The
  // codec is created for the first question: a process that asks none need not load Node's cryptography.
  const getCodec = () =>
    (codec ??= createRequestStateCodec({
      key: crypto.getRandomValues(new Uint8Array(32)),
      ttlSeconds: FOR_EVER_S,
    }));

  function createServer(): Server {
    const hint = { ttlMs: TOOLS_TTL_MS, cacheScope: "private" } as const;
    const server = new Server(app.serverInfo, {
      capabilities: { tools: {} },
      instructions: app.instructions,
      requestState: { verify: (state, context) => getCodec().verify(state, context) },
      cacheHints: { "tools/list": hint, "server/discover": hint },
      jsonSchemaValidator: uncheckedSchemas,
    });
    server.setRequestHandler("tools/list", () => ({ tools: [...app.tools] }) as never);
    server.setRequestHandler("tools/call", async ({ params }, context) => {
      const result = await app.call(params.name, params.arguments, callerOf(context));
      if (result.kind === "result") return toolResult(result);
      const { form, id } = result;
      return inputRequired({
        inputRequests: { [QUESTION]: inputRequired.elicit(form) },
        requestState: await getCodec().mint({ id }),
      });
    });
    return server;
  }

  serveStdio(createServer, { transport: channel, legacy: "reject" });
  refuseOtherRevisions(channel);
}

// The SDK checks the revision of the first message only.
function refuseOtherRevisions(channel: Channel): void {
  const deliver = channel.onmessage;
  channel.onmessage = (message) => {
    const revision: unknown = message.params?._meta?.[PROTOCOL_VERSION_META_KEY];
    if (revision === undefined || revision === REVISION || message.id === undefined) {
      return deliver?.(message);
    }
    const requested = typeof revision === "string" ? neutralise(revision) : "no text";
    const refusal = new UnsupportedProtocolVersionError({ supported: [REVISION], requested });
    const error = { code: refusal.code, message: refusal.message, data: refusal.data };
    channel.send({ jsonrpc: "2.0", id: message.id, error }).catch(() => {});
  };
}

function callerOf({ mcpReq }: ServerContext): Caller {
  // The SDK has checked the envelope, but does not type it.
  const envelope: { [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } = { ...mcpReq.envelope };
  const elicitation = envelope[CLIENT_CAPABILITIES_META_KEY]?.elicitation;
  const state = mcpReq.requestState<{ id: string }>();
  const reply = replyIn(mcpReq.inputResponses?.[QUESTION]);
  return {
    signal: mcpReq.signal,
    // `{}` means forms: it is older than elicitation modes.
    hasForms:
      elicitation !== undefined &&
      (elicitation.form !== undefined || Object.keys(elicitation).length === 0),
    ...progressTo(mcpReq._meta?.progressToken, mcpReq.notify),
    ...(state === undefined ? {} : { answer: { id: state.id, reply } }),
  };
}

function replyIn(response: unknown): Reply {
  if (!isObject(response)) return { kind: "failed", reason: "client_error" };
  const { action, content } = response;
  return { kind: "answer", action: String(action), content };
}
