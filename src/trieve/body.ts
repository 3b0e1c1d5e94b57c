import { statusError, TrieveError } from "./errors.ts";

const REFUSAL_BYTES = 16 * 1024;

/**
 * What makes fetch send the body of a request no more than once: Node's fetch sends a request again by
 * itself when the answer is 421, as the Fetch standard has it, but not when its body is a stream.
 */
export async function sentOnce(request: Request): Promise<RequestInit> {
  if (request.body === null) return {};
  const body = await request.arrayBuffer();
  const headers = new Headers(request.headers);
  // Without it the body would go out in chunks, which not every proxy takes.
  headers.set("content-length", String(body.byteLength));
  return { body: new Blob([body]).stream(), duplex: "half", headers };
}

/**
 * The response with nothing of its body but the text of a 400, which is short and the only one worth
 * reading: openapi-fetch reads the body of a failure to its end, however long it is. Throws
 * TrieveError for a status outside of 200 to 599.
 */
export async function withoutLongBody(response: Response): Promise<Response> {
  const { status } = response;
  if (status < 200 || status > 599) throw statusError(status);
  const retryAfter = response.headers.get("retry-after");
  const headers = retryAfter === null ? {} : { "retry-after": retryAfter };
  if (status === 400) {
    const refusal = await readText(response.body, REFUSAL_BYTES).catch(() => "");
    return new Response(refusal, { status, headers });
  }
  await response.body?.cancel();
  return new Response(null, { status, headers });
}

async function readText(body: ReadableStream<Uint8Array> | null, most: number): Promise<string> {
  const chunks: Buffer[] = [];
  await readBody(body, most, (chunk) => chunks.push(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

/**
 * Hands the decoded body to `onChunk`, piece by piece, and lets go of it when that throws. Throws
 * TrieveError when it is longer than `most` bytes.
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  most: number,
  onChunk: (chunk: Buffer) => void,
): Promise<void> {
  const reader = body?.getReader();
  if (reader === undefined) return;
  let size = 0;
  try {
    for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) {
      size += value?.byteLength ?? 0;
      if (size > most) throw new TrieveError("bad_response", { detail: "too large" });
      if (value !== undefined)
        onChunk(Buffer.from(value.buffer, value.byteOffset, value.byteLength));
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  }
}
