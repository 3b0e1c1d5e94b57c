import { Failure } from "../errors.ts";
import { neutralise } from "../text.ts";
import {
  createdDate,
  type Invitation,
  type InvitationList,
  isSameEmail,
} from "../trieve/invitation.ts";
import { doubtFailure } from "../trieve/obstacle.ts";
import {
  failedOutcome,
  type Listed,
  type Outcome,
  type Target,
  type Untouched,
} from "../trieve/outcome.ts";
import type { PastInvitation, SendGuard } from "../trieve/send-guard.ts";

/** What was named: a target to which something can be done, or what has to be said of it. */
export type Resolved<T extends Target = Listed> = { target: T; outcome?: undefined } | Outcome;

/** What names are looked up in. */
interface Sources {
  list: InvitationList;
  guard: Pick<SendGuard, "past" | "mailFailures" | "doubts">;
  /** What is said of one to which nothing is done, which tells a resend from a delete. */
  untouched: Untouched;
  /** The role that a resend asks for. */
  role?: string | undefined;
}

/**
 * What each name stands for, once each: an address for its only invitation, the beginning of an id for that
 * invitation. Earlier names of what this process resent in the last minutes are known too. Throws Failure
 * `ambiguous` for names that fit several.
 */
export function resolveTargets(names: readonly string[], sources: Sources): Resolved[] {
  const ambiguous: string[] = [];
  const byKey = new Map<string, Resolved>();
  for (const name of names) {
    const candidates = candidatesFor(name, sources);
    if (candidates.length > 1) ambiguous.push(formatAmbiguous(name, candidates));
    const found = resolveTarget(name, candidates[0], sources);
    const key = found.target.invitation?.id ?? name.toLowerCase();
    if (!byKey.has(key)) byKey.set(key, found);
  }
  if (ambiguous.length > 0) {
    throw new Failure("ambiguous", { happened: `${ambiguous.join("; ")}. Nothing was done` });
  }
  return [...byKey.values()];
}

/** The listed invitations that a name fits. Of several at one address only the pending one can be resent. */
function candidatesFor(name: string, { list, untouched }: Sources): readonly Invitation[] {
  const all = list.invitations.filter((invitation) => isNamed(invitation, name));
  const pending = all.filter(({ status }) => status === "pending");
  const isResend = untouched === "not_resent";
  return isResend && name.includes("@") && pending.length > 0 ? pending : all;
}

function resolveTarget(
  name: string,
  candidate: Invitation | undefined,
  { list, guard, untouched, role }: Sources,
): Resolved {
  const isResend = untouched === "not_resent";
  const past = guard.past.values();
  const old = past.find(({ invitation }) => isNamed(invitation, name));
  const newest = old && newestOf(old, guard.past);
  const only = candidate ?? list.invitations.find(({ id }) => id === newest?.id);
  if (only !== undefined) {
    // Whoever names it by its own id knows that it was resent.
    const isMeantAgain = !name.includes("@") && isNamed(only, name);
    const isJustResent =
      isResend &&
      !isMeantAgain &&
      !guard.mailFailures.get(only.id) &&
      (role === undefined || role === only.role) &&
      past.some((one) => hasReplaced(only, one));
    const target = listedTarget(only);
    return isJustResent ? { target, outcome: "already_resent" } : { target };
  }
  if (old === undefined)
    return failedOutcome(unresolvedTarget(name), new Failure("not_found"), untouched);
  const target = listedTarget(newest ?? old.invitation);
  if (isResend && guard.doubts.get(target.email))
    return failedOutcome(target, doubtFailure(), untouched);
  return isResend
    ? failedOutcome(target, new Failure("already_gone"), untouched)
    : { target, outcome: "already_gone" };
}

function isNamed({ id, email }: Invitation, name: string): boolean {
  return name.includes("@") ? isSameEmail(email, name) : id.startsWith(name.toLowerCase());
}

/** Whether an invitation took the place of another, or may have: where that is not known, its address decides. */
function hasReplaced({ id, email }: Invitation, { invitation, ...past }: PastInvitation): boolean {
  if (past.replacement !== undefined) return past.replacement.id === id;
  return past.isResent && isSameEmail(invitation.email, email);
}

/** What took the place of an invitation in the end. */
function newestOf(
  { replacement }: PastInvitation,
  past: SendGuard["past"],
): Invitation | undefined {
  const next = replacement && past.get(replacement.id);
  return next === undefined ? replacement : newestOf(next, past);
}

/** The target that an invitation is. */
function listedTarget(invitation: Invitation): Listed {
  return { invitation, email: invitation.email, role: invitation.role };
}

function formatAmbiguous(name: string, invitations: readonly Invitation[]): string {
  const each = invitations.map((one) => {
    const about = `${one.role}, ${one.status}, created ${createdDate(one).slice(0, 10)}`;
    return `${one.shortId} ${neutralise(one.email)} (${about})`;
  });
  return `${neutralise(name)} fits ${each.join(" and ")}`;
}

/** What is said of a name while it is not known what it stands for: of an id never more than its beginning. */
export function unresolvedTarget(name: string): Target {
  return name.includes("@") ? { name, email: name } : { name: neutralise(name.slice(0, 8)) };
}
