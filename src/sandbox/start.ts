import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { printable } from "../text.ts";
import { createSandboxApp } from "./app.ts";
import { seedStore } from "./seed.ts";
import type { Mail, Store } from "./store.ts";

/** A Trieve on a loopback port of its own. */
export interface Sandbox {
  url: string;
  /** The settings that point this program at it. */
  environment: Record<string, string>;
  close(): Promise<void>;
}

/** Starts a sandbox with sample data for a person to try; the mails it would send go to `log`. */
export async function startSandbox(log: (line: string) => void): Promise<Sandbox> {
  const sandbox = await serveStore(seedStore(Date.now()), ({ to, kind, link }) =>
    log(printable(`sandbox: would mail ${to} (${kind}): ${hideCode(link)}`)),
  );
  log(`sandbox: a built-in Trieve takes the key sandbox-key and serves at ${sandbox.url}`);
  return sandbox;
}

/** Serves a store over HTTP on a free loopback port. It does not keep the process alive. */
export async function serveStore(store: Store, onMail?: (mail: Mail) => void): Promise<Sandbox> {
  const app = createSandboxApp(store, onMail);
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }).unref();
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    environment: {
      TRIEVE_BASE_URL: url,
      TRIEVE_APP_URL: "",
      TRIEVE_DASHBOARD_URL: "",
      TRIEVE_ORGANIZATION_ID: store.organizationId,
      TRIEVE_API_KEY: store.apiKey,
    },
    close: () =>
      new Promise((done) => {
        if ("closeAllConnections" in server) server.closeAllConnections();
        server.close(() => done());
      }),
  };
}

// Ids are join codes, so this log too shows only their first eight characters.
function hideCode(link: string): string {
  return link.replace(/(inv_code=[0-9a-f]{8})[0-9a-f-]+/, "$1...");
}
