import { type Message, readLine } from "./message.ts";
import { type Channel, withoutDump } from "./protocol.ts";
import type { App } from "./server.ts";

const WRITES_MS = 1_500;
const END_MS = 1_800;
const MODERN_KEY = "io.modelcontextprotocol/protocolVersion";
const UNANSWERABLE =
  "something on stdin is not a JSON-RPC message, or has no id that an answer can carry";
const HEADERS =
  "stdin has Content-Length headers; MCP over stdio has one JSON message a line and no headers";
/** The longest message taken, in bytes; far above any call to this server. */
const LONGEST_LINE = 10 * 1024 * 1024;

/**
 * Serves MCP on stdio until the input ends, stdout closes or the returned function is called, for a signal. The
 * first message decides on the protocol: modern where it carries the envelope of revision 2026-07-28, else legacy.
 * After nothing but `server/discover` a legacy message still goes back to that. `log` writes one line to stderr.
 */
export function serve(
  app: App,
  { stdin, stdout, exit }: Pick<NodeJS.Process, "stdin" | "stdout" | "exit">,
  log: (line: string) => void,
): () => void {
  let isEnding = false;
  let open: { channel: Channel; isProbe: boolean } | undefined;
  // Messages are handed on one after the other: the first has to load its protocol.
  let last: Promise<void> = Promise.resolve();

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
    if (open?.isProbe && protocol === "legacy") {
      await open.channel.close();
      open = undefined;
    }
    open ??= { channel: await connect(protocol), isProbe: protocol === "modern" };
    open.isProbe &&= message.method === "server/discover";
    open.channel.onmessage?.(message);
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
      last = last
        .then(() => deliver(message))
        .catch(() => log("a message could not be handled and was ignored"));
    }
  }

  async function end(code: number): Promise<void> {
    if (isEnding) return;
    isEnding = true;
    const begun = performance.now();
    stdin.pause();
    await last;
    await app.stop(WRITES_MS);
    // A machine that slept meanwhile has no time left, and Node warns of less than none.
    setTimeout(() => exit(code), Math.max(0, END_MS - (performance.now() - begun)));
    // Lets out the answers of the last calls.
    setImmediate(() => stdout.write("", () => exit(code)));
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
