import { checkAuditFile } from "../audit.ts";
import { findBrowser } from "./browser.ts";
import { check, isPlaceholder, SettingError } from "./parse.ts";
import { LINK_IS_LOCAL, type Policy } from "./policy.ts";
import {
  CONFIRM_METHODS,
  type Config,
  LOCAL_DASHBOARD,
  type Name,
  SETTING_LIST,
  SETTINGS,
  type Values,
} from "./settings.ts";
import { findProxy, isLocal } from "./url.ts";

/** The parsed environment. `config` is there if `faults` is empty. */
export interface Settings {
  config: Config | undefined;
  /** From the variables that could be parsed, with defaults for the rest: it decides which tools are listed. */
  policy: Policy;
  /** One sentence each, naming the variable and never its value. */
  faults: string[];
  /** The same about problems that need fixing but do not stop the server. */
  defects: string[];
  warnings: string[];
  /** Each valid setting for `doctor`: its value, unless that is secret, and where it comes from. */
  shown: Partial<Record<Name, string>>;
}

type Found = Omit<Settings, "config" | "policy">;

const KEY = "TRIEVE_API_KEY";
const KEY_FILE = "TRIEVE_API_KEY_FILE";
const PLACEHOLDER = "is not set: it holds a placeholder that was not filled in";
const UNFILLED = "holds a placeholder that was not filled in; set it, or remove it";

/**
 * Parses the whole environment and reports everything that is wrong with it at once. Never throws, and no value
 * appears in a fault or a warning. `sandbox`: the environment is that of the built-in Trieve.
 */
export function loadSettings(environment: NodeJS.ProcessEnv, sandbox = false): Settings {
  const found: Found = { faults: [], defects: [], warnings: [], shown: {} };
  const values = parseAll(environment, found);
  const policy: Policy = {
    maxRole: values.TRIEVE_MAX_ROLE ?? "admin",
    allowedDomains: values.TRIEVE_ALLOWED_EMAIL_DOMAINS,
    readOnly: values.TRIEVE_READ_ONLY ?? false,
    askAlways: values.TRIEVE_ASK_ALWAYS ?? false,
  };
  const config = combine(environment, values, found, { policy, sandbox });
  return { config: found.faults.length > 0 ? undefined : config, policy, ...found };
}

/** Parses each variable by itself; adds to `found` how it is shown, or what is wrong with it. */
function parseAll(environment: NodeJS.ProcessEnv, { faults, warnings, shown }: Found): Values {
  const values: Partial<Record<Name, unknown>> = {};
  const given = (name: Name) => environment[name]?.trim() ?? "";
  const isUnfilled = (name: Name) => isPlaceholder(given(name));
  const isSet = (name: Name) => given(name) !== "" && !isUnfilled(name);
  const home = environment["HOME"] ?? environment["USERPROFILE"] ?? "";
  const isInsecure = /^(true|1)$/i.test(given("TRIEVE_ALLOW_INSECURE_HTTP"));

  for (const [name, setting] of SETTING_LIST) {
    const { meaning, restricts, isSecret, parse, default: shownDefault } = setting;
    const warn = (warning: string) => warnings.push(`${name} ${warning}`);
    attempt(name, faults, () => {
      if (isSet(name)) {
        check(name !== KEY_FILE || !isSet(KEY), `and ${KEY} are both set; set one of them`);
        values[name] = parse(given(name), { home, isInsecure, warn });
        shown[name] = isSecret ? "environment" : `${given(name)} (environment)`;
        return;
      }
      check(!restricts || !isUnfilled(name), UNFILLED);
      if (shownDefault === "required" && !(name === KEY && isSet(KEY_FILE))) {
        // A placeholder in TRIEVE_API_KEY_FILE shows that the key was meant to come from a file.
        const meant = name === KEY && isUnfilled(KEY_FILE) ? KEY_FILE : name;
        faults.push(
          `${meant} ${isUnfilled(meant) ? PLACEHOLDER : "is not set"}; expected ${meaning}`,
        );
        return;
      }
      if (isUnfilled(name)) warn(PLACEHOLDER);
      if (name === KEY) shown[name] = "file";
      else shown[name] = shownDefault === "none" ? "not set" : `${shownDefault} (default)`;
    });
  }
  return values as Values;
}

