import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
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
  expect(out).not.toMatch(/^(failed|skipped)/m);
});

test("doctor and the sandbox write printable ASCII, whatever they are told", async () => {
  const name = { TRIEVE_ORGANIZATION_NAME: "Zo\u00eb \u001b[31m\u202e" };
  const { out } = await run(["doctor"], { ...trieve.environment, ...name });
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
  for (const missing of ["/no/such/browser", "firefoxx --new"]) {
    expect((await of(missing)).out).toMatch(/^warning +confirm: .* which is not there -> correct/m);
  }
});

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
  expect(asked).toEqual([
    `GET /api/invitations/${environment["TRIEVE_ORGANIZATION_ID"]}`,
    `GET /api/invitations/${other}`,
    "GET /api/health",
  ]);
  expect(trieve.proxy.seen.at(-1)?.headers).not.toHaveProperty("authorization");
});

test("doctor shows each setting with its source, and warns of a link that leads astray", async () => {
  const { environment } = trieve;
  const { out } = await run(["doctor"], { ...environment, TRIEVE_MAX_ROLE: "owner" });
  expect(out).toMatch(/^ok +setting: TRIEVE_API_KEY: environment$/m);
  expect(out).toMatch(/^ok +setting: TRIEVE_MAX_ROLE: owner \(environment\)$/m);
  expect(out).toMatch(/^ok +setting: TRIEVE_ALLOWED_EMAIL_DOMAINS: any \(default\)$/m);
  expect(out).toMatch(/^ok +setting: TRIEVE_CONFIRM: form,code \(environment\)$/m);
  expect(out).toMatch(
    /^ok +mailed link: .*redirect_uri=https:\/\/dashboard\.example\.com\/\?org=/m,
  );
  const local = { ...environment, TRIEVE_APP_URL: "", TRIEVE_DASHBOARD_URL: "" };
  expect((await run(["doctor"], local)).out).toMatch(
    /^warning +mailed link: .*this machine only.* -> .*TRIEVE_DASHBOARD_URL/m,
  );
  const faulty = await run(["doctor"], { ...environment, TRIEVE_MAX_ROLE: "king" });
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
  const { healthy, checks } = JSON.parse(out);
  expect(healthy).toBe(true);
  expect(checks.length).toBeGreaterThan(5);
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

test("doctor tells a Trieve of which only the health check answers", async () => {
  trieve.proxy.always(({ path }) =>
    path === "/api/health" ? { pass: true } : ({ silence: "all" } satisfies Fault),
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
  expect(out).toMatch(/^failed +reachable: .*Nothing listens.* -> Start Trieve/m);
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
