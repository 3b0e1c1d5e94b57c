import type { Browser } from "./browser.ts";
import { neutralise } from "./text.ts";
import { ROLES, type Role } from "./trieve/invitation.ts";
import { isHosted } from "./url.ts";
import {
  type Reading,
  readChoice,
  readDomains,
  readFilePath,
  readFlag,
  readHeaders,
  readKey,
  readKeyIn,
  readUrl,
  readUuid,
  readWays,
} from "./values.ts";

/** What the operator set, checked. */
export interface Config {
  /** The key; a function, so that no log of the configuration can show it. */
  apiKey: () => string;
  /** Lower-case UUID. */
  organizationId: string;
  /** As people know it; untrusted. */
  organizationName: string | undefined;
  /** No slash at the end, no `/api`. */
  baseUrl: string;
  appUrl: string;
  /** Where invited people land; missing, nothing can be sent. */
  dashboardUrl: string | undefined;
  /** How a person may be asked, the preferred way first. */
  confirm: readonly WayName[];
  /** What opens the page of the way `page`. */
  browser: Browser;
  auditLog: string | undefined;
  /** For a gate before the API; their values are secrets. */
  extraHeaders: readonly (readonly [name: string, value: string])[] | undefined;
  /** Whether the key comes from a file. */
  isKeyInFile: boolean;
  /** The proxy on the way to the API. */
  proxy: string | undefined;
  policy: Policy;
}

/** The ways in which a person can be asked: a form in the client, a page, a code through the model. */
export const WAY_NAMES = ["form", "page", "code"] as const;
export type WayName = (typeof WAY_NAMES)[number];

/** What the operator allows. */
export interface Policy {
  maxRole: Role;
  /** Lower case; undefined: any. */
  allowedDomains: readonly string[] | undefined;
  readOnly: boolean;
  /** A person is asked before every invitation. */
  askAlways: boolean;
}

/** One variable: what the docs say of it, and how it is read. */
export interface Setting<T = unknown> {
  /** As shown in the docs. */
  default: string;
  meaning: string;
  /** What kind of value it takes, where that is no plain text. */
  format?: "boolean" | "filepath";
  choices?: readonly string[];
  /** It restricts or records: an unfilled placeholder must not leave that out. */
  restricts?: true;
  isSecret?: true;
  /** What a missing one should have been, for one that is required. */
  expected?: string;
  /** Reads a value that is set. Throws Misread. */
  read(value: string, reading: Reading): T;
  /** What it comes to, for `doctor`; never a secret. */
  show?(config: Config): string | undefined;
}

const setting = <T>(one: Setting<T>) => one;
export const LOCAL_DASHBOARD = "http://localhost:5173";

/** Every variable, in the order of the docs. README, `--help` and server.json are made from this. */
export const SETTINGS = {
  TRIEVE_API_KEY: setting({
    default: "required",
    meaning: "API key of an admin or owner",
    isSecret: true,
    expected: "the API key of an admin or owner",
    read: readKey,
  }),
  TRIEVE_API_KEY_FILE: setting({
    default: "none",
    meaning: "a file that holds the key, instead of `TRIEVE_API_KEY`",
    format: "filepath",
    read: readKeyIn,
  }),
  TRIEVE_ORGANIZATION_ID: setting({
    default: "required",
    meaning: "the one organization to administer (a UUID)",
    expected: "the organization's id, a UUID",
    read: readUuid,
    show: (config) => config.organizationId,
  }),
  TRIEVE_ORGANIZATION_NAME: setting({
    default: "none",
    meaning: "a name that people recognise, shown beside the id",
    read: (value) => value,
    show: ({ organizationName }) => organizationName && neutralise(organizationName),
  }),
  TRIEVE_BASE_URL: setting({
    default: "required",
    meaning: "address of your Trieve's API; https, or http to this machine",
    expected:
      "the address of your Trieve's API, like https://trieve.example.com or http://localhost:8090",
    read(value, reading) {
      if (isHosted(value)) {
        reading.warn("names the hosted Trieve, which ended in November 2025: set your own address");
      }
      return readUrl(value, reading.isInsecure).replace(/\/+api$/, "");
    },
    show: (config) => config.baseUrl,
  }),
  TRIEVE_DASHBOARD_URL: setting({
    default: `\`${LOCAL_DASHBOARD}\` beside an API on this machine`,
    meaning: "where an invited person lands; nothing can be sent without it",
    read: (value, { isInsecure }) => readUrl(value, isInsecure),
    show: (config) => config.dashboardUrl,
  }),
  TRIEVE_APP_URL: setting({
    default: "`<base>/api`",
    meaning:
      "start of the mailed link, with its `/api`, where people reach the API by another address",
    read: (value, { isInsecure }) => readUrl(value, isInsecure),
    show: (config) => config.appUrl,
  }),
  TRIEVE_MAX_ROLE: setting({
    default: "admin",
    meaning: "highest role that may be invited: `user`, `admin` or `owner`",
    choices: ROLES,
    restricts: true,
    read: (value) => readChoice(value, ROLES),
    show: ({ policy }) => policy.maxRole,
  }),
  TRIEVE_ALLOWED_EMAIL_DOMAINS: setting({
    default: "any",
    meaning: "domains that may be invited, comma-separated, matched exactly",
    restricts: true,
    read: readDomains,
    show: ({ policy }) => policy.allowedDomains?.join(", ") ?? "any",
  }),
  TRIEVE_READ_ONLY: setting({
    default: "false",
    meaning: "`true`: `list_invitations` is the only tool",
    format: "boolean",
    restricts: true,
    read: readFlag,
    show: ({ policy }) => String(policy.readOnly),
  }),
  TRIEVE_CONFIRM: setting({
    default: "`form,page,code`",
    meaning:
      "how a person may be asked, the preferred way first: `form` in the client, `page` in the browser, `code` through the model",
    restricts: true,
    read: (value) => readWays(value, WAY_NAMES),
    show: (config) => config.confirm.join(","),
  }),
  TRIEVE_ASK_ALWAYS: setting({
    default: "false",
    meaning: "`true`: a person is asked before an invitation as `user` too",
    format: "boolean",
    restricts: true,
    read: readFlag,
    show: ({ policy }) => String(policy.askAlways),
  }),
  TRIEVE_ALLOW_INSECURE_HTTP: setting({
    default: "false",
    meaning: "`true`: allow http to any host",
    format: "boolean",
    read: readFlag,
  }),
  TRIEVE_AUDIT_LOG: setting({
    default: "none",
    meaning: "a file that gets the audit lines too",
    format: "filepath",
    restricts: true,
    read: readFilePath,
    show: (config) => config.auditLog,
  }),
  TRIEVE_EXTRA_HEADERS: setting({
    default: "none",
    meaning: "headers for a gate before the API, `Name: value` a line, as secret as the key",
    isSecret: true,
    read: readHeaders,
    show: ({ extraHeaders }) => extraHeaders?.map(([name]) => name).join(", "),
  }),
  BROWSER: setting({
    default: "the system's",
    meaning: "program that opens the question page; arguments may follow, `%s` for the address",
    read: (command) => command,
  }),
};

export type Name = keyof typeof SETTINGS;
export type Values = { [N in Name]: ReturnType<(typeof SETTINGS)[N]["read"]> | undefined };

/** The settings with their names, in the order of the docs. */
export const SETTING_LIST = Object.entries(SETTINGS) as [Name, Setting][];
