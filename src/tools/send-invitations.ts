import * as z from "zod";
import { ROLES, type Role } from "../trieve/invitation.ts";
import type { Obstacle, Sent } from "../trieve/sent.ts";
import type { Deed } from "./deed.ts";
import { confirmation, emailFact, placeFacts, roleFact, roleField } from "./fields.ts";
import type { Result } from "./result.ts";
import {
  ADDED_MEANS,
  addressFailure,
  allFailures,
  asWhat,
  checkLinks,
  LEARNED_BEFORE,
  linkFacts,
  MAIL_FAILED,
  PEOPLE_JOIN,
  roleFailure,
  sendKey,
  sendNote,
  UNKNOWN_MEANS,
} from "./sending.ts";
import {
  emails,
  invitationsIn,
  named,
  type Outcomes,
  type Row,
  severalOutput,
  severalResult,
} from "./several.ts";
import { defineTool, type ToolContext } from "./tool.ts";

const OUTCOMES: Outcomes<Sent["outcome"]> = {
  invited: { is: "done" },
  added: { is: "done", means: ADDED_MEANS },
  already_invited: {
    is: "so already",
    means: "already_invited: resend_invitations sends that one again, or as another role.",
  },
  already_accepted: {
    is: "so already",
    means: "already_accepted: to invite again, delete that record first.",
  },
  already_member: { is: "so already" },
  mail_unconfirmed: {
    is: "in doubt",
    means:
      "mail_unconfirmed: the invitation exists; resend_invitations deletes it and mails a new one.",
  },
  outcome_unknown: { is: "in doubt", means: UNKNOWN_MEANS },
  rejected: { is: "not done" },
  not_sent: {
    is: "not done",
    means:
      "not_sent: nothing went out; the same call again sends these, and leaves out whoever is invited.",
  },
};

export const sendInvitations = defineTool({
  name: "send_invitations",
  title: "Send several invitations",
  description:
    "Invites several people with one role; a person is asked once. Tells what came of each address; after partly_done the same call sends the rest.",
  hints: {
    readOnlyHint: false,
    destructiveHint: false,
    idempotentHint: false,
    openWorldHint: true,
  },
  input: {
    emails,
    role: roleField(ROLES).default("user").describe("Role to invite all of them as"),
    confirmation,
  },
  output: severalOutput({
    email: z.string(),
    outcome: z.enum(Object.keys(OUTCOMES) as [Sent["outcome"]]),
    id: z.string().optional(),
  }),
  argued: ({ emails, role }) => emails.map((email) => ({ email, role })),
  async plan({ emails, role }, context, call) {
    checkLinks(context);
    const all = distinct(emails);
    const faults = all.flatMap((email) => {
      const failure = addressFailure(email, context.policy);
      const name = named([email]) || `number ${emails.indexOf(email) + 1}`;
      return failure === undefined ? [] : [{ name, failure }];
    });
    const failure = allFailures(faults) ?? roleFailure(role, context.policy);
    if (failure !== undefined) throw failure;
    const obstacles = await context.invitations.findObstacles(call, all);
    const leftOut = obstacles.filter((one) => one !== undefined);
    const open = all.filter((_, at) => obstacles[at] === undefined);
    const tell = (told: readonly Sent[]) => {
      const inOrder = all.flatMap((email) => told.find((one) => one.email === email) ?? []);
      return sendResult(inOrder, role, context);
    };
    return open.length === 0 ? tell(leftOut) : sending(open, leftOut, role, context, tell);
  },
});

/** Each address once, letter case aside. */
function distinct(emails: readonly string[]): string[] {
  const all = new Map<string, string>();
  for (const email of emails) {
    if (!all.has(email.toLowerCase())) all.set(email.toLowerCase(), email);
  }
  return [...all.values()];
}

function sending(
  open: readonly string[],
  leftOut: readonly Obstacle[],
  role: Role,
  context: ToolContext,
  tell: (sent: readonly Sent[]) => Result,
): Deed {
  const count = open.length;
  const invitations = invitationsIn(count);
  return {
    title: `send ${invitations} to ${named(open)} (${role})`,
    facts: [
      // With the role at once: Claude Code shows three lines of a question and no more.
      `Send ${invitations} as ${role}?`,
      ...open.map(emailFact),
      roleFact(role),
      PEOPLE_JOIN,
      ...leftOutFacts(leftOut),
      ...linkFacts(context),
      ...placeFacts(context),
    ],
    choices: ["do not send", `send ${count}`],
    targets: open.map((email) => ({ key: sendKey(email), email, role })),
    subject: { role },
    async perform(call) {
      const to = open.map((email) => ({ email, role }));
      const others = leftOut.map(({ email }) => email);
      return tell(await context.invitations.sendAll(call, to, others));
    },
  };
}

const LEFT_OUT: Record<Obstacle["outcome"], string> = {
  already_invited: "invited already",
  already_accepted: "accepted already",
  already_member: "members already",
  mail_unconfirmed: "in doubt after an earlier send",
  outcome_unknown: "in doubt after an earlier send",
};

function leftOutFacts(leftOut: readonly Obstacle[]): string[] {
  const counts = new Map<string, number>();
  for (const { outcome } of leftOut) {
    const why = LEFT_OUT[outcome];
    counts.set(why, (counts.get(why) ?? 0) + 1);
  }
  if (counts.size === 0) return [];
  return [`Left out: ${[...counts].map(([why, count]) => `${count} ${why}`).join(", ")}`];
}

function sendResult(sent: readonly Sent[], role: Role, context: ToolContext): Result {
  const rows = sent.map((one): Row<Sent["outcome"]> => {
    const { email, outcome, invitation, failure, mailFailed, isRemembered } = one;
    const mailOrMemory =
      (mailFailed && MAIL_FAILED) || (isRemembered && LEARNED_BEFORE) || undefined;
    const isOther = outcome === "already_invited" && invitation?.role !== role;
    const before = outcome === "already_invited" ? invitation : undefined;
    return {
      email,
      role,
      outcome,
      id: invitation?.id,
      failure,
      reason: before ? asWhat(before) : mailOrMemory,
      ...(isOther ? { is: "not done" } : {}),
    };
  });
  const note = sendNote(context, sent);
  return severalResult(context, { rows, outcomes: OUTCOMES, role, note });
}
