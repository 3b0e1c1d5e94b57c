import { Failure } from "../errors.ts";
import { statusFailure } from "./http-errors.ts";
import { brokenOff } from "./network-errors.ts";

const REFUSAL_BYTES = 16 * 1024;

/**
 * What fetch needs to send a write only once: Node's fetch repeats a request that is answered with 421, as the
 * Fetch standard has it, unless its body is a stream.
 */
export async function sentOnce(request: Request): Promise<RequestInit> {
  if (request.method === "GET") return {};
  const body = await request.arrayBuffer();
  const headers = new Headers(request.headers);
  // Without it the body would go out in chunks, which not every proxy takes.
  headers.set("content-length", String(body.byteLength));
  return { body: new Blob([body]).stream(), duplex: "half", headers };
}

/**
 * The response without its body, except the beginning of a 400's, which says why: openapi-fetch would read the body
 * of a failure to its end, however long it is. Throws Failure for a status outside of 200 to 599.
 */
export async function withoutLongBody({ status, headers, body }: Response): Promise<Response> {
  if (status < 200 || status > 599) throw statusFailure({ status });
  const refusal = status === 400 ? await readText(body, REFUSAL_BYTES).catch(() => "") : null;
  await body?.cancel();
  return new Response(refusal, { status, headers });
}

/**
 * Whether a response can only be a page of something before Trieve, whose API never sends HTML, asks a browser to sign
 * in, or gives a list that is not JSON.
 */
export function isPage({ status, headers }: Response): boolean {
  const type = headers.get("content-type") ?? "";
  const isOther = status === 200 ? !/^$|json\b/i.test(type) : /^text\/html\b/i.test(type);
  return isOther || /^(basic|digest|negotiate|ntlm)\b/i.test(headers.get("www-authenticate") ?? "");
}

/** The decoded body as text. Stops and throws Failure `bad_response` when it is longer than `most` bytes. */
export async function readText(
  body: ReadableStream<Uint8Array> | null,
  most: number,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by a throw cancels the body.
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > most) throw new Failure("bad_response", { detail: "too large", origin: "trieve" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * The rows of a list's body. Throws Failure: `network_error` where it broke off, which fetch does not always tell
 * (Node 20 takes a chunked body for whole whose connection was closed), else `bad_response`.
 */
export function parseList(text: string): readonly unknown[] {
  try {
    const rows: unknown = JSON.parse(text);
    if (Array.isArray(rows)) return rows;
  } catch {
    // Not kept as the cause: its message quotes the body.
    if (text.trim() === "" || isUnfinished(text)) throw brokenOff();
  }
  throw new Failure("bad_response", { detail: "not a JSON list", origin: "trieve" });
}

/** Whether this begins as a list and leaves a bracket open: its last character may be that of a list within. */
function isUnfinished(text: string): boolean {
  if (!/^\s*\[/.test(text)) return false;
  const pieces = text.replace(/\\./g, "").split('"');
  // Every other piece is in quotes.
  const outside = pieces.filter((_, at) => at % 2 === 0).join("");
  return outside.split(/[[{]/).length > outside.split(/[\]}]/).length;
}
