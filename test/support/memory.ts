import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import { serveLegacy } from "../../src/mcp/legacy.ts";
import type { Channel } from "../../src/mcp/protocol.ts";
import { createTestApp, type MemoryOptions } from "./app.ts";
import { connectClient, type TestClient } from "./client.ts";

export interface MemoryServer extends TestClient {
  /** What would go to stderr. */
  log: string[];
}

/** Runs the server in this process and connects the SDK's client by the legacy protocol. */
export async function connectInMemory(options: MemoryOptions): Promise<MemoryServer> {
  const log: string[] = [];
  const [near, far] = InMemoryTransport.createLinkedPair();
  await serveLegacy(createTestApp(options, log), far as Channel);
  return { ...(await connectClient(near, options.person)), log };
}
