import { once } from "node:events";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { sameText } from "./code.ts";
import { renderPage } from "./page-html.ts";
import { HEADERS } from "./page-style.ts";
import { type PageQuestion, type PageReply, type TurnedAway, VALID_MS } from "./question.ts";
import type { Questions } from "./questions.ts";

const MAX_BODY_BYTES = 1_000;
// Cookies ignore ports: a request carries those of every program on this machine.
const MAX_HEADER_BYTES = 1_000_000;
const REQUEST_MS = 5_000;

/**
 * Serves all pages of a process on one loopback port, each for 10 minutes. The returned function serves the page of
 * a question and returns its URL; it rejects if no port can be opened.
 */
export function createPageServer(questions: Questions) {
  const pages = new Set<PageQuestion>();
  let server: Server | undefined;

  /** What the browser gets: a page, or the status of an empty response. Undefined means 404. */
  async function answer(request: IncomingMessage): Promise<PageReply | number | undefined> {
    const { headers, method, url = "" } = request;
    // A service worker of a program that had this port before can read every page, whatever its script's path.
    if (headers["service-worker"] === "script") {
      const replies = [...pages].map((page) => questions.read(page, { why: "service_worker" }));
      return replies.at(-1);
    }
    const page = [...pages].find(({ id }) => sameText(url, `/${id}`));
    if (page === undefined) return undefined;
    if (method === "GET") {
      return isPrefetch(headers) ? 503 : questions.read(page, faultIn(headers));
    }
    if (method !== "POST") return 405;
    if (!(Number(headers["content-length"]) <= MAX_BODY_BYTES)) return 413;
    const fields = new URLSearchParams(await text(request));
    return questions.click(page, {
      field: fields.get("field"),
      choice: fields.get("decision"),
      isFromPage:
        headers.origin === `http://${headers.host}` &&
        allows(headers["sec-fetch-mode"], "navigate"),
    });
  }

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = (await answer(request)) ?? 404;
    if (typeof reply === "number") response.writeHead(reply, HEADERS).end();
    else response.writeHead(statusOf(reply), HEADERS).end(renderPage(reply, questions.clock));
  }

  async function listen(): Promise<Server> {
    const listening = createServer({
      headersTimeout: REQUEST_MS,
      requestTimeout: REQUEST_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
      requireHostHeader: false,
    });
    listening.on("request", (request, response) => {
      respond(request, response).catch(() => response.destroy());
    });
    await once(listening.listen(0, "127.0.0.1").unref(), "listening");
    return listening;
  }

  async function closeWhenExpired(page: PageQuestion, listening: Server): Promise<void> {
    await questions.clock.sleep(VALID_MS);
    pages.delete(page);
    if (pages.size > 0) return;
    server = undefined;
    listening.close();
    setTimeout(() => listening.closeAllConnections(), REQUEST_MS).unref();
  }

  return async (page: PageQuestion): Promise<string> => {
    // No second page can come meanwhile: any other question is `busy` until this one has ended.
    server ??= await listen();
    pages.add(page);
    closeWhenExpired(page, server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/${page.id}`;
  };
}

function statusOf(reply: PageReply): number {
  if (reply.kind === "turned_away") return 403;
  const { answer } = reply.page;
  return reply.kind === "question" || answer === "yes" || answer === "kept" ? 200 : 410;
}

/** Whether a browser only prefetches; it requests the page again when the person opens it. */
function isPrefetch(headers: IncomingHttpHeaders): boolean {
  return ["sec-purpose", "purpose", "x-moz"].some((name) => headers[name] !== undefined);
}

/** Why this request cannot come from a browser window that a person looks at; undefined if it can. */
function faultIn({ host = "(none)", ...headers }: IncomingHttpHeaders): TurnedAway | undefined {
  // The preload for a service worker differs from a window's request in this header only.
  if (headers["service-worker-navigation-preload"] !== undefined) return { why: "service_worker" };
  // Another host name means DNS rebinding. Another port is fine: it may have been forwarded.
  if (!/^(127\.0\.0\.1|localhost)(:\d+)?$/i.test(host)) return { why: "address", host };
  const isWindow =
    allows(headers["sec-fetch-mode"], "navigate") &&
    allows(headers["sec-fetch-dest"], "document") &&
    headers["sec-fetch-site"] !== "same-origin";
  return isWindow ? undefined : { why: "not_a_window" };
}

/** Whether a header has this value, or is absent. */
function allows(header: string | string[] | undefined, value: string): boolean {
  return header === undefined || header === value;
}
