import { type AuditSink, writeAudit } from "../audit.ts";
import type { Clock } from "../clock.ts";
import type { ConfirmMethod } from "../config/settings.ts";
import { randomSecret } from "../consent/code.ts";
import type { Confirm } from "../consent/confirm.ts";
import type { Caller, Form } from "../consent/form.ts";
import { asFailure, Failure, formatFailure } from "../errors.ts";
import type { ToolContext } from "../tools/context.ts";
import { type Result, renderOutcomes } from "../tools/result.ts";
import type { Tool } from "../tools/tool.ts";
import { createCallContext } from "../trieve/call.ts";
import type { Outcome, Target } from "../trieve/outcome.ts";

/** What a call comes to: a result for the model, an error without facts, or a form that goes back to the client. */
export type CallResult =
  | { kind: "result"; text: string; facts?: Result["facts"] }
  | { kind: "form"; form: Form; id: string };

const NOT_KEPT =
  "TRIEVE_AUDIT_LOG could not be written, so an audit line of this call is only on stderr.";

/** What all calls of the process share. */
export interface Program {
  clock: Clock;
  audit: AuditSink;
  callMs: number;
  /** Fires when the process begins to end: no write is sent any more. */
  ending: AbortSignal;
  /** What is wrong with the settings; if nothing is, `configured` is there. */
  faults: readonly string[];
  configured?: { context: ToolContext; confirm: Confirm };
}

const SHARED_LENGTH = 8;

/** A call under way. */
export interface Running {
  /** Never rejects. */
  done: Promise<CallResult>;
  /** Logs that the process ended before the answer, and for a write what is known of it by then. */
  cutShort(): void;
}

/** Starts one call: plan, ask, perform, account for it. */
export function startCall(program: Program, tool: Tool, input: unknown, caller: Caller): Running {
  const { clock, audit, ending, configured } = program;
  const startedAt = clock.elapsed();
  const isWrite = !tool.hints.readOnlyHint;
  let targets: readonly Target[] = [{}];
  let confirmedBy: ConfirmMethod | undefined;
  /** Shared by the audit lines of a call for several. */
  let shared: string | undefined;
  let isKept = true;
  let steps = 0;
  // A read may still be answered while the process ends.
  const given = isWrite ? AbortSignal.any([caller.signal, ending]) : caller.signal;
  // Clients give any reason, a text too; what the call throws has to be an AbortError.
  const ended = new AbortController();
  const cancel = () => ended.abort();
  given.addEventListener("abort", cancel, { once: true });
  if (given.aborted) cancel();
  const call = createCallContext(clock, ended.signal, program.callMs, {
    step() {
      const total = call.outcomes.length;
      steps += 1;
      if (total > 1) caller.progress?.(`${steps} of ${total}`, total - steps);
    },
    // A process that is killed leaves at least this.
    write: (target) => void account([{ target, outcome: "begun" }]),
  });

  /** Writes the audit lines of a tool that writes, one a target. Returns what the answer has to say of them. */
  function account(
    entries: readonly (Pick<Outcome, "target" | "invitation" | "failure"> & { outcome: string })[],
  ): string | undefined {
    if (!isWrite) return undefined;
    for (const { target, invitation, failure, outcome } of entries) {
      const { email, role, name } = target;
      const entry = {
        tool: tool.name,
        organization_id: configured?.context.organizationId ?? null,
        email,
        role,
        invitation: (target.invitation ?? invitation)?.shortId ?? (email ? undefined : name),
        outcome,
        reason: failure?.code === outcome ? undefined : failure?.code,
        confirmed_by: confirmedBy ?? null,
        requests: call.spent.requests,
        ms: clock.elapsed() - startedAt,
        call: shared,
      };
      if (!writeAudit(audit, entry, clock.now())) isKept = false;
    }
    return isKept ? undefined : NOT_KEPT;
  }

  const accountAll = (outcome: string) => account(targets.map((target) => ({ target, outcome })));

  /** Gets from the arguments to an answer. Throws Failure. */
  async function carryOut(): Promise<CallResult> {
    if (configured === undefined) {
      throw new Failure("configuration_error", { happened: program.faults.join("; ") });
    }
    const { context, confirm } = configured;
    const prepared = tool.prepare(input, context.policy);
    if (prepared.targets.length > 0) targets = prepared.targets;
    if (targets.length > 1) shared = randomSecret().slice(0, SHARED_LENGTH);
    const answer = await confirm(prepared, call, caller, (action) => {
      targets = action.targets;
    });
    if (answer.kind === "result") return { kind: "result", ...answer.result };
    if (answer.kind === "not_done") {
      return { kind: "result", ...withRemark(answer.result, accountAll(answer.outcome)) };
    }
    if (answer.kind === "form") {
      accountAll("input_required");
      return answer;
    }
    if (answer.kind === "act") confirmedBy = answer.by;
    const outcomes = answer.kind === "act" ? await answer.action.perform(call) : answer.outcomes;
    const { role } = answer.kind === "act" ? answer.action : answer;
    const remark = account(outcomes);
    const rendered = renderOutcomes(outcomes, context, { role, confirmedBy, remark });
    if (rendered.kind === "result") return { kind: "result", ...rendered.result };
    return inError(rendered.failure, remark, rendered.lines);
  }

  const progress = () => ({
    isWrite,
    hasWritten: call.spent.writes > 0,
    isCancelled: call.signal.aborted,
  });

  function inError(
    failure: Failure,
    remark: string | undefined,
    lines: readonly string[] = [],
  ): CallResult {
    const first = [formatFailure(failure, progress()), remark].filter(Boolean).join(" ");
    return { kind: "result", text: [first, ...lines].join("\n") };
  }

  async function run(): Promise<CallResult> {
    try {
      return await carryOut();
    } catch (error) {
      const { failure, trace } = asFailure(error, progress());
      // After a fault of this server, what was known by then counts.
      const known = trace === undefined ? [] : call.outcomes;
      const remark = known.length > 0 ? account(known) : accountAll(failure.code);
      if (trace !== undefined) audit.log(trace);
      return inError(failure, remark);
    } finally {
      given.removeEventListener("abort", cancel);
    }
  }

  return {
    done: run(),
    cutShort() {
      if (!isWrite) audit.log(`${tool.name} was dropped: the process ended before its answer`);
      if (call.spent.writes === 0) return;
      const { outcomes } = call;
      const unknown = outcomes.filter(({ outcome }) => outcome === "outcome_unknown").length;
      const what =
        outcomes.length === 1 ? "its outcome" : `the outcome of ${unknown} of ${outcomes.length}`;
      audit.log(`${tool.name} was cut short by the end of the process; ${what} is unknown`);
      account(outcomes);
    },
  };
}

/** The same result with one more sentence in its note. */
function withRemark({ facts, text }: Result, remark: string | undefined): Result {
  if (remark === undefined) return { facts, text };
  const note = [facts["note"], remark].filter(Boolean).join(" ");
  return { facts: { ...facts, note }, text: `${text}\n${remark}` };
}
