import { type AuditSink, writeAudit } from "../audit.ts";
import type { Clock } from "../clock.ts";
import type { Ask } from "../consent/ask.ts";
import { randomSecret } from "../consent/secret.ts";
import type { Caller, Form } from "../consent/way.ts";
import { asFailure, Failure, tell } from "../failures.ts";
import type { Policy, WayName } from "../settings.ts";
import { type Attempt, type Result, withConsent, withRemark } from "../tools/result.ts";
import type { Target } from "../tools/target.ts";
import type { Tool } from "../tools/tool.ts";
import { createCallContext } from "../trieve/call-context.ts";

/** What a call comes to: a result for the model, or a form that goes back to the client. */
export type CallResult =
  | { text: string; facts?: Result["facts"]; isError: boolean }
  | { form: Form; secret: string };

const NOT_KEPT =
  "TRIEVE_AUDIT_LOG could not be written, so the audit line of this call stands only on stderr.";

/** What calls need, put together once. */
export interface Program {
  clock: Clock;
  audit: AuditSink;
  callMs: number;
  /** What is wrong with the settings; with nothing, `configured` is there. */
  faults: readonly string[];
  configured?: { organizationId: string; policy: Policy; ask: Ask };
}

const SHARED_LENGTH = 8;
const UNKNOWN = "outcome_unknown";

/** A call under way. */
export interface Running {
  isWrite: boolean;
  /** Never rejects. */
  done: Promise<CallResult>;
  /** Gives up what has not been sent yet. */
  cancel(): void;
  /** Says that the process ended before the answer, and of a write that its outcome is not known. */
  cutShort(): void;
}

/** Starts one call: plan, ask, perform, account for it. `isEnding`: the process takes no more. */
export function startCall(
  program: Program,
  tool: Tool,
  input: unknown,
  caller: Caller,
  isEnding: boolean,
): Running {
  const { clock, audit, configured } = program;
  const startedAt = clock.elapsed();
  const ending = new AbortController();
  const cancel = () => ending.abort();
  caller.signal.addEventListener("abort", cancel, { once: true });
  if (caller.signal.aborted || isEnding) cancel();
  const isWrite = !tool.hints.readOnlyHint;
  let targets: readonly Omit<Target, "key">[] = [{}];
  let confirmedBy: WayName | undefined;
  /** Shared by the audit lines of a call for several. */
  let shared: string | undefined;
  let steps = 0;
  const call = createCallContext(clock, ending.signal, program.callMs, () => {
    steps += 1;
    const isTold = shared !== undefined && steps <= targets.length;
    if (isTold) caller.progress?.(`${steps} of ${targets.length}`, targets.length - steps);
  });

  /** The audit lines, where the tool writes: one a target. What has to be said of them, if anything. */
  function account(attempts: readonly Attempt[]): string | undefined {
    if (!isWrite) return undefined;
    const organizationId = configured?.organizationId;
    const { requests } = call.spent;
    const now = clock.now();
    const ms = clock.elapsed() - startedAt;
    const about = { tool: tool.name, organizationId, confirmedBy, requests, ms, call: shared };
    const isKept = attempts.map((one) => writeAudit(audit, { ...about, ...one }, now));
    return isKept.includes(false) ? NOT_KEPT : undefined;
  }

  const accountAll = (outcomeOf: (target: number) => string) =>
    account(targets.map((one, at) => ({ ...one, outcome: outcomeOf(at) })));

  /** Gets from the arguments to a result or a form. Throws Failure. */
  async function carryOut(): Promise<Result | { form: Form; secret: string }> {
    if (configured === undefined) {
      throw new Failure("configuration_error", { happened: program.faults.join("; ") });
    }
    const prepared = tool.prepare(input, configured.policy);
    const { argued } = prepared;
    targets = [argued].flat();
    if (Array.isArray(argued)) shared = randomSecret().slice(0, SHARED_LENGTH);
    const answer = await configured.ask(prepared, call, caller, (deed) => {
      targets = deed.targets;
    });
    if ("result" in answer) return answer.result;
    if ("form" in answer) return answer;
    confirmedBy = answer.confirmedBy;
    const result = await answer.deed.perform(call);
    const hasWritten = call.spent.writes > 0;
    return confirmedBy !== undefined && hasWritten ? withConsent(result, confirmedBy) : result;
  }

  const progress = () => ({
    isWrite,
    hasWritten: call.spent.writes > 0,
    isCancelled: call.signal.aborted,
  });

  function inError(failure: Failure, remark: string | undefined): CallResult {
    const text = [tell(failure, progress()), remark].filter(Boolean).join(" ");
    return { text, isError: true };
  }

  async function run(): Promise<CallResult> {
    try {
      const done = await carryOut();
      if ("form" in done) {
        accountAll(() => "input_required");
        return done;
      }
      const remark = account(done.attempts);
      if (done.failure !== undefined) return inError(done.failure, remark);
      const { text, facts } = withRemark(done, remark);
      return { text, facts, isError: false };
    } catch (error) {
      const { failure, trace } = asFailure(error, progress());
      // After a fault of this server it counts what was known by then.
      const remark = accountAll((at) => (trace && call.known[at]) ?? failure.code);
      if (trace !== undefined) audit.log(trace);
      return inError(failure, remark);
    } finally {
      caller.signal.removeEventListener("abort", cancel);
    }
  }

  return {
    isWrite,
    done: run(),
    cancel,
    cutShort() {
      if (!isWrite) audit.log(`${tool.name} was dropped: the process ended before its answer`);
      if (call.spent.writes === 0) return;
      const outcomeOf = (target: number) => call.known[target] ?? UNKNOWN;
      const unknown = targets.filter((_, at) => outcomeOf(at) === UNKNOWN).length;
      const what =
        shared === undefined
          ? "its outcome is unknown"
          : `the outcome of ${unknown} of ${targets.length} is unknown`;
      audit.log(`${tool.name} was cut short by the end of the process; ${what}`);
      accountAll(outcomeOf);
    },
  };
}
