import type { AuditSink } from "../audit.ts";
import { writeAudit } from "../audit.ts";
import type { Clock } from "../clock.ts";
import type { Settings } from "../config.ts";
import type { Question } from "../consent/prompt.ts";
import { tools } from "../tools/index.ts";
import { withConsent } from "../tools/outcome.ts";
import type { Result, Tool, ToolCall } from "../tools/tool.ts";
import {
  type Client,
  createScope,
  createTrieveClient,
  LIMITS,
  type Limits,
  type Scope,
  type TrieveOptions,
} from "../trieve/client.ts";
import { createInvitations, type Invitations } from "../trieve/invitations.ts";
import { type Agree, createAgree } from "./agree.ts";
import type { Caller } from "./ask.ts";
import { configurationError, describeFailure } from "./explain.ts";

/** What a call comes to: a result for the model, or a question that goes back to the client. */
export type CallResult =
  | { text: string; facts?: Result["facts"]; isError: boolean }
  | { question: Question; secret: string };

/** Runs calls, and knows which are running. */
export interface Calls {
  call(name: string, input: unknown, caller: Caller): Promise<CallResult>;
  /**
   * Takes back open questions, starts no further write and waits up to `ms` for what runs. Writes
   * that are not done by then are told as unknown.
   */
  stop(ms: number): Promise<void>;
}

export interface CallsOptions {
  settings: Settings;
  version: string;
  clock: Clock;
  audit: AuditSink;
  limits?: Limits;
  /** How Trieve is reached. */
  open?: (options: TrieveOptions) => Client;
}

interface Running {
  tool: Tool;
  scope: Scope;
  subject: ToolCall["subject"];
  confirmedBy: "prompt" | "code" | undefined;
  startedAt: number;
  /** Cancels what has not been sent yet. */
  end(): void;
  ended: Promise<unknown>;
}

export function createCalls(options: CallsOptions): Calls {
  const { settings, version, clock, audit, limits = LIMITS, open = createTrieveClient } = options;
  const running = new Set<Running>();
  let isStopping = false;
  let invitations: Invitations | undefined;
  let agree: Agree | undefined;

  function account(run: Running, outcome: string): void {
    const { tool, scope, subject, confirmedBy, startedAt } = run;
    if (tool.hints.readOnlyHint) return;
    const { requests } = scope;
    const organizationId = settings.config?.organizationId;
    const now = clock.now();
    const ms = now - startedAt;
    writeAudit(
      audit,
      { tool: tool.name, organizationId, ...subject, outcome, confirmedBy, requests, ms },
      now,
    );
  }

  /** Gets from the arguments to a result or a question. Throws ToolError and TrieveError. */
  async function carryOut(
    run: Running,
    input: unknown,
    caller: Caller,
  ): Promise<Result | { question: Question; secret: string }> {
    const { config } = settings;
    if (config === undefined) throw configurationError(settings.faults);
    const prepared = run.tool.prepare(input);
    run.subject = prepared.subject;
    const { organizationId, policy } = config;
    invitations ??= createInvitations({
      client: open({ config, clock, version, limits }),
      clock,
      callMs: limits.callMs,
    });
    const context = { invitations, organizationId, policy, clock, scope: run.scope };
    agree ??= createAgree({
      clock,
      confirm: config.confirm,
      place: { organizationId, host: new URL(config.baseUrl).host },
    });
    const agreement = await agree(prepared, context, caller, ({ email, role, ...deed }) => {
      const id = "invitation" in deed ? { invitationId: deed.invitation.id } : {};
      run.subject = { email, role, ...id };
    });
    if ("result" in agreement) return agreement.result;
    if ("question" in agreement) return agreement;
    const { proposal, confirmedBy } = agreement;
    run.confirmedBy = confirmedBy;
    const result = await prepared.apply(proposal, context);
    return confirmedBy !== undefined && run.scope.writes > 0
      ? withConsent(result, confirmedBy)
      : result;
  }

  async function call(name: string, input: unknown, caller: Caller): Promise<CallResult> {
    const tool = tools.find((one) => one.name === name);
    if (tool === undefined) throw new Error("faces only call what they show");
    const startedAt = clock.now();
    const ending = new AbortController();
    const end = () => ending.abort();
    caller.signal.addEventListener("abort", end, { once: true });
    if (caller.signal.aborted || isStopping) end();
    const scope = createScope(ending.signal, startedAt + limits.callMs);
    let finish = () => {};
    const ended = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const run: Running = {
      tool,
      scope,
      subject: {},
      confirmedBy: undefined,
      startedAt,
      end,
      ended,
    };
    running.add(run);
    try {
      const done = await carryOut(run, input, caller);
      if ("secret" in done) {
        account(run, "input_required");
        return done;
      }
      const { outcome, invitation } = done.facts;
      if (invitation !== undefined) run.subject.invitationId = invitation.id;
      account(run, String(outcome));
      return { ...done, isError: false };
    } catch (error) {
      const { code, text, trace } = describeFailure(error, !tool.hints.readOnlyHint, scope);
      account(run, code);
      if (trace !== undefined) audit.log(trace);
      return { text, isError: true };
    } finally {
      caller.signal.removeEventListener("abort", end);
      running.delete(run);
      finish();
    }
  }

  return {
    call,
    async stop(ms) {
      isStopping = true;
      // Reads may still be answered in the time that writes get.
      for (const { tool, end } of running) if (!tool.hints.readOnlyHint) end();
      const patience = new AbortController();
      const late = clock.sleep(ms, patience.signal).catch(() => {});
      await Promise.race([late, Promise.all([...running].map(({ ended }) => ended))]);
      patience.abort();
      for (const run of running) {
        if (run.scope.writes === 0) continue;
        audit.log(
          `${run.tool.name} was cut short by the end of the process; its outcome is unknown`,
        );
        account(run, "outcome_unknown");
      }
    },
  };
}
