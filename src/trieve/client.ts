import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { Clock } from "../clock.ts";
import { ROLES, type Role } from "../config/policy.ts";
import type { Config } from "../config/settings.ts";
import { Failure } from "../errors.ts";
import type { paths } from "./api.gen.ts";
import { PAGE, parseList, readText } from "./body.ts";
import type { CallContext } from "./call.ts";
import { createExchange, type Fetch } from "./http.ts";
import { statusFailure } from "./http-errors.ts";
import { type InvitationList, readRows } from "./invitation.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { type MemberList, readMembers } from "./member.ts";
import { parseRetryAfter, retryDelay } from "./retry.ts";
import type { SendGuard } from "./send-guard.ts";
import { createSlots, type Slot } from "./slots.ts";

// How much of the call's time a send leaves, to find out what came of it.
const TELLING_MS = 8_000;
// How much is left for that after any write, however long it took.
const OWED_MS = 5_000;
// How long Trieve may be at work on a request whose answer nobody waits for: its own limit, and a mail relay's.
const WORK_MS = 15_000;
const SEND_WORK_MS = 60_000;

export interface TrieveOptions {
  config: Config;
  clock: Clock;
  version: string;
  fetch?: typeof globalThis.fetch;
  limits?: Limits;
}

/** How a write was answered. */
export interface WriteResponse {
  /** 0: no answer came, because of `failure`. */
  status: number;
  failure?: Failure;
  /** The text of a refusal, for recognising it and nothing else. */
  refusal: string;
  /** It came as HTML, which Trieve's API never sends. */
  isPage: boolean;
  retryAfterMs?: number | undefined;
}

/** The requests to Trieve, each in a slot of its own. */
export interface Client {
  /** All invitations of the organization, asked for again where that helps. Throws Failure. */
  list(call: CallContext): Promise<InvitationList>;
  /** All members of the organization, likewise. */
  members(call: CallContext): Promise<MemberList>;
  /** A place for a write. Throws Failure `busy` when none comes in time. */
  slot(call: CallContext, kind: "send" | "delete"): Promise<Slot>;
  /** One POST, never repeated. Throws Failure when it is certain that nothing came of it. */
  send(call: CallContext, slot: Slot, to: { email: string; role: Role }): Promise<WriteResponse>;
  /** One DELETE, likewise. */
  delete(call: CallContext, slot: Slot, id: string): Promise<WriteResponse>;
  /** The failure behind a response that is no success; `known` is certain all the same. */
  failureOf(response: WriteResponse, known?: string): Failure;
}

/** The requests to Trieve, and what this process remembers of them. */
export interface Trieve {
  client: Client;
  clock: Clock;
  guard: SendGuard;
}

/** Where an invited person lands: Trieve needs the slash before the `?` for people with an account. */
export function redirectUri({ dashboardUrl = "", organizationId }: Config): string {
  return `${dashboardUrl}/?org=${organizationId}`;
}