/** Returns what `parse` does; a SettingError becomes a fault of this variable instead. */
function attempt<T>(name: string, faults: string[], parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof SettingError)) throw error;
    faults.push(`${name} ${error.message}`);
    return undefined;
  }
}

/** Checks variables against each other. Returns the configuration, unless a value that it needs is missing. */
function combine(
  environment: NodeJS.ProcessEnv,
  values: Values,
  { faults, defects, warnings, shown }: Found,
  given: Pick<Config, "policy" | "sandbox">,
): Config | undefined {
  for (const name of Object.keys(environment)) {
    if (!name.startsWith("TRIEVE_") || name in SETTINGS) continue;
    const unknown = name.replace(/[^A-Z0-9_]/gi, "?").slice(0, 60);
    warnings.push(`${unknown} is not a setting of this server; is it a typo?`);
  }
  const { TRIEVE_ORGANIZATION_ID: organizationId, TRIEVE_BASE_URL: baseUrl } = values;
  const isHere = baseUrl !== undefined && isLocal(baseUrl);
  if (environment["NODE_TLS_REJECT_UNAUTHORIZED"] === "0" && !isHere) {
    faults.push(
      "NODE_TLS_REJECT_UNAUTHORIZED=0 turns off the check of Trieve's certificate; remove it (for a certificate authority of your own, set NODE_EXTRA_CA_CERTS)",
    );
  }
  const auditLog = values.TRIEVE_AUDIT_LOG;
  const problem = auditLog === undefined ? undefined : checkAuditFile(auditLog);
  const listOf = { fault: faults, unwritable: defects, open: warnings };
  if (problem !== undefined) listOf[problem.kind].push(problem.text);
  if (baseUrl === undefined) return undefined;

  const dashboardUrl = values.TRIEVE_DASHBOARD_URL ?? (isHere ? LOCAL_DASHBOARD : undefined);
  if (dashboardUrl?.replace(/\/+api$/, "") === baseUrl) {
    faults.push("TRIEVE_DASHBOARD_URL must be the address of the dashboard, not that of the API");
    delete shown.TRIEVE_DASHBOARD_URL;
  }
  const isHttp = baseUrl.startsWith("http:");
  if (isHttp && !isHere) {
    warnings.push("TRIEVE_ALLOW_INSECURE_HTTP is in use: the key crosses the network in the clear");
  }
  const variable = isHttp ? "HTTP_PROXY" : "HTTPS_PROXY";
  const proxy = attempt(variable, faults, () =>
    findProxy(environment, variable, baseUrl, warnings),
  );
  const keyFile = values.TRIEVE_API_KEY_FILE;
  const apiKey = values.TRIEVE_API_KEY ?? keyFile?.key;
  if (apiKey === undefined || organizationId === undefined) return undefined;

  const appUrl = values.TRIEVE_APP_URL ?? `${baseUrl}/api`;
  const addresses = { TRIEVE_APP_URL: appUrl, TRIEVE_DASHBOARD_URL: dashboardUrl };
  // The sandbox mails nothing, so nobody has to reach its links.
  const local = Object.entries(given.sandbox ? {} : addresses)
    .filter(([, url]) => url !== undefined && isLocal(url))
    .map(([name]) => name);
  if (local.length > 0 && !given.policy.readOnly) {
    warnings.push(
      `${LINK_IS_LOCAL}; set ${local.join(" and ")} to an address that invited people can reach`,
    );
  }
  const reach = local.length > 0 ? "local" : "everywhere";
  return {
    apiKey: () => apiKey,
    organizationId,
    organizationName: values.TRIEVE_ORGANIZATION_NAME,
    baseUrl,
    appUrl,
    dashboardUrl,
    links: dashboardUrl === undefined ? "none" : reach,
    confirm: values.TRIEVE_CONFIRM ?? CONFIRM_METHODS,
    browser: findBrowser(environment, values.BROWSER),
    auditLog,
    extraHeaders: values.TRIEVE_EXTRA_HEADERS,
    keyFile: keyFile && { hasChanged: keyFile.hasChanged },
    caFile: environment["NODE_EXTRA_CA_CERTS"],
    proxy,
    ...given,
  };
}
