import { randomUUID } from "node:crypto";
import createClient from "openapi-fetch";
import type { Clock } from "../clock.ts";
import { ROLES, type Role } from "../config/policy.ts";
import type { Config } from "../config/settings.ts";
import { Failure } from "../errors.ts";
import type { paths } from "./api.gen.ts";
import { isGatewayPage, parseList, readText } from "./body.ts";
import type { CallContext } from "./call.ts";
import { createExchange, type Fetch } from "./http.ts";
import { statusFailure } from "./http-errors.ts";
import { type InvitationList, readInvitations } from "./invitation.ts";
import { LIMITS, type Limits } from "./limits.ts";
import { type MemberList, readMembers } from "./member.ts";
import { parseRetryAfter, retryDelay } from "./retry.ts";
import type { SendGuard } from "./send-guard.ts";
import { createSlots, type Slot } from "./slots.ts";

// How long Trieve may go on with a request that nobody waits for any more: its own limit, and a mail relay's.
const WORK_MS = 15_000;
const SEND_WORK_MS = 60_000;
const SECOND_LOOK_MS = 3_000;
const INVITATIONS = "/api/invitations/{organization_id}";
const MEMBERS = "/api/organization/users/{organization_id}";
type ListPath = typeof INVITATIONS | typeof MEMBERS;
const LIST_FAILED = { detail: "HTTP 400", origin: "trieve", isRepeatable: true } as const;

export interface TrieveOptions {
  config: Config;
  clock: Clock;
  version: string;
  fetch?: typeof globalThis.fetch;
  limits?: Limits;
}

/** How a write was answered. */
export interface WriteResponse {
  /** 0 if no answer came, for the reason in `failure`. */
  status: number;
  /** The text of a refusal, only for matching: it is never shown. */
  refusal: string;
  /** Why it is not a clear success; undefined for a 204. */
  failure?: Failure | undefined;
}

/** The requests to Trieve. Each occupies a slot. */
export interface Client {
  /** All invitations of the organization, with retries where they help. Throws Failure. */
  list(call: CallContext): Promise<InvitationList>;
  /** All members of the organization, likewise. */
  members(call: CallContext): Promise<MemberList>;
  /** Runs `work` in a send slot. Throws Failure `busy` if none becomes free in time. */
  inSlot<T>(call: CallContext, work: (slot: Slot) => Promise<T>): Promise<T>;
  /** One POST, never repeated. Throws Failure only if it is certain that it had no effect. */
  send(call: CallContext, to: { email: string; role: Role }, slot: Slot): Promise<WriteResponse>;
  /** One DELETE, likewise, in a slot of its own unless one is given. */
  delete(call: CallContext, id: string, slot?: Slot): Promise<WriteResponse>;
}

/** The requests to Trieve, and what this process remembers of them. */
export interface Trieve {
  client: Client;
  clock: Clock;
  guard: SendGuard;
}

/** Where an invited person lands. For people with an account, Trieve needs the slash before the `?`. */
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
    // Fetch handles a 401 specially for requests with credentials; our key is in a plain header.
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
    return statusFailure({ status, retryAfterMs, isPage: isGatewayPage(response) }, config.keyFile);
  }

  /** How long the call's next request may take. Throws Failure `timeout` if the call's time is up. */
  function timeFor(call: CallContext, maxMs: number): number {
    const ms = Math.min(maxMs, call.timeLeft());
    if (ms <= 0) throw new Failure("timeout", { origin: "network" });
    return ms;
  }

  async function readOnce(call: CallContext, list: ListPath): Promise<readonly unknown[]> {
    return inSlot("other", call.timeLeft(), call.signal, async (slot) => {
      const ms = timeFor(call, limits.attemptMs);
      call.beginRequest();
      const options = { slot, ms, workMs: WORK_MS, signal: call.signal };
      return exchange(options, async (fetch) => {
        // A query that is never the same, so that no cache on the way can answer.
        const query = { at: randomUUID() };
        const params = { header, path: { organization_id: organizationId }, query };
        const { data, response } = await api.GET(list, { params, parseAs: "stream", fetch });
        if (response.status === 200 && !isGatewayPage(response)) {
          return parseList(await readText(data ?? null, limits.bodyBytes));
        }
        const failure = failureOf(response);
        // A list request has no arguments that could be wrong, so Trieve's 400 means that it failed.
        throw failure.code === "rejected" ? new Failure("upstream_error", LIST_FAILED) : failure;
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
    { slot, maxMs, workMs }: { slot: Slot; maxMs: number; workMs: number },
    request: (fetch: Fetch) => Promise<{ error?: { message: string }; response: Response }>,
  ): Promise<WriteResponse> {
    call.signal.throwIfAborted();
    const ms = timeFor(call, maxMs);
    const undo = call.beginWrite();
    try {
      return await exchange({ slot, ms, workMs }, async (fetch) => {
        const { error, response } = await request(fetch);
        const { status } = response;
        // The types of a body come from Trieve's specification and are not checked.
        const { message } = Object(error);
        const refusal = typeof message === "string" ? message : "";
        return { status, refusal, failure: status === 204 ? undefined : failureOf(response) };
      });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (!error.hadNoEffect) return { status: 0, refusal: "", failure: error };
      undo();
      throw error;
    }
  }

  return {
    inSlot: (call, work) => inSlot("send", slotMs(call), call.signal, work),
    list: async (call) => readInvitations(await read(call, INVITATIONS), organizationId),
    members: async (call) => readMembers(await read(call, MEMBERS), organizationId),
    send(call, { email, role }, slot) {
      return write(call, { slot, maxMs: limits.sendMs, workMs: SEND_WORK_MS }, (fetch) =>
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
        write(call, { slot, maxMs: limits.attemptMs, workMs: WORK_MS }, (fetch) =>
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
 * The list after a write: read at once and, if that is not enough, again 3 s later, if the call's time allows. Each
 * failed read is undefined.
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
