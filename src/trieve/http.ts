import type { Clock } from "../clock.ts";
import type { Config } from "../config/settings.ts";
import { Failure } from "../errors.ts";
import { isPage, sentOnce, withoutLongBody } from "./body.ts";
import { createDeadline } from "./call.ts";
import { isFromGate } from "./http-errors.ts";
import { networkFailure } from "./network-errors.ts";
import type { Slot } from "./slots.ts";

export type Fetch = (request: Request) => Promise<Response>;

// An answer of something before Trieve that comes later than this may leave Trieve at work on the request.
const INSTANT_MS = 1_000;

interface Options {
  /** The request's place, which is held as long as Trieve may be at work on it. */
  slot: Slot;
  /** How long it may take, body included. */
  ms: number;
  /** How long Trieve may be at work on it, from its start. */
  workMs: number;
  /** Drops the request when it fires. */
  signal?: AbortSignal | undefined;
}

/**
 * HTTP exchanges within their time, which throw Failure. Those of one process share the way to Trieve; `given` is used
 * instead where it is there.
 */
export function createExchange(config: Config, clock: Clock, given: typeof fetch | undefined) {
  let route: Promise<typeof fetch> | undefined;

  return async <T>(
    { slot, ms, workMs, signal }: Options,
    work: (fetch: Fetch) => Promise<T>,
  ): Promise<T> => {
    const startedAt = clock.elapsed();
    const dropped = createDeadline(ms, signal);
    let isCutOff = false;
    try {
      return await work(async (request) => {
        // The signal goes to fetch itself: a Request hands its own on only until the garbage collector takes it.
        const init = { ...(await sentOnce(request)), signal: dropped.signal };
        route ??= openRoute(config);
        const response = await (given ?? (await route))(request, init);
        isCutOff = isFromGate(response.status, isPage(response));
        const isList = request.method === "GET" && response.status === 200 && !isCutOff;
        return isList ? response : withoutLongBody(response);
      });
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof Failure) throw error;
      if (dropped.signal.aborted) throw new Failure("timeout", { origin: "network" });
      const failure = networkFailure(error, config);
      isCutOff = !failure.isCertain;
      throw failure;
    } finally {
      dropped.end();
      const tookMs = clock.elapsed() - startedAt;
      const mayGoOn = dropped.signal.aborted || (isCutOff && tookMs > INSTANT_MS);
      if (mayGoOn) slot.hold(workMs - tookMs);
    }
  };
}

/** How requests reach the API: directly, or through the proxy, whose code is loaded only then. */
export async function openRoute({ proxy }: Pick<Config, "proxy">): Promise<typeof fetch> {
  if (proxy === undefined) return fetch;
  const { ProxyAgent } = (await import("undici")).default;
  const dispatcher = new ProxyAgent({ uri: proxy });
  // Node's own fetch takes it; its types come from another version of the same library.
  const through: object = { dispatcher };
  return (input, init) => fetch(input, { ...init, ...through });
}
