import { isUuid, ROLES, type Role } from "./trieve/invitation.ts";

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

export interface Variable {
  name: string;
  /** As shown in the docs. */
  default: string;
  meaning: string;
}

/** Every variable, in the order of the docs. The README and `--help` are made from this. */
export const VARIABLES: readonly Variable[] = [
  { name: "TRIEVE_API_KEY", default: "required", meaning: "API key of an admin or owner" },
  {
    name: "TRIEVE_API_KEY_FILE",
    default: "none",
    meaning: "a file that holds the key, instead of `TRIEVE_API_KEY`",
  },
  {
    name: "TRIEVE_ORGANIZATION_ID",
    default: "required",
    meaning: "the one organization to administer (a UUID)",
  },
  {
    name: "TRIEVE_BASE_URL",
    default: "https://api.trieve.ai",
    meaning: "API address; https, or http to this machine",
  },
  {
    name: "TRIEVE_DASHBOARD_URL",
    default: "https://dashboard.trieve.ai",
    meaning: "where an invited person lands",
  },
  {
    name: "TRIEVE_APP_URL",
    default: "`<base>/api`",
    meaning: "start of the mailed link; only for unusual proxies",
  },
  {
    name: "TRIEVE_MAX_ROLE",
    default: "admin",
    meaning: "highest role that may be invited: `user`, `admin` or `owner`",
  },
  {
    name: "TRIEVE_ALLOWED_EMAIL_DOMAINS",
    default: "any",
    meaning: "domains that may be invited, comma-separated, matched exactly",
  },
  {
    name: "TRIEVE_READ_ONLY",
    default: "false",
    meaning: "`true`: `list_invitations` is the only tool",
  },
  {
    name: "TRIEVE_CONFIRM",
    default: "auto",
    meaning: "`prompt`: refuse where the client cannot ask a person; `auto`: use a code there",
  },
  {
    name: "TRIEVE_ALLOW_INSECURE_HTTP",
    default: "false",
    meaning: "`true`: allow http to any host",
  },
  {
    name: "TRIEVE_AUDIT_LOG",
    default: "none",
    meaning: "a file that gets the audit lines too",
  },
];

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

  /** The trimmed value, or undefined when it is not set in earnest. */
  function read(name: string): string | undefined {
    const value = environment[name]?.trim() ?? "";
    const isPlaceholder = /\$\{[^}]*\}/.test(value) || /^\$[A-Za-z_]\w*$/.test(value);
    if (isPlaceholder) {
      warnings.push(`${name} holds a placeholder that nothing filled in; it counts as not set`);
    }
    const isSet = value !== "" && !isPlaceholder;
    sources[name] = isSet ? "environment" : "default";
    return isSet ? value : undefined;
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
        const why = warnings.some((warning) => /^TRIEVE_API_KEY(_FILE)? holds/.test(warning))
          ? "holds a placeholder that nothing filled in"
          : "is not set";
        faults.push(`TRIEVE_API_KEY ${why}; expected the API key of an admin or owner`);
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
    const value = read("TRIEVE_ORGANIZATION_ID");
    if (value !== undefined && isUuid(value)) return value.toLowerCase();
    const state = value === undefined ? "is not set; expected" : "must be";
    faults.push(`TRIEVE_ORGANIZATION_ID ${state} the organization's id, a UUID`);
    sources["TRIEVE_ORGANIZATION_ID"] = value === undefined ? "not set" : "environment";
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

function urlProblem(value: string, insecure: boolean): string | undefined {
  if (!URL.canParse(value)) return "must be a URL like https://api.example.com";
  const url = new URL(value);
  if (url.username !== "" || url.password !== "") return "must not contain a user or password";
  if (/[?#]/.test(value)) return "must not contain ? or #";
  if (url.protocol === "https:") return undefined;
  if (url.protocol !== "http:") return "must start with https://";
  if (insecure || isLoopback(url.hostname)) return undefined;
  return "must use https (or set TRIEVE_ALLOW_INSECURE_HTTP=true and accept that the key can be read on the way)";
}

/** Whether a host, as URL spells it, is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}

function printable(name: string): string {
  return name.replace(/[^A-Z0-9_]/gi, "?").slice(0, 60);
}
