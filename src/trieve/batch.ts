import pLimit from "p-limit";
import { Failure } from "../errors.ts";
import { type CallContext, REPORT_MS, reserveTime } from "./call.ts";
import { classOf, failedOutcome, type Outcome, type Target, type Untouched } from "./outcome.ts";

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
        error === stopReason
          ? { target, outcome: untouched, failure }
          : failedOutcome(target, failure, untouched);
      // Any other failure concerns this target alone.
      if (outcome.outcome === untouched || classOf(outcome) === "unsure") stop(failure);
      call.record(outcome);
    } finally {
      call.step();
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

const NOT_STARTED = new Failure("cancelled");
const UNKNOWN = new Failure("outcome_unknown");
// Not the default text, which says that nothing was done: an earlier target may have been changed.
const CANCELLED = { happened: "The call was cancelled" };
const TOO_LATE = {
  happened: "This was not started, because the call's time was nearly up",
  next: "Call again for what is left",
};
