import { systemClock } from "./clock.ts";
import type { Settings } from "./environment.ts";
import { Failure, type FailureCode } from "./failures.ts";
import { allowedRoles } from "./policy.ts";
import { type Config, SETTING_LIST } from "./settings.ts";
import { createCallContext } from "./trieve/call-context.ts";
import { createTrieveClient, LIMITS, redirectUri } from "./trieve/client.ts";
import { isLoopback } from "./url.ts";

interface Check {
  name: string;
  status: "ok" | "warning" | "failed" | "skipped";
  found: string;
  /** What to do, for a warning or failure. */
  hint?: string;
}

interface Report {
  healthy: boolean;
  report: { text: string; json: string };
}

const MOST_SKEW_MS = 60_000;

/** Checks configuration, connection, key and organization. Sends the list request and nothing else. */
export async function doctor(options: {
  settings: Settings;
  version: string;
  /** Version of Node and platform. */
  runtime: string;
  sandbox: boolean;
}): Promise<Report> {
  const { settings, version, runtime, sandbox } = options;
  const checks: Check[] = [
    {
      name: "version",
      status: "ok",
      found: `trieve-invitations-mcp ${version}, ${runtime}${sandbox ? ", sandbox" : ""}`,
    },
    ...settings.faults.map(
      (fault): Check => ({
        name: "configuration",
        status: "failed",
        found: fault,
        hint: "correct it in the client's configuration",
      }),
    ),
    ...settings.warnings.map(
      (warning): Check => ({
        name: "configuration",
        status: "warning",
        found: warning,
        hint: "see the table of settings in the README",
      }),
    ),
    ...describeSettings(settings),
  ];
  const { TRIEVE_BASE_URL: base, TRIEVE_DASHBOARD_URL: dashboard } = settings.sources;
  const leadsAstray = base === "environment" && dashboard === "default" && !sandbox;
  if (settings.config === undefined) {
    checks.push({ name: "connection", status: "skipped", found: "needs a complete configuration" });
  } else {
    checks.push(
      ...(await checkConnection(settings.config, version)),
      ...describe(settings.config, leadsAstray),
    );
  }
  const healthy = checks.every(({ status }) => status !== "failed");
  return {
    healthy,
    report: {
      text: `${checks.map(line).join("\n")}\n`,
      json: `${JSON.stringify({ healthy, checks }, null, 2)}\n`,
    },
  };
}

function line({ name, status, found, hint }: Check): string {
  return `${status.padEnd(8)} ${name}: ${found}${hint === undefined ? "" : ` -> ${hint}`}`;
}

/** Each sound setting with its source, and with its value when all of them are: never the key. */
function describeSettings({ config, sources, faults }: Settings): Check[] {
  const sound = SETTING_LIST.filter(([name]) => !faults.some((one) => one.startsWith(`${name} `)));
  return sound.map(([name, { show }]) => {
    const value = config && show?.(config);
    const source = sources[name] ?? "default";
    const found = value === undefined ? `${name}: ${source}` : `${name}: ${value} (${source})`;
    return { name: "setting", status: "ok", found };
  });
}

// The layers a list request goes through, in the order in which it can fail.
const LAYERS = ["reachable", "tls", "organization", "key", "role", "answer"] as const;
type Layer = (typeof LAYERS)[number];

const FAILS_AT: Partial<Record<FailureCode, Layer>> = {
  network_error: "reachable",
  timeout: "reachable",
  rate_limited: "reachable",
  upstream_error: "answer",
  unauthorized: "key",
  forbidden: "role",
  organization_not_found: "organization",
};

async function checkConnection(config: Config, version: string): Promise<Check[]> {
  const { hostname, host, protocol } = new URL(config.baseUrl);
  let date: string | null = null;
  const client = createTrieveClient({
    config,
    version,
    clock: systemClock,
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      date = response.headers.get("date");
      return response;
    },
  });
  const call = createCallContext(systemClock, new AbortController().signal, LIMITS.callMs);
  const passed: Record<Layer, string> = {
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
  try {
    const { invitations, skipped } = await client.list(call);
    passed.answer = `${invitations.length} invitations${skipped > 0 ? `, ${skipped} rows unreadable` : ""}`;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const isTls = /CERT|TLS|SSL|SIGNED|ISSUER/.test(error.detail ?? "");
    const layer = isTls ? "tls" : (FAILS_AT[error.code] ?? "answer");
    const found = `${error.code}: ${error.happened}.`;
    const tlsHint = "for an authority of your own set NODE_EXTRA_CA_CERTS to its certificate";
    const hint = isTls ? tlsHint : `${error.next}.`;
    failure = { layer, check: { name: layer, status: "failed", found, hint } };
  }
  const reached = failure === undefined ? LAYERS.length : LAYERS.indexOf(failure.layer);
  const checks = LAYERS.slice(0, reached).map(
    (name): Check => ({ name, status: "ok", found: passed[name] }),
  );
  if (failure !== undefined) checks.push(failure.check);
  return date === null ? checks : [...checks, checkClock(Date.parse(date))];
}

function checkClock(theirs: number): Check {
  const skew = Math.abs(Date.now() - theirs);
  const found = `${Math.round(skew / 1_000)} s from Trieve's`;
  if (!(skew > MOST_SKEW_MS)) return { name: "clock", status: "ok", found };
  const hint = "set this machine's clock; ages of invitations are wrong by as much";
  return { name: "clock", status: "warning", found, hint };
}

/** `leadsAstray`: Trieve is self-hosted, and its invitations would lead to the hosted dashboard. */
function describe(config: Config, leadsAstray: boolean): Check[] {
  const { appUrl, organizationId, policy, confirm } = config;
  const link = `${appUrl}/auth?inv_code=...&organization_id=${organizationId}&redirect_uri=${redirectUri(config)}`;
  const rules = policy.readOnly
    ? "read-only"
    : `may invite ${allowedRoles(policy).join(", ")} at ${policy.allowedDomains?.join(", ") ?? "any domain"}; confirmation ${confirm}`;
  return [
    leadsAstray
      ? {
          name: "mailed link",
          status: "warning",
          found: link,
          hint: "invited people land on the hosted dashboard; set TRIEVE_DASHBOARD_URL to your own",
        }
      : { name: "mailed link", status: "ok", found: link },
    { name: "policy", status: "ok", found: rules },
  ];
}
