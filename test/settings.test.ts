import { describe, expect, test } from "vitest";
import { readSettings } from "../src/environment.ts";
import { SETTING_LIST } from "../src/settings.ts";

const GOOD = {
  TRIEVE_API_KEY: "tr-key",
  TRIEVE_ORGANIZATION_ID: "5A4DB0C5-7A0B-4D0E-9C61-0123456789AB",
  TRIEVE_BASE_URL: "https://trieve.example.com",
};
const noFile = () => {
  throw new Error("ENOENT");
};
const read = (environment: Record<string, string>) => readSettings(environment, noFile);

test("a key, an organization and an address are enough to read", () => {
  const { config, faults, warnings } = read(GOOD);
  expect(faults).toEqual([]);
  expect(warnings).toEqual([]);
  expect(config?.apiKey()).toBe("tr-key");
  expect(config).toMatchObject({
    organizationId: GOOD.TRIEVE_ORGANIZATION_ID.toLowerCase(),
    baseUrl: "https://trieve.example.com",
    appUrl: "https://trieve.example.com/api",
    dashboardUrl: undefined,
    confirm: ["form", "page", "code"],
    policy: { maxRole: "admin", allowedDomains: undefined, readOnly: false },
  });
});

test("all faults are told at once, and no value", () => {
  const { config, faults } = read({
    TRIEVE_API_KEY: "secret key with blanks",
    TRIEVE_ORGANIZATION_ID: "secret-org",
    TRIEVE_BASE_URL: "http://secret.example.com",
    TRIEVE_MAX_ROLE: "secret-role",
    TRIEVE_READ_ONLY: "secret-maybe",
    TRIEVE_CONFIRM: "secret-never",
    TRIEVE_ALLOWED_EMAIL_DOMAINS: "secret@example.com",
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
  });
  expect(config).toBeUndefined();
  const told = faults.join("\n");
  for (const name of [
    "TRIEVE_API_KEY",
    "TRIEVE_ORGANIZATION_ID",
    "TRIEVE_BASE_URL",
    "TRIEVE_MAX_ROLE",
    "TRIEVE_READ_ONLY",
    "TRIEVE_CONFIRM",
    "TRIEVE_ALLOWED_EMAIL_DOMAINS",
    "NODE_TLS_REJECT_UNAUTHORIZED",
  ]) {
    expect(told).toContain(name);
  }
  expect(told).not.toContain("secret");
});

describe("placeholders and blanks count as not set", () => {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: these are what a client leaves unexpanded
  test.each(["", "  ", "${TRIEVE_API_KEY}", "${env:KEY}", "${user_config.key}", "$TRIEVE_API_KEY"])(
    "%j",
    (value) => {
      const { faults, warnings } = read({ ...GOOD, TRIEVE_API_KEY: value });
      expect(faults).toHaveLength(1);
      expect(faults[0]).toMatch(/^TRIEVE_API_KEY is not set/);
      const isPlaceholder = value.includes("$");
      expect(faults[0]?.includes("placeholder")).toBe(isPlaceholder);
      expect(warnings.join().includes("placeholder")).toBe(isPlaceholder);
    },
  );
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: end of the list

  test("also the organization, and a file for the key", () => {
    const { faults } = read({
      TRIEVE_API_KEY_FILE: "$KEY_FILE",
      TRIEVE_ORGANIZATION_ID: "$ORG",
      TRIEVE_BASE_URL: "$BASE",
    });
    expect(faults).toEqual([
      "TRIEVE_API_KEY_FILE is not set: it holds a placeholder that nothing filled in; expected the API key of an admin or owner",
      "TRIEVE_ORGANIZATION_ID is not set: it holds a placeholder that nothing filled in; expected the organization's id, a UUID",
      "TRIEVE_BASE_URL is not set: it holds a placeholder that nothing filled in; expected the address of your Trieve's API, like https://trieve.example.com or http://localhost:8090",
    ]);
  });

  test("an optional one falls back to its default", () => {
    const { config } = read({ ...GOOD, TRIEVE_MAX_ROLE: " " });
    expect(config?.policy.maxRole).toBe("admin");
  });
});

