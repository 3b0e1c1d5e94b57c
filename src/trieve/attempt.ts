import pLimit from "p-limit";
import type { Clock } from "../clock.ts";
import { Failure } from "../failures.ts";
import type { Config } from "../settings.ts";
import { sentOnce, withoutLongBody } from "./body.ts";
import type { CallContext } from "./call-context.ts";
import { networkFailure } from "./http-failure.ts";
import type { Limits } from "./limits.ts";
import { openRoute, type Send } from "./route.ts";

export type Fetch = (request: Request) => Promise<Response>;

// Ten requests at once can hang a Trieve for good. A request that is dropped goes on in there for up to
// its own limit, and so it counts until then.
const REQUESTS = 4;
const TRIEVE_MS = 15_000;

/** What an attempt may take: what it has to leave of the call's time, and what it has at any rate. */
export interface Time {
  mostMs: number;
  leaveMs?: number;
  leastMs?: number;
}

/** Until when a cancelled call takes a request along: at any time, until it is sent, or never. */
export type Cancellable = "always" | "until_sent" | "never";

export interface Attempts {
  /**
   * Runs one HTTP exchange, body included, within its time and when fewer than four others run. Throws
   * Failure.
   */
  attempt<T>(
    call: CallContext,
    cancellable: Cancellable,
    exchange: (fetch: Fetch) => Promise<T>,
    time?: Time,
  ): Promise<T>;
  /** Whether one more would run at once. */
  hasRoom(): boolean;
}

/** The attempts of one process, which share their places and the way to Trieve. */
export function createAttempts(options: {
  config: Config;
  clock: Clock;
  limits: Limits;
  fetch: typeof globalThis.fetch | undefined;
}): Attempts {
  const { config, clock, limits, fetch: given } = options;
  const places = pLimit(REQUESTS);
  let route: Promise<Send> | undefined;

  /**
   * The fetch of one attempt. The signal goes to fetch itself: a Request hands its own on only until
   * the garbage collector takes it.
   */
  const fetchUntil =
    (signal: AbortSignal): Fetch =>
    async (request) => {
      const init = { ...(await sentOnce(request)), signal };
      route ??= openRoute(config);
      const response = await (given ?? (await route))(request, init);
      const isList = request.method === "GET" && response.status === 200;
      return isList ? response : withoutLongBody(response);
    };

  function attempt<T>(
    call: CallContext,
    cancellable: Cancellable,
    exchange: (fetch: Fetch) => Promise<T>,
    time: Time = { mostMs: limits.attemptMs },
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      places(async () => {
        const begun = clock.elapsed();
        const dropped = new AbortController();
        await run(call, cancellable, exchange, { ...time, dropped }).then(resolve, reject);
        const rest = begun + TRIEVE_MS - clock.elapsed();
        if (dropped.signal.aborted && rest > 0) await clock.sleep(rest);
      });
    });
  }

  async function run<T>(
    call: CallContext,
    cancellable: Cancellable,
    exchange: (fetch: Fetch) => Promise<T>,
    { mostMs, leaveMs = 0, leastMs = 0, dropped }: Time & { dropped: AbortController },
  ): Promise<T> {
    if (cancellable !== "never") call.signal.throwIfAborted();
    const ms = Math.min(mostMs, Math.max(leastMs, call.timeLeft() - leaveMs));
    if (ms <= 0) throw new Failure("timeout", { nothingSent: true });
    call.beginRequest();
    const drop = () => dropped.abort();
    const timeout = setTimeout(drop, ms);
    if (cancellable === "always") call.signal.addEventListener("abort", drop, { once: true });
    try {
      return await exchange(fetchUntil(dropped.signal));
    } catch (error) {
      if (cancellable === "always") call.signal.throwIfAborted();
      if (error instanceof Failure) throw error;
      if (dropped.signal.aborted) throw new Failure("timeout");
      throw networkFailure(error, config);
    } finally {
      clearTimeout(timeout);
      call.signal.removeEventListener("abort", drop);
    }
  }

  return { attempt, hasRoom: () => places.activeCount < REQUESTS };
}
