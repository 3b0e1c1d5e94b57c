import { ROLES } from "./trieve/invitation.ts";

export interface Variable {
  name: string;
  /** As shown in the docs. */
  default: string;
  meaning: string;
  /** What kind of value it takes, where that is no plain text. */
  format?: "boolean" | "filepath";
  choices?: readonly string[];
}

/** Every variable, in the order of the docs. README, `--help` and server.json are made from this. */
export const VARIABLES: readonly Variable[] = [
  { name: "TRIEVE_API_KEY", default: "required", meaning: "API key of an admin or owner" },
  {
    name: "TRIEVE_API_KEY_FILE",
    default: "none",
    meaning: "a file that holds the key, instead of `TRIEVE_API_KEY`",
    format: "filepath",
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
    choices: ROLES,
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
    format: "boolean",
  },
  {
    name: "TRIEVE_CONFIRM",
    default: "auto",
    meaning: "`prompt`: refuse where the client cannot ask a person; `auto`: use a code there",
    choices: ["auto", "prompt"],
  },
  {
    name: "TRIEVE_ALLOW_INSECURE_HTTP",
    default: "false",
    meaning: "`true`: allow http to any host",
    format: "boolean",
  },
  {
    name: "TRIEVE_AUDIT_LOG",
    default: "none",
    meaning: "a file that gets the audit lines too",
    format: "filepath",
  },
];
