import pLimit from "p-limit";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import { createDeadline } from "./call.ts";

// Ten requests at once can hang a Trieve for good, and each send blocks one of its workers.
const REQUESTS = 4;
const SENDS = 2;

/** A request's place inside Trieve. */
export interface Slot {
  /** Trieve may be at work on the request for `ms` milliseconds more: the place is held as long. */
  hold(ms: number): void;
}

/**
 * The places of one process: at most four requests inside Trieve at a time, of these at most two sends. The returned
 * function does `work` in one, for which it waits up to `ms` milliseconds. Throws Failure `busy` when none comes, and
 * what aborted `signal`.
 */
export function createSlots(clock: Clock) {
  const requests = pLimit(REQUESTS);
  const sends = pLimit(SENDS);
  /** Until when places are held, on the clock that nobody turns. */
  const held = new Set<number>();

  function busy(): Failure {
    const rest = Math.max(0, ...held) - clock.elapsed();
    const seconds = rest > 0 ? ` up to ${Math.ceil(rest / 1_000)} s` : "";
    return new Failure("busy", {
      happened: `This server waits${seconds} for requests that Trieve may still be working on; nothing was sent`,
      next: "Call again in a minute",
    });
  }

  return async <T>(
    kind: "send" | "other",
    ms: number,
    signal: AbortSignal,
    work: (slot: Slot) => Promise<T>,
  ): Promise<T> => {
    signal.throwIfAborted();
    const wait = createDeadline(ms, signal);
    return new Promise((resolve, reject) => {
      wait.signal.addEventListener("abort", () => {
        wait.end();
        reject(signal.aborted ? signal.reason : busy());
      });
      async function run(): Promise<void> {
        if (wait.signal.aborted) return;
        wait.end();
        let heldUntil = 0;
        const hold = (ms: number) => {
          heldUntil = clock.elapsed() + ms;
        };
        const working = work({ hold });
        resolve(working);
        await working.catch(() => {});
        const rest = heldUntil - clock.elapsed();
        if (rest <= 0) return;
        held.add(heldUntil);
        await clock.sleep(rest);
        held.delete(heldUntil);
      }
      if (kind === "send") sends(() => requests(run));
      else requests(run);
    });
  };
}
