import { type AuditSink, writeAudit } from "../audit.ts";
import type { Clock } from "../clock.ts";
import type { Settings } from "../config/load.ts";
import type { Config, ConfirmMethod } from "../config/settings.ts";
import { randomSecret } from "../consent/code.ts";
import { createConfirm } from "../consent/confirm.ts";
import type { Caller, Form } from "../consent/form.ts";
import { shownEmail } from "../email.ts";
import { asFailure, Failure, formatFailure } from "../errors.ts";
import type { ToolContext } from "../tools/context.ts";
import { tools } from "../tools/index.ts";
import { type Result, renderOutcomes } from "../tools/result.ts";
import type { Tool } from "../tools/tool.ts";
import { createCallContext } from "../trieve/call.ts";
import { type Client, createTrieveClient, type TrieveOptions } from "../trieve/client.ts";
import { LIMITS, type Limits } from "../trieve/limits.ts";
import type { Outcome, Target } from "../trieve/outcome.ts";
import { createSendGuard } from "../trieve/send-guard.ts";

export interface CallsOptions {
  settings: Settings;
  version: string;
  clock: Clock;
  audit: AuditSink;
  limits?: Limits;
  /** Creates the client for Trieve. */
  createClient?: (options: TrieveOptions) => Client;
}

/** What a call returns: a result for the model, or a form for the client to show. */
export type CallResult = ({ kind: "result" } & Result) | { kind: "form"; form: Form; id: string };

const AUDIT_FAILED =
  "TRIEVE_AUDIT_LOG could not be written, so an audit line of this call is only on stderr.";

/** What the audit line of one target is made from. */
type Entry = Pick<Outcome, "target" | "invitation" | "failure"> & { outcome: string };

/** A call under way. */
export interface Running {
  /** Never rejects. */
  done: Promise<CallResult>;
  /** The process is ending: a call that writes sends nothing more, while a read may still be answered. */
  end(): void;
  /** Logs that the process ended before the answer and, for a write, what is known of it by then. */
  cutShort(): void;
}

/**
 * Creates what calls need, without sending a request. The returned function starts one call of a tool: it plans, asks,
 * performs and writes the audit lines.
 */
export function createCalls(options: CallsOptions) {
  const {
    settings,
    version,
    clock,
    audit,
    limits = LIMITS,
    createClient = createTrieveClient,
  } = options;
  const { config, faults } = settings;

  function configure(config: Config) {
    const client = createClient({ config, clock, version, limits });
    const trieve = { client, clock, guard: createSendGuard(clock) };
    // Not the whole configuration: tools need none of its secrets.
    const { organizationId, organizationName, links, policy } = config;
    const organization = { organizationId, organizationName, host: new URL(config.baseUrl).host };
    const context: ToolContext = { ...organization, links, policy, ...trieve };
    return { context, confirm: createConfirm(context, config.confirm, config.browser, audit.log) };
  }
  const configured = config && configure(config);

  return (name: string, input: unknown, caller: Caller): Running => {
    // server.ts calls only what is listed.
    const tool = tools.find((one) => one.name === name) as Tool;
    const startedAt = clock.elapsed();
    const isWrite = !tool.hints.readOnlyHint;
    let targets: readonly Target[] = [{}];
    let confirmedBy: ConfirmMethod | undefined;
    /** For the audit lines of a call with several targets. */
    let callId: string | undefined;
    let isLogged = true;
    // A client's abort reason can be anything, even a string; what the call throws has to be an AbortError.
    const ended = new AbortController();
    const cancel = () => ended.abort();
    caller.signal.addEventListener("abort", cancel);
    if (caller.signal.aborted) cancel();
    const call = createCallContext(clock, ended.signal, limits.callMs, {
      progress: caller.progress,
      // A process that is killed leaves at least this.
      write: (target) => void writeAuditLines([{ target, outcome: "begun" }]),
    });

    /** Writes one audit line for each target, if the tool writes. */
    function writeAuditLines(entries: readonly Entry[]): void {
      if (!isWrite) return;
      for (const { target, invitation, failure, outcome } of entries) {
        const { email, role, givenId } = target;
        const entry = {
          tool: tool.name,
          organization_id: config?.organizationId ?? null,
          email: email === undefined ? undefined : shownEmail(email),
          role,
          invitation: (target.invitation ?? invitation)?.shortId ?? givenId,
          outcome,
          reason: failure?.code === outcome ? undefined : failure?.code,
          confirmed_by: confirmedBy ?? null,
          requests: call.spent.requests,
          ms: clock.elapsed() - startedAt,
          call: callId,
        };
        if (!writeAudit(audit, entry, clock.now())) isLogged = false;
      }
    }

    const auditAll = (outcome: string) =>
      writeAuditLines(targets.map((target) => ({ target, outcome })));

    /** Runs the call from its arguments to its answer. Throws Failure. */
    async function execute(): Promise<CallResult> {
      if (configured === undefined) {
        throw new Failure("configuration_error", { happened: faults.join("; ") });
      }
      const { context, confirm } = configured;
      const prepared = tool.prepare(input, context.policy);
      if (prepared.targets.length > 0) targets = prepared.targets;
      if (targets.length > 1) callId = randomSecret().slice(0, 8);
      const answer = await confirm(prepared, call, caller, (action) => {
        targets = action.targets;
      });
      switch (answer.kind) {
        case "result":
          return answer;
        case "not_done":
          auditAll(answer.outcome);
          return { ...answer, kind: "result" };
        case "form":
          auditAll("input_required");
          return answer;
      }
      const { action, by } = answer;
      confirmedBy = by;
      const outcomes = await action.perform(call);
      writeAuditLines(outcomes);
      const isUndone = !hasWritten();
      return { kind: "result", ...renderOutcomes(outcomes, context, action.role, by, isUndone) };
    }

    const hasWritten = () => call.spent.writes > 0;

    function toErrorResult(error: unknown): CallResult {
      const state = { hasWritten: hasWritten(), isCancelled: call.signal.aborted };
      const { failure, trace } = asFailure(error, state);
      // After an internal error, the audit records what was known of each target by then.
      if (trace !== undefined && call.outcomes.length > 0) writeAuditLines(call.outcomes);
      else auditAll(failure.code);
      if (trace !== undefined) audit.log(trace);
      return { kind: "result", text: formatFailure(failure, isWrite && !hasWritten()) };
    }

    async function run(): Promise<CallResult> {
      const result = await execute().catch(toErrorResult);
      return isLogged ? result : withNote(result);
    }

    return {
      done: run(),
      end() {
        if (isWrite) cancel();
      },
      cutShort() {
        if (!isWrite) audit.log(`${tool.name} was dropped: the process ended before its answer`);
        if (call.spent.writes === 0) return;
        const { outcomes } = call;
        const unknown = outcomes.filter(({ outcome }) => outcome === "outcome_unknown").length;
        audit.log(
          `${tool.name} was cut short by the end of the process; its outcome is unknown for ${unknown} of ${outcomes.length}`,
        );
        writeAuditLines(outcomes);
      },
    };
  };
}

/** Adds the note that an audit line is missing from the file. */
function withNote(result: CallResult): CallResult {
  if (result.kind === "form") return result;
  const { facts, text } = result;
  const note = [facts?.["note"], AUDIT_FAILED].filter(Boolean).join(" ");
  return { ...result, text: `${text}\n${AUDIT_FAILED}`, facts: facts && { ...facts, note } };
}
