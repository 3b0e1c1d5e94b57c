import type { Clock } from "../clock.ts";

/** What one call may spend, and what it has spent. */
export interface CallContext {
  /** Fires when the caller has given up. Heeded by reads, and by writes until they are sent. */
  readonly signal: AbortSignal;
  readonly spent: Readonly<{ requests: number; writes: number }>;
  /** Milliseconds until its time is up; not above zero when it is. */
  timeLeft(): number;
  /** Waits for something that is not the call's own time, as the answer of a person is. */
  offTheClock<T>(wait: () => Promise<T>): Promise<T>;
  beginRequest(): void;
  /** Counts a request that may change something. The returned function says that it cannot have. */
  beginWrite(): () => void;
}

/** The context of a call that begins now and may take `ms` milliseconds. */
export function createCallContext(clock: Clock, signal: AbortSignal, ms: number): CallContext {
  const spent = { requests: 0, writes: 0 };
  let endsAt = clock.now() + ms;
  return {
    signal,
    spent,
    timeLeft: () => endsAt - clock.now(),
    async offTheClock(wait) {
      const since = clock.now();
      try {
        return await wait();
      } finally {
        endsAt += clock.now() - since;
      }
    },
    beginRequest() {
      spent.requests += 1;
    },
    beginWrite() {
      spent.writes += 1;
      return () => {
        spent.writes -= 1;
      };
    },
  };
}
