import pLimit from "p-limit";
import { Failure } from "../errors.ts";
import { type CallContext, keepingTime, TELLING_MS } from "./call.ts";
import { failed, type Outcome, type Target, type Untouched } from "./outcome.ts";

/** Takes a call through its targets. After the first failure that concerns all of them it begins no more. */
export interface Batch<T extends Target> {
  /**
   * Does `work` to each target, `atOnce` at a time. Work gives the outcome, or nothing where that is told later; a
   * Failure that it throws becomes the outcome. Throws only what is unexpected.
   */
  each(
    atOnce: number,
    work: (target: T, call: CallContext) => Promise<Outcome | undefined>,
  ): Promise<void>;
  /** Begins nothing more, for this reason. */
  stop(reason: Failure): void;
  /** For work that had to wait for its turn: throws where nothing more may begin. */
  check(): void;
  /** Tells what came of a target. */
  tell(outcome: Outcome): void;
}

/**
 * A batch over `targets`, whose outcomes stand in `call.outcomes` from now on, in the same order: `untouched` where
 * nothing was done. No more than the first is begun with less than `needsMs` milliseconds of the call's time left.
 */
export function createBatch<T extends Target>(
  call: CallContext,
  targets: readonly T[],
  untouched: Untouched,
  needsMs: number,
): Batch<T> {
  const first = call.outcomes.length;
  for (const target of targets) {
    call.outcomes.push({ target, outcome: untouched, failure: NOT_BEGUN });
  }
  let reason: Failure | undefined;
  let hasBegun = false;

  const batch: Batch<T> = {
    stop(failure) {
      reason ??= failure;
    },
    check() {
      if (reason !== undefined) throw reason;
    },
    tell(outcome) {
      call.outcomes[first + targets.indexOf(outcome.target as T)] = outcome;
    },
    async each(atOnce, work) {
      const places = pLimit(atOnce);
      await Promise.all(targets.map((target) => places(() => begin(target, work))));
    },
  };

  async function begin(target: T, work: Parameters<Batch<T>["each"]>[1]): Promise<void> {
    if (hasBegun && call.timeLeft() < needsMs) batch.stop(new Failure("timeout", TOO_LATE));
    hasBegun = true;
    try {
      batch.check();
      const outcome = await work(target, callFor(target));
      if (outcome !== undefined) batch.tell(outcome);
    } catch (error) {
      const isLeftAlone = error === reason;
      const failure = failureIn(error, call);
      if (!failure.concernsOneTarget) batch.stop(failure);
      batch.tell(
        isLeftAlone ? { target, outcome: untouched, failure } : failed(target, failure, untouched),
      );
    } finally {
      call.step();
    }
  }

  /**
   * The call at work on this target, which leaves the time to tell what came of all: a request that may change something
   * leaves its outcome unknown.
   */
  function callFor(target: T): CallContext {
    return {
      ...keepingTime(call, TELLING_MS),
      beginWrite() {
        const at = first + targets.indexOf(target);
        const before = call.outcomes[at];
        batch.tell({ target, outcome: "outcome_unknown", failure: NOT_TOLD });
        const takeBack = call.beginWrite(target);
        return () => {
          if (before !== undefined) batch.tell(before);
          takeBack();
        };
      },
    };
  }

  return batch;
}

/** What was thrown as a Failure, also where that is the end of a cancelled call. Throws all else. */
function failureIn(error: unknown, { signal }: CallContext): Failure {
  if (error instanceof Failure) return error;
  const isAbort = error instanceof Error && error.name === "AbortError";
  if (isAbort && signal.aborted) return new Failure("cancelled", CANCELLED);
  throw error;
}

const NOT_BEGUN = new Failure("cancelled");
const NOT_TOLD = new Failure("outcome_unknown");
// Not the table's words: something may have been done to an earlier target.
const CANCELLED = { happened: "The call was cancelled" };
const TOO_LATE = {
  happened: "This was not started, because the call's time was nearly up",
  next: "Call again for what is left",
};
