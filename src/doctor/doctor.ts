import type { Settings } from "../config/load.ts";
import { allowedRoles, LINK_IS_LOCAL } from "../config/policy.ts";
import type { Config, ConfirmMethod } from "../config/settings.ts";
import { isLinkLocal } from "../config/url.ts";
import { printable } from "../text.ts";
import { redirectUri } from "../trieve/client.ts";
import { type Check, check, checkConnection } from "./connection.ts";

/** A check as a line of text. */
export function checkLine({ name, status, found, hint }: Check): string {
  return `${status.padEnd(8)} ${name}: ${found}${hint === undefined ? "" : ` -> ${hint}`}`;
}

/**
 * Checks configuration, connection, key and organization, and yields each check as soon as it is known. Sends the
 * list request and, where that fails, the health check without a key; nothing else.
 */
export async function* doctor(options: {
  settings: Settings;
  version: string;
  /** Version of Node, and platform. */
  runtime: string;
  sandbox: boolean;
  /** PATH, where programs are looked for. */
  path: string;
}): AsyncGenerator<Check> {
  const { settings, version, runtime, sandbox, path } = options;
  const { config, policy, faults, warnings, shown, auditFault } = settings;
  const mode = sandbox ? ", sandbox" : "";
  yield check("version", `trieve-invitations-mcp ${version}, ${runtime}${mode}`);
  for (const found of faults) {
    yield check("configuration", found, "correct it in the client's configuration", "failed");
  }
  for (const found of warnings) {
    yield check("configuration", found, "see the table of settings in the README");
  }
  for (const [name, text] of Object.entries(shown)) {
    yield check("setting", `${name}: ${printable(text).replaceAll("`", "")}`);
  }
  if (config === undefined) {
    yield { name: "connection", status: "skipped", found: "needs a complete configuration" };
    return;
  }
  yield check("route", describeRoute(config));
  yield* checkConnection(config, version);
  if (auditFault !== undefined) {
    const hint = "make the file writable for this user, or name another";
    yield check("audit log", auditFault, hint, "failed");
  }
  if (policy.readOnly) {
    yield check("policy", "read-only");
    return;
  }
  yield checkLink(config, sandbox);
  const domains = policy.allowedDomains?.join(", ") ?? "any domain";
  yield check("policy", `may invite ${allowedRoles(policy).join(", ")} at ${domains}`);
  yield await checkConfirm(config, path);
}

function describeRoute({ proxy, extraHeaders = [] }: Config): string {
  const route = proxy === undefined ? "directly" : `through the proxy ${new URL(proxy).host}`;
  const names = extraHeaders.map(([name]) => name).join(", ");
  return `requests go ${route}${names === "" ? "" : `, with the headers ${names}`}`;
}

function checkLink(config: Config, sandbox: boolean): Check {
  const { appUrl, organizationId, dashboardUrl } = config;
  const name = "mailed link";
  if (dashboardUrl === undefined) {
    const hint = "set it to the address of your Trieve's dashboard";
    return check(name, "TRIEVE_DASHBOARD_URL is not set, so nothing can be sent", hint);
  }
  const link = `${appUrl}/auth?inv_code=...&organization_id=${organizationId}&redirect_uri=${redirectUri(config)}`;
  if (!appUrl.endsWith("/api")) {
    const hint = "end TRIEVE_APP_URL in /api, unless a proxy there adds it";
    return check(name, `${link}. Trieve's API accepts invitations at an address below /api`, hint);
  }
  if (sandbox || !isLinkLocal(config)) return check(name, link);
  const hint =
    "set TRIEVE_APP_URL and TRIEVE_DASHBOARD_URL to addresses that invited people can reach";
  return check(name, `${link}. ${LINK_IS_LOCAL}`, hint);
}

/** How a person can be asked, as this shell sees the machine; a client may hide the display from the server. */
async function checkConfirm({ confirm, browser }: Config, path: string): Promise<Check> {
  const { command, missing }: { command?: string; missing?: string } =
    browser === "system" ? {} : browser;
  const opened = command === undefined ? "in the system's browser" : "by the program in BROWSER";
  const words: Record<ConfirmMethod, string> = {
    form: "a form, in clients that have them",
    page: `a page, ${missing === undefined ? `opened ${opened}` : `not available: ${missing}`}`,
    code: "a code, through the model",
  };
  const found = `asks by ${confirm.map((method) => words[method]).join("; else by ")}`;
  if (command !== undefined) {
    // Loaded here alone: a start has no need of it.
    const { isProgramThere } = await import("../consent/browser.ts");
    const hint = "correct BROWSER: the path of a program, or the name of one in PATH";
    if (!isProgramThere(command, path))
      return check("confirm", `${found}, which is not there`, hint);
  }
  const isLost = missing !== undefined && confirm.includes("page") && !confirm.includes("code");
  const hint =
    "set BROWSER, or pass the display on in the client's configuration (docs/clients.md)";
  return check("confirm", found, isLost ? hint : undefined);
}
