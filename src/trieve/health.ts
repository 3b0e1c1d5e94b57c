import type { Config } from "../settings.ts";
import type { Send } from "./route.ts";

const HEALTH_MS = 10_000;

/**
 * Whether a Trieve at this address answers its health check, which needs no key and is answered even
 * when nothing else is. Never throws.
 */
export async function answersHealthCheck(
  { baseUrl, extraHeaders = [] }: Pick<Config, "baseUrl" | "extraHeaders">,
  send: Send,
): Promise<boolean> {
  try {
    const request = new Request(`${baseUrl}/api/health`, { redirect: "manual" });
    for (const [name, value] of extraHeaders) request.headers.set(name, value);
    const response = await send(request, { signal: AbortSignal.timeout(HEALTH_MS) });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}
