import type { Role } from "../config/policy.ts";
import { Failure } from "../errors.ts";
import type { Invitation } from "./invitation.ts";

/** What each outcome of a target means if it has no failure: done, so already, unsure, or still open. */
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

/** The outcomes of targets to which nothing was done. */
export type Untouched = "not_sent" | "not_resent" | "not_deleted";

/** What a call is to do something to: an address, or an invitation. */
export interface Target {
  /** Untrusted, as is `role`. */
  email?: string | undefined;
  role?: string | undefined;
  invitation?: Invitation | undefined;
  /** What the caller named, where no invitation is known by it: an address, or the beginning of an id. */
  name?: string | undefined;
  /** Other spellings of the address that the caller gave too, untrusted. */
  spellings?: readonly string[] | undefined;
}

/** Whom an invitation goes to, and as what. */
export interface Addressee extends Target {
  email: string;
  role: Role;
}

/** An invitation as it was listed, which is compared again before anything is done to it. */
export interface Listed extends Target {
  invitation: Invitation;
  email: string;
  role: string;
}

/** What came of one target. */
export interface Outcome {
  target: Target;
  outcome: OutcomeName;
  /** The new invitation, or the one that stands in the way. */
  invitation?: Invitation | undefined;
  /** Why it is not as it was asked for; what is told of an error. */
  failure?: Failure | undefined;
  /** What has to be said of one that is as it was asked for. */
  reason?: string | undefined;
}

/** An invitation or address to which `failure` happened; `untouched` where that is no outcome of its own. */
export function failedOutcome(
  target: Target,
  failure: Failure,
  untouched: Untouched,
  invitation?: Invitation,
): Outcome {
  const { code } = failure;
  const outcome = Object.hasOwn(CLASSES, code) ? (code as OutcomeName) : untouched;
  return { target, outcome, failure, invitation };
}

/** What an outcome comes to. With a failure it is unsure or open, whatever its name. */
export function classOf({ outcome, failure }: Outcome): OutcomeClass {
  const named = CLASSES[outcome];
  return failure === undefined || named === "unsure" ? named : "open";
}

const UNSURE: readonly OutcomeName[] = ["outcome_unknown", "deleted_not_sent", "mail_unconfirmed"];

/**
 * What the outcomes of a call's targets come to. With nothing unsure or open it is `done`, or `nothing_to_do`
 * where all was so already. Otherwise it is `partly_done` where something was done or was so already, and else
 * the failure that is told as an error: of the first unsure target in the order of UNSURE, or of the first open one.
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
