import { Failure } from "../errors.ts";
import type { CallContext } from "./call.ts";
import { IN_DOUBT } from "./classify.ts";
import type { Client, Trieve } from "./client.ts";
import { createdDate, type Invitation, type InvitationList, isSameEmail } from "./invitation.ts";
import type { MemberList } from "./member.ts";
import { type Addressee, failedOutcome, type Outcome } from "./outcome.ts";

/** Whether an address is a member's, ignoring case; undefined if the members could not be read. */
export type IsMember = (email: string) => Promise<boolean | undefined>;

/** A check that reads the members once, when it is first used. */
export function createMemberCheck(client: Client, call: CallContext): IsMember {
  let reading: Promise<MemberList | undefined> | undefined;
  return async (email) => {
    reading ??= client.members(call).catch((error) => {
      if (error instanceof Failure) return undefined;
      throw error;
    });
    return (await reading)?.members.some((member) => isSameEmail(member.email, email));
  };
}

/** The outcome for an address that cannot be invited now; undefined if nothing stands in the way. */
export async function findObstacle(
  { guard }: Pick<Trieve, "guard">,
  target: Addressee,
  { invitations }: InvitationList,
  isMember: IsMember,
): Promise<Outcome | undefined> {
  const { email } = target;
  const same = invitations.filter((invitation) => isSameEmail(invitation.email, email));
  const pending = same.find(({ status }) => status === "pending");
  if (guard.doubts.get(email)) {
    const failure = pending
      ? new Failure("mail_unconfirmed", { known: EARLIER_SEND })
      : doubtFailure();
    return failedOutcome(target, failure, pending);
  }
  if (pending !== undefined)
    return alreadyInvited(target, pending, guard.mailFailures.get(pending.id));
  if ((guard.members.get(email) ?? email) !== email) {
    return { target, outcome: "already_member", reason: LEARNED_BEFORE };
  }
  if (same.length === 0) return undefined;
  const isJoined = await isMember(email);
  if (isJoined) return { target, outcome: "already_member" };
  // Trieve compares case-sensitively: a used record in other case blocks only while its person may be a member.
  const used = isJoined === undefined ? same[0] : same.find((one) => one.email === email);
  return used && failedOutcome(target, alreadyAccepted(isJoined), used);
}

/** Why nothing is sent to an address while the outcome of an earlier request is unknown. */
export function doubtFailure() {
  return new Failure("outcome_unknown", { known: `${EARLIER_SEND} ${IN_DOUBT}` });
}

/** Why a used invitation blocks a new one; undefined means that it is unknown whether the person is a member. */
export function alreadyAccepted(isMember: false | undefined) {
  return new Failure("already_accepted", isMember === undefined ? MEMBERSHIP_UNKNOWN : {});
}

function alreadyInvited(target: Addressee, pending: Invitation, didMailFail = false): Outcome {
  const as = `as ${pending.role}, created ${createdDate(pending).slice(0, 10)}`;
  if (pending.role === target.role && !didMailFail) {
    return { target, outcome: "already_invited", invitation: pending, reason: as };
  }
  const mail = didMailFail ? ", and its mail failed" : "";
  const happened = `A pending invitation to this address exists (${as})${mail}; nothing was sent`;
  return failedOutcome(target, new Failure("already_invited", { happened }), pending);
}

const EARLIER_SEND =
  "What came of an earlier request to this address is unclear, so no other was sent.";
const LEARNED_BEFORE =
  "this server learned within the last 10 minutes that the person is a member, and did not ask Trieve again";
const MEMBERSHIP_UNKNOWN = {
  happened:
    "An accepted invitation to this address blocks a new one, and whether the person is a member now is unknown, since the members could not be read; nothing was sent",
  next: "Tell the user, and find out whether the person is a member before anything else",
};
