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
const raise = (code: string) => {
  throw Object.assign(new Error(code), { code });
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
  test.each([
    "",
    "  ",
    "${TRIEVE_API_KEY}",
    "${env:KEY}",
    "{env:KEY}",
    "${user_config.key}",
    "$TRIEVE_API_KEY",
    "%TRIEVE_API_KEY%",
    "<your key>",
    "tr-your-key",
    "your-api-key",
    "my-api-key",
    "your-api-key-here",
    "your-company.com",
    "https://your-trieve.example.com",
    "tr-my_key",
    "undefined",
    "null",
  ])("%j", (value) => {
    const { faults, warnings } = read({ ...GOOD, TRIEVE_API_KEY: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^TRIEVE_API_KEY is not set/);
    const isPlaceholder = value.trim() !== "";
    expect(faults[0]?.includes("placeholder")).toBe(isPlaceholder);
    expect(warnings.join().includes("placeholder")).toBe(isPlaceholder);
  });
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: end of the list

  test.each([
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "my-company.com"],
    ["TRIEVE_ORGANIZATION_NAME", "My-Shop"],
    ["TRIEVE_AUDIT_LOG", "/var/log/my-audit.log"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "your-move.co.uk"],
    ["TRIEVE_ORGANIZATION_NAME", "Your-Move"],
  ])("%s=%s is neither", (name, value) => {
    const { faults, warnings } = read({ ...GOOD, [name]: value });
    expect([...faults, ...warnings].join()).not.toContain("placeholder");
  });

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

describe("a placeholder in what restricts or records is a fault, never the wide default", () => {
  test.each([
    "TRIEVE_READ_ONLY",
    "TRIEVE_MAX_ROLE",
    "TRIEVE_ALLOWED_EMAIL_DOMAINS",
    "TRIEVE_CONFIRM",
    "TRIEVE_ASK_ALWAYS",
    "TRIEVE_AUDIT_LOG",
  ])("%s", (name) => {
    for (const value of ["{env:X}", "%X%", "undefined"]) {
      const { faults } = read({ ...GOOD, [name]: value });
      expect(faults).toEqual([
        `${name} holds a placeholder that nothing filled in; set it, or remove it`,
      ]);
    }
  });
});

describe("a value that a person mistypes gets the sentence that helps", () => {
  test.each([
    ["TRIEVE_API_KEY", '"tr-key"', "without the quotes"],
    ["TRIEVE_API_KEY", "\u201ctr-key\u201d", "without the quotes"],
    ["TRIEVE_API_KEY", "Bearer tr-key", "without `Bearer`"],
    ["TRIEVE_API_KEY", "TRIEVE_API_KEY=tr-key", "without the name"],
    ["TRIEVE_API_KEY", "export API_KEY=tr-key", "without the name"],
    ["TRIEVE_API_KEY", "tr-one tr-two", "several"],
    ["TRIEVE_API_KEY", "tr-one\ntr-two", "several lines"],
    ["TRIEVE_API_KEY", "tr-k\u200bey", "printable ASCII"],
    ["TRIEVE_BASE_URL", "trieve.example.org", "has no scheme"],
    ["TRIEVE_BASE_URL", "localhost:8090", "has no scheme"],
    ["TRIEVE_BASE_URL", "192.0.2.7:8090", "has no scheme"],
    ["TRIEVE_BASE_URL", "https://", "has no host"],
    ["TRIEVE_BASE_URL", "ftp://trieve.example.org", "must start with https://"],
    ["TRIEVE_BASE_URL", "'https://trieve.example.org'", "without quotes"],
    ["TRIEVE_BASE_URL", "http://localhost:6667", "a port that is never used for HTTP"],
    ["TRIEVE_BASE_URL", "https://trieve.example.org:70000", "must be a URL"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "https://example.org", "without a scheme"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "*.example.org", "takes no *"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "ann@example.org", "not addresses"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "b\u00fccher.example", "xn--"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", ",", "must be domains"],
    ["TRIEVE_CONFIRM", "auto", "is written form,page,code now"],
    ["TRIEVE_CONFIRM", "prompt", "is written form now"],
    ["TRIEVE_CONFIRM", "form,ask", "must be a list of form, page, code"],
    ["TRIEVE_READ_ONLY", "yes", "must be one of true, false"],
    ["TRIEVE_EXTRA_HEADERS", "X-One: 1\nbroken", "wrong in line 2: a header is written"],
    ["TRIEVE_EXTRA_HEADERS", "Authorization: secret-one", "wrong in line 1: this header is set"],
    ["TRIEVE_EXTRA_HEADERS", "Cookie: secret-one", "not allowed"],
    ["TRIEVE_EXTRA_HEADERS", "X-One: 1\\nCookie: 2", "wrong in line 2"],
    ["TRIEVE_AUDIT_LOG", "true", "must be the path of a file"],
    ["TRIEVE_AUDIT_LOG", "0", "must be the path of a file"],
    ["TRIEVE_AUDIT_LOG", '"/tmp/a.log"', "without the quotes"],
    ["TRIEVE_ORGANIZATION_ID", `"${GOOD.TRIEVE_ORGANIZATION_ID}"`, "without the quotes"],
    ["TRIEVE_ORGANIZATION_ID", "Acme Inc", "a UUID, which the dashboard shows"],
    ["TRIEVE_EXTRA_HEADERS", "X-One: 1; X-Two: 2", "in line 1: it seems to hold two headers"],
    ["TRIEVE_EXTRA_HEADERS", 'X-One: "1"', "in line 1: leave out the quotes"],
    ["TRIEVE_EXTRA_HEADERS", "X-A: 1\nx-a: 2", "line 2: this header stands twice"],
  ])("%s=%j", (name, value, expected) => {
    const { faults, config } = read({ ...GOOD, [name]: value });
    expect(config).toBeUndefined();
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${name} `));
    expect(faults[0]).toContain(expected);
    expect(faults[0]).not.toContain("tr-one");
    expect(faults[0]).not.toContain("secret-one");
    expect(faults[0]?.length).toBeLessThan(250);
  });

  test("what can only mean one thing is read so", () => {
    const { config } = read({
      ...GOOD,
      TRIEVE_BASE_URL: "https:/trieve.example.org/api/",
      TRIEVE_ALLOWED_EMAIL_DOMAINS: "@Example.org, b.example.org,",
      TRIEVE_CONFIRM: "Code, form",
      TRIEVE_EXTRA_HEADERS: "\nCF-Access-Client-Id: a.access\r\nCF-Access-Client-Secret:  s3\n",
    });
    expect(config).toMatchObject({
      baseUrl: "https://trieve.example.org",
      confirm: ["code", "form"],
      extraHeaders: [
        ["CF-Access-Client-Id", "a.access"],
        ["CF-Access-Client-Secret", "s3"],
      ],
    });
    expect(config?.policy.allowedDomains).toEqual(["example.org", "b.example.org"]);
  });
});

describe("a proxy of the environment", () => {
  const proxy = { HTTPS_PROXY: "http://proxy.example.com:3128" };
  test.each<[string, Record<string, string>, string | undefined]>([
    ["is used for every host", proxy, proxy.HTTPS_PROXY],
    ["in small letters too", { https_proxy: "proxy:3128" }, "http://proxy:3128"],
    ["not for one that NO_PROXY names", { ...proxy, NO_PROXY: "x.org, .example.com" }, undefined],
    ["nor for all of them", { ...proxy, no_proxy: "*" }, undefined],
    ["but for others", { ...proxy, NO_PROXY: "ample.com" }, proxy.HTTPS_PROXY],
    ["not the one for http", { HTTP_PROXY: "http://proxy:1" }, undefined],
    ["never to this machine", { ...proxy, TRIEVE_BASE_URL: "https://localhost:1" }, undefined],
  ])("%s", (_, environment, expected) => {
    expect(read({ ...GOOD, ...environment }).config?.proxy).toBe(expected);
  });
  test("must be one that HTTP can use", () => {
    expect(read({ ...GOOD, HTTPS_PROXY: "socks5://u:pw@proxy:1" }).faults).toEqual([
      "HTTPS_PROXY must be the address of a proxy, like http://proxy.example.com:8080",
    ]);
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
    ["http://127.9.9.9:81/api", "http://127.9.9.9:81"],
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
    expect(faults[0]).toMatch(/^TRIEVE_BASE_URL (must|has)/);
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
  test.each<[string, () => { text: string; open: boolean }, string]>([
    ["is missing", () => raise("ENOENT"), "names a file that does not exist"],
    ["is a folder", () => raise("EISDIR"), "names a folder"],
    ["is closed to this user", () => raise("EACCES"), "may not read"],
    ["is empty", () => ({ text: "\n", open: false }), "is empty"],
    ["is UTF-16", () => ({ text: "\ufffd\ufffdt\0r\0", open: false }), "is in UTF-16"],
    ["holds two keys", () => ({ text: "tr-a\ntr-b\n", open: false }), "several lines"],
  ])("that %s gets its own sentence", (_, readFile, expected) => {
    expect(readSettings(environment, readFile).faults[0]).toContain(expected);
  });
  test("may start with a byte order mark, and lie at home", () => {
    const paths: string[] = [];
    const at = { ...environment, HOME: "/home/ann", TRIEVE_API_KEY_FILE: "~/key" };
    const { config } = readSettings(at, (path) => {
      paths.push(path);
      return { text: "\uFEFFtr-key\r\n", open: false };
    });
    expect(config?.apiKey()).toBe("tr-key");
    expect(config?.isKeyInFile).toBe(true);
    expect(paths).toEqual(["/home/ann/key"]);
  });
  test("gets a warning when others can read it", () => {
    const { warnings } = readSettings(environment, () => ({ text: "tr-key", open: true }));
    expect(warnings).toEqual([
      "TRIEVE_API_KEY_FILE can be read by others than its owner; chmod 600 ends that",
    ]);
  });
  test("must exist, hold one key, and be the only source", () => {
    expect(read(environment).faults[0]).toContain("cannot be read");
    const two = readSettings(environment, () => ({ text: "a b", open: false }));
    expect(two.faults[0]).toContain("TRIEVE_API_KEY_FILE names a file whose text must be one key");
    expect(read({ ...environment, TRIEVE_API_KEY: "k" }).faults[0]).toContain("both set");
  });
});

test("an unknown variable gets a warning, the known ones none", () => {
  const { warnings } = read({ ...GOOD, TRIEVE_READONLY: "true", OTHER: "x" });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^TRIEVE_READONLY is no setting.* is TRIEVE_READ_ONLY meant\?$/);
  expect(SETTING_LIST).toHaveLength(16);
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
