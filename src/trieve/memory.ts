import type { Clock } from "../clock.ts";

/** What is remembered by a key, in which letter case does not count. */
export interface Memory<T> {
  set(key: string, value: T): void;
  get(key: string): T | undefined;
  delete(key: string): void;
  values(): T[];
}

/** A memory that keeps each value for `ms` milliseconds. */
export function createMemory<T>(clock: Clock, ms: number): Memory<T> {
  const entries = new Map<string, { value: T; until: number }>();

  function current() {
    const now = clock.elapsed();
    for (const [key, { until }] of entries) if (until <= now) entries.delete(key);
    return entries;
  }

  return {
    set: (key, value) =>
      void current().set(key.toLowerCase(), { value, until: clock.elapsed() + ms }),
    get: (key) => current().get(key.toLowerCase())?.value,
    delete: (key) => void entries.delete(key.toLowerCase()),
    values: () => Array.from(current().values(), ({ value }) => value),
  };
}
