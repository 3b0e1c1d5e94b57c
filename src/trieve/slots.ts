import pLimit, { type LimitFunction } from "p-limit";
import type { Clock } from "../clock.ts";
import { Failure } from "../errors.ts";
import { patience } from "./call.ts";

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
      isCertain: true,
    });
  }

  return async <T>(
    kind: "send" | "other",
    ms: number,
    signal: AbortSignal,
    work: (slot: Slot) => Promise<T>,
  ): Promise<T> => {
    signal.throwIfAborted();
    const wait = patience(ms, signal);
    const releases: (() => void)[] = [];
    const releaseAll = () => {
      for (const release of releases) release();
    };
    try {
      for (const places of kind === "send" ? [sends, requests] : [requests]) {
        releases.push(await takePlace(places, wait.signal));
      }
    } catch (error) {
      releaseAll();
      signal.throwIfAborted();
      throw wait.signal.aborted ? busy() : error;
    } finally {
      wait.end();
    }
    let heldUntil = 0;
    const hold = (ms: number) => {
      heldUntil = clock.elapsed() + ms;
    };
    return work({ hold }).finally(() => {
      const rest = heldUntil - clock.elapsed();
      if (rest <= 0) return releaseAll();
      held.add(heldUntil);
      clock.sleep(rest).then(() => {
        held.delete(heldUntil);
        releaseAll();
      });
    });
  };
}

/** Takes one of the places; the returned function gives it back. Rejects when `signal` fires first. */
function takePlace(places: LimitFunction, signal: AbortSignal): Promise<() => void> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    places(() => (signal.aborted ? undefined : new Promise<void>((release) => resolve(release))));
  });
}
