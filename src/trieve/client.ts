import createClient from "openapi-fetch";
import pLimit from "p-limit";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import type { paths } from "./api.gen.ts";
import { readBody, sentOnce, withoutLongBody } from "./body.ts";
import { networkError, statusError, TrieveError } from "./errors.ts";
import { type InvitationList, readRows } from "./invitation.ts";
import { createRetryBudget, parseRetryAfter, retryDelay } from "./retry.ts";
import { createRowReader } from "./rows.ts";

/** What one tool call may spend on Trieve, and what it has spent. */
export interface Scope {
  /** Fires when the caller has given up. Heeded by reads, and by writes until they are sent. */
  readonly signal: AbortSignal;
  /** When the call's time is up, on the clock; waiting for a person moves it. */
  endsAt: number;
  /** Requests sent so far, and how many of them may have changed something. */
  requests: number;
  writes: number;
}

/** The scope of a call that may take until `endsAt`, with nothing spent. */
export function createScope(signal: AbortSignal, endsAt: number): Scope {
  return { signal, endsAt, requests: 0, writes: 0 };
}

export interface Limits {
  attemptMs: number;
  callMs: number;
  bodyBytes: number;
}

export const LIMITS: Limits = { attemptMs: 20_000, callMs: 45_000, bodyBytes: 64 * 1024 * 1024 };

// Enough for a person's work, few enough for any proxy, however many calls come at once.
const SOCKETS = 8;

export interface TrieveOptions {
  config: Config;
  clock: Clock;
  version: string;
  fetch?: typeof globalThis.fetch;
  random?: () => number;
  limits?: Limits;
}

type Fetch = (request: Request) => Promise<Response>;

/** How Trieve answered a write. `refusal` is its error text, for recognising it and nothing else. */
export interface Answer {
  status: number;
  refusal?: string;
  retryAfterMs?: number | undefined;
}

/** Until when a cancelled call takes a request along: at any time, until it is sent, or never. */
export type Cancellable = "always" | "until_sent" | "never";

export interface Client {
  /** All invitations of the organization, asked for again where that helps. Throws TrieveError. */
  list(scope: Scope, cancellable?: Cancellable): Promise<InvitationList>;
  /**
   * One POST, never repeated. Undefined when it may have arrived and no answer came. Throws
   * TrieveError when it cannot have arrived.
   */
  send(scope: Scope, email: string, role: number): Promise<Answer | undefined>;
  /** One DELETE, likewise. */
  delete(scope: Scope, id: string, cancellable: Cancellable): Promise<Answer | undefined>;
}

/** Where an invited person lands: Trieve needs the slash before the `?` for people with an account. */
export function redirectUri({ dashboardUrl, organizationId }: Config): string {
  return `${dashboardUrl}/?org=${organizationId}`;
}

