import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { verdictOf } from "../src/doctor/doctor.ts";
import { CLIENTS, createLaunch, missingFrom } from "../src/doctor/entry.ts";
import { startBin } from "./support/bin.ts";
import { type Fault, startFaultProxy } from "./support/fault-proxy.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

let trieve: TestTrieve;
beforeAll(async () => {
  trieve = await startTrieve();
});
afterAll(() => trieve.close());
afterEach(() => {
  trieve.proxy.always(undefined);
  trieve.store.database = true;
});

async function run(args: string[], environment: Record<string, string> = {}) {
  const bin = startBin({ args, environment });
  const { code } = await bin.exited;
  return { code, out: bin.stdout(), errors: bin.stderr() };
}

test("doctor is content with the sandbox", async () => {
  const { code, out } = await run(["doctor", "--sandbox"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^ok +answer: 6 invitations, in \d+ ms$/m);
  expect(out).toMatch(/^ok +settings: 16 in order/m);
  expect(out).not.toMatch(/^(failed|skipped|ok +setting:)/m);
  expect(out).toMatch(/\nSound\.\n$/);
});

test("the verdict counts what failed and what is doubtful", () => {
  const of = (...statuses: ("ok" | "warning" | "failed" | "skipped")[]) =>
    verdictOf(statuses.map((status) => ({ name: "x", status, found: "" })));
  expect(of("ok")).toBe("Sound.");
  expect(of("warning", "ok")).toBe("Sound, 1 warning.");
  expect(of("warning", "warning")).toBe("Sound, 2 warnings.");
  expect(of("failed", "skipped")).toBe("Not sound, 1 failed.");
  expect(of("failed", "failed", "warning")).toBe("Not sound, 2 failed, 1 warning.");
});

test("doctor and the sandbox write printable ASCII, whatever they are told", async () => {
  const name = { TRIEVE_ORGANIZATION_NAME: "Zo\u00eb \u001b[31m\u202e" };
  const { out } = await run(["doctor", "--verbose"], { ...trieve.environment, ...name });
  expect(out).toMatch(
    /^ok +setting: TRIEVE_ORGANIZATION_NAME: Zo\\u\{eb\} \\u\{1b\}.*\\u\{202e\}/m,
  );
  const bin = startBin({ args: ["--sandbox"] });
  await bin.logged(/serves at http/);
  const [url = ""] = /http:\S+/.exec(bin.stderr()) ?? [];
  const body = {
    email: "ann@example.com",
    user_role: 0,
    app_url: "https://trieve.example.com/\u00e9\u001b",
    redirect_uri: "https://dashboard.example.com/?",
  };
  const sent = await fetch(`${url}/api/invitation`, {
    method: "POST",
    headers: {
      authorization: "sandbox-key",
      "tr-organization": trieve.store.organizationId,
      "content-type": "application/json",
    },
    body: JSON.stringify(body),
  });
  expect(sent.status).toBe(204);
  await bin.logged(/would mail ann@example\.com .*\\u\{e9\}\\u\{1b\}/);
  for (const text of [out, bin.stderr()]) expect(text).toMatch(/^[\n -~]*$/);
  bin.child.stdin.end();
  await bin.exited;
});

test("doctor warns of a mailed link that does not lead to the API", async () => {
  const link = { TRIEVE_APP_URL: "https://trieve.example.com" };
  const { out } = await run(["doctor"], { ...trieve.environment, ...link });
  expect(out).toMatch(/^warning +mailed link: .* -> end TRIEVE_APP_URL in \/api/m);
});

test("doctor finds out that the program in BROWSER is not there", async () => {
  const page = { TRIEVE_CONFIRM: "page,code" };
  const of = (BROWSER: string) => run(["doctor", "--sandbox"], { ...page, BROWSER });
  for (const there of [process.execPath, `"${process.execPath}" --new %s`, "sh"]) {
    expect((await of(there)).out).toMatch(/^ok +confirm: .*program in BROWSER; else/m);
  }
  for (const missing of ["/no/such/browser", "firefoxx --new", "no-one:no-other", "~/no/browser"]) {
    const { out } = await of(missing);
    expect(out).toMatch(/^warning +confirm: .*page, not available: .*BROWSER.* -> correct/m);
    expect(out).toMatch(/\nSound, 1 warning\.\n$/);
  }
  expect((await of("none")).out).toMatch(/^ok +confirm: .*page, not available: BROWSER is none/m);
});

test("doctor says nothing of a page where TRIEVE_CONFIRM has none", async () => {
  const settings = { TRIEVE_CONFIRM: "form,code", BROWSER: "/no/such/browser" };
  const { out } = await run(["doctor", "--sandbox"], settings);
  expect(out).toMatch(/^ok +confirm: /m);
  expect(out).not.toMatch(/ page|BROWSER/);
});

test.runIf(process.platform === "linux")(
  "doctor misses the program that opens the system's browser",
  async () => {
    const empty = mkdtempSync(join(tmpdir(), "path-"));
    const desktop = { TRIEVE_CONFIRM: "form,page", DISPLAY: ":0", PATH: empty };
    const { out } = await run(["doctor", "--sandbox"], desktop);
    expect(out).toMatch(
      /^warning +confirm: .*page, not available: there is no xdg-open.* -> set BROWSER/m,
    );
  },
);

test("a reader that goes away makes doctor say nothing else, and its verdict stays", async () => {
  const bin = startBin({ args: ["doctor", "--sandbox"] });
  bin.child.stdout.destroy();
  expect(await bin.exited).toEqual({ code: 0, signal: null });
  expect(bin.stderr()).not.toContain("failed");
});

test("doctor names each failing layer with a hint", async () => {
  const { environment } = trieve;
  const before = trieve.proxy.seen.length;
  const wrongKey = await run(["doctor"], { ...environment, TRIEVE_API_KEY: "wrong" });
  expect(wrongKey.code).toBe(1);
  expect(wrongKey.out).toMatch(/^ok +organization: /m);
  expect(wrongKey.out).toMatch(/^failed +key: unauthorized.* -> .*TRIEVE_API_KEY/m);
  trieve.proxy.next("GET", { answer: 403, body: '{"message":"Forbidden"}' });
  const otherKey = await run(["doctor"], environment);
  expect(otherKey.out).toMatch(/^ok +key: /m);
  expect(otherKey.out).toMatch(/^failed +role: forbidden.* -> .*TRIEVE_ORGANIZATION_ID/m);
  // The key may be that of another organization.
  expect(otherKey.out).not.toMatch(/^ok +organization/m);
  const other = "99999999-9999-4999-8999-999999999999";
  const noOrganization = await run(["doctor"], { ...environment, TRIEVE_ORGANIZATION_ID: other });
  expect(noOrganization.out).toMatch(/^failed +organization: .* -> .*TRIEVE_ORGANIZATION_ID/m);
  const nothing = await run(["doctor"], {});
  expect(nothing.code).toBe(1);
  expect(nothing.out).toMatch(/^failed +configuration: TRIEVE_API_KEY/m);
  expect(nothing.out).toMatch(/^skipped +connection/m);
  const asked = trieve.proxy.seen
    .slice(before)
    .map(({ method, path }) => `${method} ${path.replace(/\?at=.*/, "")}`);
  const list = `GET /api/invitations/${environment["TRIEVE_ORGANIZATION_ID"]}`;
  expect(asked).toEqual([list, list, `GET /api/invitations/${other}`, "GET /api/health"]);
  expect(trieve.proxy.seen.at(-1)?.headers).not.toHaveProperty("authorization");
});

test("doctor shows each setting with its source, and warns of a link that leads astray", async () => {
  const { environment } = trieve;
  const owner = { ...environment, TRIEVE_MAX_ROLE: "owner" };
  const { out } = await run(["doctor", "--verbose"], owner);
  expect(out).toMatch(/^ok +setting: TRIEVE_API_KEY: environment$/m);
  expect(out).toMatch(/^ok +setting: TRIEVE_MAX_ROLE: owner \(environment\)$/m);
  expect(out).toMatch(/^ok +setting: TRIEVE_ALLOWED_EMAIL_DOMAINS: any \(default\)$/m);
  expect(out).toMatch(/^ok +setting: TRIEVE_CONFIRM: form,code \(environment\)$/m);
  expect(out).toMatch(
    /^ok +mailed link: .*redirect_uri=https:\/\/dashboard\.example\.com\/\?org=\S+ \(unchecked/m,
  );
  const local = { ...environment, TRIEVE_APP_URL: "", TRIEVE_DASHBOARD_URL: "" };
  expect((await run(["doctor"], local)).out).toMatch(
    /^warning +configuration: The mailed link .*this machine only; set TRIEVE_APP_URL and TRIEVE_DASHBOARD_URL/m,
  );
  const half = { ...environment, TRIEVE_DASHBOARD_URL: "" };
  expect((await run(["doctor"], half)).out).toMatch(
    /^warning +configuration: The mailed link .*this machine only; set TRIEVE_DASHBOARD_URL to/m,
  );
  const faulty = await run(["doctor", "--verbose"], { ...environment, TRIEVE_MAX_ROLE: "king" });
  expect(faulty.out).not.toContain("king");
  expect(faulty.out).not.toContain("setting: TRIEVE_MAX_ROLE");
  expect(faulty.out).toMatch(/^ok +setting: TRIEVE_CONFIRM: form,code \(environment\)$/m);
});

test("doctor says how a person can be asked, as its shell sees the machine", async () => {
  const { environment } = trieve;
  const methods = async (more: Record<string, string>) =>
    /^(\w+) +confirm: (.*)$/m
      .exec((await run(["doctor"], { ...environment, ...more })).out)
      ?.slice(1);
  expect(await methods({})).toEqual([
    "ok",
    "asks by a form, in clients that have them; else by a code, through the model",
  ]);
  const remote = { TRIEVE_CONFIRM: "form,page", SSH_CONNECTION: "192.0.2.1 1 192.0.2.2 22" };
  expect(await methods(remote)).toEqual([
    "warning",
    expect.stringMatching(
      /else by a page, not available: this is a remote shell .* -> set BROWSER/,
    ),
  ]);
  expect(await methods({ ...remote, BROWSER: process.execPath })).toEqual([
    "ok",
    expect.stringMatching(/else by a page, opened by the program in BROWSER$/),
  ]);
  expect(await methods({ TRIEVE_READ_ONLY: "true" })).toBeUndefined();
});

test("doctor --json is for programs and holds no key", async () => {
  const { out } = await run(["doctor", "--json"], trieve.environment);
  const { healthy, verdict, checks } = JSON.parse(out);
  expect(healthy).toBe(true);
  expect(verdict).toBe("Sound.");
  // A report of a fault needs every setting.
  expect(checks.filter(({ name }: { name: string }) => name === "setting")).toHaveLength(16);
  expect(out).not.toContain(trieve.store.apiKey);
});

test("doctor tells a Trieve without its database", async () => {
  trieve.store.database = false;
  const { code, out } = await run(["doctor"], trieve.environment);
  expect(code).toBe(1);
  expect(out).toMatch(
    /^failed +answer: upstream_error.*health check is answered.* -> look at the database/m,
  );
});

test("doctor tells a Trieve of which only the health check answers, with any 2xx", async () => {
  trieve.proxy.always(({ path }) =>
    path === "/api/health" ? { answer: 204 } : ({ silence: "all" } satisfies Fault),
  );
  const { out } = await run(["doctor"], trieve.environment);
  expect(out).toMatch(/^failed +answer: timeout: .*health check is answered.* -> restart/m);
});

test.each<[string, Fault, RegExp]>([
  [
    "a page",
    { answer: 200, body: "<html>" },
    /^failed +answer: bad_response: .*does not look like Trieve.* -> Check TRIEVE_BASE_URL/m,
  ],
  [
    "nothing of this name",
    { answer: 404, body: "not here" },
    /^failed +answer: organization_not_found: .* -> check TRIEVE_BASE_URL/m,
  ],
])("doctor tells what is no Trieve: %s", async (_, fault, expected) => {
  trieve.proxy.next("GET", fault, { answer: 404 });
  const { code, out } = await run(["doctor"], trieve.environment);
  expect(code).toBe(1);
  expect(out).toMatch(expected);
  expect(out).not.toMatch(/^ok +(organization|key|role): /m);
});

test("doctor tells that nothing listens", async () => {
  const closed = await startFaultProxy(trieve.proxy.url);
  await closed.close();
  const environment = { ...trieve.environment, TRIEVE_BASE_URL: closed.url };
  const { out } = await run(["doctor"], environment);
  // Where this runs in a container, localhost is the container itself.
  expect(out).toMatch(
    /^failed +reachable: .*Nothing listens.* -> (Start Trieve|Set TRIEVE_BASE_)/m,
  );
});

test("doctor tells a dashboard that is the API", async () => {
  const environment = {
    ...trieve.environment,
    TRIEVE_BASE_URL: "http://127.0.0.2:8090",
    TRIEVE_DASHBOARD_URL: "http://127.0.0.2:8090/api",
  };
  const { out } = await run(["doctor"], environment);
  expect(out).toMatch(/^failed +configuration: TRIEVE_DASHBOARD_URL must be the address/m);
});

test.each([...CLIENTS.keys()])(
  "doctor --client %s prints an entry that starts this very program, without the key",
  async (client) => {
    const file = join(tmpdir(), "key of a test");
    const { code, out } = await run(["doctor", "--client", client], {
      TRIEVE_BASE_URL: "http://localhost:8090",
      TRIEVE_API_KEY: "tr-a-key-of-mine",
      TRIEVE_EXTRA_HEADERS: "X-Gate: a-secret",
      TRIEVE_AUDIT_LOG: file,
      TRIEVE_ORGANIZATION_NAME: "Bob's & Co",
    });
    expect(code).toBe(0);
    for (const part of [
      process.execPath,
      "main.js",
      "TRIEVE_API_KEY_FILE",
      file,
      "http://localhost:8090",
    ]) {
      expect(out).toContain(part);
    }
    // It is the default beside an API on this machine.
    expect(out).not.toContain("TRIEVE_DASHBOARD_URL");
    expect(out).not.toMatch(/tr-a-key|TRIEVE_API_KEY\b[^_]|a-secret/);
  },
);

test("doctor --client warns of a setting that does not exist, which may have been a restriction", async () => {
  const { code, errors } = await run(["doctor", "--client", "claude"], { TRIEVE_READONLY: "true" });
  expect(code).toBe(0);
  expect(errors).toContain("warning: TRIEVE_READONLY is not a setting");
});

test("the entry of each client is what that client reads", () => {
  const launch = { name: "x", command: "/a b/node", args: ["m.js"], env: { A: "1 'q' $HOME" } };
  const { command, args, env } = launch;
  const entry = (client: string) => CLIENTS.get(client)?.[1](launch) ?? "";
  expect(entry("claude")).toBe(
    `claude mcp add -s user x -e 'A=1 '\\''q'\\'' $HOME' -- '/a b/node' m.js`,
  );
  expect(JSON.parse(entry("cursor"))).toEqual({ mcpServers: { x: { command, args, env } } });
  expect(entry("gemini")).toBe(entry("cursor"));
  expect(JSON.parse(entry("vscode"))).toEqual({
    servers: { x: { type: "stdio", command, args, env } },
  });
  expect(entry("codex")).toBe(
    `[mcp_servers.x]\ncommand = "/a b/node"\nargs = ["m.js"]\n\n[mcp_servers.x.env]\nA = "1 'q' $HOME"`,
  );
  const hostile = { ...launch, env: { A: "$(touch pwned)\\x", B: "C:\\$HOME", C: "end\\" } };
  expect(CLIENTS.get("claude")?.[1](hostile)).toContain(
    `-e 'A=$(touch pwned)\\x' -e 'B=C:\\$HOME' -e 'C=end\\' --`,
  );
  expect(CLIENTS.get("codex")?.[1]({ ...launch, env: { A: "\x7f" } })).toContain('A = "\\u007f"');
  const windows = { ...launch, command: "C:\\Program Files\\node.exe" };
  expect(CLIENTS.get("claude")?.[1](windows)).toContain('-- "C:\\Program Files\\node.exe" m.js');
});

test("what is set here and not in the entry is named, but for the key, which has its file", () => {
  const environment = {
    TRIEVE_API_KEY: "tr-a-key-of-mine",
    TRIEVE_EXTRA_HEADERS: "X-Gate: a-secret",
    TRIEVE_READ_ONLY: "true",
    https_proxy: "http://proxy.example.org",
    NO_PROXY: "",
    WAYLAND_DISPLAY: "wayland-0",
    PATH: "/bin",
  };
  const launch = createLaunch(environment, { command: "node", args: [] }, false);
  expect(missingFrom(launch, environment)).toEqual([
    "TRIEVE_EXTRA_HEADERS",
    "WAYLAND_DISPLAY",
    "https_proxy",
  ]);
});

test("the entry holds what is set here: paths in full, no secret, no placeholder", () => {
  const run = { command: "node", args: ["main.js"] };
  const { env } = createLaunch(
    {
      TRIEVE_BASE_URL: "https://trieve.example.org",
      TRIEVE_ORGANIZATION_ID: "$ORGANIZATION",
      TRIEVE_API_KEY_FILE: "LICENSE",
      TRIEVE_AUDIT_LOG: "~/audit.jsonl",
      TRIEVE_READ_ONLY: " true ",
      BROWSER: "/opt/terminal/browser.sh",
      PATH: "/bin",
    },
    run,
    false,
  );
  expect(env).toEqual({
    TRIEVE_BASE_URL: "https://trieve.example.org",
    TRIEVE_API_KEY_FILE: join(process.cwd(), "LICENSE"),
    TRIEVE_ORGANIZATION_ID: "00000000-0000-0000-0000-000000000000",
    TRIEVE_READ_ONLY: "true",
    TRIEVE_AUDIT_LOG: "~/audit.jsonl",
  });
  // What names no file may be the key itself.
  const mistaken = createLaunch({ TRIEVE_API_KEY_FILE: "tr-a-key-of-mine" }, run, false);
  expect(mistaken.env["TRIEVE_API_KEY_FILE"]).toBe("/path/to/trieve-key");
  expect(createLaunch({ TRIEVE_READ_ONLY: "true" }, run, true)).toEqual({
    name: "trieve-sandbox",
    command: "node",
    args: ["main.js", "--sandbox"],
    env: {},
  });
});

test.each([
  ["--client"],
  ["--client", "zed"],
  ["--client", "constructor"],
  ["--json=1"],
  ["--client=claude"],
  ["--client", "claude", "x"],
])("doctor %j %s is answered by the usage alone", async (...args) => {
  const { code, out, errors } = await run(["doctor", ...args]);
  expect([code, out]).toEqual([2, ""]);
  expect(errors).toMatch(/^usage: .*--client claude\|cursor\|vscode\|codex\|gemini.*\n$/);
});
