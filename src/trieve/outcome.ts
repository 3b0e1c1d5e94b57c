import type { Role } from "../config/policy.ts";
import { type ErrorCode, Failure } from "../errors.ts";
import type { Invitation } from "./invitation.ts";

/** The class of each outcome if it has no failure: done now, so already, unsure, or still open. */
const CLASSES = {
  invited: "did",
  added: "did",
  resent: "did",
  deleted: "did",
  already_member: "already",
  already_resent: "already",
  already_gone: "already",
  already_invited: "already",
  outcome_unknown: "unsure",
  deleted_not_sent: "unsure",
  mail_unconfirmed: "unsure",
  already_accepted: "open",
  rejected: "open",
  changed: "open",
  not_found: "open",
  not_supported: "open",
  role_not_allowed: "open",
  domain_not_allowed: "open",
  invalid_email: "open",
  not_sent: "open",
  not_resent: "open",
  not_deleted: "open",
} as const;

export type OutcomeName = keyof typeof CLASSES;
type OutcomeClass = (typeof CLASSES)[OutcomeName];

/** The outcomes of targets that were left alone. */
export type Untouched = "not_sent" | "not_resent" | "not_deleted";

/** What a call acts on: an address, or an invitation. */
export interface Target {
  /** Untrusted, like `role`. */
  email?: string | undefined;
  role?: string | undefined;
  invitation?: Invitation | undefined;
  /** The beginning of an id that matches no invitation, as the caller gave it. */
  givenId?: string | undefined;
  /** Variants of the address in other letter case that the caller also gave. Untrusted. */
  spellings?: readonly string[] | undefined;
}

/** An address to invite, and the role to invite it with. */
export interface Addressee extends Target {
  email: string;
  role: Role;
}

/** An invitation as it was listed. It is compared with the list again before anything is done to it. */
export interface Listed extends Target {
  invitation: Invitation;
  email: string;
  role: string;
}

/** The result for one target. */
export interface Outcome {
  target: Target;
  outcome: OutcomeName;
  /** The new invitation, or the existing one that blocks it. */
  invitation?: Invitation | undefined;
  /** Why the target is not as requested. */
  failure?: Failure | undefined;
  /** A remark on a target that is as requested. */
  reason?: string | undefined;
}

/** A failure whose code is also the name of an outcome. */
export type TargetFailure = Failure<OutcomeName & ErrorCode>;

export function isTargetFailure(failure: Failure): failure is TargetFailure {
  return Object.hasOwn(CLASSES, failure.code);
}

/** The outcome for a failed target, named by the failure's code. */
export function failedOutcome(
  target: Target,
  failure: TargetFailure,
  invitation?: Invitation,
): Outcome {
  return { target, outcome: failure.code, failure, invitation };
}

/** The class of an outcome. With a failure it is unsure or open, whatever its name. */
export function classOf({ outcome, failure }: Outcome): OutcomeClass {
  const named = CLASSES[outcome];
  return failure === undefined || named === "unsure" ? named : "open";
}

const UNSURE: readonly OutcomeName[] = ["outcome_unknown", "deleted_not_sent", "mail_unconfirmed"];

/**
 * The result of a whole call. With no target unsure or open it is `done`, or `nothing_to_do` if all were so already.
 * Otherwise it is `partly_done` if any target is done or already so, else the failure to report: that of the first
 * unsure target in the order of UNSURE, or of the first open one.
 */
export function summarise(
  outcomes: readonly Outcome[],
): "done" | "partly_done" | "nothing_to_do" | Failure {
  const classes = outcomes.map(classOf);
  const unsure = UNSURE.map((name) => outcomes.find(({ outcome }) => outcome === name));
  const wrong = unsure.find(Boolean) ?? outcomes[classes.indexOf("open")];
  if (wrong === undefined) return classes.includes("did") ? "done" : "nothing_to_do";
  if (classes.includes("did") || classes.includes("already")) return "partly_done";
  return wrong.failure ?? new Failure("internal_error");
}
