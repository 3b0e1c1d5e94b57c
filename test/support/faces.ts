import type { MemoryOptions } from "./app.ts";
import { connectInMemory } from "./memory.ts";
import { connectStateless } from "./stateless.ts";

/** Both eras of the protocol, for tests that must hold in each. */
export const FACES = {
  handshake: connectInMemory,
  stateless: connectStateless,
} satisfies Record<string, (options: MemoryOptions) => Promise<unknown>>;
