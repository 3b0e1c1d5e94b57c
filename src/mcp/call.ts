import type { AuditSink } from "../audit.ts";
import { writeAudit } from "../audit.ts";
import type { Clock } from "../clock.ts";
import type { Settings } from "../config.ts";
import { randomCode } from "../consent/codes.ts";
import { decide, type Event, NO_CONSENT, type Reply, type Verdict } from "../consent/consent.ts";
import { type Place, type Question, question } from "../consent/prompt.ts";
import { tools } from "../tools/index.ts";
import { withConsent } from "../tools/outcome.ts";
import type { Proposal, Result, Tool, ToolCall } from "../tools/tool.ts";
import {
  type Client,
  createTrieveClient,
  LIMITS,
  type Limits,
  type Scope,
  type TrieveOptions,
} from "../trieve/client.ts";
import { createInvitations, type Invitations } from "../trieve/invitations.ts";
import { askPerson } from "./ask.ts";
import { configurationError, describeFailure, withoutVerdict } from "./explain.ts";
import { notConfirmed, toBeConfirmed } from "./unconfirmed.ts";

/** Who calls, and how that client can be asked. */
export interface Caller {
  /** Fires when the client cancels the call or goes away. */
  signal: AbortSignal;
  /** Whether the client declared that it can show a form to a person. */
  canPrompt: boolean;
  /** Puts a question and waits. Absent where the answer can only come with a repeated call. */
  ask?(question: Question, signal: AbortSignal): Promise<Reply>;
  /** The answer to an earlier question, on a repeated call. */
  answer?: { secret: string; reply: Reply };
  /** Tells the client that the call is alive; present when it asked for that. */
  progress?(tick: number): void;
}

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
  let consent = NO_CONSENT;

  function step(event: Event): Verdict {
    const { state, verdict } = decide(consent, event, clock.now());
    consent = state;
    return verdict;
  }

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
    const place: Place = { organizationId, host: new URL(config.baseUrl).host };
    const remember = ({ email, role, ...deed }: Proposal) => {
      const id = "invitation" in deed ? { invitationId: deed.invitation.id } : {};
      run.subject = { email, role, ...id };
    };
    const { binding, confirmation } = prepared;

    let verdict: Verdict;
    if (caller.answer !== undefined && caller.canPrompt) {
      verdict = step({ type: "reply", binding, ...caller.answer });
    } else if (confirmation !== undefined && !caller.canPrompt && config.confirm === "auto") {
      verdict = step({ type: "confirm", binding, confirmation });
    } else {
      const proposed = await prepared.propose(context);
      if ("result" in proposed) return proposed.result;
      const { proposal, needsConsent } = proposed;
      remember(proposal);
      if (!needsConsent) return prepared.apply(proposal, context);
      run.scope.signal.throwIfAborted();
      const way = caller.canPrompt ? "prompt" : config.confirm === "auto" ? "code" : "unavailable";
      const secret = randomCode();
      const { ask } = caller;
      const deed = { binding, target: targetOf(proposal), proposal };
      verdict = step({ type: "propose", deed, way, secret, waits: ask !== undefined });
      if ("ask" in verdict) {
        const asked = question(proposal, place, clock.now());
        if (ask === undefined) return { question: asked, secret };
        const started = clock.now();
        const reply = await askPerson({ ask, asked, clock, ...caller }, run.scope.signal);
        // Waiting for a person is not the call's own time.
        run.scope.endsAt += clock.now() - started;
        if (caller.signal.aborted) step({ type: "abandon", secret });
        caller.signal.throwIfAborted();
        verdict = step({ type: "reply", secret, binding, reply });
      }
    }

    if ("proposal" in verdict) remember(verdict.proposal);
    if ("yes" in verdict) {
      run.confirmedBy = verdict.yes;
      const result = await prepared.apply(verdict.proposal, context);
      return run.scope.writes > 0 ? withConsent(result, verdict.yes) : result;
    }
    if ("no" in verdict) return notConfirmed(context, verdict);
    if ("show" in verdict) return toBeConfirmed(context, verdict, place);
    throw withoutVerdict(verdict);
  }

  async function call(name: string, input: unknown, caller: Caller): Promise<CallResult> {
    const tool = tools.find((one) => one.name === name);
    if (tool === undefined) throw new Error("faces only call what they show");
    const startedAt = clock.now();
    const ending = new AbortController();
    const end = () => ending.abort();
    caller.signal.addEventListener("abort", end, { once: true });
    if (caller.signal.aborted || isStopping) end();
    const scope = {
      signal: ending.signal,
      endsAt: startedAt + limits.callMs,
      requests: 0,
      writes: 0,
    };
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

/** Refusals are counted for the person or record concerned, whatever else the arguments say. */
function targetOf(proposal: Proposal): string {
  return proposal.deed === "delete"
    ? `delete ${proposal.invitation.id}`
    : `send ${proposal.email.toLowerCase()}`;
}
