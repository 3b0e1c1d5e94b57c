import pLimit from "p-limit";
import { type ErrorCode, Failure } from "../errors.ts";
import { type CallContext, REPORT_MS, reserveTime } from "./call.ts";
import {
  classOf,
  failedOutcome,
  isTargetFailure,
  type Outcome,
  type Target,
  type Untouched,
} from "./outcome.ts";

interface Options {
  /** The outcome of a target that was left alone. */
  untouched: Untouched;
  /** How many targets are processed at a time. */
  atOnce: number;
  /** With fewer milliseconds of the call left, only the first target is started: the call must still report results. */
  needsMs: number;
}

/**
 * Runs `work` on each target and keeps the outcomes in `call.outcomes`, in the same order. `work` returns the outcome,
 * or undefined if it will be recorded later; a Failure it throws becomes the outcome. After `stop`, or after the first
 * failure that concerns all targets, no more are started. Throws only unexpected errors.
 */
export async function runBatch<T extends Target>(
  call: CallContext,
  targets: readonly T[],
  { untouched, atOnce, needsMs }: Options,
  work: (
    target: T,
    call: CallContext,
    stop: (reason: Failure) => void,
  ) => Promise<Outcome | undefined>,
): Promise<void> {
  call.outcomes.push(
    ...targets.map((target) => ({ target, outcome: untouched, failure: NOT_STARTED })),
  );
  let stopReason: Failure | undefined;
  let hasStarted = false;
  let done = 0;

  const stop = (failure: Failure) => {
    stopReason ??= failure;
  };
  const throwIfStopped = () => {
    if (stopReason !== undefined) throw stopReason;
  };

  async function start(target: T): Promise<void> {
    if (hasStarted && call.timeLeft() < needsMs) stop(new Failure("timeout", TOO_LATE));
    hasStarted = true;
    try {
      throwIfStopped();
      const outcome = await work(target, contextFor(target), stop);
      if (outcome !== undefined) call.record(outcome);
    } catch (error) {
      const failure = toFailure(error, call);
      const outcome =
        error !== stopReason && isTargetFailure(failure)
          ? failedOutcome(target, failure)
          : { target, outcome: untouched, failure };
      // Any other failure concerns this target alone.
      if (classOf(outcome) === "unsure") stop(earlierUnclear(failure.code));
      else if (outcome.outcome === untouched) stop(failure);
      call.record(outcome);
    } finally {
      done += 1;
      const total = targets.length;
      if (total > 1) call.progress?.(`${done} of ${total}`, total - done);
    }
  }

  /**
   * The call's context for one target, with time reserved for the report. `beginWrite` marks the outcome unknown until
   * the work says more. It throws if the batch was stopped, perhaps while the request waited for a slot.
   */
  function contextFor(target: T): CallContext {
    return {
      ...reserveTime(call, REPORT_MS),
      beginWrite() {
        throwIfStopped();
        const before = call.outcomes.find((one) => one.target === target);
        call.record({ target, outcome: "outcome_unknown", failure: UNKNOWN });
        const undo = call.beginWrite(target);
        return () => {
          if (before !== undefined) call.record(before);
          undo();
        };
      },
    };
  }

  const limit = pLimit(atOnce);
  await Promise.all(targets.map((target) => limit(start, target)));
}

/** The error if it is a Failure, or `cancelled` for the abort of a cancelled call. Rethrows anything else. */
function toFailure(error: unknown, { signal }: CallContext): Failure {
  if (error instanceof Failure) return error;
  const isAbort = error instanceof Error && error.name === "AbortError";
  if (isAbort && signal.aborted) return new Failure("cancelled", CANCELLED);
  throw error;
}

/** Why the rest is not started after a target that is unsure, with the code of that one. */
export function earlierUnclear(code: ErrorCode): Failure {
  return new Failure(code, {
    happened: "This was not started, because an earlier one failed or is unclear",
    next: "But first find out what came of that one",
  });
}

const NOT_STARTED = new Failure("cancelled");
const UNKNOWN = new Failure("outcome_unknown");
// Not the default text, which says that nothing was done: an earlier target may have been changed.
const CANCELLED = { happened: "The call was cancelled" };
const TOO_LATE = {
  happened: "This was not started, because the call's time was nearly up",
  next: "Call again for what is left",
};
