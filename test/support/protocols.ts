import type { MemoryOptions } from "./app.ts";
import { connectInMemory } from "./memory.ts";
import { connectModern } from "./modern.ts";

/** Both protocols, for tests that must hold in each. */
export const PROTOCOLS = {
  legacy: connectInMemory,
  modern: connectModern,
} satisfies Record<string, (options: MemoryOptions) => Promise<unknown>>;
