import pLimit from "p-limit";
import { Failure } from "../failures.ts";
import type { CallContext } from "./call-context.ts";
import { type Course, createCourse } from "./course.ts";
import { ROLES, type Role } from "./invitation.ts";
import { readAnswer, refusalIn } from "./send-answer.ts";
import { failed, lookAfter, obstacleIn, type Posted, type Sending, type Sent } from "./sent.ts";

/** Whom an invitation goes to, and as what. */
export interface Addressee {
  email: string;
  role: Role;
}

const AT_ONCE = 2;
// How much of the call's time a send needs, so that its end can be told.
const NEEDS_MS = 20_000;

/**
 * Invites the addresses: reads the list, sends one POST to each that nothing stands in the way of, two
 * at a time, and reads the list again to tell what came of them. Nothing more is sent after an end that
 * is unclear or a refusal that is not about the address. What came of each is told in the order given,
 * and then what the first list says of those that were left out, to whom nothing is sent.
 */
export async function sendAll(
  sending: Sending,
  call: CallContext,
  to: readonly Addressee[],
  leftOut: readonly string[],
): Promise<Sent[]> {
  const { client, guard } = sending;
  const list = await client.list(call).catch(onlyFailure);
  if (list instanceof Failure) {
    return [...to.map(({ email }) => email), ...leftOut].map((email) => failed(email, list));
  }
  const untouched = "not_sent" as const;
  const course = createCourse(call, { count: to.length, untouched, needsMs: NEEDS_MS });
  const places = pLimit(AT_ONCE);
  const posts = to.map((one, at) =>
    places(async (): Promise<Posted | Sent> => {
      const obstacle = obstacleIn(list, one.email, guard);
      const told = (sent: Sent) => {
        call.at(at).know(sent.outcome);
        return sent;
      };
      if (obstacle !== undefined) {
        call.step();
        return told(obstacle);
      }
      const end = await course.run(at, (call) => post(sending, call, one, course));
      if ("done" in end) return "outcome" in end.done ? told(end.done) : end.done;
      if ("left" in end) return { email: one.email, outcome: untouched, failure: end.left };
      return told(failed(one.email, end.failed));
    }),
  );
  const rest = leftOut.map(
    (email) => obstacleIn(list, email, guard) ?? failed(email, new Failure("changed", FREED)),
  );
  return [...(await lookAfter(sending, call, await Promise.all(posts), list.skipped)), ...rest];
}

const FREED = {
  happened: "It was left out, and nothing stands in its way now: the same call again sends it",
};

/** Gives back a Failure, and throws all else. */
function onlyFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  throw error;
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
  const { check } = course;
  const answer = await client.send(call, email, ROLES.indexOf(role), { check, first: before });
  const said = readAnswer(answer);
  if (said === "member") {
    guard.remember(email);
    guard.settle(email);
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
