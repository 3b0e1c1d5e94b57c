import type { Clock } from "../clock.ts";
import { Failure } from "../failures.ts";
import type { CallContext } from "./call-context.ts";
import type { Answer, Client } from "./client.ts";
import { isWithoutDatabase } from "./http-failure.ts";
import { type Invitation, type InvitationList, ROLES, type Role } from "./invitation.ts";
import type { SendGuard } from "./send-guard.ts";

export type SendOutcome =
  | { outcome: "invited" | "already_invited" | "already_accepted"; invitation: Invitation }
  | { outcome: "added"; mailFailed?: true }
  | { outcome: "already_member" };

export interface Sending {
  client: Client;
  clock: Clock;
  guard: SendGuard;
}

const SECOND_LOOK_MS = 3_000;
const EARLIER_SEND = "An earlier request to this address ended unclear, so no other was sent.";
const IN_DOUBT =
  "Somebody with an account may have joined without an invitation to show for it. Another send to the address is refused for two minutes.";

/**
 * What in the list stands in the way of a new invitation. Throws Failure `outcome_unknown` or
 * `mail_unconfirmed` while an earlier send to the address is in doubt.
 */
export function obstacleIn(
  { invitations }: InvitationList,
  email: string,
  guard: SendGuard,
): SendOutcome | undefined {
  const same = invitations.filter((invitation) => isSameEmail(invitation.email, email));
  const pending = same.find(({ status }) => status === "pending");
  if (guard.isInDoubt(email)) {
    throw pending === undefined
      ? new Failure("outcome_unknown", { known: `${EARLIER_SEND} ${IN_DOUBT}` })
      : new Failure("mail_unconfirmed", { known: EARLIER_SEND });
  }
  if (pending !== undefined) return { outcome: "already_invited", invitation: pending };
  if (same[0] !== undefined) return { outcome: "already_accepted", invitation: same[0] };
  return undefined;
}

/**
 * Reads the list, sends one POST unless something stands in the way, and reads the list again to tell
 * what came of it. Throws Failure: `mail_unconfirmed` or `outcome_unknown` when the POST went out
 * and its end is unclear.
 */
export async function sendOnce(
  { client, clock, guard }: Sending,
  call: CallContext,
  email: string,
  role: Role,
): Promise<SendOutcome> {
  const obstacle = obstacleIn(await client.list(call), email, guard);
  if (obstacle !== undefined) return obstacle;

  // Nothing with this address was there before: whatever there is now is new.
  const findNew = async () =>
    (await client.list(call, "never")).invitations.find((one) => isSameEmail(one.email, email));
  const lookForNew = (answered: string) =>
    findNew().catch((cause: unknown) => {
      guard.doubt(email);
      const known = `${answered}, and afterwards the list could not be read. ${IN_DOUBT}`;
      throw new Failure("outcome_unknown", { known, cause });
    });

  const answer = await client.send(call, email, ROLES.indexOf(role));
  if (answer?.status === 204) {
    const invitation = await lookForNew("Trieve accepted the invitation");
    return invitation === undefined ? { outcome: "added" } : { outcome: "invited", invitation };
  }
  const refusal = answer && readRefusal(answer);
  if (refusal === "member") return { outcome: "already_member" };
  if (refusal === "invited") {
    const now = await client.list(call, "never").catch(() => undefined);
    const found = now && obstacleIn(now, email, guard);
    if (found !== undefined) return found;
  }
  if (refusal === "mail") {
    const said = "Trieve says that its mail failed";
    let made = await lookForNew(said);
    if (made === undefined) {
      await clock.sleep(SECOND_LOOK_MS);
      made = await lookForNew(said);
    }
    if (made === undefined) return { outcome: "added", mailFailed: true };
    throw mailUnconfirmed(made, "The mail failed");
  }
  // A proxy that says 429 has most likely passed nothing on: one look makes sure.
  if (refusal === "proxy") {
    const made = await lookForNew("A proxy answered 429");
    if (made !== undefined) throw mailUnconfirmed(made);
  }
  if (refusal === "database") {
    const known = "Its database did not answer, so nothing was sent.";
    throw new Failure("upstream_error", { detail: "HTTP 400", known });
  }
  if (answer !== undefined && refusal !== undefined) {
    const about = refusal === "proxy" ? "The list shows no new invitation." : "Nothing was sent.";
    const reason = answer.status === 400 ? reasonOf(answer) : undefined;
    if (reason !== undefined) throw new Failure("rejected", { ...reason, known: about });
    throw client.refused(answer, about);
  }

  const soon = await findNew().catch(() => undefined);
  if (soon === undefined) await clock.sleep(SECOND_LOOK_MS);
  const invitation = soon ?? (await findNew().catch(() => undefined));
  if (invitation !== undefined) throw mailUnconfirmed(invitation);
  guard.doubt(email);
  throw new Failure("outcome_unknown", {
    known: `The request went out and no clear answer came back. ${IN_DOUBT}`,
  });
}

/** Trieve compares addresses letter by letter; people do not. */
function isSameEmail(a: string, b: string): boolean {
  return a.length === b.length && a.toLowerCase() === b.toLowerCase();
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
  if (refusal === "Error sending email.") return "mail";
  if (isWithoutDatabase({ status, refusal })) return "database";
  return BEFORE_ANYTHING_IS_STORED.test(refusal) ? "input" : undefined;
}

/** The invitation exists; whether its mail went out is not known, or it is known that it did not. */
function mailUnconfirmed({ id }: Invitation, happened?: string): Failure {
  const known = `Its id is ${id}.`;
  if (happened === undefined) return new Failure("mail_unconfirmed", { known });
  return new Failure("mail_unconfirmed", {
    happened: `The invitation exists. ${happened}, so the person has no link`,
    known,
  });
}

// The reasons that Trieve gives for refusing an invitation, in our words.
const REASONS: readonly [said: RegExp, happened: string, next: string][] = [
  [/^Invalid email/, "Trieve does not take this address (400)", "Ask the user for another address"],
  [
    /^Can not invite yourself/,
    "The address belongs to the person whose key this is, and nobody can invite themselves (400)",
    "Tell the user; repeating the same call will not help",
  ],
  [
    /^Can not invite user with higher role/,
    "The role is above the role of this server's key (400)",
    "Choose a lower role, or have the operator use the key of an owner",
  ],
];

function reasonOf({ refusal = "" }: Answer): { happened: string; next: string } | undefined {
  const [, happened, next] = REASONS.find(([said]) => said.test(refusal)) ?? [];
  return happened === undefined || next === undefined ? undefined : { happened, next };
}

const BEFORE_ANYTHING_IS_STORED =
  /^(Invalid email|Can not invite|Could not convert Organization|Json Deserialization Error|Json deserialize error)/i;
