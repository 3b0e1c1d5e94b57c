import createClient from "openapi-fetch";
import pLimit from "p-limit";
import type { Clock } from "../clock.ts";
import { Failure } from "../failures.ts";
import type { Config } from "../settings.ts";
import type { paths } from "./api.gen.ts";
import { readText, sentOnce, withoutLongBody } from "./body.ts";
import type { CallContext } from "./call-context.ts";
import { networkFailure, statusFailure } from "./http-failure.ts";
import { type InvitationList, readRows } from "./invitation.ts";
import { parseRetryAfter, retryDelay } from "./retry.ts";

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
  /** All invitations of the organization, asked for again where that helps. Throws Failure. */
  list(call: CallContext, cancellable?: Cancellable): Promise<InvitationList>;
  /**
   * One POST, never repeated. Undefined when it may have arrived and no answer came. Throws
   * Failure when it cannot have arrived.
   */
  send(call: CallContext, email: string, role: number): Promise<Answer | undefined>;
  /** One DELETE, likewise. */
  delete(call: CallContext, id: string, cancellable: Cancellable): Promise<Answer | undefined>;
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
    call: CallContext,
    cancellable: Cancellable,
    exchange: (fetch: Fetch) => Promise<T>,
  ): Promise<T> {
    return places(async () => {
      if (cancellable !== "never") call.signal.throwIfAborted();
      const ms = Math.min(limits.attemptMs, call.timeLeft());
      if (ms <= 0) throw new Failure("timeout", { nothingSent: true });
      call.beginRequest();
      const timer = new AbortController();
      const timeout = setTimeout(() => timer.abort(), ms);
      const cancel = () => timer.abort();
      if (cancellable === "always") call.signal.addEventListener("abort", cancel, { once: true });
      try {
        return await exchange(fetchUntil(timer.signal));
      } catch (error) {
        if (cancellable === "always") call.signal.throwIfAborted();
        if (error instanceof Failure) throw error;
        if (timer.signal.aborted) throw new Failure("timeout");
        throw networkFailure(error);
      } finally {
        clearTimeout(timeout);
        call.signal.removeEventListener("abort", cancel);
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
      throw statusFailure(response.status, { retryAfterMs: retryAfter(response) });
    }
    return readRows(parseList(await readText(data ?? null, limits.bodyBytes)), organization);
  }

  function retryAfter(response: Response): number | undefined {
    return parseRetryAfter(response.headers.get("retry-after"), clock.now());
  }

  async function write(
    call: CallContext,
    cancellable: Cancellable,
    request: (fetch: Fetch) => Promise<{ error?: { message: string }; response: Response }>,
  ): Promise<Answer | undefined> {
    let takeBack = () => {};
    try {
      return await attempt(call, cancellable, async (fetch) => {
        takeBack = call.beginWrite();
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
      if (!(error instanceof Failure)) throw error;
      if (!error.nothingSent) return undefined;
      takeBack();
      throw error;
    }
  }

  return {
    async list(call, cancellable = "always") {
      for (let attempts = 1; ; attempts += 1) {
        try {
          return await attempt(call, cancellable, readList);
        } catch (error) {
          const wait = error instanceof Failure ? retryDelay(error, attempts, random()) : undefined;
          if (wait === undefined || wait >= call.timeLeft()) throw error;
          await clock.sleep(wait, cancellable === "always" ? call.signal : undefined);
        }
      }
    },
    send: (call, email, role) =>
      write(call, "until_sent", (fetch) =>
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
    delete: (call, id, cancellable) =>
      write(call, cancellable, (fetch) =>
        api.DELETE("/api/invitation/{invitation_id}", {
          params: { header, path: { invitation_id: id } },
          parseAs: "stream",
          fetch,
        }),
      ),
  };
}

function parseList(text: string): readonly unknown[] {
  let rows: unknown;
  try {
    rows = JSON.parse(text);
  } catch {
    // Not kept as the cause: its message quotes the body.
  }
  if (!Array.isArray(rows)) throw new Failure("bad_response", { detail: "not a JSON list" });
  return rows;
}
