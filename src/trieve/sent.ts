import type { Clock } from "../clock.ts";
import { Failure } from "../failures.ts";
import type { CallContext } from "./call-context.ts";
import type { Answer, Client } from "./client.ts";
import type { Invitation, InvitationList } from "./invitation.ts";
import { SECOND_LOOK_MS } from "./limits.ts";
import { refusalIn, type Said } from "./send-answer.ts";
import type { SendGuard } from "./send-guard.ts";

/** What came of inviting one address. */
export interface Sent {
  email: string;
  outcome:
    | "invited"
    | "added"
    | "already_invited"
    | "already_accepted"
    | "already_member"
    | "mail_unconfirmed"
    | "outcome_unknown"
    | "rejected"
    | "not_sent";
  /** The new one, or the one that stands in the way. */
  invitation?: Invitation;
  /** Trieve said that its mail failed. */
  mailFailed?: true;
  /** It is what this process learned before, and Trieve was not asked again. */
  isRemembered?: true;
  /** Somebody with an account may have joined, without an invitation to show for it. */
  mayHaveJoined?: true;
  /** Why it is one of the last four. */
  failure?: Failure;
}

/** What stands in the way of inviting an address. */
export interface Obstacle extends Sent {
  outcome: Exclude<Sent["outcome"], "invited" | "added" | "rejected" | "not_sent">;
}

export interface Sending {
  client: Client;
  clock: Clock;
  guard: SendGuard;
}

/** A POST that went out, whose end only the list can tell. */
export interface Posted {
  email: string;
  said: Said;
  answer: Answer | undefined;
  /** How many invitations to the address had been deleted when it went out. */
  deletes: number;
}

const EARLIER_SEND = "An earlier request to this address ended unclear, so no other was sent.";

/** What is said of an address where somebody may have joined. */
export const IN_DOUBT =
  "Somebody with an account may have joined without an invitation to show for it. Another send to the address is refused for two minutes; an invitation that shows up in the list can be mailed again with resend_invitations.";

/** What stands in the way of inviting an address: an invitation, or an earlier send in doubt. */
export function obstacleIn(
  { invitations }: InvitationList,
  email: string,
  guard: SendGuard,
): Obstacle | undefined {
  const same = invitations.filter((invitation) => isSameEmail(invitation.email, email));
  const pending = same.find(({ status }) => status === "pending");
  if (guard.isInDoubt(email)) {
    if (pending === undefined) {
      const failure = new Failure("outcome_unknown", { known: `${EARLIER_SEND} ${IN_DOUBT}` });
      return { email, outcome: "outcome_unknown", mayHaveJoined: true, failure };
    }
    const known = `${EARLIER_SEND} ${itsId(pending)}`;
    const failure = new Failure("mail_unconfirmed", { known });
    return { email, outcome: "mail_unconfirmed", failure, invitation: pending };
  }
  if (pending !== undefined) return { email, outcome: "already_invited", invitation: pending };
  if (same[0] !== undefined) return { email, outcome: "already_accepted", invitation: same[0] };
  const known = guard.known(email);
  if (known === undefined) return undefined;
  return known.invitation === undefined
    ? { email, outcome: "already_member", isRemembered: true }
    : { email, outcome: "already_invited", invitation: known.invitation };
}

/**
 * Tells what came of POSTs by reading the list, and once more after 3 s where that may help. `skipped` is
 * how many rows could not be read before: one more may be an invitation that nobody can see.
 */
