import type { AuditSink } from "../audit.ts";
import type { Clock } from "../clock.ts";
import { createAsk } from "../consent/ask.ts";
import type { Caller } from "../consent/way.ts";
import type { Settings } from "../environment.ts";
import { tools } from "../tools/index.ts";
import type { ToolContext } from "../tools/tool.ts";
import { type Client, createTrieveClient, type TrieveOptions } from "../trieve/client.ts";
import { createInvitations } from "../trieve/invitations.ts";
import { LIMITS, type Limits } from "../trieve/limits.ts";
import { isLinkLocal } from "../url.ts";
import { type CallResult, type Program, type Running, startCall } from "./call.ts";

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
  const {
    settings,
    sandbox,
    version,
    clock,
    audit,
    limits = LIMITS,
    open = createTrieveClient,
  } = options;
  const { config, faults } = settings;
  const program: Program = { clock, audit, callMs: limits.callMs, faults, ...configured() };
  const running = new Set<Running>();
  let isStopping = false;

  function configured(): Pick<Program, "configured"> {
    if (config === undefined) return {};
    const { organizationId, organizationName, policy, confirm, browser, dashboardUrl } = config;
    const invitations = createInvitations(open({ config, clock, version, limits }), clock);
    const host = new URL(config.baseUrl).host;
    // The sandbox mails nothing, so its links need to reach nobody.
    const reach = isLinkLocal(config) && !sandbox ? "local" : "everywhere";
    const links = dashboardUrl === undefined ? ("none" as const) : reach;
    const place = { organizationId, organizationName, host };
    const context: ToolContext = { invitations, ...place, links, policy, clock };
    const ask = createAsk(context, confirm, browser);
    return { configured: { organizationId, policy, ask } };
  }

  return {
    async call(name, input, caller) {
      const tool = tools.find((one) => one.name === name);
      if (tool === undefined) throw new Error("faces only call what they show");
      const run = startCall(program, tool, input, caller, isStopping);
      running.add(run);
      return run.done.finally(() => running.delete(run));
    },
    async stop(ms) {
      isStopping = true;
      // Reads may still be answered in the time that writes get.
      for (const { isWrite, cancel } of running) if (isWrite) cancel();
      const patience = new AbortController();
      const late = clock.sleep(ms, patience.signal).catch(() => {});
      await Promise.race([late, Promise.allSettled([...running].map(({ done }) => done))]);
      patience.abort();
      for (const run of running) run.cutShort();
    },
  };
}
