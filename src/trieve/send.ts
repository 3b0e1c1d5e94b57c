import pLimit from "p-limit";
import type { Clock } from "../clock.ts";
import { Failure } from "../failures.ts";
import type { CallContext } from "./call-context.ts";
import type { Answer, Client } from "./client.ts";
import { type Course, createCourse } from "./course.ts";
import { type Invitation, type InvitationList, ROLES, type Role } from "./invitation.ts";
import { SECOND_LOOK_MS } from "./limits.ts";
import { readAnswer, refusalIn, type Said } from "./send-answer.ts";
import type { SendGuard } from "./send-guard.ts";

/** Whom an invitation goes to, and as what. */
export interface Addressee {
  email: string;
  role: Role;
}

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
  /** Why it is one of the last four. */
  failure?: Failure;
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

const AT_ONCE = 2;
// How much of the call's time a send needs, so that its end can be told.
const NEEDS_MS = 20_000;
const EARLIER_SEND = "An earlier request to this address ended unclear, so no other was sent.";

/** What is said of an address whose send ended unclear. */
export const IN_DOUBT =
  "Somebody with an account may have joined without an invitation to show for it. Another send to the address is refused for two minutes; an invitation that shows up in the list can be mailed again with resend_invitations.";

/** What stands in the way of inviting an address: an invitation, or an earlier send in doubt. */
export function obstacleIn(
  { invitations }: InvitationList,
  email: string,
  guard: SendGuard,
): Sent | undefined {
  const same = invitations.filter((invitation) => isSameEmail(invitation.email, email));
  const pending = same.find(({ status }) => status === "pending");
  if (guard.isInDoubt(email)) {
    const failure =
      pending === undefined
        ? new Failure("outcome_unknown", { known: `${EARLIER_SEND} ${IN_DOUBT}` })
        : new Failure("mail_unconfirmed", { known: EARLIER_SEND });
    return failed(email, failure, pending);
  }
  if (pending !== undefined) return { email, outcome: "already_invited", invitation: pending };
  if (same[0] !== undefined) return { email, outcome: "already_accepted", invitation: same[0] };
  const known = guard.known(email);
  if (known === undefined) return undefined;
  return known.invitation === undefined
    ? { email, outcome: "already_member" }
    : { email, outcome: "already_invited", invitation: known.invitation };
}

/**
 * Invites the addresses: reads the list, sends one POST to each that nothing stands in the way of, two
 * at a time, and reads the list again to tell what came of them. Nothing more is sent after an end that
 * is unclear or a refusal that is not about the address. What came of each is told in the order given;
 * throws Failure only where the first list could not be read.
 */
export async function sendAll(
  sending: Sending,
  call: CallContext,
  to: readonly Addressee[],
): Promise<Sent[]> {
  const { client, guard } = sending;
  const list = await client.list(call);
  const untouched = "not_sent" as const;
  const course = createCourse(call, { count: to.length, untouched, needsMs: NEEDS_MS });
  const places = pLimit(AT_ONCE);
  const posts = to.map((one, at) =>
    places(async (): Promise<Posted | Sent> => {
      const obstacle = obstacleIn(list, one.email, guard);
      if (obstacle !== undefined) {
        call.step();
        return obstacle;
      }
      const end = await course.run(at, (call) => post(sending, call, one, course));
      if ("done" in end) return end.done;
      if ("left" in end) return { email: one.email, outcome: untouched, failure: end.left };
      const sent = failed(one.email, end.failed);
      call.at(at).know(sent.outcome);
      return sent;
    }),
  );
  return lookAfter(sending, call, await Promise.all(posts), list.skipped);
}

/**
 * Sends one POST, after `first` where that is given, and stops the course where more would make things
 * worse. Throws Failure when nothing was sent.
 */
export async function post(
  { client, guard }: Sending,
  call: CallContext,
  { email, role }: Addressee,
  course: Course,
  first?: () => Promise<void>,
): Promise<Posted | Sent> {
  let deletes = guard.deletes(email);
  const before =
    first &&
    (async () => {
      await first();
      deletes = guard.deletes(email);
    });
  const answer = await client.send(call, email, ROLES.indexOf(role), before);
  const said = readAnswer(answer);
  if (said === "member") {
    guard.remember(email);
    return { email, outcome: "already_member" };
  }
  if (answer !== undefined && said === "refused") throw refusalIn(client, answer);
  if (said === "unclear") course.stop(new Failure("outcome_unknown", UNCLEAR));
  if (said === "mail_failed") course.stop(new Failure("mail_unconfirmed", MAIL_FAILED));
  if (answer !== undefined && said === "throttled") course.stop(refusalIn(client, answer));
  return { email, said, answer, deletes };
}

const UNCLEAR = { happened: "The end of a send was unclear" };
const MAIL_FAILED = { happened: "Trieve said that its mail failed" };

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
      return failed(email, new Failure("outcome_unknown", INVITED_UNSEEN));
    }
    if (said === "accepted" && found) return { email, outcome: "invited", invitation: found };
    if (found !== undefined) return mailUnconfirmed(email, found, said);
    if (said === "unclear") return isLast ? inDoubt(email) : undefined;
    if (list === undefined) return inDoubt(email, said);
    if (!isLast) return undefined;
    if (said === "throttled") return failed(email, refusalIn(client, answer ?? { status: 429 }));
    if (guard.deletes(email) !== deletes || list.skipped > skipped) {
      return failed(email, new Failure("outcome_unknown", { known: GONE_OR_UNSEEN }));
    }
    guard.remember(email);
    const mailFailed = said === "mail_failed" ? { mailFailed: true as const } : {};
    return { email, outcome: "added", ...mailFailed };
  }

  function inDoubt(email: string, said: Said = "unclear"): Sent {
    guard.doubt(email);
    const known = WHEN_UNREADABLE[said] ?? "The request went out and no clear answer came back.";
    return failed(email, new Failure("outcome_unknown", { known: `${known} ${IN_DOUBT}` }));
  }
}

const GONE_OR_UNSEEN =
  "Trieve took the request; the invitation was deleted meanwhile, or its row cannot be read.";

const INVITED_UNSEEN = {
  happened: "Trieve says that the address is invited already, and its list does not show that",
  known: "Nothing was sent.",
};

const WHEN_UNREADABLE: Partial<Record<Said, string>> = {
  accepted: "Trieve accepted the invitation, and afterwards the list could not be read.",
  mail_failed: "Trieve says that its mail failed, and afterwards the list could not be read.",
  throttled: "A proxy answered 429, and afterwards the list could not be read.",
};

/** The invitation exists; whether its mail went out is not known, or it is known that it did not. */
function mailUnconfirmed(email: string, invitation: Invitation, said: Said): Sent {
  const known = `Its id is ${invitation.id}.`;
  const happened = "The invitation exists. The mail failed, so the person has no link";
  const details = said === "mail_failed" ? { happened, known } : { known };
  return failed(email, new Failure("mail_unconfirmed", details), invitation);
}

/** An address of which there is no good to tell. */
function failed(email: string, failure: Failure, invitation?: Invitation): Sent {
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
