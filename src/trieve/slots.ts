import pLimit from "p-limit";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import { createDeadline } from "./call.ts";

// Ten requests at once can hang Trieve for good, and each send blocks one of its workers.
const REQUESTS = 4;
const SENDS = 2;

/** Permission to have one request in progress at Trieve. */
export interface Slot {
  /** Keeps the slot for `ms` more milliseconds, while Trieve may still be processing the request. */
  hold(ms: number): void;
}

/**
 * The slots of this process: at most four requests in progress at Trieve, at most two of them sends. The returned
 * function waits up to `ms` milliseconds for a slot and runs `work` in it. Throws Failure `busy` if none becomes free,
 * or the reason of `signal`.
 */
export function createSlots(clock: Clock) {
  const requests = pLimit(REQUESTS);
  const sends = pLimit(SENDS);
  /** When held slots become free, in `clock.elapsed()` time. */
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
