import { Failure, type FailureCode } from "../failures.ts";
import type { CallContext } from "./call-context.ts";

/** How it went with one target: done, failed, or left alone because of something before it. */
type End<T> = { done: T } | { failed: Failure } | { left: Failure };

/** A call's way through its targets, which ends at the first failure that concerns more than one. */
export interface Course {
  /** Does `work` to a target, unless the course has ended. Throws nothing but what is unexpected. */
  run<T>(target: number, work: (call: CallContext) => Promise<T>): Promise<End<T>>;
  /** Lets nothing more begin, for this reason. */
  stop(reason: Failure): void;
  /** For work that had to wait: throws what `run` tells as left alone, once the course has ended. */
  check(): void;
}

interface Targets {
  count: number;
  /** What is said of one to which nothing was done. */
  untouched: string;
  /** How much of the call's time has to be left to begin with one more than the first, ms. */
  needsMs: number;
}

const OF_ONE_TARGET: ReadonlySet<FailureCode> = new Set(["rejected", "changed", "not_supported"]);

/** Whether a failure is about the one target, so that others may fare better. */
export function concernsOne(code: FailureCode): boolean {
  return OF_ONE_TARGET.has(code);
}

export function createCourse(call: CallContext, { count, untouched, needsMs }: Targets): Course {
  for (let target = 0; target < count; target += 1) call.at(target).know(untouched);
  let reason: Failure | undefined;
  let hasBegun = false;
  const ended = new Failure("cancelled", { nothingSent: true });

  function stop(failure: Failure): void {
    reason ??= failure;
  }

  return {
    stop,
    check() {
      if (reason !== undefined) throw ended;
    },
    async run(target, work) {
      if (hasBegun && call.timeLeft() < needsMs) stop(new Failure("timeout", TOO_LATE));
      hasBegun = true;
      try {
        return reason === undefined ? { done: await work(call.at(target)) } : { left: reason };
      } catch (error) {
        if (error === ended && reason !== undefined) return { left: reason };
        const failed = failureIn(error, call);
        if (!concernsOne(failed.code)) stop(failed);
        return { failed };
      } finally {
        call.step();
      }
    },
  };
}

/** What was thrown as a Failure, also where that is the end of a cancelled call. Throws all else. */
function failureIn(error: unknown, { signal }: CallContext): Failure {
  if (error instanceof Failure) return error;
  const isAbort = error instanceof Error && error.name === "AbortError";
  if (isAbort && signal.aborted) return new Failure("cancelled", CANCELLED);
  throw error;
}

// Something may have been done to a target before this one.
const CANCELLED = { happened: "The call was cancelled" };

const TOO_LATE = {
  happened: "Too little of the call's time was left to begin",
  next: "Call again for what is left",
  nothingSent: true,
};
