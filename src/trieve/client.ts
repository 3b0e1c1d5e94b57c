import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { Clock } from "../clock.ts";
import { ROLES, type Role } from "../config/policy.ts";
import type { Config } from "../config/settings.ts";
import { Failure } from "../errors.ts";
import type { paths } from "./api.gen.ts";
import { isPage, parseList, readText } from "./body.ts";
import type { CallContext } from "./call.ts";
import { createExchange, type Fetch } from "./http.ts";
import { statusFailure } from "./http-errors.ts";
import { type InvitationList, readRows } from "./invitation.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { type MemberList, readMembers } from "./member.ts";
import { parseRetryAfter, retryDelay } from "./retry.ts";
import type { SendGuard } from "./send-guard.ts";
import { createSlots, type Slot } from "./slots.ts";

// How long Trieve may be at work on a request whose answer nobody waits for: its own limit, and a mail relay's.
const WORK_MS = 15_000;
const SEND_WORK_MS = 60_000;
const SECOND_LOOK_MS = 3_000;
const INVITATIONS = "/api/invitations/{organization_id}";
const MEMBERS = "/api/organization/users/{organization_id}";
type ListPath = typeof INVITATIONS | typeof MEMBERS;
const TROUBLE = { detail: "HTTP 400", origin: "trieve", isRepeatable: true } as const;

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
  /** The text of a refusal, for recognising it and nothing else. */
  refusal: string;
  /** Why it is no clear success; missing for a 204. */
  failure?: Failure | undefined;
}

/** The requests to Trieve, each in a slot of its own. */
export interface Client {
  /** All invitations of the organization, asked for again where that helps. Throws Failure. */
  list(call: CallContext): Promise<InvitationList>;
  /** All members of the organization, likewise. */
  members(call: CallContext): Promise<MemberList>;
  /** Does `work` in a slot for a send. Throws Failure `busy` when none comes in time. */
  inSlot<T>(call: CallContext, work: (slot: Slot) => Promise<T>): Promise<T>;
  /** One POST, never repeated. Throws Failure when it is certain that nothing came of it. */
  send(call: CallContext, to: { email: string; role: Role }, slot: Slot): Promise<WriteResponse>;
  /** One DELETE, likewise, in a slot of its own where none is given. */
  delete(call: CallContext, id: string, slot?: Slot): Promise<WriteResponse>;
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
  const exchange = createExchange(config, clock, options.fetch);
  const inSlot = createSlots(clock);

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

  function failureOf(response: Response): Failure {
    const { status, headers } = response;
    const retryAfterMs = parseRetryAfter(headers.get("retry-after"), clock.now());
    return statusFailure({ status, retryAfterMs, isPage: isPage(response) }, config.keyFile);
  }

  /** How long a request of a call may take. Throws Failure `timeout` when the call's time is up. */
  function timeFor(call: CallContext, mostMs: number): number {
    const ms = Math.min(mostMs, call.timeLeft());
    if (ms <= 0) throw new Failure("timeout", { origin: "network" });
    return ms;
  }

  async function readOnce(call: CallContext, list: ListPath): Promise<readonly unknown[]> {
    return inSlot("other", call.timeLeft(), call.signal, async (slot) => {
      const ms = timeFor(call, limits.attemptMs);
      call.beginRequest();
      const options = { slot, ms, workMs: WORK_MS, signal: call.signal };
      return exchange(options, async (fetch) => {
        // Never twice the same query, so that no cache on the way can answer.
        const query = { at: randomUUID() };
        const params = { header, path: { organization_id: organizationId }, query };
        const { data, response } = await api.GET(list, { params, parseAs: "stream", fetch });
        if (response.status === 200 && !isPage(response)) {
          return parseList(await readText(data ?? null, limits.bodyBytes));
        }
        const failure = failureOf(response);
        // A list has no arguments that could be wrong: a 400 of Trieve is trouble there.
        throw failure.code === "rejected" ? new Failure("upstream_error", TROUBLE) : failure;
      });
    });
  }

  async function read(call: CallContext, list: ListPath): Promise<readonly unknown[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await readOnce(call, list);
      } catch (error) {
        const wait = error instanceof Failure ? retryDelay(error, tries, Math.random()) : undefined;
        if (wait === undefined || wait >= call.timeLeft()) throw error;
        await clock.sleep(wait, call.signal);
      }
    }
  }

  const slotMs = (call: CallContext) => Math.min(limits.slotMs, call.timeLeft());

  async function write(
    call: CallContext,
    { slot, mostMs, workMs }: { slot: Slot; mostMs: number; workMs: number },
    put: (fetch: Fetch) => Promise<{ error?: { message: string }; response: Response }>,
  ): Promise<WriteResponse> {
    call.signal.throwIfAborted();
    const ms = timeFor(call, mostMs);
    const takeBack = call.beginWrite();
    try {
      return await exchange({ slot, ms, workMs }, async (fetch) => {
        const { error, response } = await put(fetch);
        const { status } = response;
        // What the types promise of a body is only what Trieve says of it.
        const { message } = Object(error);
        const refusal = typeof message === "string" ? message : "";
        return { status, refusal, failure: status === 204 ? undefined : failureOf(response) };
      });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!error.isCertain) return { status: 0, refusal: "", failure: error };
      takeBack();
      throw error;
    }
  }

  return {
    inSlot: (call, work) => inSlot("send", slotMs(call), call.signal, work),
    list: async (call) => readRows(await read(call, INVITATIONS), organizationId),
    members: async (call) => readMembers(await read(call, MEMBERS), organizationId),
    send(call, { email, role }, slot) {
      return write(call, { slot, mostMs: limits.sendMs, workMs: SEND_WORK_MS }, (fetch) =>
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
    delete(call, id, slot) {
      const work = (slot: Slot) =>
        write(call, { slot, mostMs: limits.attemptMs, workMs: WORK_MS }, (fetch) =>
          api.DELETE("/api/invitation/{invitation_id}", {
            params: { header, path: { invitation_id: id } },
            parseAs: "stream",
            fetch,
          }),
        );
      return slot ? work(slot) : inSlot("other", slotMs(call), call.signal, work);
    },
  };
}

/**
 * The list after a write: at once and, unless that is enough, again 3 s later, as far as the call's time goes. A
 * reading that failed is undefined.
 */
export async function lookTwice(
  { client, clock }: Trieve,
  call: CallContext,
  isEnough: (list: InvitationList) => boolean,
): Promise<(InvitationList | undefined)[]> {
  const look = () => client.list(call).catch(() => undefined);
  const first = await look();
  if (first !== undefined && isEnough(first)) return [first];
  if (call.timeLeft() <= SECOND_LOOK_MS) return [first, undefined];
  await clock.sleep(SECOND_LOOK_MS);
  return [first, await look()];
}
