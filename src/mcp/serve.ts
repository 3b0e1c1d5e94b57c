import { setImmediate as nextTurn } from "node:timers/promises";
import { type Message, readLine } from "./message.ts";
import { type Channel, withoutDump } from "./protocol.ts";
import type { App } from "./server.ts";

/** How long calls under way get when the process ends, and when it exits at the latest. */
const GRACE_MS = 1_500;
const EXIT_MS = 1_800;
const MODERN_KEY = "io.modelcontextprotocol/protocolVersion";
const UNANSWERABLE = "a message on stdin is not JSON-RPC, or has no id that an answer could carry";
const HEADERS =
  "stdin has Content-Length headers; MCP over stdio has one JSON message a line, without headers";
/** In bytes; far above any call to this server. */
const LONGEST_LINE = 10 * 1024 * 1024;

/**
 * Serves MCP on stdio until stdin ends, stdout closes, or the returned function is called (on a signal). The first
 * message chooses the protocol: modern if it carries the envelope of revision 2026-07-28, else legacy. A client that
 * has sent only `server/discover` can still switch to legacy. `log` writes one line to stderr.
 */
export function serve(
  app: App,
  { stdin, stdout, exit }: Pick<NodeJS.Process, "stdin" | "stdout" | "exit">,
  log: (line: string) => void,
): () => void {
  let isEnding = false;
  let connection: { channel: Channel; isProbe: boolean } | undefined;
  // Messages are delivered one after the other: the first has to wait until its protocol is loaded.
  let lastDelivery: Promise<void> = Promise.resolve();

  const write = (message: object) =>
    new Promise<void>((resolve, reject) => {
      stdout.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
    });

  async function connect(protocol: "legacy" | "modern"): Promise<Channel> {
    const channel: Channel = {
      start: async () => {},
      send: (message) => write(withoutDump(message)),
      close: async () => channel.onclose?.(),
    };
    if (protocol === "legacy") await (await import("./legacy.ts")).serveLegacy(app, channel);
    else await (await import("./modern.ts")).serveModern(app, channel);
    return channel;
  }

  async function deliver(message: Message): Promise<void> {
    const protocol = MODERN_KEY in Object(message.params?.["_meta"]) ? "modern" : "legacy";
    if (connection?.isProbe && protocol === "legacy") {
      await connection.channel.close();
      connection = undefined;
    }
    connection ??= { channel: await connect(protocol), isProbe: protocol === "modern" };
    connection.isProbe &&= message.method === "server/discover";
    connection.channel.onmessage?.(message);
  }

  function receive(line: string): void {
    if (line.trim() === "" || isEnding) return;
    const isHeader = /^Content-Length:/i.test(line);
    if (isHeader) log(HEADERS);
    for (const { message, refusal } of isHeader ? [] : readLine(line)) {
      if (message === undefined) {
        if ((refusal?.id ?? null) === null) log(UNANSWERABLE);
        if (refusal !== undefined) write(refusal).catch(() => {});
        continue;
      }
      lastDelivery = lastDelivery
        .then(() => deliver(message))
        .catch(() => log("a message could not be handled and was ignored"));
    }
  }

  async function end(code: number): Promise<void> {
    if (isEnding) return;
    isEnding = true;
    const startedAt = performance.now();
    stdin.pause();
    await lastDelivery;
    // Lets the SDK hand on what was delivered last.
    await nextTurn();
    await app.stop(GRACE_MS);
    // Not below zero, of which Node warns, when the machine slept meanwhile.
    setTimeout(() => exit(code), Math.max(0, EXIT_MS - (performance.now() - startedAt)));
    // Exits once the answers of the last calls are flushed.
    await nextTurn();
    stdout.write("", () => exit(code));
  }

  let line = "";
  let size = 0;
  stdin.setEncoding("utf8");
  stdin.on("data", (chunk: string) => {
    for (const [at, piece] of chunk.split("\n").entries()) {
      if (at > 0) {
        receive(line);
        line = "";
        size = 0;
      }
      line += piece;
      size += Buffer.byteLength(piece);
      if (size <= LONGEST_LINE) continue;
      log(`a line on stdin is longer than ${LONGEST_LINE} bytes; stopping`);
      end(1);
      return;
    }
  });
  stdin.on("end", () => {
    receive(line);
    end(0);
  });
  stdin.on("error", () => end(0));
  stdout.on("error", () => end(0));
  return () => end(0);
}
