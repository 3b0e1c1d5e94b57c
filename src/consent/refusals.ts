import type { Deed } from "../tools/deed.ts";
import type { ConsentState, Pending, Reason, Refusal } from "./state.ts";

const PAUSE_MS = 10 * 60_000;
const REFUSALS = 3;

/** The state after a person's no to `deed`: it counts for each of its targets, and ends what is older. */
export function refuse(before: ConsentState, deed: Deed, no: Reason, now: number): ConsentState {
  // A page stays to show what was decided.
  const pending = before.pending.filter((one) => one.way === "page" || !isOutlived(one, deed));
  const state: ConsentState = { ...before, pending };
  return deed.targets.reduce<ConsentState>(
    (after, { key }) => refuseOne(after, key, no, now),
    state,
  );
}

/**
 * Without what was asked before of the same targets: it is no way around what a person is asked now.
 */
export function withoutOlder(state: ConsentState, deed: Deed): ConsentState {
  return { ...state, pending: state.pending.filter((one) => !isOutlived(one, deed)) };
}

/** Whether a question is older than one about `deed`. A form that a call waits for ends with its call. */
function isOutlived({ way, waits, deed: asked }: Pending, deed: Deed): boolean {
  const isAwaited = way === "form" && waits;
  return !isAwaited && isSameTarget(asked, deed);
}

/** Whether two deeds concern the same target. */
function isSameTarget(a: Deed, b: Deed): boolean {
  return a.targets.some(({ key }) => b.targets.some((target) => target.key === key));
}

/** The last of three refusals, where `deed` has a target that was refused so often. */
export function pauseOf(state: ConsentState, { targets }: Deed): Refusal | undefined {
  return targets
    .map(({ key }) => refusalsOf(state, key))
    .find(isPause)
    ?.at(-1);
}

function refuseOne(
  before: ConsentState,
  target: string,
  reason: Reason,
  now: number,
): ConsentState {
  const until = now + PAUSE_MS;
  const state = { ...before, refusals: [...before.refusals, { target, reason, until }] };
  if (!isPause(refusalsOf(state, target))) return state;
  // The last one of three begins the pause: none of them is forgotten before it is over.
  const refusals = state.refusals.map((one) => (one.target === target ? { ...one, until } : one));
  return { ...state, refusals };
}

function refusalsOf({ refusals }: ConsentState, key: string): readonly Refusal[] {
  return refusals.filter(({ target }) => target === key);
}

function isPause(refusals: readonly Refusal[]): boolean {
  return refusals.length >= REFUSALS;
}
