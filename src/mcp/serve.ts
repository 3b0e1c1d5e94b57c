import type { Readable, Writable } from "node:stream";
import type { App } from "./app.ts";
import { type Channel, createChannel } from "./channel.ts";
import { createLineSplitter, LONGEST_LINE } from "./lines.ts";
import { type Message, readLine } from "./message.ts";

/** The outside of the process, as main.ts hands it in. */
export interface Stdio {
  stdin: Readable;
  stdout: Writable;
  /** Writes one line to stderr. */
  log(line: string): void;
  /** Ends the process. */
  exit(code: number): void;
  /** Calls back on SIGTERM, SIGINT and SIGHUP. */
  onSignal(stop: () => void): void;
}

const WRITES_MS = 1_500;
const END_MS = 1_800;
const STATELESS_VERSION_KEY = "io.modelcontextprotocol/protocolVersion";

/**
 * Serves MCP on stdio until the input ends, a signal comes or stdout closes. A message that carries
 * the envelope of revision 2026-07-28 opens the stateless face, any other the handshake face; an
 * `initialize` after nothing but probes goes back to the handshake.
 */
export function serve(app: App, stdio: Stdio): void {
  const { stdin, stdout, log, exit, onSignal } = stdio;
  let isEnding = false;
  let face: { era: Era; channel: Channel; isProbe: boolean } | undefined;
  // Messages are handed on one after the other: opening a face takes time.
  let last: Promise<void> = Promise.resolve();

  const write = (message: object) =>
    new Promise<void>((resolve, reject) => {
      stdout.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()));
    });

  const send = (message: object) => write(withoutDump(message));

  async function open(era: Era): Promise<Channel> {
    const channel = createChannel(send);
    if (era === "handshake") {
      const { openHandshake } = await import("./handshake.ts");
      await openHandshake(app, channel);
    } else {
      const { openStateless } = await import("./stateless.ts");
      await openStateless(app, channel);
    }
    return channel;
  }

  async function deliver(message: Message): Promise<void> {
    const era = eraOf(message);
    if (face?.isProbe && era === "handshake") {
      await face.channel.close();
      face = undefined;
    }
    face ??= { era, channel: await open(era), isProbe: true };
    face.isProbe &&= face.era === "stateless" && message.method === "server/discover";
    face.channel.onmessage?.(message);
  }

  function receive(line: string): void {
    if (line.trim() === "" || isEnding) return;
    for (const reading of readLine(line) ?? [undefined]) {
      if (reading === undefined)
        log("something on stdin is not a JSON-RPC message and was left out");
      else if ("refusal" in reading) write(reading.refusal).catch(() => {});
      else hand(reading.message);
    }
  }

  function hand(message: Message): void {
    last = last
      .then(() => deliver(message))
      .catch(() => log("a message could not be handled and was left out"));
  }

  async function end(code: number): Promise<void> {
    if (isEnding) return;
    isEnding = true;
    const begun = performance.now();
    stdin.pause();
    await last;
    await app.stop(WRITES_MS);
    // The answers of the last calls are on their way to stdout: let them out.
    const flushed = new Promise<void>((resolve) =>
      setImmediate(() => stdout.write("", () => resolve())),
    );
    // A machine that slept meanwhile has no time left, and Node warns of less than none.
    setTimeout(() => exit(code), Math.max(0, END_MS - (performance.now() - begun)));
    await flushed;
    exit(code);
  }

  const split = createLineSplitter(receive, () => {
    log(`a line on stdin is longer than ${LONGEST_LINE} bytes; stopping`);
    end(1);
  });
  stdin.on("data", split.push);
  stdin.on("end", () => {
    split.end();
    end(0);
  });
  stdin.on("error", () => end(0));
  stdout.on("error", () => end(0));
  onSignal(() => end(0));
}

type Era = "handshake" | "stateless";

function eraOf({ params }: Message): Era {
  const meta = Object(params?.["_meta"]);
  return STATELESS_VERSION_KEY in meta ? "stateless" : "handshake";
}

const INVALID_PARAMS = -32602;

/** An SDK tells what it could not read as a dump of its schema: that becomes a sentence. */
function withoutDump(message: { error?: { code: number; message: string } }): object {
  const { error } = message;
  if (
    error === undefined ||
    !/^(MCP error -?\d+: )?\s*[[{]|Invalid (input|params|request|tools)|expected /i.test(
      error.message,
    )
  ) {
    return message;
  }
  const told = "The request is not as the protocol has it; check the parameters of its method";
  return { ...message, error: { code: INVALID_PARAMS, message: told } };
}