/** The requests over HTTP: headers, deadlines, size limit, no redirects. */
export function createTrieveClient(options: TrieveOptions): Client {
  const { config, clock, version, limits = LIMITS } = options;
  const { organizationId } = config;
  const header = { "TR-Organization": organizationId };
  /** What a list asks with: never twice the same, so that no cache on the way can answer. */
  const listOptions = () => ({
    params: { header, path: { organization_id: organizationId }, query: { at: randomUUID() } },
    parseAs: "stream" as const,
  });
  const exchange = createExchange(config, clock, options.fetch);
  const takeSlot = createSlots(clock);

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

  function responseOf({ status, headers }: Response, refusal: unknown = ""): WriteResponse {
    return {
      status,
      // What the types promise of a body is only what Trieve says of it.
      refusal: typeof refusal === "string" ? refusal : "",
      isPage: headers.get("content-type") === PAGE,
      retryAfterMs: parseRetryAfter(headers.get("retry-after"), clock.now()),
    };
  }

  function failureOf(response: WriteResponse, known?: string): Failure {
    return statusFailure(response, { known, isKeyInFile: config.isKeyInFile });
  }

  type Rows = Promise<{ data?: ReadableStream<Uint8Array> | null; response: Response }>;

  async function readOnce(
    call: CallContext,
    request: (fetch: Fetch) => Rows,
  ): Promise<readonly unknown[]> {
    const slot = await takeSlot("other", call.timeLeft(), call.signal);
    try {
      const ms = Math.min(limits.attemptMs, call.timeLeft());
      if (ms <= 0) throw new Failure("timeout");
      call.beginRequest();
      const options = { slot, ms, workMs: WORK_MS, signal: call.signal };
      return await exchange(options, async (fetch) => {
        const { data, response } = await request(fetch);
        const answer = responseOf(response);
        if (answer.status === 400 && !answer.isPage) {
          // A list has no arguments that could be wrong: a 400 of Trieve is trouble there.
          throw new Failure("upstream_error", {
            detail: "HTTP 400",
            origin: "trieve",
            isRepeatable: true,
          });
        }
        if (answer.status !== 200) throw failureOf(answer);
        return parseList(await readText(data ?? null, limits.bodyBytes));
      });
    } finally {
      slot.release();
    }
  }

  async function read(
    call: CallContext,
    request: (fetch: Fetch) => Rows,
  ): Promise<readonly unknown[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await readOnce(call, request);
      } catch (error) {
        const wait = error instanceof Failure ? retryDelay(error, tries, Math.random()) : undefined;
        if (wait === undefined || wait >= call.timeLeft()) throw error;
        await clock.sleep(wait, call.signal);
      }
    }
  }

  async function write(
    call: CallContext,
    slot: Slot,
    { ms, workMs }: { ms: number; workMs: number },
    request: (fetch: Fetch) => Promise<{ error?: { message: string }; response: Response }>,
  ): Promise<WriteResponse> {
    call.signal.throwIfAborted();
    if (ms <= 0) throw new Failure("timeout");
    call.beginRequest();
    const takeBack = call.beginWrite();
    try {
      return await exchange({ slot, ms, workMs }, async (fetch) => {
        const { error, response } = await request(fetch);
        return responseOf(response, Object(error).message);
      });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!error.isCertain) return { status: 0, failure: error, refusal: "", isPage: false };
      takeBack();
      throw error;
    } finally {
      call.assure(OWED_MS);
    }
  }

  return {
    failureOf,
    slot: (call, kind) => takeSlot(kind === "send" ? "send" : "other", limits.slotMs, call.signal),
    async list(call) {
      const rows = await read(call, (fetch) =>
        api.GET("/api/invitations/{organization_id}", { ...listOptions(), fetch }),
      );
      return readRows(rows, organizationId);
    },
    async members(call) {
      const rows = await read(call, (fetch) =>
        api.GET("/api/organization/users/{organization_id}", { ...listOptions(), fetch }),
      );
      return readMembers(rows, organizationId);
    },
    send(call, slot, { email, role }) {
      const ms = Math.min(limits.sendMs, call.timeLeft() - TELLING_MS);
      return write(call, slot, { ms, workMs: SEND_WORK_MS }, (fetch) =>
        api.POST("/api/invitation", {
          params: { header },
          body: {
            email,
            user_role: ROLES.indexOf(role),
            app_url: config.appUrl,
            redirect_uri: redirectUri(config),
          },
          parseAs: "stream",
          fetch,
        }),
      );
    },
    delete(call, slot, id) {
      const ms = Math.min(limits.attemptMs, call.timeLeft());
      return write(call, slot, { ms, workMs: WORK_MS }, (fetch) =>
        api.DELETE("/api/invitation/{invitation_id}", {
          params: { header, path: { invitation_id: id } },
          parseAs: "stream",
          fetch,
        }),
      );
    },
  };
}
