import { shownEmail } from "../email.ts";
import { Failure } from "../errors.ts";
import { neutralise } from "../text.ts";
import {
  createdDate,
  type Invitation,
  type InvitationList,
  isSameEmail,
} from "../trieve/invitation.ts";
import { doubtFailure } from "../trieve/obstacle.ts";
import { failedOutcome, type Listed, type Outcome, type Target } from "../trieve/outcome.ts";
import type { DeletedInvitation, SendGuard } from "../trieve/send-guard.ts";

/** What a name stands for: a target that something can be done to, or the outcome if nothing is to be done. */
export type Resolved<T extends Target = Listed> = { target: T; outcome?: undefined } | Outcome;

/** What names are resolved with. */
interface Sources {
  list: InvitationList;
  guard: Pick<SendGuard, "deleted" | "mailFailures" | "doubts">;
  isResend: boolean;
  /** The new role that a resend was called with. */
  role?: string | undefined;
}

/**
 * The invitations that names stand for, each once. A name is the address of a single invitation, or the beginning of
 * an id. What this process deleted or resent in the last 10 minutes is still found by its address or former id. Throws
 * Failure `ambiguous` for names that match several.
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

/** The listed invitations that match a name. For a resend by address, only the pending ones if there are any. */
function candidatesFor(name: string, { list, isResend }: Sources): readonly Invitation[] {
  const all = list.invitations.filter((invitation) => matchesName(invitation, name));
  const pending = all.filter(({ status }) => status === "pending");
  return isResend && name.includes("@") && pending.length > 0 ? pending : all;
}

function resolveTarget(
  name: string,
  candidate: Invitation | undefined,
  { list, guard, isResend, role }: Sources,
): Resolved {
  const allDeleted = guard.deleted.values();
  const deleted = allDeleted.find(({ invitation }) => matchesName(invitation, name));
  const newest = deleted && newestOf(deleted, guard.deleted);
  const current = candidate ?? list.invitations.find(({ id }) => id === newest?.id);
  if (current !== undefined) {
    // Whoever uses the new id knows that it was resent, and means to resend it once more.
    const hasNewId = !name.includes("@") && matchesName(current, name);
    const isJustResent =
      isResend &&
      !hasNewId &&
      !guard.mailFailures.get(current.id) &&
      (role === undefined || role === current.role) &&
      allDeleted.some((one) => hasReplaced(current, one));
    const target = listedTarget(current);
    return isJustResent ? { target, outcome: "already_resent" } : { target };
  }
  if (deleted === undefined) return failedOutcome(targetNamed(name), new Failure("not_found"));
  const target = listedTarget(newest ?? deleted.invitation);
  if (!isResend) return { target, outcome: "already_gone" };
  const failure = guard.doubts.get(target.email) ? doubtFailure() : new Failure("already_gone");
  return failedOutcome(target, failure);
}

function matchesName({ id, email }: Invitation, name: string): boolean {
  return name.includes("@") ? isSameEmail(email, name) : id.startsWith(name.toLowerCase());
}

/** Whether an invitation replaced a deleted one. If the replacement is not known, any one at its address counts. */
function hasReplaced({ id, email }: Invitation, old: DeletedInvitation): boolean {
  if (old.replacement !== undefined) return old.replacement.id === id;
  return old.isResent && isSameEmail(old.invitation.email, email);
}

/** The last replacement of a deleted invitation, which may have been resent several times. */
function newestOf(
  { replacement }: DeletedInvitation,
  deleted: SendGuard["deleted"],
): Invitation | undefined {
  const next = replacement && deleted.get(replacement.id);
  return next === undefined ? replacement : newestOf(next, deleted);
}

function listedTarget(invitation: Invitation): Listed {
  return { invitation, email: invitation.email, role: invitation.role };
}

function formatAmbiguous(name: string, invitations: readonly Invitation[]): string {
  const each = invitations.map((one) => {
    const about = `${one.role}, ${one.status}, created ${createdDate(one).slice(0, 10)}`;
    return `${one.shortId} ${shownEmail(one.email)} (${about})`;
  });
  return `${shownEmail(name)} fits ${each.join(" and ")}`;
}

/** The target for a name that matches no invitation (yet). Of an id it keeps only the beginning, which may be shown. */
export function targetNamed(name: string): Target {
  return name.includes("@") ? { email: name } : { givenId: neutralise(name.slice(0, 8)) };
}
