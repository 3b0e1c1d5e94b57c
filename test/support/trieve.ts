import { type Sandbox, serveStore } from "../../src/sandbox/start.ts";
import { createStore, insertRow, type Row, type Store } from "../../src/sandbox/store.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

const DAY_MS = 86_400_000;

/** The sandbox behind a fault proxy: the Trieve of a test. */
export interface TestTrieve {
  store: Store;
  proxy: FaultProxy;
  /** The settings that point the program at the proxy. */
  environment: Record<string, string>;
  /** Stores an invitation, sent `days` ago. */
  add(email: string, more?: { role?: number; used?: boolean; days?: number; id?: string }): Row;
  close(): Promise<void>;
}

export async function startTrieve(): Promise<TestTrieve> {
  const store = createStore();
  const sandbox: Sandbox = await serveStore(store);
  const proxy = await startFaultProxy(sandbox.url);
  return {
    store,
    proxy,
    environment: {
      ...sandbox.environment,
      TRIEVE_BASE_URL: proxy.url,
      TRIEVE_APP_URL: "https://trieve.example.com/api",
      TRIEVE_DASHBOARD_URL: "https://dashboard.example.com",
      // Tests must not open the developer's browser.
      TRIEVE_CONFIRM: "form,code",
    },
    add: (email, { days = 1, ...more } = {}) =>
      insertRow(store, { email, at: Date.now() - days * DAY_MS, ...more }),
    async close() {
      await proxy.close();
      await sandbox.close();
    },
  };
}
