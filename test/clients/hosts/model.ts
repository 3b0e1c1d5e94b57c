import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { DIALECTS, type ListedTool, type Move, send } from "./dialects.ts";
import type { Call, Part } from "./part.ts";
import { ownName } from "./tools.ts";

export interface PlayedModel {
  url: string;
  /** The tools of the server under test as the host showed them; empty until a host came. */
  tools(): ListedTool[];
  /** Every request of the host as it came: all that the model saw. */
  requests: readonly string[];
  /** Whether the part was played to its end. */
  isOver(): boolean;
  /** What the host wanted of the network that is not a model: for a host's proxy is set to this too. */
  refused: string[];
  close(): Promise<void>;
}

/** A model on loopback, in the four dialects that hosts speak, that plays `part` and thinks nothing. */
export async function startModel(part: Part): Promise<PlayedModel> {
  // A host may ask for the same move again, so moves are kept.
  const moves: Promise<Call | undefined>[] = [];
  const refused: string[] = [];
  const requests: string[] = [];
  let tools: ListedTool[] = [];
  let isOver = false;

  function moveAfter(results: readonly string[]): Promise<Call | undefined> {
    const at = results.length;
    moves[at] ??= (async () => {
      // The first `next` only starts the part, and its argument is lost.
      const { value } = await part.next(results[at - 1] ?? "");
      isOver ||= value === undefined;
      return value ?? undefined;
    })();
    return moves[at];
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { url = "", method } = request;
    let text = "";
    for await (const chunk of request.setEncoding("utf8")) text += chunk;
    const dialect = DIALECTS.find(({ path }) => path.test(url));
    if (dialect === undefined || method !== "POST") {
      if (/^https?:/.test(url)) refused.push(new URL(url).host);
      response.writeHead(/models/.test(url) ? 200 : 404, { "content-type": "application/json" });
      response.end('{"object":"list","data":[{"id":"played","object":"model"}]}');
      return;
    }
    requests.push(text);
    const body = JSON.parse(text);
    const turn = dialect.read(body);
    let move: Move = { say: "done" };
    const own = turn.tools.filter(({ name }) => ownName(name) !== undefined);
    // Without the tools it is about a title and the like.
    if (own.length > 0) {
      tools = own;
      const next = await moveAfter(turn.results);
      const call = own.find(({ name }) => ownName(name) === next?.tool);
      if (next && call) move = { call, args: next.args };
    }
    const id = `${turn.results.length}x${Math.random().toString(36).slice(2, 8)}`;
    send(response, dialect, dialect.write(move, id, body.model ?? "played"));
  }

  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.on("connect", ({ url = "" }, socket) => {
    refused.push(url);
    socket.on("error", () => {});
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    tools: () => tools,
    requests,
    isOver: () => isOver,
    refused,
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}
