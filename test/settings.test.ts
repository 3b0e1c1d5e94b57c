import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadSettings } from "../src/config/load.ts";
import { SETTING_LIST } from "../src/config/settings.ts";

const GOOD = {
  TRIEVE_API_KEY: "tr-key",
  TRIEVE_ORGANIZATION_ID: "5A4DB0C5-7A0B-4D0E-9C61-0123456789AB",
  TRIEVE_BASE_URL: "https://trieve.example.com",
};
const read = (environment: Record<string, string>) => loadSettings(environment);

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
    "$(TRIEVE_API_KEY)",
    "$(op read op://vault/key)",
    "#{TRIEVE_API_KEY}",
    "@TRIEVE_API_KEY@",
    "$env:TRIEVE_API_KEY",
    "undefined",
    "null",
  ])("%j", (value) => {
    const { faults, warnings } = read({ ...GOOD, TRIEVE_API_KEY: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(/^TRIEVE_API_KEY is not set/);
    const isPlaceholder = value.trim() !== "";
    expect(faults[0]?.includes("placeholder")).toBe(isPlaceholder);
    expect(warnings).toEqual(read(GOOD).warnings);
  });
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: end of the list

  test.each([
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "my-company.com"],
    ["TRIEVE_ORGANIZATION_NAME", "My-Shop"],
    ["TRIEVE_AUDIT_LOG", "/var/log/my-audit.log"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "your-move.co.uk"],
    ["TRIEVE_ORGANIZATION_NAME", "Your-Move"],
    ["TRIEVE_ORGANIZATION_NAME", "@home (Berlin) #1 $"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "@example.com"],
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
      "TRIEVE_API_KEY_FILE is not set: it holds a placeholder that was not filled in; expected the API key of an admin or owner",
      "TRIEVE_ORGANIZATION_ID is not set: it holds a placeholder that was not filled in; expected the id of the one organization to administer, a UUID",
      "TRIEVE_BASE_URL is not set: it holds a placeholder that was not filled in; expected the address of your Trieve's API, like https://trieve.example.com (http only to this machine)",
    ]);
  });

  test("an unfilled one that nothing needs is warned of", () => {
    const name = "TRIEVE_ORGANIZATION_NAME";
    const { faults, warnings } = read({ ...GOOD, [name]: "$UNFILLED" });
    expect(faults).toEqual([]);
    expect(warnings).toContain(`${name} is not set: it holds a placeholder that was not filled in`);
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
    for (const value of ["{env:X}", "%X%", "$(X)", "#{X}", "@X@", "$env:X", "undefined"]) {
      const { faults } = read({ ...GOOD, [name]: value });
      expect(faults).toEqual([
        `${name} holds a placeholder that was not filled in; set it, or remove it`,
      ]);
    }
  });
});

