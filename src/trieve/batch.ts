import pLimit from "p-limit";
import { Failure } from "../errors.ts";
import { type CallContext, REPORT_MS, reserveTime } from "./call.ts";
import { classOf, failedOutcome, type Outcome, type Target, type Untouched } from "./outcome.ts";

interface Options {
  /** The outcome of a target to which nothing was done. */
  untouched: Untouched;
  /** How many targets are at work at a time. */
  atOnce: number;
  /** No more than the first is begun with less milliseconds of the call's time left: what came of it has to be told. */
  needsMs: number;
}

/**
 * Does `work` to each target, and keeps in `call.outcomes` what came of them, in the same order. Work gives the
 * outcome, or nothing where that is told later; a Failure that it throws becomes the outcome. After `stop`, and after
 * the first failure that concerns all of them, nothing more is begun. Throws only what is unexpected.
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
    ...targets.map((target) => ({ target, outcome: untouched, failure: NOT_BEGUN })),
  );
  let reason: Failure | undefined;
  let hasBegun = false;

  const stop = (failure: Failure) => {
    reason ??= failure;
  };
  const check = () => {
    if (reason !== undefined) throw reason;
  };

  async function begin(target: T): Promise<void> {
    if (hasBegun && call.timeLeft() < needsMs) stop(new Failure("timeout", TOO_LATE));
    hasBegun = true;
    try {
      check();
      const outcome = await work(target, contextFor(target), stop);
      if (outcome !== undefined) call.record(outcome);
    } catch (error) {
      const failure = toFailure(error, call);
      const outcome =
        error === reason
          ? { target, outcome: untouched, failure }
          : failedOutcome(target, failure, untouched);
      // Any other is about this target alone.
      if (outcome.outcome === untouched || classOf(outcome) === "unsure") stop(failure);
      call.record(outcome);
    } finally {
      call.step();
    }
  }

  /**
   * The call at work on this target, which leaves the time to tell what came of all: a request that may change something
   * leaves its outcome unknown. It throws where nothing more may begin: the request may have waited for its turn.
   */
  function contextFor(target: T): CallContext {
    return {
      ...reserveTime(call, REPORT_MS),
      beginWrite() {
        check();
        const before = call.outcomes.find((one) => one.target === target);
        call.record({ target, outcome: "outcome_unknown", failure: NOT_KNOWN });
        const takeBack = call.beginWrite(target);
        return () => {
          if (before !== undefined) call.record(before);
          takeBack();
        };
      },
    };
  }

  const places = pLimit(atOnce);
  await Promise.all(targets.map((target) => places(begin, target)));
}

/** What was thrown as a Failure, also where that is the end of a cancelled call. Throws all else. */
function toFailure(error: unknown, { signal }: CallContext): Failure {
  if (error instanceof Failure) return error;
  const isAbort = error instanceof Error && error.name === "AbortError";
  if (isAbort && signal.aborted) return new Failure("cancelled", CANCELLED);
  throw error;
}

const NOT_BEGUN = new Failure("cancelled");
const NOT_KNOWN = new Failure("outcome_unknown");
// Not the table's words: something may have been done to an earlier target.
const CANCELLED = { happened: "The call was cancelled" };
const TOO_LATE = {
  happened: "This was not started, because the call's time was nearly up",
  next: "Call again for what is left",
};
