import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Keeper } from "./keeper.ts";
import { HEADERS, htmlOf } from "./page-html.ts";
import { randomSecret, sameText } from "./secret.ts";
import { VALID_MS, type View } from "./state.ts";

const COOKIE = "reader";
const MOST_BYTES = 1_000;
const REQUEST_MS = 5_000;

/**
 * Serves the one page of the question `secret` on a loopback port of its own until the question needs
 * it no more, and gives its address. Rejects when there is no port.
 */
export async function servePage(secret: string, keeper: Keeper): Promise<string> {
  const path = `/${secret}`;
  let host = "";

  const server = createServer({ headersTimeout: REQUEST_MS, requestTimeout: REQUEST_MS });
  server.on("request", (request, response) => {
    answer(request)
      .then((reply) => send(response, reply))
      .catch(() => response.destroy());
  });

  async function answer(request: IncomingMessage): Promise<Reply> {
    const { headers, method, url = "" } = request;
    // By another name than its own the page is being reached by a trick with DNS.
    if (headers.host !== host) return { status: 403 };
    if (!sameText(url, path)) return { status: 404 };
    const site = headers["sec-fetch-site"];
    if (site !== undefined && site !== "same-origin" && site !== "none") return { status: 403 };
    const cookie = cookiesIn(headers.cookie);
    if (method === "GET") {
      const fresh = { cookie: randomSecret(), field: randomSecret() };
      return show({ type: "read", secret, cookie, fresh });
    }
    if (method !== "POST") return { status: 405 };
    if (headers.origin !== `http://${host}`) return { status: 403 };
    if (headers["content-type"] !== "application/x-www-form-urlencoded") return { status: 403 };
    const fields = new URLSearchParams(await bodyOf(request));
    const given = { field: fields.get("field"), decision: fields.get("decision") };
    return show({ type: "click", secret, cookie, ...given });
  }

  function show(event: Parameters<Keeper["step"]>[0]): Reply {
    const verdict = keeper.step(event);
    if (!("view" in verdict)) return { status: 404 };
    const { view } = verdict;
    if (view.shows === "nothing") return { status: 403 };
    return { status: view.shows === "void" ? 410 : 200, view };
  }

  function send(response: ServerResponse, { status, view }: Reply): void {
    response.writeHead(status, {
      ...HEADERS,
      ...(view?.shows === "question"
        ? {
            "set-cookie": `${COOKIE}=${view.reader.cookie}; Path=${path}; Max-Age=${VALID_MS / 1_000}; HttpOnly; SameSite=Strict`,
          }
        : {}),
    });
    response.end(view === undefined ? "" : htmlOf(view, keeper.clock));
  }

  async function closeInTime(): Promise<void> {
    for (let ms = keeper.rest(secret); ms > 0; ms = keeper.rest(secret)) await keeper.next(ms);
    server.close();
    setTimeout(() => server.closeAllConnections(), REQUEST_MS).unref();
  }

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  server.unref();
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  closeInTime();
  return `http://${host}${path}`;
}

interface Reply {
  status: number;
  view?: Exclude<View, { shows: "nothing" }>;
}

/** Every value that the browser sends under the cookie's name. */
function cookiesIn(header = ""): string[] {
  return header
    .split(";")
    .map((pair) => pair.trim().split("="))
    .filter(([name]) => name === COOKIE)
    .map(([, value = ""]) => value);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error("this is not the page's form");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}
