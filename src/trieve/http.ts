import type { Clock } from "../clock.ts";
import type { Config } from "../config/settings.ts";
import { Failure } from "../errors.ts";
import { isGatewayPage, sendInit, withoutLongBody } from "./body.ts";
import { createDeadline } from "./call.ts";
import { isFromGate } from "./http-errors.ts";
import { networkFailure } from "./network-errors.ts";
import type { Slot } from "./slots.ts";

export type Fetch = (request: Request) => Promise<Response>;

// If a gateway in front of Trieve answers later than this, Trieve may still be processing the request.
const INSTANT_MS = 1_000;

interface Options {
  /** Held as long as Trieve may be processing the request. */
  slot: Slot;
  /** How long the exchange may take, body included. */
  ms: number;
  /** How long Trieve may be processing the request, from its start. */
  workMs: number;
  /** Aborts the exchange. */
  signal?: AbortSignal | undefined;
}

/**
 * Returns a function that runs an HTTP exchange within its time limit and throws Failure. All exchanges share one route
 * to Trieve, or use `customFetch` if it is given.
 */
export function createExchange(config: Config, clock: Clock, customFetch?: typeof fetch) {
  let route = customFetch && Promise.resolve(customFetch);

  return async <T>(
    { slot, ms, workMs, signal }: Options,
    work: (fetch: Fetch) => Promise<T>,
  ): Promise<T> => {
    const startedAt = clock.elapsed();
    const deadline = createDeadline(ms, signal);
    let isUnanswered = false; // It may have reached Trieve, but the answer is not from Trieve.
    try {
      return await work(async (request) => {
        // The signal goes to fetch itself: a Request passes its signal on only until it is garbage-collected.
        const init = { ...(await sendInit(request)), signal: deadline.signal };
        route ??= openRoute(config);
        const response = await (await route)(request, init);
        isUnanswered = isFromGate(response.status, isGatewayPage(response));
        const isList = request.method === "GET" && response.status === 200 && !isUnanswered;
        return isList ? response : withoutLongBody(response);
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (deadline.signal.aborted) throw new Failure("timeout", { origin: "network" });
      const failure = error instanceof Failure ? error : networkFailure(error, config);
      if (failure.origin !== "trieve") isUnanswered ||= !failure.hadNoEffect;
      throw failure;
    } finally {
      deadline.end();
      const tookMs = clock.elapsed() - startedAt;
      const mayStillRun = deadline.signal.aborted || (isUnanswered && tookMs > INSTANT_MS);
      if (mayStillRun) slot.hold(workMs - tookMs);
    }
  };
}

/** A fetch that reaches the API directly or through the proxy. The proxy code is loaded only when needed. */
export async function openRoute({ proxy }: Pick<Config, "proxy">): Promise<typeof fetch> {
  if (proxy === undefined) return fetch;
  const { ProxyAgent } = (await import("undici")).default;
  const dispatcher = new ProxyAgent({ uri: proxy });
  // Node's fetch accepts it, but is typed for another version of undici.
  const proxied: object = { dispatcher };
  return (input, init) => fetch(input, { ...init, ...proxied });
}
