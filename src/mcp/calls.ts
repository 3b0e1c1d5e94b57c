import type { AuditSink } from "../audit.ts";
import type { Clock } from "../clock.ts";
import type { Settings } from "../config/load.ts";
import type { Config } from "../config/settings.ts";
import { isLinkLocal } from "../config/url.ts";
import { createConfirm } from "../consent/confirm.ts";
import type { Caller } from "../consent/form.ts";
import type { ToolContext } from "../tools/context.ts";
import { tools } from "../tools/index.ts";
import { type Client, createTrieveClient, type TrieveOptions } from "../trieve/client.ts";
import { LIMITS, type Limits } from "../trieve/limits.ts";
import { createSendGuard } from "../trieve/send-guard.ts";
import { type CallResult, type Program, type Running, startCall } from "./call.ts";

/** Runs calls, and knows which are running. */
export interface Calls {
  /** Calls a tool that the server lists. Never rejects. */
  call(name: string, input: unknown, caller: Caller): Promise<CallResult>;
  /**
   * Takes back open questions, sends no further write and waits up to `ms` for what runs. Logs the calls that are
   * not done by then.
   */
  stop(ms: number): Promise<void>;
  /** Logs the calls under way, and what is known of their writes. */
  cutShort(): void;
}

export interface CallsOptions {
  settings: Settings;
  sandbox: boolean;
  version: string;
  clock: Clock;
  audit: AuditSink;
  limits?: Limits;
  /** How Trieve is reached. */
  open?: (options: TrieveOptions) => Client;
}

/** Puts together what calls need. Requests nothing. */
export function createCalls(options: CallsOptions): Calls {
  const { settings, clock, audit, limits = LIMITS } = options;
  const { config, faults } = settings;
  const ending = new AbortController();
  const running = new Set<Running>();
  const program: Program = {
    clock,
    audit,
    callMs: limits.callMs,
    ending: ending.signal,
    faults,
    ...(config && { configured: configure(config, options) }),
  };

  function cutShort(): void {
    for (const run of running) run.cutShort();
  }

  return {
    cutShort,
    async call(name, input, caller) {
      const tool = tools.find((one) => one.name === name);
      if (tool === undefined) throw new Error("protocols only call what they list");
      const run = startCall(program, tool, input, caller);
      running.add(run);
      return run.done.finally(() => running.delete(run));
    },
    async stop(ms) {
      ending.abort();
      const patience = new AbortController();
      const late = clock.sleep(ms, patience.signal).catch(() => {});
      await Promise.race([late, Promise.all([...running].map(({ done }) => done))]);
      patience.abort();
      cutShort();
    },
  };
}

function configure(config: Config, options: CallsOptions): Program["configured"] & object {
  const { clock, version, sandbox, limits = LIMITS, open = createTrieveClient } = options;
  const { organizationId, organizationName, policy, dashboardUrl } = config;
  const client = open({ config, clock, version, limits });
  // The sandbox mails nothing, so its links need to reach nobody.
  const reach = isLinkLocal(config) && !sandbox ? "local" : "everywhere";
  const context: ToolContext = {
    trieve: { client, clock, guard: createSendGuard(clock) },
    organizationId,
    organizationName,
    host: new URL(config.baseUrl).host,
    links: dashboardUrl === undefined ? "none" : reach,
    policy,
    clock,
  };
  return {
    context,
    confirm: createConfirm(context, config.confirm, config.browser, options.audit.log),
  };
}
