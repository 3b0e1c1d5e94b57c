import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import type { Channel } from "../../src/mcp/channel.ts";
import { openHandshake } from "../../src/mcp/handshake.ts";
import { createTestApp, type MemoryOptions } from "./app.ts";
import { connectClient, type TestClient } from "./client.ts";

export interface MemoryServer extends TestClient {
  /** What went to stderr. */
  log: string[];
}

/** The server in this process, with the SDK's client on its handshake face. */
export async function connectInMemory(options: MemoryOptions): Promise<MemoryServer> {
  const log: string[] = [];
  const [near, far] = InMemoryTransport.createLinkedPair();
  await openHandshake(createTestApp(options, log), far as Channel);
  return { ...(await connectClient(near, options.person)), log };
}