export async function lookAfter(
  { client, clock, guard }: Sending,
  call: CallContext,
  posts: readonly (Posted | Sent)[],
  skipped: number,
): Promise<Sent[]> {
  const look = () => client.list(call, "never").catch(() => undefined);
  const isTold = posts.every((one) => "outcome" in one);
  const first = isTold ? undefined : await look();
  const told = posts.map((one) => tell(one, first, false));
  if (told.every((one) => one !== undefined)) return told;
  await clock.sleep(SECOND_LOOK_MS);
  const second = await look();
  return posts.map((one, at) => told[at] ?? tell(one, second, true) ?? inDoubt(one.email));

  /** Undefined where another look may help. */
  function tell(
    one: Posted | Sent,
    list: InvitationList | undefined,
    isLast: boolean,
  ): Sent | undefined {
    if ("outcome" in one) return one;
    const { email, said, answer, deletes } = one;
    // Nothing with this address was there before: whatever there is now is new.
    const found = list?.invitations.find((row) => isSameEmail(row.email, email));
    if (found !== undefined && said !== "invited") guard.remember(email, found);
    if (said === "invited") {
      const obstacle = list && obstacleIn(list, email, guard);
      if (obstacle !== undefined || !isLast) return obstacle;
      const happened = list === undefined ? INVITED_UNREAD : INVITED_UNSEEN;
      const refused = { happened, known: "Nothing was sent.", nothingSent: true };
      return failed(email, new Failure("outcome_unknown", refused));
    }
    if (said === "accepted" && found) {
      guard.settle(email);
      return { email, outcome: "invited", invitation: found };
    }
    if (found !== undefined) return mailUnconfirmed(email, found, said);
    if (said === "unclear") return isLast ? inDoubt(email) : undefined;
    if (list === undefined) return inDoubt(email, said);
    if (!isLast) return undefined;
    if (said === "throttled") return failed(email, refusalIn(client, answer ?? { status: 429 }));
    if (guard.deletes(email) !== deletes || list.skipped > skipped) {
      return inDoubt(email, said, GONE_OR_UNSEEN);
    }
    guard.remember(email);
    guard.settle(email);
    const mailFailed = said === "mail_failed" ? { mailFailed: true as const } : {};
    return { email, outcome: "added", ...mailFailed };
  }

  function inDoubt(email: string, said: Said = "unclear", why = WHEN_UNREADABLE[said]): Sent {
    guard.doubt(email);
    const known = why ?? "The request went out and no clear answer came back.";
    const failure = new Failure("outcome_unknown", { known: `${known} ${IN_DOUBT}` });
    return { email, outcome: "outcome_unknown", mayHaveJoined: true, failure };
  }
}

const GONE_OR_UNSEEN =
  "Trieve took the request; the invitation was deleted meanwhile, or its row cannot be read.";

const INVITED_UNSEEN =
  "Trieve says that the address is invited already, and its list does not show that";

const INVITED_UNREAD =
  "Trieve says that the address is invited already, and the list could not be read to see as what";

const WHEN_UNREADABLE: Partial<Record<Said, string>> = {
  accepted: "Trieve accepted the invitation, and afterwards the list could not be read.",
  mail_failed: "Trieve says that its mail failed, and afterwards the list could not be read.",
  throttled: "A proxy answered 429, and afterwards the list could not be read.",
};

const itsId = ({ id }: Invitation) => `Its id is ${id}.`;

/** The invitation exists; whether its mail went out is not known, or it is known that it did not. */
function mailUnconfirmed(email: string, invitation: Invitation, said: Said): Sent {
  const known = itsId(invitation);
  const happened = "The invitation exists. The mail failed, so the person has no link";
  const details = said === "mail_failed" ? { happened, known } : { known };
  return failed(email, new Failure("mail_unconfirmed", details), invitation);
}

/** An address of which there is no good to tell. */
export function failed(email: string, failure: Failure, invitation?: Invitation): Sent {
  const { code } = failure;
  const isTelling =
    code === "mail_unconfirmed" || code === "outcome_unknown" || code === "rejected";
  const outcome = isTelling ? code : "not_sent";
  return { email, outcome, failure, ...(invitation === undefined ? {} : { invitation }) };
}

/** Trieve compares addresses letter by letter; people do not. */
export function isSameEmail(a: string, b: string): boolean {
  return a.length === b.length && a.toLowerCase() === b.toLowerCase();
}
