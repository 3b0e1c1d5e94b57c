import { systemClock } from "../clock.ts";
import type { Config } from "../config/settings.ts";
import { type ErrorCode, Failure } from "../errors.ts";
import { organizationNameAndId } from "../text.ts";
import { createCallContext } from "../trieve/call.ts";
import { createTrieveClient } from "../trieve/client.ts";
import { openRoute } from "../trieve/http.ts";
import { LIMITS } from "../trieve/limits.ts";

/** The result of one check. */
export interface Check {
  name: string;
  status: "ok" | "warning" | "failed" | "skipped";
  found: string;
  /** What to do about a warning or failure. */
  hint?: string;
}

/** A check that passed or, with a hint, one with this status: a warning by default. */
export function check(
  name: string,
  found: string,
  hint?: string,
  status: Check["status"] = "warning",
): Check {
  return hint === undefined ? { name, status: "ok", found } : { name, status, found, hint };
}

const MOST_SKEW_MS = 60_000;
const HEALTH_MS = 10_000;

// Hints for failures of the list request while the health check is answered.
const IF_HEALTHY: Partial<Record<ErrorCode, string>> = {
  timeout: "restart the Trieve server: its database connections are used up",
  upstream_error: "look at the database behind Trieve, and at Trieve's log",
  organization_not_found:
    "check TRIEVE_ORGANIZATION_ID: the dashboard shows the id of each organization",
};
// Hints where the `next` of a failure, which is written for a model, does not help an administrator.
const HINTS: Partial<Record<ErrorCode, string>> = {
  timeout: "check that Trieve's machine is up, and what stands between it and this one",
  upstream_error: "look at Trieve's log, and at the gateway in front of it if there is one",
  organization_not_found:
    "check TRIEVE_BASE_URL: it is the address of the API, not that of the dashboard",
};

/**
 * Checks the connection to Trieve, the organization, the key and the role by one list request and, after a failure
 * that it can help to explain, by the health check.
 */
export async function* checkConnection(config: Config, version: string): AsyncGenerator<Check> {
  const { host, protocol } = new URL(config.baseUrl);
  let skew: number | undefined;
  const send = await openRoute(config);
  const client = createTrieveClient({
    config,
    version,
    clock: systemClock,
    fetch: async (input, init) => {
      const response = await send(input, init);
      const date = Date.parse(response.headers.get("date") ?? "");
      if (!Number.isNaN(date)) skew = Math.abs(Date.now() - date);
      return response;
    },
  });
  const call = createCallContext(systemClock, new AbortController().signal, LIMITS.callMs);
  const reachable = check("reachable", host);
  const tls = check("tls", protocol === "https:" ? "certificate accepted" : "none (http)");
  const { organizationId, organizationName } = config;
  const organization = check(
    "organization",
    organizationNameAndId(organizationId, organizationName),
  );
  const key = check("key", "accepted");
  const since = performance.now();
  try {
    const { invitations, skipped } = await client.list(call);
    const unread = skipped > 0 ? `, ${skipped} rows unreadable` : "";
    const ms = Math.round(performance.now() - since);
    yield* [reachable, tls, organization, key];
    yield check("role", "may administer the organization (admin or owner)");
    yield check("answer", `${invitations.length} invitations${unread}, in ${ms} ms`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const failed = await diagnose(error, () => answersHealthCheck(config, send));
    // A refusal by Trieve shows which of its checks had passed: one of the key, that the organization exists; one of
    // the role, that the key is valid, though perhaps in another organization.
    const passed: Record<string, Check[]> = {
      reachable: [],
      tls: [reachable],
      key: [reachable, tls, organization],
      role: [reachable, tls, key],
    };
    yield* passed[failed.name] ?? [reachable, tls];
    yield failed;
  }
  if (skew === undefined) return;
  const hint = "set this machine's clock; the ages of invitations are off by that much";
  const off = `${Math.round(skew / 1_000)} s from Trieve's`;
  yield check("clock", off, skew > MOST_SKEW_MS ? hint : undefined);
}

/** Where and why the list failed; the health check tells a Trieve in trouble from something that is not Trieve. */
async function diagnose(
  { code, origin, happened, next }: Failure,
  isHealthy: () => Promise<boolean>,
): Promise<Check> {
  const found = `${code}: ${happened}.`;
  const hint = IF_HEALTHY[code];
  if (hint !== undefined && (await isHealthy())) {
    const layer = code === "organization_not_found" ? "organization" : "answer";
    const runs = `${found} The health check is answered, so Trieve is running.`;
    return check(layer, runs, hint, "failed");
  }
  return check(layerOf(code, origin), found, HINTS[code] ?? `${next}.`, "failed");
}

function layerOf(code: ErrorCode, origin: Failure["origin"]): string {
  if (origin === "tls") return "tls";
  if (code === "network_error") return "reachable";
  // A refusal by something in front of Trieve says nothing about the key and role.
  if (origin === "gate") return "answer";
  if (code === "unauthorized") return "key";
  if (code === "forbidden") return "role";
  return code === "timeout" ? "reachable" : "answer";
}

/**
 * Whether a Trieve at this address answers its health check, which needs no key and works even when nothing else
 * does. Never throws.
 */
export async function answersHealthCheck(
  { baseUrl, extraHeaders = [] }: Pick<Config, "baseUrl" | "extraHeaders">,
  send: typeof fetch,
): Promise<boolean> {
  try {
    const request = new Request(`${baseUrl}/api/health`, { redirect: "manual" });
    for (const [name, value] of extraHeaders) request.headers.set(name, value);
    const response = await send(request, { signal: AbortSignal.timeout(HEALTH_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
