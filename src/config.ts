import { isUuid, ROLES, type Role } from "./trieve/invitation.ts";
import { isLoopback, urlProblem, withoutSlash } from "./url.ts";
import { VARIABLES } from "./variables.ts";

/** What the operator set, checked. */
export interface Config {
  /** The key; a function, so that no log of the configuration can show it. */
  apiKey: () => string;
  /** Lower-case UUID. */
  organizationId: string;
  /** No slash at the end, no `/api`. */
  baseUrl: string;
  appUrl: string;
  dashboardUrl: string;
  confirm: "auto" | "prompt";
  auditLog: string | undefined;
  policy: Policy;
}

/** What the operator allows. */
export interface Policy {
  maxRole: Role;
  /** Lower case; undefined: any. */
  allowedDomains: readonly string[] | undefined;
  readOnly: boolean;
}

/** The environment, read. Without faults there is a `config`. */
export interface Settings {
  config: Config | undefined;
  /** As far as it could be read: it decides which tools are listed. */
  policy: Policy;
  /** One sentence each, naming the variable and never its value. */
  faults: string[];
  warnings: string[];
  /** Where each setting comes from. */
  sources: Record<string, "environment" | "file" | "default" | "not set">;
}

/** A file with a key in it. `open` tells that others than its owner can read it. */
export type ReadKeyFile = (path: string) => { text: string; open: boolean };

type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_BASE_URL = "https://api.trieve.ai";
const DEFAULT_DASHBOARD_URL = "https://dashboard.trieve.ai";
const DOMAIN = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]+$/;

/**
 * Reads the whole environment and tells everything that is wrong with it at once. Never throws, and
 * no value appears in what it tells.
 */
