import { setTimeout as delay } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { Clock } from "../clock.ts";
import { Failure } from "../failures.ts";
import type { Config } from "../settings.ts";
import type { paths } from "./api.gen.ts";
import { type Cancellable, createAttempts, type Fetch, type Time } from "./attempt.ts";
import { PAGE, readText } from "./body.ts";
import type { CallContext } from "./call-context.ts";
import { statusFailure } from "./http-failure.ts";
import { type InvitationList, readRows } from "./invitation.ts";
import { LAG_MS, LIMITS, type Limits } from "./limits.ts";
import { isWhole, parseList } from "./list-body.ts";
import { createMemory } from "./memory.ts";
import { parseRetryAfter, retryDelay } from "./retry.ts";
import { createTurns } from "./turns.ts";

// Each send blocks one of Trieve's workers.
const SENDS = 2;
// What a send leaves of the call's time, so that its end can be told.
const TELLING_MS = 8_000;
// What the send after a delete has at any rate, and what is left after a write to tell its end.
const OWED_MS = 5_000;

export interface TrieveOptions {
  config: Config;
  clock: Clock;
  version: string;
  fetch?: typeof globalThis.fetch;
  random?: () => number;
  limits?: Limits;
}

/** How Trieve answered a write. `refusal` is its error text, for recognising it and nothing else. */
export interface Answer {
  status: number;
  refusal?: string;
  retryAfterMs?: number | undefined;
  /** It came as HTML, which Trieve's API never sends. */
  isPage?: boolean;
}

export interface Client {
  /** All invitations of the organization, asked for again where that helps. Throws Failure. */
  list(call: CallContext, cancellable?: Cancellable): Promise<InvitationList>;
  /**
   * One POST in its turn, never repeated. Undefined when it may have arrived and no answer came.
   * Throws Failure when it cannot have arrived, `busy` when it had no turn. Before it, in the same turn,
   * `check` may throw, which sends nothing, and `first` is done; once that is done, nothing gives up the
   * POST.
   */
  send(
    call: CallContext,
    email: string,
    role: number,
    before: { check(): void; first?: (() => Promise<void>) | undefined },
  ): Promise<Answer | undefined>;
  /** The failure behind an answer that is no success; `known` is certain all the same. */
  refused(answer: Answer, known?: string): Failure;
  /** One DELETE, likewise. */
  delete(call: CallContext, id: string, cancellable: Cancellable): Promise<Answer | undefined>;
  /** Keeps out of the lists of the next seconds what is deleted for certain: they may lag. */
  hide(id: string): void;
}

/** Where an invited person lands: Trieve needs the slash before the `?` for people with an account. */
export function redirectUri({ dashboardUrl = "", organizationId }: Config): string {
  return `${dashboardUrl}/?org=${organizationId}`;
}

