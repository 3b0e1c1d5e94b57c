import type { Clock } from "../clock.ts";

/** What is remembered by key, each for a time of its own. */
export interface Memory<T> {
  set(key: string, value: T, ms: number): void;
  get(key: string): T | undefined;
  delete(key: string): void;
  isEmpty(): boolean;
}

export function createMemory<T>(clock: Clock): Memory<T> {
  const entries = new Map<string, { value: T; until: number }>();

  function forgetOld(): void {
    const now = clock.elapsed();
    for (const [key, { until }] of entries) if (until <= now) entries.delete(key);
  }

  return {
    set(key, value, ms) {
      forgetOld();
      entries.set(key, { value, until: clock.elapsed() + ms });
    },
    get(key) {
      const found = entries.get(key);
      return found !== undefined && found.until > clock.elapsed() ? found.value : undefined;
    },
    delete(key) {
      entries.delete(key);
    },
    isEmpty() {
      forgetOld();
      return entries.size === 0;
    },
  };
}
