import type { Browser } from "./browser.ts";
import {
  type ParseContext,
  parseChoice,
  parseChoices,
  parseDomains,
  parseFilePath,
  parseFlag,
  parseHeaders,
  parseKey,
  parseKeyFile,
  parseUuid,
} from "./parse.ts";
import { type Policy, ROLES } from "./policy.ts";
import { parseUrl } from "./url.ts";

/** The operator's settings, checked and complete. */
export interface Config {
  /** Returns the key. It is a function so that a logged configuration does not show the key. */
  apiKey: () => string;
  /** Lower-case UUID. */
  organizationId: string;
  /** Free text, to be neutralised before it is shown. */
  organizationName: string | undefined;
  /** Address of the API without `/api`. Like all addresses here, it has no trailing slash. */
  baseUrl: string;
  appUrl: string;
  /** Where invited people land. Without it nothing can be sent. */
  dashboardUrl: string | undefined;
  /** Where mailed links lead: nowhere without a dashboard, or to this machine alone. */
  links: "none" | "local" | "everywhere";
  /** How a person may be asked, the preferred method first. */
  confirm: readonly ConfirmMethod[];
  browser: Browser;
  auditLog: string | undefined;
  /** Sent with every request, for a gate in front of the API. The values are secrets. */
  extraHeaders: readonly (readonly [name: string, value: string])[] | undefined;
  /** The file of TRIEVE_API_KEY_FILE, if the key came from there. */
  keyFile: { hasChanged(): boolean } | undefined;
  /** The file of certificate authorities that Node reads at startup (NODE_EXTRA_CA_CERTS). */
  caFile: string | undefined;
  /** Address of the proxy that requests to the API go through; may hold a password. */
  proxy: string | undefined;
  policy: Policy;
  /** Whether Trieve is the built-in one. */
  sandbox: boolean;
}

/** How a person can be asked: by a form in the client, on a page in the browser, by a code through the model. */
export const CONFIRM_METHODS = ["form", "page", "code"] as const;
export type ConfirmMethod = (typeof CONFIRM_METHODS)[number];

/** One variable: what the docs say about it, and how it is parsed. */
export interface Setting {
  /** As shown in the docs; `none` where there is no default, `required` where a value has to be set. */
  default: string;
  meaning: string;
  /** What kind of value it takes, unless that is plain text. */
  format?: "boolean" | "filepath";
  choices?: readonly string[];
  /** It restricts or records: an unfilled placeholder is a fault, and never means the permissive default. */
  restricts?: true;
  isSecret?: true;
  /** Throws SettingError. */
  parse(value: string, context: ParseContext): unknown;
}

const flag = { default: "false", format: "boolean", parse: parseFlag } as const;
export const LOCAL_DASHBOARD = "http://localhost:5173";

/** Every variable, in the order of the docs. The README, `--help` and server.json are generated from this. */
export const SETTINGS = {
  TRIEVE_API_KEY: {
    default: "required",
    meaning: "the API key of an admin or owner",
    isSecret: true,
    parse: parseKey,
  },
  TRIEVE_API_KEY_FILE: {
    default: "none",
    meaning: "a file that holds the key, instead of `TRIEVE_API_KEY`",
    format: "filepath",
    parse: parseKeyFile,
  },
  TRIEVE_ORGANIZATION_ID: {
    default: "required",
    meaning: "the id of the one organization to administer, a UUID",
    parse: parseUuid,
  },
  TRIEVE_ORGANIZATION_NAME: {
    default: "none",
    meaning: "a name that people recognise, shown beside the id",
    parse: (value) => value,
  },
  TRIEVE_BASE_URL: {
    default: "required",
    meaning:
      "the address of your Trieve's API, like https://trieve.example.com (http only to this machine)",
    parse(value, context) {
      const url = parseUrl(value, context);
      if (/(^|\.)trieve\.ai$/.test(new URL(url).hostname)) {
        context.warn(
          "is the hosted Trieve, which ended in November 2025; set the address of your own",
        );
      }
      return url.replace(/\/+api$/, "");
    },
  },
  TRIEVE_DASHBOARD_URL: {
    default: `\`${LOCAL_DASHBOARD}\` where the API is on this machine`,
    meaning: "where an invited person lands; nothing can be sent without it",
    parse: parseUrl,
  },
  TRIEVE_APP_URL: {
    default: "`<base>/api`",
    meaning:
      "start of the mailed link, including `/api`, where people reach the API at another address",
    parse: parseUrl,
  },
  TRIEVE_MAX_ROLE: {
    default: "admin",
    meaning: "highest role that may be invited: `user`, `admin` or `owner`",
    choices: ROLES,
    restricts: true,
    parse: (value) => parseChoice(value, ROLES),
  },
  TRIEVE_ALLOWED_EMAIL_DOMAINS: {
    default: "any",
    meaning: "domains that may be invited, comma-separated, matched exactly",
    restricts: true,
    parse: parseDomains,
  },
  TRIEVE_READ_ONLY: {
    ...flag,
    meaning: "`true`: only the two tools that list are offered",
    restricts: true,
  },
  TRIEVE_CONFIRM: {
    default: "`form,page,code`",
    meaning:
      "how a person may be asked, the preferred way first: `form` in the client, `page` in the browser, `code` through the model",
    restricts: true,
    parse: (value) => parseChoices(value, CONFIRM_METHODS),
  },
  TRIEVE_ASK_ALWAYS: {
    ...flag,
    meaning: "`true`: a person is asked before an invitation as `user` too",
    restricts: true,
  },
  TRIEVE_ALLOW_INSECURE_HTTP: {
    ...flag,
    meaning: "`true`: allow http to any host",
  },
  TRIEVE_AUDIT_LOG: {
    default: "none",
    meaning: "a file that the audit lines are also written to, or `none`",
    format: "filepath",
    restricts: true,
    parse: (value, context) =>
      value.toLowerCase() === "none" ? undefined : parseFilePath(value, context),
  },
  TRIEVE_EXTRA_HEADERS: {
    default: "none",
    meaning:
      "headers for a gateway in front of the API, one `Name: value` a line, as secret as the key",
    isSecret: true,
    parse: parseHeaders,
  },
  BROWSER: {
    default: "the system's",
    meaning: "program that opens the question page; arguments may follow, `%s` for the address",
    parse: (command) => command,
  },
} satisfies Record<string, Setting>;

export type Name = keyof typeof SETTINGS;
export type Values = { [N in Name]: ReturnType<(typeof SETTINGS)[N]["parse"]> | undefined };

/** The settings with their names, in the order of the docs. */
export const SETTING_LIST = Object.entries(SETTINGS) as [Name, Setting][];
