import { Failure } from "../failures.ts";
import { statusFailure } from "./http-failure.ts";

/** The content type of a page; the responses of withoutLongBody have it spelled so, or not at all. */
export const PAGE = "text/html";

const REFUSAL_BYTES = 16 * 1024;

/**
 * What makes fetch send a write no more than once: Node's fetch sends a request again by itself when the
 * answer is 421, as the Fetch standard has it, but not when its body is a stream, be it empty.
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
 * The response with nothing of its body but the text of a 400, which is short and the only one worth
 * reading: openapi-fetch reads the body of a failure to its end, however long it is. Throws
 * Failure for a status outside of 200 to 599.
 */
export async function withoutLongBody(response: Response): Promise<Response> {
  const { status } = response;
  if (status < 200 || status > 599) throw statusFailure({ status });
  const { headers: said } = response;
  const retryAfter = said.get("retry-after");
  // Trieve asks for no sign-in by the browser.
  const isPage =
    /^text\/html\b/i.test(said.get("content-type") ?? "") ||
    /^(basic|digest|negotiate|ntlm)\b/i.test(said.get("www-authenticate") ?? "");
  const headers = {
    ...(retryAfter === null ? {} : { "retry-after": retryAfter }),
    ...(isPage ? { "content-type": PAGE } : {}),
  };
  if (status === 400) {
    const refusal = await readText(response.body, REFUSAL_BYTES).catch(() => "");
    return new Response(refusal, { status, headers });
  }
  await response.body?.cancel();
  return new Response(null, { status, headers });
}

/**
 * The decoded body as text, let go of when it is longer than `most` bytes. Throws Failure
 * `bad_response` then.
 */
export async function readText(
  body: ReadableStream<Uint8Array> | null,
  most: number,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  // Leaving the loop by a throw cancels the body.
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > most) throw new Failure("bad_response", { detail: "too large" });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
