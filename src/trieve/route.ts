import type { Config } from "../config/settings.ts";

/** How requests reach the API: directly, or through the proxy, whose code is loaded only then. */
export async function openRoute({ proxy }: Pick<Config, "proxy">): Promise<typeof fetch> {
  if (proxy === undefined) return fetch;
  const { ProxyAgent } = (await import("undici")).default;
  const dispatcher = new ProxyAgent({ uri: proxy });
  // Node's own fetch takes it; its types come from another version of the same library.
  const through: object = { dispatcher };
  return (input, init) => fetch(input, { ...init, ...through });
}

const HEALTH_MS = 10_000;

/**
 * Whether a Trieve at this address answers its health check, which needs no key and works even where nothing else
 * does. Never throws.
 */
export async function answersHealthCheck(
  { baseUrl, extraHeaders = [] }: Pick<Config, "baseUrl" | "extraHeaders">,
  send: typeof fetch,
): Promise<boolean> {
  try {
    const request = new Request(`${baseUrl}/api/health`, { redirect: "manual" });
    for (const [name, value] of extraHeaders) request.headers.set(name, value);
    const response = await send(request, { signal: AbortSignal.timeout(HEALTH_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
