import type { Clock } from "../clock.ts";

/** What one call may spend, what it has spent, and how far it is. */
export interface CallContext {
  /** Fires when the caller has given up. Heeded by reads, and by writes until they are sent. */
  readonly signal: AbortSignal;
  readonly spent: Readonly<{ requests: number; writes: number }>;
  /** What is known by now of each target, for a call that does not come to its end. */
  readonly known: readonly (string | undefined)[];
  /** Milliseconds until its time is up; not above zero when it is. */
  timeLeft(): number;
  /** Sees to it that at least `ms` milliseconds are left: a machine may have slept in the meantime. */
  assure(ms: number): void;
  /** Waits for something that is not the call's own time, as the answer of a person is. */
  offTheClock<T>(wait: () => Promise<T>): Promise<T>;
  beginRequest(): void;
  /** Counts a request that may change something. The returned function says that it cannot have. */
  beginWrite(): () => void;
  /** The same call at work on one of its targets, counted from 0; a call begins at its first. */
  at(target: number): CallContext;
  /** Notes what is known of the target by now. */
  know(outcome: string): void;
  /** Says that it is done with one target more. */
  step(): void;
}

/** The context of a call that begins now and may take `ms` milliseconds. */
export function createCallContext(
  clock: Clock,
  signal: AbortSignal,
  ms: number,
  onStep: () => void = () => {},
): CallContext {
  const spent = { requests: 0, writes: 0 };
  const known: (string | undefined)[] = [];
  let endsAt = clock.elapsed() + ms;

  const at = (target: number): CallContext => ({
    signal,
    spent,
    known,
    timeLeft: () => endsAt - clock.elapsed(),
    assure(ms) {
      endsAt = Math.max(endsAt, clock.elapsed() + ms);
    },
    async offTheClock(wait) {
      const since = clock.elapsed();
      try {
        return await wait();
      } finally {
        endsAt += clock.elapsed() - since;
      }
    },
    beginRequest() {
      spent.requests += 1;
    },
    beginWrite() {
      const before = known[target];
      known[target] = "outcome_unknown";
      spent.writes += 1;
      return () => {
        known[target] = before;
        spent.writes -= 1;
      };
    },
    at,
    know(outcome) {
      known[target] = outcome;
    },
    step: onStep,
  });
  return at(0);
}
