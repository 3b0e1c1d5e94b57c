import { browserWords } from "./browser.ts";
import { systemClock } from "./clock.ts";
import type { Settings } from "./environment.ts";
import { FAILURES, Failure, type FailureCode } from "./failures.ts";
import { allowedRoles, LINK_IS_LOCAL } from "./policy.ts";
import { type Config, SETTING_LIST, type WayName } from "./settings.ts";
import { createCallContext } from "./trieve/call-context.ts";
import { createTrieveClient, redirectUri } from "./trieve/client.ts";
import { answersHealthCheck } from "./trieve/health.ts";
import { LIMITS } from "./trieve/limits.ts";
import { openRoute } from "./trieve/route.ts";
import { isTlsCode } from "./trieve/tls.ts";
import { isLinkLocal, isLoopback } from "./url.ts";

/** One thing that was looked at. */
export interface Check {
  name: string;
  status: "ok" | "warning" | "failed" | "skipped";
  found: string;
  /** What to do, for a warning or failure. */
  hint?: string;
}

const MOST_SKEW_MS = 60_000;

/**
 * Checks configuration, connection, key and organization, and gives each check as soon as it is known.
 * Sends the list request, and where that fails the health check without a key; nothing else.
 */
export async function* doctor(options: {
  settings: Settings;
  version: string;
  /** Version of Node and platform. */
  runtime: string;
  sandbox: boolean;
}): AsyncGenerator<Check> {
  const { settings, version, runtime, sandbox } = options;
  const { config, faults, warnings, auditFault } = settings;
  const mode = sandbox ? ", sandbox" : "";
  yield passed("version", `trieve-invitations-mcp ${version}, ${runtime}${mode}`);
  for (const found of faults) {
    const hint = "correct it in the client's configuration";
    yield { name: "configuration", status: "failed", found, hint };
  }
  for (const found of warnings) {
    const hint = "see the table of settings in the README";
    yield { name: "configuration", status: "warning", found, hint };
  }
  yield* describeSettings(settings);
  if (config === undefined) {
    yield { name: "connection", status: "skipped", found: "needs a complete configuration" };
    return;
  }
  yield passed("route", routeOf(config));
  yield* checkConnection(config, version);
  if (auditFault !== undefined) {
    const hint = "make the file writable for this user, or name another";
    yield { name: "audit log", status: "failed", found: auditFault, hint };
  }
  yield checkLink(config, sandbox);
  const { policy } = config;
  const rules = policy.readOnly
    ? "read-only"
    : `may invite ${allowedRoles(policy).join(", ")} at ${policy.allowedDomains?.join(", ") ?? "any domain"}`;
  yield passed("policy", rules);
  if (!policy.readOnly) yield describeWays(config);
}

function routeOf({ proxy, extraHeaders = [] }: Config): string {
  const way = proxy === undefined ? "straight" : `through the proxy ${new URL(proxy).host}`;
  const names = extraHeaders.map(([name]) => name).join(", ");
  return `requests go ${way}${names === "" ? "" : `, with the headers ${names}`}`;
}

/** A check as a line of text. */
export function checkLine({ name, status, found, hint }: Check): string {
  return `${status.padEnd(8)} ${name}: ${found}${hint === undefined ? "" : ` -> ${hint}`}`;
}

function passed(name: string, found: string): Check {
  return { name, status: "ok", found };
}

/** Each sound setting with its source, and with its value when all of them are: never the key. */
function describeSettings({ config, sources, faults }: Settings): Check[] {
  const sound = SETTING_LIST.filter(([name]) => !faults.some((one) => one.startsWith(`${name} `)));
  return sound.map(([name, { show }]) => {
    const value = config && show?.(config);
    const source = sources[name] ?? "default";
    return passed(
      "setting",
      value === undefined ? `${name}: ${source}` : `${name}: ${value} (${source})`,
    );
  });
}

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

async function* checkConnection(config: Config, version: string): AsyncGenerator<Check> {
  const { hostname, host, protocol } = new URL(config.baseUrl);
  let skew: number | undefined;
  const send = await openRoute(config);
  const client = createTrieveClient({
    config,
    version,
    clock: systemClock,
    fetch: async (input, init) => {
      const response = await send(input as Request, init ?? {});
      const date = response.headers.get("date");
      if (date !== null) skew = Math.abs(Date.now() - Date.parse(date));
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

function checkLink(config: Config, sandbox: boolean): Check {
  const { appUrl, organizationId, dashboardUrl, policy } = config;
  if (dashboardUrl === undefined) {
    const found = "TRIEVE_DASHBOARD_URL is not set, so nothing can be sent";
    if (policy.readOnly) return passed("mailed link", "none, read-only");
    const hint = "set it to the address of your Trieve's dashboard";
    return { name: "mailed link", status: "warning", found, hint };
  }
  const link = `${appUrl}/auth?inv_code=...&organization_id=${organizationId}&redirect_uri=${redirectUri(config)}`;
  if (sandbox || !isLinkLocal(config)) return passed("mailed link", link);
  const hint =
    "set TRIEVE_APP_URL and TRIEVE_DASHBOARD_URL to addresses that invited people can reach";
  return { name: "mailed link", status: "warning", found: `${link}. ${LINK_IS_LOCAL}`, hint };
}

/** How a person can be asked, as this shell sees the machine; a client may hide the display. */
function describeWays({ confirm, browser }: Config): Check {
  const words: Record<WayName, string> = {
    form: "a form, in clients that have them",
    page: `a page, ${browserWords(browser)}`,
    code: "a code, through the model",
  };
  const found = `asks by ${confirm.map((way) => words[way]).join("; else by ")}`;
  const isMissing = confirm.includes("page") && typeof browser === "object" && "missing" in browser;
  if (!isMissing || confirm.includes("code")) return passed("ways", found);
  const hint =
    "set BROWSER, or pass the display on in the client's configuration (docs/clients.md)";
  return { name: "ways", status: "warning", found, hint };
}
