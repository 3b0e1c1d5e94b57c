import { type AuditSink, writeAudit } from "../audit.ts";
import type { Clock } from "../clock.ts";
import type { Settings } from "../config/load.ts";
import type { Config, ConfirmMethod } from "../config/settings.ts";
import { randomSecret } from "../consent/code.ts";
import { createConfirm } from "../consent/confirm.ts";
import type { Caller, Form } from "../consent/form.ts";
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
  /** How Trieve is reached. */
  open?: (options: TrieveOptions) => Client;
}

/** What a call comes to: a result for the model, an error without facts, or a form that goes back to the client. */
export type CallResult =
  | { kind: "result"; text: string; facts?: Result["facts"] | undefined }
  | { kind: "form"; form: Form; id: string };

const NOT_KEPT =
  "TRIEVE_AUDIT_LOG could not be written, so an audit line of this call is only on stderr.";

/** What the audit says of a target. */
type Entry = Pick<Outcome, "target" | "invitation" | "failure"> & { outcome: string };

/** A call under way. */
export interface Running {
  /** Never rejects. */
  done: Promise<CallResult>;
  /** The process ends: a call that writes sends nothing more, while a read may still be answered. */
  end(): void;
  /** Logs that the process ended before the answer, and for a write what is known of it by then. */
  cutShort(): void;
}

/**
 * Puts together what calls need, and requests nothing. What it returns starts one call of a tool: plan, ask, perform,
 * account for it.
 */
export function createCalls(options: CallsOptions) {
  const { settings, version, clock, audit, limits = LIMITS, open = createTrieveClient } = options;
  const { config, faults } = settings;

  function configure(config: Config) {
    const client = open({ config, clock, version, limits });
    const trieve = { client, clock, guard: createSendGuard(clock) };
    // Not all of the configuration: tools need nothing that is secret.
    const { organizationId, organizationName, links, policy } = config;
    const place = { organizationId, organizationName, host: new URL(config.baseUrl).host };
    const context: ToolContext = { ...place, links, policy, trieve, clock };
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
    /** Shared by the audit lines of a call for several. */
    let shared: string | undefined;
    let isLogged = true;
    let steps = 0;
    // Clients give any reason, a text too; what the call throws has to be an AbortError.
    const ended = new AbortController();
    const cancel = () => ended.abort();
    caller.signal.addEventListener("abort", cancel);
    if (caller.signal.aborted) cancel();
    const call = createCallContext(clock, ended.signal, limits.callMs, {
      step() {
        const total = call.outcomes.length;
        steps += 1;
        if (total > 1) caller.progress?.(`${steps} of ${total}`, total - steps);
      },
      // A process that is killed leaves at least this.
      write: (target) => void writeAuditLines([{ target, outcome: "begun" }]),
    });

    /** Writes the audit lines of a tool that writes, one a target. */
    function writeAuditLines(entries: readonly Entry[]): void {
      if (!isWrite) return;
      for (const { target, invitation, failure, outcome } of entries) {
        const { email, role, name } = target;
        const entry = {
          tool: tool.name,
          organization_id: config?.organizationId ?? null,
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
        if (!writeAudit(audit, entry, clock.now())) isLogged = false;
      }
    }

    const auditAll = (outcome: string) =>
      writeAuditLines(targets.map((target) => ({ target, outcome })));

    /** Gets from the arguments to an answer. Throws Failure. */
    async function execute(): Promise<CallResult> {
      if (configured === undefined) {
        throw new Failure("configuration_error", { happened: faults.join("; ") });
      }
      const { context, confirm } = configured;
      const prepared = tool.prepare(input, context.policy);
      if (prepared.targets.length > 0) targets = prepared.targets;
      if (targets.length > 1) shared = randomSecret().slice(0, 8);
      const answer = await confirm(prepared, call, caller, (action) => {
        targets = action.targets;
      });
      switch (answer.kind) {
        case "result":
          return { kind: "result", ...answer.result };
        case "not_done":
          auditAll(answer.outcome);
          return { kind: "result", ...answer.result };
        case "form":
          auditAll("input_required");
          return answer;
      }
      if (answer.kind === "act") confirmedBy = answer.by;
      const { role } = answer.kind === "act" ? answer.action : answer;
      const outcomes = answer.kind === "act" ? await answer.action.perform(call) : answer.outcomes;
      writeAuditLines(outcomes);
      const rendered = renderOutcomes(outcomes, context, role, confirmedBy);
      if (rendered.kind === "error") return errorResult(rendered.failure, rendered.lines);
      return { kind: "result", ...rendered.result };
    }

    const progress = () => ({
      isWrite,
      hasWritten: call.spent.writes > 0,
      isCancelled: call.signal.aborted,
    });

    function errorResult(failure: Failure, lines: readonly string[] = []): CallResult {
      const text = [formatFailure(failure, progress()), ...lines].join("\n");
      return { kind: "result", text };
    }

    function toErrorResult(error: unknown): CallResult {
      const { failure, trace } = asFailure(error, progress());
      // After a fault of this server, what was known by then counts.
      if (trace !== undefined && call.outcomes.length > 0) writeAuditLines(call.outcomes);
      else auditAll(failure.code);
      if (trace !== undefined) audit.log(trace);
      return errorResult(failure);
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

/** The same, with the remark that an audit line is missing from the file. */
function withNote(result: CallResult): CallResult {
  if (result.kind === "form") return result;
  const { facts, text } = result;
  const note = [facts?.["note"], NOT_KEPT].filter(Boolean).join(" ");
  return { ...result, text: `${text}\n${NOT_KEPT}`, facts: facts && { ...facts, note } };
}
