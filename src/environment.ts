import { findBrowser } from "./browser.ts";
import {
  type Config,
  LOCAL_DASHBOARD,
  type Name,
  type Policy,
  SETTING_LIST,
  SETTINGS,
  type Values,
  WAY_NAMES,
} from "./settings.ts";
import { isExempt, isLocal } from "./url.ts";
import { isPlaceholder, Misread, type ReadKeyFile } from "./values.ts";

/** The environment, read. Without faults there is a `config`. */
export interface Settings {
  config: Config | undefined;
  /** As far as it could be read: it decides which tools are listed. */
  policy: Policy;
  /** One sentence each, naming the variable and never its value. */
  faults: string[];
  warnings: string[];
  /** What keeps the audit file from being written. */
  auditFault?: string;
  /** Where each setting comes from. */
  sources: Record<string, "environment" | "file" | "default" | "not set">;
}

type Environment = Readonly<Record<string, string | undefined>>;

const NOT_SET = "is not set";
const PLACEHOLDER = "is not set: it holds a placeholder that nothing filled in";
const UNFILLED = "holds a placeholder that nothing filled in; set it, or remove it";

/** What a variable holds in earnest, or why it counts as not set. */
function textOf(given: string | undefined): { value: string } | { unset: string } {
  const value = given?.trim() ?? "";
  if (value === "") return { unset: NOT_SET };
  return isPlaceholder(value) ? { unset: PLACEHOLDER } : { value };
}

/**
 * Reads the whole environment and tells everything that is wrong with it at once. Never throws, and
 * no value appears in what it tells.
 */
export function readSettings(environment: Environment, readKeyFile: ReadKeyFile): Settings {
  const faults: string[] = [];
  const warnings: string[] = [];
  const values: Partial<Record<Name, unknown>> = {};
  const texts = Object.fromEntries(
    SETTING_LIST.map(([name]) => [name, textOf(environment[name])]),
  ) as Record<Name, ReturnType<typeof textOf>>;
  const { TRIEVE_API_KEY: key, TRIEVE_API_KEY_FILE: keyFile } = texts;
  const isInsecure = /^(true|1)$/i.test(environment["TRIEVE_ALLOW_INSECURE_HTTP"]?.trim() ?? "");

  const hasBothKeys = "value" in key && "value" in keyFile;
  if (hasBothKeys) {
    faults.push("TRIEVE_API_KEY and TRIEVE_API_KEY_FILE are both set; set one of them");
  }
  const home = environment["HOME"] ?? environment["USERPROFILE"] ?? "";
  for (const [name, { expected, restricts, read }] of SETTING_LIST) {
    const text = texts[name];
    if ("unset" in text && restricts && text.unset === PLACEHOLDER) {
      faults.push(`${name} ${UNFILLED}`);
      continue;
    }
    if ("unset" in text) {
      if (text.unset === PLACEHOLDER) warnings.push(`${name} ${PLACEHOLDER}`);
      if (expected === undefined) continue;
      if (name !== "TRIEVE_API_KEY") faults.push(`${name} ${text.unset}; expected ${expected}`);
      else if ("unset" in keyFile) {
        // The file was meant where that is what holds a placeholder.
        const meant = keyFile.unset === PLACEHOLDER ? "TRIEVE_API_KEY_FILE" : name;
        const { unset } = meant === name ? text : keyFile;
        faults.push(`${meant} ${unset}; expected ${expected}`);
      }
      continue;
    }
    if (hasBothKeys && (text === key || text === keyFile)) continue;
    const warn = (warning: string) => warnings.push(`${name} ${warning}`);
    try {
      values[name] = read(text.value, { readKeyFile, home, isInsecure, warn });
    } catch (error) {
      if (!(error instanceof Misread)) throw error;
      faults.push(`${name} ${error.message}`);
    }
  }
  const read = values as Values;
  const policy: Policy = {
    maxRole: read.TRIEVE_MAX_ROLE ?? "admin",
    allowedDomains: read.TRIEVE_ALLOWED_EMAIL_DOMAINS,
    readOnly: read.TRIEVE_READ_ONLY ?? false,
    askAlways: read.TRIEVE_ASK_ALWAYS ?? false,
  };
  const baseUrl = read.TRIEVE_BASE_URL;
  const isHere = baseUrl !== undefined && isLocal(baseUrl);
  const dashboardUrl = read.TRIEVE_DASHBOARD_URL ?? (isHere ? LOCAL_DASHBOARD : undefined);
  if (dashboardUrl !== undefined && dashboardUrl.replace(/\/+api$/, "") === baseUrl) {
    faults.push("TRIEVE_DASHBOARD_URL must be the address of the dashboard, not that of the API");
  }
  checkWhole(environment, { baseUrl, isHere }, { faults, warnings });
  const proxy = readProxy(environment, baseUrl, faults);

  const apiKey = read.TRIEVE_API_KEY ?? read.TRIEVE_API_KEY_FILE;
  const organizationId = read.TRIEVE_ORGANIZATION_ID;
  const isComplete =
    faults.length === 0 &&
    apiKey !== undefined &&
    organizationId !== undefined &&
    baseUrl !== undefined;
  const config = isComplete
    ? {
        apiKey: () => apiKey,
        organizationId,
        organizationName: read.TRIEVE_ORGANIZATION_NAME,
        baseUrl,
        appUrl: read.TRIEVE_APP_URL ?? `${baseUrl}/api`,
        dashboardUrl,
        confirm: read.TRIEVE_CONFIRM ?? WAY_NAMES,
        browser: findBrowser(environment, read.BROWSER),
        auditLog: read.TRIEVE_AUDIT_LOG,
        extraHeaders: read.TRIEVE_EXTRA_HEADERS,
        isKeyInFile: read.TRIEVE_API_KEY === undefined,
        proxy,
        policy,
      }
    : undefined;
  return { config, policy, faults, warnings, sources: sourcesOf(texts) };
}