describe("the base URL", () => {
  test.each([
    ["https://trieve.example.com/", "https://trieve.example.com"],
    ["https://trieve.example.com/api", "https://trieve.example.com"],
    ["https://trieve.example.com/api/", "https://trieve.example.com"],
    ["https://trieve.example.com//api", "https://trieve.example.com"],
    ["https://trieve.example.com/apis", "https://trieve.example.com/apis"],
    ["https://trieve.example.com/api/v2", "https://trieve.example.com/api/v2"],
    ["https://proxy.example.com/trieve/api", "https://proxy.example.com/trieve"],
    ["http://localhost:8090", "http://localhost:8090"],
    ["http://127.9.9.9:1/api", "http://127.9.9.9:1"],
    ["http://[::1]:8090", "http://[::1]:8090"],
    ["http://2130706433/", "http://127.0.0.1"],
  ])("%s is taken", (value, baseUrl) => {
    expect(read({ ...GOOD, TRIEVE_BASE_URL: value }).config?.baseUrl).toBe(baseUrl);
  });

  test.each([
    "http://example.com",
    "http://localhost.example.com",
    "http://127.0.0.1.example.com",
    "http://0.0.0.0",
    "https://user@example.com",
    "https://user:pass@example.com",
    "https://example.com?x=1",
    "https://example.com#x",
    "https://example.com/?",
    "ftp://example.com",
    "file:///etc/passwd",
    "example.com",
    "::",
  ])("%s is refused", (value) => {
    const { faults } = read({ ...GOOD, TRIEVE_BASE_URL: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^TRIEVE_BASE_URL must/);
  });

  test("http to any host needs the operator's word and gets a warning", () => {
    const { config, warnings } = read({
      ...GOOD,
      TRIEVE_BASE_URL: "http://trieve.intern.example.com",
      TRIEVE_ALLOW_INSECURE_HTTP: "1",
    });
    expect(config?.baseUrl).toBe("http://trieve.intern.example.com");
    expect(warnings.join()).toContain("in the clear");
  });
});

describe("the key file", () => {
  const environment = {
    TRIEVE_ORGANIZATION_ID: GOOD.TRIEVE_ORGANIZATION_ID,
    TRIEVE_BASE_URL: GOOD.TRIEVE_BASE_URL,
    TRIEVE_API_KEY_FILE: "/run/key",
  };
  test("is read and trimmed", () => {
    const { config, sources } = readSettings(environment, () => ({
      text: "tr-key\n",
      open: false,
    }));
    expect(config?.apiKey()).toBe("tr-key");
    expect(sources["TRIEVE_API_KEY"]).toBe("file");
  });
  test("gets a warning when others can read it", () => {
    const { warnings } = readSettings(environment, () => ({ text: "tr-key", open: true }));
    expect(warnings).toEqual(["TRIEVE_API_KEY_FILE can be read by others than its owner"]);
  });
  test("must exist, hold one key, and be the only source", () => {
    expect(read(environment).faults[0]).toContain("cannot be read");
    const two = readSettings(environment, () => ({ text: "a b", open: false }));
    expect(two.faults[0]).toContain("TRIEVE_API_KEY_FILE must hold one key");
    expect(read({ ...environment, TRIEVE_API_KEY: "k" }).faults[0]).toContain("both set");
  });
});

test("an unknown variable gets a warning, the known ones none", () => {
  const { warnings } = read({ ...GOOD, TRIEVE_READONLY: "true", OTHER: "x" });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain("TRIEVE_READONLY");
  expect(SETTING_LIST).toHaveLength(13);
});

test("an unchecked certificate is a fault unless Trieve runs on this machine", () => {
  const unchecked = { ...GOOD, NODE_TLS_REJECT_UNAUTHORIZED: "0" };
  expect(read(unchecked).faults).toHaveLength(1);
  expect(read({ ...unchecked, TRIEVE_BASE_URL: "https://localhost" }).faults).toEqual([]);
});

test("domains are lower-cased, trimmed and checked", () => {
  const { config } = read({
    ...GOOD,
    TRIEVE_ALLOWED_EMAIL_DOMAINS: " Example.com , b.example.org",
  });
  expect(config?.policy.allowedDomains).toEqual(["example.com", "b.example.org"]);
});

describe("where invited people land", () => {
  const local = { ...GOOD, TRIEVE_BASE_URL: "http://localhost:8090" };
  test("is the local dashboard beside a local API, and must be told beside another", () => {
    expect(read(local).config?.dashboardUrl).toBe("http://localhost:5173");
    expect(read(GOOD).config?.dashboardUrl).toBeUndefined();
    const dashboard = "https://dashboard.example.com/";
    const told = read({ ...GOOD, TRIEVE_DASHBOARD_URL: dashboard });
    expect(told.config?.dashboardUrl).toBe("https://dashboard.example.com");
  });
  test.each(["https://trieve.example.com", "https://trieve.example.com/api/"])(
    "is not the API: %s",
    (dashboard) => {
      const { faults } = read({ ...GOOD, TRIEVE_DASHBOARD_URL: dashboard });
      expect(faults).toEqual([
        "TRIEVE_DASHBOARD_URL must be the address of the dashboard, not that of the API",
      ]);
    },
  );
});

test("the address of the service that ended gets a warning, and a request only if it is meant", () => {
  const hosted = `https://api.${"trieve.ai"}`;
  const { warnings, faults } = read({ ...GOOD, TRIEVE_BASE_URL: hosted });
  expect(faults).toEqual([]);
  expect(warnings[0]).toMatch(/^TRIEVE_BASE_URL names the hosted Trieve, which ended/);
});

test("the name of the organization is kept as it is given", () => {
  const { config } = read({ ...GOOD, TRIEVE_ORGANIZATION_NAME: " Ex & Co " });
  expect(config?.organizationName).toBe("Ex & Co");
});