/** The three operations over HTTP: headers, deadlines, size limit, no redirects. */
export function createTrieveClient(options: TrieveOptions): Client {
  const { config, clock, version, random = Math.random, limits = LIMITS } = options;
  const organization = config.organizationId;
  const header = { "TR-Organization": organization };
  const places = pLimit(SOCKETS);
  const budget = createRetryBudget(clock.now());

  const api = createClient<paths>({
    baseUrl: config.baseUrl,
    redirect: "manual",
    headers: {
      Authorization: config.apiKey(),
      Accept: "application/json",
      "User-Agent": `trieve-invitations-mcp/${version}`,
    },
  });

  /**
   * The fetch of one attempt. The signal goes to fetch itself: a Request hands its own on only until
   * the garbage collector takes it.
   */
  const fetchUntil =
    (signal: AbortSignal): Fetch =>
    async (request) => {
      const init = { ...(await sentOnce(request)), signal };
      const response = await (options.fetch ?? fetch)(request, init);
      const isList = request.method === "GET" && response.status === 200;
      return isList ? response : withoutLongBody(response);
    };

  /** Runs one HTTP exchange, body included, within its time and in its turn. */
  function attempt<T>(
    scope: Scope,
    cancellable: Cancellable,
    exchange: (fetch: Fetch) => Promise<T>,
  ): Promise<T> {
    return places(async () => {
      if (cancellable !== "never") scope.signal.throwIfAborted();
      const ms = Math.min(limits.attemptMs, scope.endsAt - clock.now());
      if (ms <= 0) throw new TrieveError("timeout", { nothingSent: true });
      scope.requests += 1;
      const timer = new AbortController();
      const timeout = setTimeout(() => timer.abort(), ms);
      const cancel = () => timer.abort();
      if (cancellable === "always") scope.signal.addEventListener("abort", cancel, { once: true });
      try {
        return await exchange(fetchUntil(timer.signal));
      } catch (error) {
        if (cancellable === "always") scope.signal.throwIfAborted();
        if (error instanceof TrieveError) throw error;
        if (timer.signal.aborted) throw new TrieveError("timeout");
        throw networkError(error);
      } finally {
        clearTimeout(timeout);
        scope.signal.removeEventListener("abort", cancel);
      }
    });
  }

  async function readList(fetch: Fetch): Promise<InvitationList> {
    const { data, response } = await api.GET("/api/invitations/{organization_id}", {
      params: { header, path: { organization_id: organization } },
      parseAs: "stream",
      fetch,
    });
    if (response.status !== 200) {
      throw statusError(response.status, { retryAfterMs: retryAfter(response) });
    }
    const list: InvitationList = { invitations: [], skipped: 0 };
    const reader = createRowReader((rows) => readRows(rows, organization, list));
    try {
      await readBody(data ?? null, limits.bodyBytes, reader.push);
      reader.end();
    } catch (error) {
      // Not kept as the cause: its message quotes the body.
      if (error instanceof SyntaxError) {
        throw new TrieveError("bad_response", { detail: "not a JSON list" });
      }
      throw error;
    }
    return list;
  }

  function retryAfter(response: Response): number | undefined {
    return parseRetryAfter(response.headers.get("retry-after"), clock.now());
  }

  async function write(
    scope: Scope,
    cancellable: Cancellable,
    request: (fetch: Fetch) => Promise<{ error?: { message: string }; response: Response }>,
  ): Promise<Answer | undefined> {
    const before = scope.writes;
    try {
      return await attempt(scope, cancellable, async (fetch) => {
        scope.writes += 1;
        const { error, response } = await request(fetch);
        // What the types promise of a body is only what Trieve says of it.
        const refusal: unknown = Object(error).message;
        return {
          status: response.status,
          retryAfterMs: retryAfter(response),
          ...(typeof refusal === "string" ? { refusal } : {}),
        };
      });
    } catch (error) {
      if (!(error instanceof TrieveError)) throw error;
      if (!error.nothingSent) return undefined;
      scope.writes = before;
      throw error;
    }
  }

  return {
    async list(scope, cancellable = "always") {
      for (let attempts = 1; ; attempts += 1) {
        try {
          return await attempt(scope, cancellable, readList);
        } catch (error) {
          const wait =
            error instanceof TrieveError ? retryDelay(error, attempts, random()) : undefined;
          const now = clock.now();
          if (wait === undefined || now + wait >= scope.endsAt || !budget.take(now)) throw error;
          await clock.sleep(wait, cancellable === "always" ? scope.signal : undefined);
        }
      }
    },
    send: (scope, email, role) =>
      write(scope, "until_sent", (fetch) =>
        api.POST("/api/invitation", {
          params: { header },
          body: {
            email,
            user_role: role,
            app_url: config.appUrl,
            redirect_uri: redirectUri(config),
          },
          parseAs: "stream",
          fetch,
        }),
      ),
    delete: (scope, id, cancellable) =>
      write(scope, cancellable, (fetch) =>
        api.DELETE("/api/invitation/{invitation_id}", {
          params: { header, path: { invitation_id: id } },
          parseAs: "stream",
          fetch,
        }),
      ),
  };
}