/** What shows only when everything is read. */
function checkWhole(
  environment: Environment,
  { baseUrl, isHere }: { baseUrl: string | undefined; isHere: boolean },
  { faults, warnings }: Pick<Settings, "faults" | "warnings">,
): void {
  if (environment["NODE_TLS_REJECT_UNAUTHORIZED"] === "0" && !isHere) {
    faults.push(
      "NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the check of Trieve's certificate; remove it " +
        "(for an authority of your own set NODE_EXTRA_CA_CERTS)",
    );
  }
  if (baseUrl?.startsWith("http:") && !isHere) {
    warnings.push("TRIEVE_ALLOW_INSECURE_HTTP is in use: the key crosses the network in the clear");
  }
  for (const name of Object.keys(environment)) {
    if (name.startsWith("TRIEVE_") && !(name in SETTINGS)) {
      const meant = SETTING_LIST.find(([one]) => lettersOf(one) === lettersOf(name))?.[0];
      const what = meant === undefined ? "is it a typing error?" : `is ${meant} meant?`;
      warnings.push(`${printable(name)} is no setting of this server; ${what}`);
    }
  }
}

/** The letters of a name in no order, so that swapped ones and a missing underscore make no difference. */
function lettersOf(name: string): string {
  return [...name.replaceAll("_", "").toUpperCase()].sort().join("");
}

/** The proxy that is set for this address, if any; a machine reaches itself without one. */
function readProxy(
  environment: Environment,
  baseUrl: string | undefined,
  faults: string[],
): string | undefined {
  if (baseUrl === undefined || isLocal(baseUrl)) return undefined;
  const of = (name: string) =>
    [name.toLowerCase(), name].map((one) => environment[one]?.trim()).find(Boolean);
  const name = baseUrl.startsWith("https:") ? "HTTPS_PROXY" : "HTTP_PROXY";
  const given = of(name);
  if (given === undefined || isExempt(baseUrl, of("NO_PROXY") ?? "")) return undefined;
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  if (URL.canParse(url) && /^https?:/i.test(url)) return url;
  faults.push(`${name} must be the address of a proxy, like http://proxy.example.com:8080`);
  return undefined;
}

function sourcesOf(texts: Record<Name, ReturnType<typeof textOf>>): Settings["sources"] {
  const sources: Settings["sources"] = {};
  for (const [name, row] of SETTING_LIST) {
    const isOptional = row.default !== "required" && row.default !== "none";
    const otherwise = isOptional ? "default" : "not set";
    sources[name] = "value" in texts[name] ? "environment" : otherwise;
  }
  const isKeyInFile = "value" in texts.TRIEVE_API_KEY_FILE && "unset" in texts.TRIEVE_API_KEY;
  if (isKeyInFile) sources["TRIEVE_API_KEY"] = "file";
  return sources;
}

function printable(name: string): string {
  return name.replace(/[^A-Z0-9_]/gi, "?").slice(0, 60);
}