/** The three operations over HTTP: headers, deadlines, size limit, no redirects. */
export function createTrieveClient(options: TrieveOptions): Client {
  const { config, clock, version, random = Math.random, limits = LIMITS } = options;
  const organization = config.organizationId;
  const header = { "TR-Organization": organization };
  const { attempt, hasRoom } = createAttempts({ config, clock, limits, fetch: options.fetch });
  const inTurn = createTurns(SENDS, limits.turnMs);

  const hidden = createMemory<true>(clock);

  const api = createClient<paths>({
    baseUrl: config.baseUrl,
    redirect: "manual",
    // Fetch has rules of its own for a 401 to a request with credentials; ours are in a header.
    credentials: "omit",
    headers: {
      Authorization: config.apiKey(),
      Accept: "application/json",
      "User-Agent": `trieve-invitations-mcp/${version}`,
      ...Object.fromEntries(config.extraHeaders ?? []),
    },
  });

  async function readList(fetch: Fetch, onBegun: () => void): Promise<InvitationList> {
    const { data, response } = await api.GET("/api/invitations/{organization_id}", {
      params: { header, path: { organization_id: organization } },
      headers: { "Cache-Control": "no-cache" },
      parseAs: "stream",
      fetch,
    });
    onBegun();
    if (response.status !== 200) {
      const answer = answerOf(response);
      // A list has no arguments that could be wrong: a 400 of Trieve is trouble there.
      if (answer.status === 400 && !answer.isPage) {
        throw new Failure("upstream_error", { detail: "HTTP 400" });
      }
      throw refused(answer);
    }
    const rows = parseList(await readText(data ?? null, limits.bodyBytes), isWhole(response));
    const list = readRows(rows, organization);
    if (hidden.isEmpty()) return list;
    return { ...list, invitations: list.invitations.filter(({ id }) => !hidden.get(id)) };
  }

  /**
   * One reading. Where it has not begun after a while, the worker that has it may be busy mailing: it is
   * asked for once more beside the first, if there is a place, and the first answer counts.
   */
  async function readPatiently(
    call: CallContext,
    cancellable: Cancellable,
  ): Promise<InvitationList> {
    let hasBegun = false;
    const onBegun = () => {
      hasBegun = true;
    };
    const read = () => attempt(call, cancellable, (fetch) => readList(fetch, onBegun));
    const patience = new AbortController();
    const stop = () => patience.abort();
    const first = read();
    first.then(stop, stop);
    const second = delay(limits.hedgeMs, undefined, { signal: patience.signal }).then(() => {
      if (hasBegun || !hasRoom()) return first;
      return read();
    });
    return Promise.any([first, second]).catch(() => first);
  }

  function answerOf({ status, headers }: Response): Answer {
    const retryAfterMs = parseRetryAfter(headers.get("retry-after"), clock.now());
    return { status, retryAfterMs, isPage: headers.get("content-type") === PAGE };
  }

  function refused(answer: Answer, known?: string): Failure {
    return statusFailure(answer, { known, isKeyInFile: config.isKeyInFile });
  }

  async function write(
    call: CallContext,
    cancellable: Cancellable,
    request: (fetch: Fetch) => Promise<{ error?: { message: string }; response: Response }>,
    time?: Time,
    begin = () => {},
  ): Promise<Answer | undefined> {
    let takeBack = () => {};
    try {
      const exchange = async (fetch: Fetch) => {
        begin();
        takeBack = call.beginWrite();
        const { error, response } = await request(fetch);
        // What the types promise of a body is only what Trieve says of it.
        const refusal: unknown = Object(error).message;
        return { ...answerOf(response), ...(typeof refusal === "string" ? { refusal } : {}) };
      };
      return await attempt(call, cancellable, exchange, time);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!error.nothingSent) return undefined;
      takeBack();
      throw error;
    } finally {
      call.assure(OWED_MS);
    }
  }

  return {
    refused,
    async list(call, cancellable = "always") {
      for (let attempts = 1; ; attempts += 1) {
        try {
          return await readPatiently(call, cancellable);
        } catch (error) {
          const wait = error instanceof Failure ? retryDelay(error, attempts, random()) : undefined;
          if (wait === undefined || wait >= call.timeLeft()) throw error;
          await clock.sleep(wait, cancellable === "always" ? call.signal : undefined);
        }
      }
    },
    send: (call, email, role, { check, first }) =>
      inTurn(async (begin) => {
        const post = (fetch: Fetch) =>
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
          });
        const time = { mostMs: limits.sendMs, leaveMs: TELLING_MS };
        const start = () => {
          check();
          begin();
        };
        if (first === undefined) return write(call, "until_sent", post, time, start);
        start();
        await first();
        return write(call, "never", post, { ...time, leastMs: OWED_MS });
      }),
    delete: (call, id, cancellable) =>
      write(call, cancellable, (fetch) =>
        api.DELETE("/api/invitation/{invitation_id}", {
          params: { header, path: { invitation_id: id } },
          parseAs: "stream",
          fetch,
        }),
      ),
    hide: (id) => hidden.set(id, true, LAG_MS),
  };
}
