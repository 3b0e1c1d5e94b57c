import { type Clock, systemClock } from "../../src/clock.ts";
import { loadSettings } from "../../src/config/load.ts";
import { type App, createApp } from "../../src/mcp/server.ts";
import type { Limits } from "../../src/trieve/limits.ts";
import type { Person } from "./client.ts";
// Loaded here, since a mutation run would attribute what runs at import to the test that makes the first call.
import "../../src/mcp/call.ts";

/** Real time, with waits a hundred times shorter. */
export const fastClock: Clock = {
  ...systemClock,
  sleep: (ms, signal) => systemClock.sleep(ms / 100, signal),
};

/** Real time, which tests can move forward. */
export function turnableClock(sleep = systemClock.sleep): Clock & { turn(ms: number): void } {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    elapsed: () => systemClock.elapsed() + ahead,
    sleep,
    turn(ms) {
      ahead += ms;
    },
  };
}

/** Time that only `step` moves, which also wakes every sleeper whose time has come. */
export function steppedClock(): Clock & { step(ms: number): void } {
  let now = Date.UTC(2026, 0, 1);
  const sleepers = new Set<{ until: number; wake: () => void }>();
  return {
    now: () => now,
    elapsed: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const wake = () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        };
        const abort = () => {
          sleepers.delete(sleeper);
          reject(signal?.reason);
        };
        const sleeper = { until: now + ms, wake };
        sleepers.add(sleeper);
        signal?.addEventListener("abort", abort, { once: true });
      }),
    step(ms) {
      now += ms;
      for (const sleeper of sleepers) {
        if (sleeper.until > now) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
    },
  };
}

export interface MemoryOptions {
  environment: Record<string, string>;
  person?: Person;
  clock?: Clock;
  limits?: Limits;
}

/** The server without a protocol layer; what it logs goes to `log`. */
export function createTestApp(options: MemoryOptions, log: string[]): App {
  return createApp({
    settings: loadSettings(options.environment),
    version: "0.0.0-test",
    clock: options.clock ?? systemClock,
    audit: { log: (line) => log.push(line) },
    ...(options.limits === undefined ? {} : { limits: options.limits }),
  });
}
