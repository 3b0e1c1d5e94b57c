import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as soon } from "node:timers/promises";
import { createGzip, gzipSync } from "node:zlib";

/**
 * What happens to one request. `forward: true`: the sandbox carries it out before the answer breaks; `late`: the
 * sandbox carries it out this many milliseconds later.
 */
export type Fault =
  | {
      answer: number;
      headers?: Record<string, string>;
      body?: string | Buffer;
      forward?: boolean;
      late?: number;
      /** Milliseconds until the answer comes. */
      after?: number;
    }
  /** The connection is reset. */
  | { reset: true; forward?: boolean; late?: number }
  /** Nothing more comes: at all, or after the headers. */
  | { silence: "all" | "body"; forward?: boolean }
  /** The body breaks off: short of its content-length or, if `headers` are given, in the middle of its chunks. */
  | { cut: string; headers?: Record<string, string>; forward?: boolean }
  /** An endless body, or a small one that is endless once unpacked. */
  | { flood: "plain" | "gzip" }
  | { delay: number }
  | { pass: true };

export interface SeenRequest {
  method: string;
  path: string;
  headers: IncomingMessage["headers"];
  body: string;
}

export interface FaultProxy {
  url: string;
  /** Every request that arrived. */
  seen: SeenRequest[];
  /** Requests whose answer is not finished and whose caller still waits for it. */
  waiting(): number;
  /** The most that were waiting at one time. */
  mostWaiting(): number;
  /** Requests that are answered, but that the sandbox has yet to carry out. */
  late(): number;
  /** The most connections open at one time. */
  connections: { now: number; most: number };
  /** The faults of the next requests with this method, in order; then all pass again. */
  next(method: string, ...faults: Fault[]): void;
  /** Forgets the faults of `next` that no request has used up. */
  clear(method: string): void;
  /** Decides what happens to every request for which `next` has no fault left. */
  always(decide: ((request: SeenRequest) => Fault) | undefined): void;
  count(method: string): number;
  /** Refuses new connections from now on. */
  refuse(): void;
  close(): Promise<void>;
}

/** A proxy on loopback in front of `target` that breaks answers as scripted. */
export async function startFaultProxy(target: string): Promise<FaultProxy> {
  const faults = new Map<string, Fault[]>();
  const seen: SeenRequest[] = [];
  const connections = { now: 0, most: 0 };
  let decide: ((request: SeenRequest) => Fault) | undefined;

  let waiting = 0;
  let mostWaiting = 0;
  let late = 0;
  const server = createServer(async (request, response) => {
    waiting += 1;
    mostWaiting = Math.max(mostWaiting, waiting);
    response.on("close", () => {
      waiting -= 1;
    });
    response.on("error", () => {});
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "", url: path = "", headers } = request;
    const record = { method, path, headers, body: Buffer.concat(chunks).toString() };
    seen.push(record);
    const fault = faults.get(method)?.shift() ?? decide?.(record) ?? { pass: true };
    await act(fault, record, response).catch(() => response.destroy());
  });
  server.on("connection", (socket) => {
    connections.now += 1;
    connections.most = Math.max(connections.most, connections.now);
    socket.on("close", () => {
      connections.now -= 1;
    });
  });

  async function forward({ method, path, headers, body }: SeenRequest): Promise<Response> {
    const { host, connection, "content-length": _, ...rest } = headers;
    return fetch(`${target}${path}`, {
      method,
      headers: rest as Record<string, string>,
      ...(body === "" ? {} : { body }),
    });
  }

  async function doLate(record: SeenRequest, ms: number): Promise<void> {
    late += 1;
    await soon(ms);
    await forward(record).catch(() => {});
    late -= 1;
  }

  async function act(fault: Fault, record: SeenRequest, response: ServerResponse): Promise<void> {
    if ("forward" in fault && fault.forward) await forward(record);
    if ("late" in fault && fault.late !== undefined) doLate(record, fault.late);
    if ("pass" in fault || "delay" in fault) {
      if ("delay" in fault) await soon(fault.delay);
      const real = await forward(record);
      response.writeHead(real.status, { "content-type": "application/json" });
      response.end(Buffer.from(await real.arrayBuffer()));
    } else if ("answer" in fault) {
      if (fault.after !== undefined) await soon(fault.after);
      response.writeHead(fault.answer, fault.headers);
      response.end(fault.body);
    } else if ("reset" in fault) {
      response.socket?.resetAndDestroy();
    } else if ("silence" in fault) {
      if (fault.silence === "body") response.writeHead(200).write("[");
    } else if ("cut" in fault) {
      const { cut, headers = { "content-length": String(cut.length + 100) } } = fault;
      response.writeHead(200, headers);
      // Closes the connection properly, as a process that exits does; no reset.
      response.write(cut, () => response.socket?.end());
    } else {
      flood(fault.flood, response);
    }
  }

  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    waiting: () => waiting,
    mostWaiting: () => mostWaiting,
    late: () => late,
    connections,
    next: (method, ...next) => {
      faults.set(method, [...(faults.get(method) ?? []), ...next]);
    },
    clear: (method) => {
      faults.delete(method);
    },
    always(decision) {
      decide = decision;
    },
    count: (method) => seen.filter((request) => request.method === method).length,
    refuse: () => {
      server.close();
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function flood(kind: "plain" | "gzip", response: ServerResponse): void {
  const block = Buffer.alloc(1024 * 1024, " ");
  response.writeHead(200, kind === "gzip" ? { "content-encoding": "gzip" } : {});
  const out = kind === "gzip" ? createGzip() : response;
  if (out !== response) (out as ReturnType<typeof createGzip>).pipe(response);
  const pump = () => {
    while (!response.destroyed && out.write(block)) {
      // Writes as fast as the other side reads.
    }
  };
  out.on("drain", pump);
  out.on("error", () => {});
  pump();
}

/** A gzip body that is small on the wire and `bytes` long unpacked. */
export function gzipBomb(bytes: number): Buffer {
  return gzipSync(Buffer.alloc(bytes, " "), { level: 9 });
}
