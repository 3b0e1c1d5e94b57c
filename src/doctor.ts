import { browserWords } from "./browser.ts";
import { type Check, passed } from "./doctor-check.ts";
import { checkConnection } from "./doctor-connection.ts";
import type { Settings } from "./environment.ts";
import { allowedRoles, LINK_IS_LOCAL } from "./policy.ts";
import { type Config, SETTING_LIST, type WayName } from "./settings.ts";
import { redirectUri } from "./trieve/client.ts";
import { isLinkLocal } from "./url.ts";

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
  /** PATH, where programs are looked for. */
  path: string;
}): AsyncGenerator<Check> {
  const { settings, version, runtime, sandbox, path } = options;
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
  if (!policy.readOnly) yield await describeWays(config, path);
}

function routeOf({ proxy, extraHeaders = [] }: Config): string {
  const way = proxy === undefined ? "straight" : `through the proxy ${new URL(proxy).host}`;
  const names = extraHeaders.map(([name]) => name).join(", ");
  return `requests go ${way}${names === "" ? "" : `, with the headers ${names}`}`;
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

function checkLink(config: Config, sandbox: boolean): Check {
  const { appUrl, organizationId, dashboardUrl, policy } = config;
  if (dashboardUrl === undefined) {
    const found = "TRIEVE_DASHBOARD_URL is not set, so nothing can be sent";
    if (policy.readOnly) return passed("mailed link", "none, read-only");
    const hint = "set it to the address of your Trieve's dashboard";
    return { name: "mailed link", status: "warning", found, hint };
  }
  const link = `${appUrl}/auth?inv_code=...&organization_id=${organizationId}&redirect_uri=${redirectUri(config)}`;
  if (!appUrl.endsWith("/api")) {
    const hint = "end TRIEVE_APP_URL in /api, unless a proxy there adds it";
    return { name: "mailed link", status: "warning", found: `${link}. ${NO_API}`, hint };
  }
  if (sandbox || !isLinkLocal(config)) return passed("mailed link", link);
  const hint =
    "set TRIEVE_APP_URL and TRIEVE_DASHBOARD_URL to addresses that invited people can reach";
  return { name: "mailed link", status: "warning", found: `${link}. ${LINK_IS_LOCAL}`, hint };
}

/** See open-browser.ts, which is loaded here alone: a start has no need of it. */
async function isProgramThere(command: string, path: string): Promise<boolean> {
  return (await import("./consent/open-browser.ts")).isProgramThere(command, path);
}

const NO_API = "It does not lead to an address below /api, where Trieve's API takes people in";

/** How a person can be asked, as this shell sees the machine; a client may hide the display. */
async function describeWays({ confirm, browser }: Config, path: string): Promise<Check> {
  const words: Record<WayName, string> = {
    form: "a form, in clients that have them",
    page: `a page, ${browserWords(browser)}`,
    code: "a code, through the model",
  };
  const found = `asks by ${confirm.map((way) => words[way]).join("; else by ")}`;
  const command = typeof browser === "object" && "command" in browser ? browser.command : undefined;
  if (command !== undefined && !(await isProgramThere(command, path))) {
    const hint = "correct BROWSER: the path of a program, or the name of one in PATH";
    return { name: "ways", status: "warning", found: `${found}, which is not there`, hint };
  }
  const isMissing = confirm.includes("page") && typeof browser === "object" && "missing" in browser;
  if (!isMissing || confirm.includes("code")) return passed("ways", found);
  const hint =
    "set BROWSER, or pass the display on in the client's configuration (docs/clients.md)";
  return { name: "ways", status: "warning", found, hint };
}
