import type { Settings } from "../config/load.ts";
import { allowedRoles } from "../config/policy.ts";
import type { Config, ConfirmMethod } from "../config/settings.ts";
import { missingForPage } from "../consent/page.ts";
import { printable } from "../text.ts";
import { redirectUri } from "../trieve/client.ts";
import { type Check, check, checkConnection } from "./connection.ts";

/** A check as a line of text. */
export function checkLine({ name, status, found, hint }: Check): string {
  return `${status.padEnd(8)} ${name}: ${found}${hint === undefined ? "" : ` -> ${hint}`}`;
}

/** The verdict on all checks, such as `Sound, 1 warning.` */
export function verdictOf(checks: readonly Check[]): string {
  const count = (status: Check["status"]) => checks.filter((one) => one.status === status).length;
  const [failed, warnings] = [count("failed"), count("warning")];
  const sound = failed === 0 ? "Sound" : `Not sound, ${failed} failed`;
  const doubts = warnings === 0 ? "" : `, ${warnings} warning${warnings === 1 ? "" : "s"}`;
  return `${sound}${doubts}.`;
}

/**
 * Checks configuration, connection, key and organization, and yields each result as soon as it is known; with
 * `isVerbose` each valid setting too. Sends only the list request and, if that fails, the health check without a key.
 */
export async function* doctor(
  { config, policy, faults, defects, warnings, shown }: Settings,
  version: string,
  isVerbose: boolean,
  host: Pick<NodeJS.Process, "version" | "platform" | "env">,
): AsyncGenerator<Check> {
  const runtime = `Node ${host.version}, ${host.platform}${config?.sandbox ? ", sandbox" : ""}`;
  yield check("version", `trieve-invitations-mcp ${version}, ${runtime}`);
  // These have no hint, since they say themselves what to do.
  for (const found of [...faults, ...defects])
    yield { name: "configuration", status: "failed", found };
  for (const found of warnings) yield { name: "configuration", status: "warning", found };
  const sound = Object.entries(shown).map(([name, text]) =>
    check("setting", `${name}: ${printable(text).replaceAll("`", "")}`),
  );
  if (isVerbose) yield* sound;
  else yield check("settings", `${sound.length} in order (--verbose shows each)`);
  if (config === undefined) {
    yield { name: "connection", status: "skipped", found: "waits for a sound configuration" };
    return;
  }
  yield check("route", describeRoute(config));
  yield* checkConnection(config, version);
  if (policy.readOnly) {
    yield check("policy", "read-only");
    return;
  }
  yield checkLink(config);
  const domains = policy.allowedDomains?.join(", ") ?? "any domain";
  yield check("policy", `may invite ${allowedRoles(policy).join(", ")} at ${domains}`);
  yield checkConfirm(config, host.env["PATH"] ?? "");
}

function describeRoute({ proxy, extraHeaders = [] }: Config): string {
  const route = proxy === undefined ? "directly" : `through the proxy ${new URL(proxy).host}`;
  const names = extraHeaders.map(([name]) => name).join(", ");
  return `requests go ${route}${names === "" ? "" : `, with the headers ${names}`}`;
}

function checkLink(config: Config): Check {
  const { appUrl, organizationId, dashboardUrl } = config;
  const name = "mailed link";
  if (dashboardUrl === undefined) {
    const hint = "set TRIEVE_DASHBOARD_URL to the address of your Trieve's dashboard";
    return check(name, "without the address of the dashboard nothing can be sent", hint);
  }
  const link = `${appUrl}/auth?inv_code=...&organization_id=${organizationId}&redirect_uri=${redirectUri(config)}`;
  if (appUrl.endsWith("/api")) return check(name, `${link} (unchecked: doctor asks only the API)`);
  const hint = "end TRIEVE_APP_URL in /api, unless a proxy there adds it";
  return check(name, `${link}. Trieve's API accepts invitations at an address below /api`, hint);
}

/** How a person can be asked, as seen from this shell; a client may hide the display from the server. */
function checkConfirm({ confirm, browser }: Config, path: string): Check {
  const missing = confirm.includes("page") ? missingForPage(browser, path) : undefined;
  const isNamed = browser !== "system" && "command" in browser;
  const opener = isNamed ? "by the program in BROWSER" : "in the system's browser";
  const words: Record<ConfirmMethod, string> = {
    form: "a form, in clients that have them",
    page: `a page, ${missing === undefined ? `opened ${opener}` : `not available: ${missing}`}`,
    code: "a code, through the model",
  };
  const found = `asks by ${confirm.map((method) => words[method]).join("; else by ")}`;
  // A machine without a browser may be intended, if codes are allowed; a missing program in BROWSER is a mistake.
  if (missing === undefined || (!isNamed && confirm.includes("code")))
    return check("confirm", found);
  const hint = isNamed
    ? "correct BROWSER, or remove it"
    : "set BROWSER, or pass the display on in the client's configuration (docs/clients.md)";
  return check("confirm", found, hint);
}
