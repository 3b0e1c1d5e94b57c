import { systemClock } from "./clock.ts";
import { type Check, passed } from "./doctor-check.ts";
import { FAILURES, Failure, type FailureCode } from "./failures.ts";
import type { Config } from "./settings.ts";
import { createCallContext } from "./trieve/call-context.ts";
import { createTrieveClient } from "./trieve/client.ts";
import { answersHealthCheck } from "./trieve/health.ts";
import { LIMITS } from "./trieve/limits.ts";
import { openRoute } from "./trieve/route.ts";
import { isTlsCode } from "./trieve/tls.ts";
import { isLoopback } from "./url.ts";

const MOST_SKEW_MS = 60_000;

// The layers a list request goes through, in the order in which it can fail.
const LAYERS = ["reachable", "tls", "organization", "key", "role", "answer"] as const;
type Layer = (typeof LAYERS)[number];

/** What the way to an answer proves, whoever gave it. */
const ON_THE_WAY: readonly Layer[] = ["reachable", "tls"];

const FAILS_AT: Partial<Record<FailureCode, Layer>> = {
  network_error: "reachable",
  timeout: "reachable",
  rate_limited: "reachable",
  unauthorized: "key",
  forbidden: "role",
  organization_not_found: "organization",
};

/**
 * Checks the way to Trieve, the key, the role and the organization by one list request, and where that
 * fails by the health check.
 */
export async function* checkConnection(config: Config, version: string): AsyncGenerator<Check> {
  const { hostname, host, protocol } = new URL(config.baseUrl);
  let skew: number | undefined;
  const send = await openRoute(config);
  const client = createTrieveClient({
    config,
    version,
    clock: systemClock,
    fetch: async (input, init) => {
      const response = await send(input as Request, init ?? {});
      const date = Date.parse(response.headers.get("date") ?? "");
      if (!Number.isNaN(date)) skew = Math.abs(Date.now() - date);
      return response;
    },
  });
  const call = createCallContext(systemClock, new AbortController().signal, LIMITS.callMs);
  const found: Record<Layer, string> = {
    reachable: host,
    tls:
      protocol === "https:"
        ? "certificate accepted"
        : `none (http${isLoopback(hostname) ? " on this machine" : ""})`,
    key: "accepted",
    role: "may administer the organization (admin or owner)",
    organization: config.organizationId,
    answer: "",
  };
  let failure: { layer: Layer; check: Check } | undefined;
  const since = performance.now();
  try {
    const { invitations, skipped } = await client.list(call);
    const unread = skipped > 0 ? `, ${skipped} rows unreadable` : "";
    found.answer = `${invitations.length} invitations${unread}, in ${Math.round(performance.now() - since)} ms`;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    failure = await diagnose(error, () => answersHealthCheck(config, send));
  }
  const reached = failure === undefined ? LAYERS.length : LAYERS.indexOf(failure.layer);
  // Only Trieve's own yes, or its no to the key or the role, tells something of the layers before that.
  const isTold = failure === undefined || failure.layer === "key" || failure.layer === "role";
  for (const name of isTold ? LAYERS : ON_THE_WAY) {
    if (LAYERS.indexOf(name) < reached) yield passed(name, found[name]);
  }
  if (failure !== undefined) yield failure.check;
  if (skew !== undefined) yield checkClock(skew);
}

/** Why the list failed; the health check tells a Trieve in trouble from something else. */
async function diagnose(
  error: Failure,
  answersHealthCheck: () => Promise<boolean>,
): Promise<{ layer: Layer; check: Check }> {
  const isTls = isTlsCode(error.detail);
  // Of a refusal it tells the status where something before Trieve gave it.
  const isGate = error.detail !== undefined && /^(unauthorized|forbidden)$/.test(error.code);
  const layer = isTls ? "tls" : ((isGate ? undefined : FAILS_AT[error.code]) ?? "answer");
  const failed = (happened: string, hint: string, at = layer) => ({
    layer: at,
    check: { name: at, status: "failed" as const, found: `${error.code}: ${happened}.`, hint },
  });
  if (["unauthorized", "forbidden", "network_error", "rate_limited"].includes(error.code)) {
    return failed(error.happened, `${error.next}.`);
  }
  const isTrieve = await answersHealthCheck();
  if (error.code === "timeout" && isTrieve) {
    return failed(ONLY_HEALTHY, RESTART_IT, "answer");
  }
  if (error.code === "upstream_error" && isTrieve) {
    return failed(`Trieve runs and its list fails (${error.detail})`, LOOK_AT_DATABASE);
  }
  if (error.code === "organization_not_found" && isTrieve) {
    const hint = "Check TRIEVE_ORGANIZATION_ID: the dashboard shows the id of each organization";
    return failed("Trieve knows no such organization (404)", hint);
  }
  const isNoTrieve = error.code === "bad_response" && error.happened.startsWith(NO_TRIEVE);
  if (error.code === "organization_not_found" || isNoTrieve) {
    const found = "Something listens there, and it is not a Trieve's API";
    return failed(`${found} (${error.detail ?? "HTTP 404"})`, NOT_TRIEVE, "answer");
  }
  return failed(error.happened, `${error.next}.`);
}

// The table's own words: what says more in its own words is told as it is.
const NO_TRIEVE = FAILURES.bad_response.happened;
const ONLY_HEALTHY = "Only Trieve's health check answers, everything else hangs";
const RESTART_IT = "restart the Trieve server: its database connections are used up";
const LOOK_AT_DATABASE = "look at the database behind Trieve, and at Trieve's log";
const NOT_TRIEVE = "check TRIEVE_BASE_URL: it is the address of the API, not that of the dashboard";

function checkClock(skew: number): Check {
  const found = `${Math.round(skew / 1_000)} s from Trieve's`;
  if (!(skew > MOST_SKEW_MS)) return passed("clock", found);
  const hint = "set this machine's clock; ages of invitations are wrong by as much";
  return { name: "clock", status: "warning", found, hint };
}
