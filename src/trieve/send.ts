import type { Clock } from "../clock.ts";
import { Failure } from "../failures.ts";
import type { CallContext } from "./call-context.ts";
import type { Answer, Client } from "./client.ts";
import { statusFailure } from "./http-failure.ts";
import { type Invitation, type InvitationList, ROLES, type Role } from "./invitation.ts";
import type { SendGuard } from "./send-guard.ts";

export type SendOutcome =
  | { outcome: "invited" | "already_invited" | "already_accepted"; invitation: Invitation }
  | { outcome: "added" | "already_member" };

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
  // A proxy that says 429 has most likely passed nothing on: one look makes sure.
  if (refusal === "proxy" && (await lookForNew("A proxy answered 429")) !== undefined) {
    throw new Failure("mail_unconfirmed");
  }
  if (answer !== undefined && refusal !== undefined) {
    const about = refusal === "proxy" ? "The list shows no new invitation." : "Nothing was sent.";
    throw statusFailure(answer.status, { retryAfterMs: answer.retryAfterMs, known: about });
  }

  const soon = await findNew().catch(() => undefined);
  if (soon === undefined) await clock.sleep(SECOND_LOOK_MS);
  const invitation = soon ?? (await findNew().catch(() => undefined));
  if (invitation !== undefined) throw new Failure("mail_unconfirmed");
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
  return BEFORE_ANYTHING_IS_STORED.test(refusal) ? "input" : undefined;
}

const BEFORE_ANYTHING_IS_STORED =
  /^(Invalid email|Can not invite|Could not convert Organization|Json Deserialization Error|Json deserialize error)/i;