export function readSettings(environment: Environment, readKeyFile: ReadKeyFile): Settings {
  const faults: string[] = [];
  const warnings: string[] = [];
  const sources: Settings["sources"] = {};
  const placeholders = new Set<string>();

  /** The trimmed value, or undefined when it is not set in earnest. */
  function read(name: string): string | undefined {
    const value = environment[name]?.trim() ?? "";
    const isPlaceholder = /\$\{[^}]*\}/.test(value) || /^\$[A-Za-z_]\w*$/.test(value);
    if (isPlaceholder) {
      placeholders.add(name);
      warnings.push(`${name} ${unset(name)}`);
    }
    const isSet = value !== "" && !isPlaceholder;
    sources[name] = isSet ? "environment" : "default";
    return isSet ? value : undefined;
  }

  function unset(name: string): string {
    return placeholders.has(name)
      ? "is not set: it holds a placeholder that nothing filled in"
      : "is not set";
  }

  function readChoice<T extends string>(name: string, choices: readonly T[], otherwise: T): T {
    const value = read(name);
    if (value === undefined) return otherwise;
    const choice = choices.find((candidate) => candidate === value.toLowerCase());
    if (choice === undefined) faults.push(`${name} must be one of ${choices.join(", ")}`);
    return choice ?? otherwise;
  }

  function readFlag(name: string): boolean {
    return ["true", "1"].includes(readChoice(name, ["true", "false", "1", "0"], "false"));
  }

  function readUrl(name: string, insecure: boolean): string | undefined {
    const value = read(name);
    if (value === undefined) return undefined;
    const problem = urlProblem(value, insecure);
    if (problem === undefined) return withoutSlash(new URL(value).href);
    faults.push(`${name} ${problem}`);
    return undefined;
  }

  function readKey(): string | undefined {
    const inline = read("TRIEVE_API_KEY");
    const path = read("TRIEVE_API_KEY_FILE");
    sources["TRIEVE_API_KEY"] = inline ? "environment" : path ? "file" : "not set";
    sources["TRIEVE_API_KEY_FILE"] = path ? "environment" : "not set";
    if (inline !== undefined && path !== undefined) {
      faults.push("TRIEVE_API_KEY and TRIEVE_API_KEY_FILE are both set; set one of them");
      return undefined;
    }
    if (path === undefined) {
      if (inline === undefined) {
        const name = placeholders.has("TRIEVE_API_KEY_FILE")
          ? "TRIEVE_API_KEY_FILE"
          : "TRIEVE_API_KEY";
        faults.push(`${name} ${unset(name)}; expected the API key of an admin or owner`);
      }
      return checkKey("TRIEVE_API_KEY", inline);
    }
    try {
      const { text, open } = readKeyFile(path);
      if (open) warnings.push("TRIEVE_API_KEY_FILE can be read by others than its owner");
      return checkKey("TRIEVE_API_KEY_FILE", text.trim());
    } catch {
      faults.push("TRIEVE_API_KEY_FILE cannot be read; expected a file that holds the key");
      return undefined;
    }
  }

  function checkKey(name: string, key: string | undefined): string | undefined {
    if (key === undefined || /^[!-~]+$/.test(key)) return key;
    faults.push(`${name} must hold one key of printable ASCII characters without blanks`);
    return undefined;
  }

  function readOrganization(): string | undefined {
    const name = "TRIEVE_ORGANIZATION_ID";
    const value = read(name);
    if (value !== undefined && isUuid(value)) return value.toLowerCase();
    const state = value === undefined ? `${unset(name)}; expected` : "must be";
    faults.push(`${name} ${state} the organization's id, a UUID`);
    sources[name] = value === undefined ? "not set" : "environment";
    return undefined;
  }

  function readDomains(): string[] | undefined {
    const value = read("TRIEVE_ALLOWED_EMAIL_DOMAINS")?.toLowerCase();
    if (value === undefined) return undefined;
    const domains = value.split(",").map((domain) => domain.trim());
    if (!domains.every((domain) => DOMAIN.test(domain))) {
      faults.push("TRIEVE_ALLOWED_EMAIL_DOMAINS must be domains like example.com, comma-separated");
    }
    return domains;
  }

  const key = readKey();
  const organizationId = readOrganization();
  const insecure = readFlag("TRIEVE_ALLOW_INSECURE_HTTP");
  const baseUrl = readUrl("TRIEVE_BASE_URL", insecure)?.replace(/\/+api$/, "") ?? DEFAULT_BASE_URL;
  const dashboardUrl = readUrl("TRIEVE_DASHBOARD_URL", insecure) ?? DEFAULT_DASHBOARD_URL;
  const appUrl = readUrl("TRIEVE_APP_URL", insecure) ?? `${baseUrl}/api`;
  const policy: Policy = {
    maxRole: readChoice("TRIEVE_MAX_ROLE", ROLES, "admin"),
    allowedDomains: readDomains(),
    readOnly: readFlag("TRIEVE_READ_ONLY"),
  };
  const confirm = readChoice("TRIEVE_CONFIRM", ["auto", "prompt"], "auto");
  const auditLog = read("TRIEVE_AUDIT_LOG");

  const isLocal = isLoopback(new URL(baseUrl).hostname);
  if (environment["NODE_TLS_REJECT_UNAUTHORIZED"] === "0" && !isLocal) {
    faults.push(
      "NODE_TLS_REJECT_UNAUTHORIZED=0 switches off the check of Trieve's certificate; remove it " +
        "(for an authority of your own set NODE_EXTRA_CA_CERTS)",
    );
  }
  if (new URL(baseUrl).protocol === "http:" && !isLocal) {
    warnings.push("TRIEVE_ALLOW_INSECURE_HTTP is in use: the key crosses the network in the clear");
  }
  const known = new Set(VARIABLES.map(({ name }) => name));
  for (const name of Object.keys(environment)) {
    if (name.startsWith("TRIEVE_") && !known.has(name)) {
      warnings.push(`${printable(name)} is no setting of this server; is it a typing error?`);
    }
  }

  const isComplete = faults.length === 0 && key !== undefined && organizationId !== undefined;
  const config = isComplete
    ? {
        apiKey: () => key,
        organizationId,
        baseUrl,
        appUrl,
        dashboardUrl,
        confirm,
        auditLog,
        policy,
      }
    : undefined;
  return { config, policy, faults, warnings, sources };
}

function printable(name: string): string {
  return name.replace(/[^A-Z0-9_]/gi, "?").slice(0, 60);
}
