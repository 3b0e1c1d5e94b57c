import { Failure } from "../errors.ts";
import { statusFailure } from "./http-errors.ts";
import { cutShort } from "./network-errors.ts";

const REFUSAL_BYTES = 16 * 1024;

/**
 * Fetch options that keep a write from being sent twice: Node's fetch, following the Fetch standard, repeats a
 * request that is answered with 421 unless its body is a stream.
 */
export async function sendInit(request: Request): Promise<RequestInit> {
  if (request.method === "GET") return {};
  const body = await request.arrayBuffer();
  const headers = new Headers(request.headers);
  // Without it the body would be sent chunked, which not every proxy accepts.
  headers.set("content-length", String(body.byteLength));
  return { body: new Blob([body]).stream(), duplex: "half", headers };
}

/**
 * The response without its body, except that a 400 keeps a body of up to 16 KiB, which says why: openapi-fetch would
 * read the body of any error to its end, however long. Throws Failure for a status outside 200 to 599.
 */
export async function withoutLongBody({ status, headers, body }: Response): Promise<Response> {
  if (status < 200 || status > 599) throw statusFailure({ status });
  const refusal = status === 400 ? await readText(body, REFUSAL_BYTES).catch(() => "") : null;
  await body?.cancel();
  return new Response(refusal, { status, headers });
}

/**
 * Whether a response must come from a gateway in front of Trieve: Trieve's API never sends HTML, a browser sign-in
 * challenge, or a 200 that is not JSON.
 */
export function isGatewayPage({ status, headers }: Response): boolean {
  const type = headers.get("content-type") ?? "";
  const isWrong = status === 200 ? !/^$|json\b/i.test(type) : /^text\/html\b/i.test(type);
  return isWrong || /^(basic|digest|negotiate|ntlm)\b/i.test(headers.get("www-authenticate") ?? "");
}

/** The decoded body as text. Stops and throws Failure `bad_response` when it is longer than `max` bytes. */
export async function readText(
  body: ReadableStream<Uint8Array> | null,
  max: number,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // A throw inside the loop cancels the body.
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > max) throw new Failure("bad_response", { detail: "too large", origin: "trieve" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * The rows in the body of a list. Throws Failure: `network_error` if the body is cut off, which fetch does not always
 * report (Node 20 takes a chunked body as complete when its connection is closed), otherwise `bad_response`.
 */
export function parseList(text: string): readonly unknown[] {
  try {
    const rows: unknown = JSON.parse(text);
    if (Array.isArray(rows)) return rows;
  } catch {
    // Not kept as the cause: its message quotes the body.
    if (text.trim() === "" || isUnfinished(text)) throw cutShort();
  }
  throw new Failure("bad_response", { detail: "not a JSON list", origin: "trieve" });
}

/** Whether text begins as a JSON list and leaves a bracket open. A final `]` may be that of an inner list. */
function isUnfinished(text: string): boolean {
  if (!/^\s*\[/.test(text)) return false;
  const pieces = text.replace(/\\./g, "").split('"');
  // The pieces alternate: outside quotes, then inside.
  const outside = pieces.filter((_, at) => at % 2 === 0).join("");
  return outside.split(/[[{]/).length > outside.split(/[\]}]/).length;
}