describe("a value that a person mistypes gets the sentence that helps", () => {
  test.each([
    ["TRIEVE_API_KEY", '"tr-key"', "without quotes"],
    ["TRIEVE_API_KEY", "\u201ctr-key\u201d", "without quotes"],
    ["TRIEVE_API_KEY", "Bearer tr-key", "without `Bearer`"],
    ["TRIEVE_API_KEY", "TRIEVE_API_KEY=tr-key", "or a name before it"],
    ["TRIEVE_API_KEY", "export API_KEY=tr-key", "or a name before it"],
    ["TRIEVE_API_KEY", "tr-one tr-two", "one key"],
    ["TRIEVE_API_KEY", "tr-one\ntr-two", "line breaks"],
    ["TRIEVE_API_KEY", "tr-k\u200bey", "printable ASCII"],
    ["TRIEVE_BASE_URL", "trieve.example.org", "has no scheme"],
    ["TRIEVE_BASE_URL", "localhost:8090", "has no scheme"],
    ["TRIEVE_BASE_URL", "192.0.2.7:8090", "has no scheme"],
    ["TRIEVE_BASE_URL", "https://", "must be a URL"],
    ["TRIEVE_BASE_URL", "ftp://trieve.example.org", "must start with https://"],
    ["TRIEVE_BASE_URL", "'https://trieve.example.org'", "without quotes"],
    ["TRIEVE_BASE_URL", 'https://trieve.example.org"', "without quotes"],
    ["TRIEVE_BASE_URL", "https://trieve.example.org:70000", "must be a URL"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "https://example.org", "must be domains"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "*.example.org", "without *"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "ann@example.org", "must be domains"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", "b\u00fccher.example", "xn--"],
    ["TRIEVE_ALLOWED_EMAIL_DOMAINS", ",", "must be domains"],
    ["TRIEVE_CONFIRM", "form,ask", "must be a list of form, page, code"],
    ["TRIEVE_CONFIRM", "auto", "must be a list of form, page, code"],
    ["TRIEVE_READ_ONLY", "yes", "must be one of true, false"],
    ["TRIEVE_EXTRA_HEADERS", "X-One: 1\nbroken", "wrong in line 2: each line must be one header"],
    ["TRIEVE_EXTRA_HEADERS", "X-One:", "wrong in line 1: each line must be one header"],
    ["TRIEVE_EXTRA_HEADERS", "X-One: 1; X-Two: 2", "wrong in line 1: each line must be one"],
    ["TRIEVE_EXTRA_HEADERS", 'X-One: "1"', "wrong in line 1: each line must be one"],
    ["TRIEVE_EXTRA_HEADERS", "Authorization: secret-one", "wrong in line 1: this header is"],
    ["TRIEVE_EXTRA_HEADERS", "Cookie: secret-one", "not allowed"],
    ["TRIEVE_EXTRA_HEADERS", "X-One: 1\\nCookie: 2", "wrong in line 2"],
    ["TRIEVE_EXTRA_HEADERS", "X-A: 1\nx-a: 2", "wrong in line 2: this header is given twice"],
    ["TRIEVE_AUDIT_LOG", "$HOME/audit.jsonl", "write the whole path"],
    ["TRIEVE_AUDIT_LOG", "~ann/audit.jsonl", "write the whole path"],
    ["TRIEVE_AUDIT_LOG", "~/audit.jsonl", "write the whole path"],
    ["TRIEVE_AUDIT_LOG", "%APPDATA%\\audit.jsonl", "write the whole path"],
    ["TRIEVE_AUDIT_LOG", "true", "must be the path of a file"],
    ["TRIEVE_AUDIT_LOG", "0", "must be the path of a file"],
    ["TRIEVE_AUDIT_LOG", '"/tmp/a.log"', "without quotes"],
    ["TRIEVE_ORGANIZATION_ID", `"${GOOD.TRIEVE_ORGANIZATION_ID}"`, "without quotes"],
    ["TRIEVE_ORGANIZATION_ID", "Acme Inc", "a UUID"],
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
    ["by its port too", { ...proxy, NO_PROXY: "example.com:443" }, undefined],
    ["but not by another", { ...proxy, NO_PROXY: "example.com:80" }, proxy.HTTPS_PROXY],
    ["but for others", { ...proxy, NO_PROXY: "ample.com" }, proxy.HTTPS_PROXY],
    ["not the one for http", { HTTP_PROXY: "http://proxy:1" }, undefined],
    ["never to this machine", { ...proxy, TRIEVE_BASE_URL: "https://localhost:1" }, undefined],
  ])("%s", (_, environment, expected) => {
    expect(read({ ...GOOD, ...environment }).config?.proxy).toBe(expected);
  });
  const at = (host: string) => ({ TRIEVE_BASE_URL: `https://${host}` });
  test.each<[string, string, boolean]>([
    ["10.0.0.0/8", "10.200.3.4", true],
    ["10.0.0.0/8", "11.0.0.1", false],
    ["10.1.2.3/8", "10.200.3.4", true],
    ["192.0.2.0/25", "192.0.2.127", true],
    ["192.0.2.0/25", "192.0.2.128", false],
    ["192.0.2.7", "192.0.2.7", true],
    ["192.0.2.7", "192.0.2.70", false],
    ["192.0.2.7:8443", "192.0.2.7:8443", true],
    ["192.0.2.7:8443", "192.0.2.7", false],
    ["0.0.0.0/0", "192.0.2.7", true],
    ["0.0.0.0/0", "[fd00::1]", false],
    ["0.0.0.0/0", "trieve.example.com", false],
    ["fd00::/8", "[fd12:3456::1]", true],
    ["[fd00::]/8", "[fd12:3456::1]", true],
    ["FD00::/8", "[fd12::1]", true],
    ["fd00::/8", "[fe80::1]", false],
    ["fd00::/8", "10.0.0.1", false],
    ["fd00::1", "[fd00::1]", true],
    ["fd00:0:0::1", "[fd00::1]", true],
    ["[fd00::1]", "[fd00::1]", true],
    ["[fd00::1]", "[fd00::2]", false],
    ["[fd00::1]:443", "[fd00::1]", true],
    ["[fd00::1]:8443", "[fd00::1]", false],
    ["fd00::1:443", "[fd00::1]", false],
    ["example.com", "trieve.example.com", true],
    [".example.com", "trieve.example.com", true],
    ["*.example.com", "trieve.example.com", true],
    [".example.com", "badexample.com", false],
    ["trieve.example.com:8443", "trieve.example.com:8443", true],
    ["trieve.example.com:8443", "trieve.example.com", false],
    ["10.0.0.0/8 x.org, trieve.example.com", "trieve.example.com", true],
  ])("NO_PROXY=%s and %s: left out %s", (NO_PROXY, host, isExempt) => {
    const { config, warnings } = read({ ...GOOD, ...proxy, ...at(host), NO_PROXY });
    expect(config?.proxy === undefined).toBe(isExempt);
    expect(warnings).toEqual([]);
  });
  test.each([
    "10.0.0.0/33",
    "10.0.0.0/",
    "10.0.0.0/x",
    "10.0.0.0/8/8",
    "fd00::/129",
    "fe80::1%eth0",
    "<local>",
    "/8",
    "example.com/8",
    "http://user:pa55@x.org",
    "m\u00fcnchen.example",
  ])("NO_PROXY=%s is warned of, by its place, and leaves nothing out", (entry) => {
    const environment = { ...GOOD, ...proxy, NO_PROXY: `x.org,${entry}` };
    for (const host of ["trieve.example.com", "10.0.0.1", "[fd00::1]"]) {
      const { config, warnings, faults } = read({ ...environment, ...at(host) });
      expect(config?.proxy).toBe(proxy.HTTPS_PROXY);
      expect(warnings).toEqual([
        expect.stringMatching(/^NO_PROXY cannot be used in its entry 2: /),
      ]);
      expect(faults).toEqual([]);
    }
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
  const home = mkdtempSync(join(tmpdir(), "trieve-"));
  afterAll(() => rmSync(home, { recursive: true }));
  const file = join(home, "key");
  const environment = {
    TRIEVE_ORGANIZATION_ID: GOOD.TRIEVE_ORGANIZATION_ID,
    TRIEVE_BASE_URL: GOOD.TRIEVE_BASE_URL,
    TRIEVE_API_KEY_FILE: file,
  };
  const keep = (text: string, mode = 0o600) => {
    rmSync(file, { force: true });
    writeFileSync(file, text, { mode });
  };
  test("serves where the variable for the key was not filled in, which is warned of", () => {
    keep("tr-key");
    const { config, warnings } = read({ ...environment, TRIEVE_API_KEY: "$KEY" });
    expect(config?.apiKey()).toBe("tr-key");
    expect(warnings.join()).toContain("TRIEVE_API_KEY is not set: it holds a placeholder");
  });
  test("is read and trimmed", () => {
    keep("tr-key\n");
    const { config, shown, warnings } = read(environment);
    expect(config?.apiKey()).toBe("tr-key");
    expect(shown["TRIEVE_API_KEY"]).toBe("file");
    expect(warnings).toEqual([]);
  });
  test.each([
    ["is empty", "\n", "must hold one key"],
    ["is UTF-16", "\ufffd\ufffdt\0r\0", "is in UTF-16"],
    ["holds two keys in two lines", "tr-a\ntr-b\n", "line breaks"],
    ["holds two keys", "a b", "TRIEVE_API_KEY_FILE must hold one key"],
    ["holds a placeholder", "tr-your-key\n", "placeholder"],
  ])("that %s is a fault that says so", (_, text, expected) => {
    keep(text);
    expect(read(environment).faults[0]).toContain(expected);
  });
  test("may start with a byte order mark, lie at home, and change", () => {
    keep("\uFEFFtr-key\r\n");
    const { config } = read({ ...environment, HOME: home, TRIEVE_API_KEY_FILE: "~/key" });
    expect(config?.apiKey()).toBe("tr-key");
    expect(config?.keyFile?.hasChanged()).toBe(false);
    keep("tr-new");
    expect(config?.keyFile?.hasChanged()).toBe(true);
  });
  test.runIf(process.platform !== "win32")("gets a warning when others can read it", () => {
    keep("tr-key", 0o644);
    expect(read(environment).warnings).toEqual([
      "TRIEVE_API_KEY_FILE can be read by users other than its owner; run chmod 600 on it",
    ]);
  });
  test("must exist, and be the only source", () => {
    rmSync(file, { force: true });
    expect(read(environment).faults[0]).toContain("cannot be read (ENOENT)");
    expect(read({ ...environment, TRIEVE_API_KEY: "k" }).faults[0]).toContain("both set");
  });
});

describe.each(["TRIEVE_APP_URL", "TRIEVE_DASHBOARD_URL"])("a mailed link through %s", (name) => {
  const remote = {
    ...GOOD,
    TRIEVE_APP_URL: "https://trieve.example.com/api",
    TRIEVE_DASHBOARD_URL: "https://dashboard.example.com",
  };
  const local = { ...remote, [name]: "http://localhost:5173/api" };
  const words = `The mailed link works on this machine only; set ${name} to an address that invited people can reach`;

  test("on this machine is warned of, by its name", () => {
    const { config, warnings } = read(local);
    expect([config?.links, warnings]).toEqual(["local", [words]]);
  });

  test("elsewhere is not, nor where nothing is mailed", () => {
    expect(read(remote)).toMatchObject({ config: { links: "everywhere" }, warnings: [] });
    expect(read({ ...local, TRIEVE_READ_ONLY: "true" }).warnings).toEqual([]);
    const sandbox = loadSettings(local, true);
    expect(sandbox).toMatchObject({ config: { links: "everywhere" }, warnings: [] });
  });
});

test("an audit file called none is no audit file", () => {
  const { config, faults } = read({ ...GOOD, TRIEVE_AUDIT_LOG: "None" });
  expect(faults).toEqual([]);
  expect(config?.auditLog).toBeUndefined();
});

test("an unknown variable gets a warning, the known ones none", () => {
  const { warnings } = read({ ...GOOD, TRIEVE_READONLY: "true", OTHER: "x" });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^TRIEVE_READONLY is not a setting of this server; is it a typo\?$/);
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

test("an audit file that cannot be written is told beside whatever else is wrong", () => {
  const environment = { TRIEVE_BASE_URL: "nope", TRIEVE_AUDIT_LOG: "/no/such/folder/audit.jsonl" };
  const { faults, defects } = loadSettings(environment);
  expect(faults.join()).toContain("TRIEVE_BASE_URL");
  expect(defects.join()).toContain("TRIEVE_AUDIT_LOG cannot be written");
});

test("the address of the service that ended gets a warning, and a request only if it is meant", () => {
  const hosted = `https://api.${"trieve.ai"}`;
  const { warnings, faults } = read({ ...GOOD, TRIEVE_BASE_URL: hosted });
  expect(faults).toEqual([]);
  expect(warnings[0]).toMatch(/^TRIEVE_BASE_URL is the hosted Trieve, which ended/);
});

test("the name of the organization is kept as it is given", () => {
  const { config } = read({ ...GOOD, TRIEVE_ORGANIZATION_NAME: " Ex & Co " });
  expect(config?.organizationName).toBe("Ex & Co");
});

test("an API where the local dashboard would be is told", () => {
  const { faults } = read({ ...GOOD, TRIEVE_BASE_URL: "http://localhost:5173" });
  expect(faults).toEqual([expect.stringMatching(/^TRIEVE_DASHBOARD_URL must be the address/)]);
});

describe("what is shown of a setting", () => {
  test("is its value and its source if it is sound, and nothing if it is at fault", () => {
    const { shown } = read({
      ...GOOD,
      TRIEVE_MAX_ROLE: "king",
      TRIEVE_READ_ONLY: "{env:X}",
      TRIEVE_ASK_ALWAYS: " true ",
      TRIEVE_EXTRA_HEADERS: "X-Gate: secret-one",
    });
    expect(shown).toMatchObject({
      TRIEVE_API_KEY: "environment",
      TRIEVE_EXTRA_HEADERS: "environment",
      TRIEVE_ASK_ALWAYS: "true (environment)",
      TRIEVE_AUDIT_LOG: "not set",
      TRIEVE_CONFIRM: "`form,page,code` (default)",
    });
    expect(shown).not.toHaveProperty("TRIEVE_MAX_ROLE");
    expect(shown).not.toHaveProperty("TRIEVE_READ_ONLY");
    expect(read({}).shown).not.toHaveProperty("TRIEVE_BASE_URL");
  });
});
