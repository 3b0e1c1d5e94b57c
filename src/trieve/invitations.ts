import type { Clock } from "../clock.ts";
import type { Answer, Cancellable, Client, Scope } from "./client.ts";
import { statusError, TrieveError } from "./errors.ts";
import { type Invitation, type InvitationList, ROLES, type Role } from "./invitation.ts";
import { createSendGuard } from "./send-guard.ts";

export type SendOutcome =
  | { outcome: "invited" | "already_invited" | "already_accepted"; invitation: Invitation }
  | { outcome: "added" | "already_member" };

export type DeleteOutcome = { outcome: "deleted" | "already_gone"; invitation: Invitation };

/** The invitations of one organization, in words of the domain. */
export interface Invitations {
  /** Every invitation, in no order. Simultaneous calls share one request. Throws TrieveError. */
  list(scope: Scope): Promise<InvitationList>;
  /**
   * What stands in the way of a new invitation to this address, if anything does. Throws TrieveError,
   * `rate_limited` before any request and `outcome_unknown` while an earlier send is in doubt.
   */
  findObstacle(scope: Scope, email: string): Promise<SendOutcome | undefined>;
  /**
   * Reads the list, sends at most one POST, and reads the list again to tell what came of it. Throws
   * TrieveError: `mail_unconfirmed` or `outcome_unknown` when the POST went out and its end is unclear.
   */
  send(scope: Scope, email: string, role: Role): Promise<SendOutcome>;
  /**
   * Deletes the invitation if it still is as `shown`. Throws TrieveError: `changed` when it is not,
   * `outcome_unknown` when the DELETE went out and the list cannot be read.
   */
  delete(scope: Scope, shown: Invitation): Promise<DeleteOutcome>;
}

export interface InvitationsOptions {
  client: Client;
  clock: Clock;
  /** The most a shared list may take, in milliseconds. */
  callMs: number;
}

const SECOND_LOOK_MS = 3_000;

export function createInvitations(options: InvitationsOptions): Invitations {
  const { client, clock, callMs } = options;
  const guard = createSendGuard(clock);
  let shared: SharedList | undefined;

  /** A request of its own: what was true before this moment is not good enough here. */
  const read = (scope: Scope, cancellable: Cancellable) => client.list(scope, cancellable);

  function startSharedList(): SharedList {
    const controller = new AbortController();
    const scope = {
      signal: controller.signal,
      endsAt: clock.now() + callMs,
      requests: 0,
      writes: 0,
    };
    const list = read(scope, "always");
    const started: SharedList = { scope, controller, waiting: 0, isDone: false, list };
    const end = () => {
      started.isDone = true;
      if (shared === started) shared = undefined;
    };
    started.list.then(end, end);
    return started;
  }

  async function list(scope: Scope): Promise<InvitationList> {
    scope.signal.throwIfAborted();
    const isFirst = shared === undefined;
    shared ??= startSharedList();
    const joined = shared;
    joined.waiting += 1;
    try {
      return await untilCancelled(joined.list, scope.signal);
    } finally {
      joined.waiting -= 1;
      if (isFirst) scope.requests += joined.scope.requests;
      if (joined.waiting === 0 && !joined.isDone) {
        joined.controller.abort();
        if (shared === joined) shared = undefined;
      }
    }
  }

  /** A list that began before a write does not show it: later callers need a new one. */
  async function write(request: () => Promise<Answer>): Promise<Answer | TrieveError> {
    try {
      return await request();
    } catch (error) {
      if (error instanceof TrieveError && !error.nothingSent) return error;
      throw error;
    } finally {
      shared = undefined;
    }
  }

  function obstacleIn({ invitations }: InvitationList, email: string): SendOutcome | undefined {
    const same = invitations.filter((invitation) => isSameEmail(invitation.email, email));
    const pending = same.find(({ status }) => status === "pending");
    if (guard.isInDoubt(email)) {
      throw pending === undefined ? outcomeUnknown(EARLIER_SEND) : mailUnconfirmed(EARLIER_SEND);
    }
    if (pending !== undefined) return { outcome: "already_invited", invitation: pending };
    if (same[0] !== undefined) return { outcome: "already_accepted", invitation: same[0] };
    return undefined;
  }

  async function post(
    scope: Scope,
    email: string,
    role: Role,
    before: InvitationList,
  ): Promise<SendOutcome> {
    const answer = await write(() => client.send(scope, email, ROLES.indexOf(role)));
    const status = answer instanceof TrieveError ? undefined : answer.status;
    const refusal = answer instanceof TrieveError ? undefined : readRefusal(answer);

    const known = new Set(before.invitations.map(({ id }) => id));
    const findNew = async () =>
      (await read(scope, "never")).invitations.find(
        ({ id, email: address }) => !known.has(id) && isSameEmail(address, email),
      );

    const lookForNew = (answered: string) =>
      findNew().catch((cause: unknown) => {
        guard.doubt(email);
        const known = `${answered}, and afterwards the list could not be read.`;
        throw outcomeUnknown(known, cause);
      });

    if (status === 204) {
      const invitation = await lookForNew("Trieve accepted the invitation");
      return invitation === undefined ? { outcome: "added" } : { outcome: "invited", invitation };
    }
    if (refusal === "member") return { outcome: "already_member" };
    if (refusal === "invited") {
      const now = await read(scope, "never").catch(() => undefined);
      const obstacle = now && obstacleIn(now, email);
      if (obstacle !== undefined) return obstacle;
    }
    // A proxy that says 429 has most likely passed nothing on: one look makes sure.
    if (refusal === "proxy" && (await lookForNew("A proxy answered 429")) !== undefined) {
      throw mailUnconfirmed();
    }
    if (status !== undefined && refusal !== undefined) {
      const known = refusal === "proxy" ? "The list shows no new invitation." : NOTHING_SENT;
      const retryAfterMs = answer instanceof TrieveError ? undefined : answer.retryAfterMs;
      throw statusError(status, { retryAfterMs, known });
    }

    const soon = await findNew().catch(() => undefined);
    if (soon === undefined) await clock.sleep(SECOND_LOOK_MS);
    const invitation = soon ?? (await findNew().catch(() => undefined));
    if (invitation !== undefined) throw mailUnconfirmed();
    guard.doubt(email);
    throw outcomeUnknown("The request went out and no clear answer came back.");
  }

  return {
    list,
    async findObstacle(scope, email) {
      guard.takeTurn()();
      return obstacleIn(await list(scope), email);
    },
    send: (scope, email, role) => {
      const giveBack = guard.takeTurn();
      return guard
        .oneAtATime(email, async () => {
          const before = await read(scope, "always");
          return obstacleIn(before, email) ?? (await post(scope, email, role, before));
        })
        .finally(() => {
          if (scope.writes === 0) giveBack();
        });
    },
    async delete(scope, shown) {
      const find = async (cancellable: Cancellable) => {
        const { invitations } = await read(scope, cancellable);
        const found = invitations.find(({ id }) => id === shown.id);
        if (found !== undefined && !isUnchanged(found, shown)) throw new TrieveError("changed");
        return found;
      };
      if ((await find("always")) === undefined) {
        return { outcome: "already_gone", invitation: shown };
      }
      const first = await write(() => client.delete(scope, shown.id));
      if (isDeleted(first)) return { outcome: "deleted", invitation: shown };
      if ((await lookAfterDelete(find)) === undefined) {
        // Trieve answers 400, not 404, for an id that is gone: somebody else was faster. After any
        // other end it was most likely this DELETE.
        const byOthers = !(first instanceof TrieveError) && first.status === 400;
        return { outcome: byOthers ? "already_gone" : "deleted", invitation: shown };
      }
      const second = await write(() => client.delete(scope, shown.id, "never"));
      if (isDeleted(second) || (await lookAfterDelete(find)) === undefined) {
        return { outcome: "deleted", invitation: shown };
      }
      if (second instanceof TrieveError) {
        throw outcomeUnknown(
          "The invitation is still listed, but a request may still take effect.",
        );
      }
      throw statusError(second.status, { known: "The invitation is still listed." });
    },
  };
}

