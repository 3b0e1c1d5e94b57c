import type { Config } from "../settings.ts";

export type Send = (request: Request, init: RequestInit) => Promise<Response>;

/**
 * How requests reach the API: straight, or through the proxy of the environment, whose code is loaded
 * only then.
 */
export async function openRoute({ proxy }: Pick<Config, "proxy">): Promise<Send> {
  if (proxy === undefined) return fetch;
  const { ProxyAgent } = (await import("undici")).default;
  const dispatcher = new ProxyAgent({ uri: proxy });
  // Node's own fetch takes it; its types come from another version of the same library.
  const through: object = { dispatcher };
  return (request, init) => fetch(request, { ...init, ...through });
}
