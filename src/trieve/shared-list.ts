import type { Clock } from "../clock.ts";
import { type Client, createScope, type Scope } from "./client.ts";
import type { InvitationList } from "./invitation.ts";

/** The list of invitations, read once for all who ask for it at the same time. */
export interface SharedList {
  /** Waits for the list until `scope` is cancelled. Throws TrieveError. */
  read(scope: Scope): Promise<InvitationList>;
  /** Lets nobody join what is being read: after a write it may show what was before. */
  outdate(): void;
}

interface Reading {
  list: Promise<InvitationList>;
  scope: Scope;
  controller: AbortController;
  waiting: number;
  isDone: boolean;
}

/** Lists of `client`, each of which may take `callMs` milliseconds. */
export function createSharedList(client: Client, clock: Clock, callMs: number): SharedList {
  let current: Reading | undefined;

  function leave(reading: Reading): void {
    if (current === reading) current = undefined;
  }

  function start(): Reading {
    const controller = new AbortController();
    const scope = createScope(controller.signal, clock.now() + callMs);
    const reading: Reading = {
      scope,
      controller,
      waiting: 0,
      isDone: false,
      list: client.list(scope),
    };
    const end = () => {
      reading.isDone = true;
      leave(reading);
    };
    reading.list.then(end, end);
    return reading;
  }

  return {
    async read(scope) {
      scope.signal.throwIfAborted();
      const isFirst = current === undefined;
      current ??= start();
      const joined = current;
      joined.waiting += 1;
      try {
        return await untilCancelled(joined.list, scope.signal);
      } finally {
        joined.waiting -= 1;
        // The one who asked first pays for all.
        if (isFirst) scope.requests += joined.scope.requests;
        if (joined.waiting === 0 && !joined.isDone) {
          joined.controller.abort();
          leave(joined);
        }
      }
    },
    outdate() {
      current = undefined;
    },
  };
}

function untilCancelled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", cancel));
  });
}