interface SharedList {
  list: Promise<InvitationList>;
  scope: Scope;
  controller: AbortController;
  waiting: number;
  isDone: boolean;
}

function untilCancelled<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = () => reject(signal.reason);
    signal.addEventListener("abort", cancel, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", cancel));
  });
}

/** Trieve compares addresses letter by letter; people do not. */
function isSameEmail(a: string, b: string): boolean {
  return a.length === b.length && a.toLowerCase() === b.toLowerCase();
}

function isUnchanged(a: Invitation, b: Invitation): boolean {
  return a.email === b.email && a.role === b.role && a.status === b.status && a.sentAt === b.sentAt;
}

/**
 * What an answer to a POST proves when it is no success: that nothing was done, and why. Undefined
 * where it proves nothing. Trieve's 400 also stands for "stored, but the mail failed", so it counts
 * only with a text that comes before anything is stored.
 */
function readRefusal({ status, refusal = "" }: Answer) {
  if (status === 401 || status === 403 || status === 404) return "access";
  if (status === 429) return "proxy";
  if (status !== 400) return undefined;
  if (/^User with email .* is already in the organization/s.test(refusal)) return "member";
  if (/^User with email .* has already been invited/s.test(refusal)) return "invited";
  return BEFORE_ANYTHING_IS_STORED.test(refusal) ? "input" : undefined;
}

const BEFORE_ANYTHING_IS_STORED =
  /^(Invalid email|Can not invite|Could not convert Organization|Json Deserialization Error|Json deserialize error)/i;

/** True for 204; throws for the answers that say no and leave no doubt. */
function isDeleted(answer: Answer | TrieveError): boolean {
  if (answer instanceof TrieveError) return false;
  if (answer.status === 401 || answer.status === 403) throw statusError(answer.status);
  return answer.status === 204;
}

async function lookAfterDelete(
  find: (cancellable: Cancellable) => Promise<Invitation | undefined>,
): Promise<Invitation | undefined> {
  try {
    return await find("never");
  } catch (cause) {
    if (cause instanceof TrieveError && cause.code === "changed") throw cause;
    throw outcomeUnknown("The request went out, and afterwards the list could not be read.", cause);
  }
}

const EARLIER_SEND = "An earlier request to this address ended unclear, so no other was sent.";

const NOTHING_SENT = "Nothing was sent.";

function outcomeUnknown(known: string, cause?: unknown): TrieveError {
  return new TrieveError("outcome_unknown", { known, cause });
}

function mailUnconfirmed(known?: string): TrieveError {
  return new TrieveError("mail_unconfirmed", known === undefined ? {} : { known });
}
