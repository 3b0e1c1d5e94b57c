import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { systemClock } from "../src/clock.ts";
import { loadSettings } from "../src/config/load.ts";
import { SETTING_LIST } from "../src/config/settings.ts";
import { isPlainEmail } from "../src/email.ts";
import { Failure } from "../src/errors.ts";
import { neutralise } from "../src/text.ts";
import type { ToolContext } from "../src/tools/context.ts";
import { tools } from "../src/tools/index.ts";
import { listInvitations } from "../src/tools/list.ts";
import { listedTools } from "../src/tools/listed.ts";
import { resolveTargets } from "../src/tools/targets.ts";
import { createCallContext } from "../src/trieve/call.ts";
import { type Invitation, parseTimestamp, readInvitations } from "../src/trieve/invitation.ts";
import { parseRetryAfter, retryDelay } from "../src/trieve/retry.ts";
import { createSendGuard } from "../src/trieve/send-guard.ts";
import { connectInMemory } from "./support/memory.ts";

const NOW = Date.UTC(2026, 0, 1);
const ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";
const { policy: POLICY } = loadSettings({});

// Anything a hostile row may hold: any code unit, lone surrogates included, and much of what is special.
const anything = fc.string({
  unit: fc.oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.constantFrom(..."`*_[]()<>#|\\:/ \n\r\t@.-aZ9{}u\u202e\u200b\u0430\ud800"),
    fc.constantFrom("://", "\\u{41}", "http://", "](", "```"),
  ),
  maxLength: 260,
});

const letter = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCXYZ0189");
const word = fc.string({ unit: letter, minLength: 1, maxLength: 12 });
const ordinaryEmail = fc
  .tuple(
    word,
    fc.constantFrom("", ".", "_", "-", "+"),
    word,
    word,
    fc.constantFrom("com", "org", "co.uk"),
  )
  .map(([a, separator, b, host, end]) => `${a}${separator}${b}@${host}.${end}`);

describe("neutralise", () => {
  test("gives one line of printable ASCII, within its length", () => {
    fc.assert(
      fc.property(anything, (value) => {
        const shown = neutralise(value);
        expect(shown).toMatch(/^[ -~]*$/);
        expect(shown.replace(/\.\.\. \(\+\d+ characters\)$/, "").length).toBeLessThanOrEqual(100);
      }),
      { numRuns: 2_000 },
    );
  });

  test("leaves no markdown and no link that works", () => {
    fc.assert(
      fc.property(anything, (value) => {
        const bare = neutralise(value)
          .replace(/\.\.\. \(\+\d+ characters\)$/, "")
          .replaceAll(/\\(u\{[0-9a-f]+\}|[`*_[\]()<>#|\\/])/g, "");
        expect(bare).not.toMatch(/[`*[\]()<>#|\\]/);
        expect(bare).not.toMatch(/(^|[^A-Za-z0-9])_|_($|[^A-Za-z0-9])/);
        expect(neutralise(value)).not.toContain("://");
      }),
      { numRuns: 2_000 },
    );
  });

  test("keeps different inputs different within the cut", () => {
    const short = anything.map((value) => value.slice(0, 12));
    fc.assert(
      fc.property(short, short, (a, b) => {
        expect(neutralise(a) === neutralise(b)).toBe(a === b);
      }),
      { numRuns: 5_000 },
    );
  });

  test.each([
    ["a/b:c//d", "a/b:c//d"],
    ["http://x", "http:\\//x"],
    ["a:/b", "a:/b"],
    ["_a_b_", "\\_a_b\\_"],
    ["a__b", "a\\_\\_b"],
    ["~ \u007f\u{1f600}", "~ \\u{7f}\\u{1f600}"],
  ])("makes %j into %j", (value, shown) => {
    expect(neutralise(value)).toBe(shown);
  });

  test("says how much it left out", () => {
    fc.assert(
      fc.property(fc.integer({ min: 101, max: 5_000 }), (length) => {
        expect(neutralise("a".repeat(length))).toBe(
          `${"a".repeat(100)}... (+${length - 100} characters)`,
        );
      }),
    );
  });

  test("leaves ordinary addresses as they are", () => {
    fc.assert(
      fc.property(ordinaryEmail, (email) => {
        expect(neutralise(email)).toBe(email);
      }),
    );
  });
});

describe("isPlainEmail", () => {
  test("takes ordinary addresses", () => {
    fc.assert(
      fc.property(ordinaryEmail, (email) => {
        expect(isPlainEmail(email)).toBe(true);
      }),
    );
  });

  test("knows the lengths to the letter", () => {
    const domain = (length: number) => `${"d".repeat(30)}.${"e".repeat(length - 31)}`;
    expect(isPlainEmail(`${"a".repeat(64)}@b.cd`)).toBe(true);
    expect(isPlainEmail(`${"a".repeat(65)}@b.cd`)).toBe(false);
    expect(isPlainEmail(`${"a".repeat(10)}@${domain(89)}`)).toBe(true);
    expect(isPlainEmail(`${"a".repeat(11)}@${domain(89)}`)).toBe(false);
    expect(isPlainEmail("@example.com")).toBe(false);
    expect(isPlainEmail("o'hara@example.com")).toBe(false);
  });

  test("takes nothing that breaks a rule", () => {
    const nearly = fc.tuple(ordinaryEmail, fc.nat(), anything).map(([email, at, piece]) => {
      const cut = at % (email.length + 1);
      return email.slice(0, cut) + piece + email.slice(cut);
    });
    fc.assert(
      fc.property(nearly, (email) => {
        if (!isPlainEmail(email)) return;
        const [local = "", domain = "", ...more] = email.split("@");
        expect(more).toEqual([]);
        expect(email).toMatch(/^[!-~]+$/);
        expect(email.length).toBeLessThanOrEqual(100);
        expect(local.length).toBeLessThanOrEqual(64);
        expect(local).not.toMatch(/^\.|\.$|\.\./);
        const labels = domain.split(".");
        expect(labels.length).toBeGreaterThan(1);
        for (const label of labels) expect(label).toMatch(/^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/);
      }),
      { numRuns: 5_000 },
    );
  });
});

test("a base URL that is taken leads to its host by https, or to this machine", () => {
  const host = fc.oneof(
    fc.domain(),
    fc.constantFrom(
      "localhost",
      "127.0.0.1",
      "[::1]",
      "127.1",
      "0x7f.1",
      "10.0.0.1",
      "localhost.",
      "[::ffff:127.0.0.1]",
    ),
  );
  const url = fc
    .tuple(
      fc.constantFrom("https", "http", "HTTP", "ftp", "javascript"),
      fc.constantFrom("", "", "", "user@", "a:b@"),
      host,
      fc.constantFrom("", ":8090", ":0", ":99999"),
      fc.constantFrom("", "/", "/api", "/api/", "/x/api", "?q", "#f", "//", "\\evil"),
    )
    .map(([scheme, user, name, port, path]) => `${scheme}://${user}${name}${port}${path}`);
  const environment = { TRIEVE_API_KEY: "k", TRIEVE_ORGANIZATION_ID: ORGANIZATION };
  fc.assert(
    fc.property(fc.oneof(url, fc.string()), (value) => {
      const { config, faults } = loadSettings({ ...environment, TRIEVE_BASE_URL: value });
      expect(config === undefined).toBe(faults.length > 0);
      if (config === undefined) return;
      const { protocol, hostname, username, password, search, hash } = new URL(config.baseUrl);
      expect(username + password + search + hash).toBe("");
      expect(config.baseUrl).not.toMatch(/\/$|\/api$/);
      if (protocol === "http:") {
        expect(hostname).toMatch(/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/);
      } else expect(protocol).toBe("https:");
    }),
    { numRuns: 2_000 },
  );
});

describe("whatever text stands there", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 300 }),
    fc.string(),
    fc.emailAddress(),
  );

  test("in a variable, each fault is a sentence that holds no value", () => {
    const names = SETTING_LIST.map(([name]) => name);
    const keyFile = join(mkdtempSync(join(tmpdir(), "trieve-")), "key");
    writeFileSync(keyFile, "k3y-of-the-file", { mode: 0o600 });
    const value = fc.oneof(text, fc.constant(keyFile));
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), value), (environment) => {
        const { faults, warnings, policy } = loadSettings(environment);
        for (const told of [...faults, ...warnings]) {
          expect(told).toMatch(/^TRIEVE_[ -~]{1,390}$/);
          expect(told).not.toContain("k3y-of-the-file");
        }
        expect(listedTools(policy).length).toBeGreaterThan(0);
      }),
      { numRuns: 500 },
    );
  });

  test("in an argument, what comes back is a result or a sentence of ours", async () => {
    const server = await connectInMemory({ environment: {} });
    const value = fc.oneof(text, fc.integer(), fc.constant(null), fc.jsonValue());
    const args = fc.dictionary(
      fc.oneof(
        fc.constantFrom("email", "emails", "role", "limit", "invitations", "ids"),
        fc.string(),
      ),
      value,
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...tools), args, async (tool, given) => {
        try {
          tool.prepare(given, POLICY);
        } catch (error) {
          const { code, message } = error as Failure;
          expect(code).toBe("invalid_input");
          expect(message).toMatch(/^[ -~]{1,900}$/);
          expect(message).not.toMatch(/received|undefined|\[object/);
        }
      }),
      { numRuns: 500 },
    );
    expect((await server.client.listTools()).tools.length).toBeGreaterThan(0);
  });
});

describe("timestamps", () => {
  const date = fc.date({
    min: new Date("1970-01-01"),
    max: new Date("2100-01-01"),
    noInvalidDate: true,
  });

  test("come out as they went in, to the millisecond, in every spelling", () => {
    fc.assert(
      fc.property(
        date,
        fc.constantFrom("T", " "),
        fc.constantFrom("", "Z", "+00:00"),
        (at, t, zone) => {
          const micro = at.toISOString().replace("Z", "456");
          expect(parseTimestamp(micro.replace("T", t) + zone)).toBe(at.getTime());
        },
      ),
    );
  });

  const day = Date.UTC(2024, 1, 29);
  test.each<[string, number | undefined]>([
    ["2024-02-29T00:00:00", day],
    ["2024-02-29T23:59:59.9", day + 86_399_900],
    ["2024-02-29T00:00:00.05", day + 50],
    ["2024-02-29T05:30:00+05:30", day],
    ["2024-02-28T19:15:00-0445", day],
    ["2024-02-29T24:00:00", undefined],
    ["2024-02-29T00:60:00", undefined],
    ["2024-02-29T00:00:60", undefined],
    ["2023-02-29T00:00:00", undefined],
    ["2024-04-31T00:00:00", undefined],
    ["2024-04-00T00:00:00", undefined],
    ["2024-00-10T00:00:00", undefined],
    ["2024-13-10T00:00:00", undefined],
    ["0999-01-01T00:00:00", undefined],
    ["2024-02-29T00:00:00 ", undefined],
    ["2024-02-29T00:00:00X", undefined],
    ["2024-02-29", undefined],
  ])("%s is %s", (value, at) => {
    expect(parseTimestamp(value)).toBe(at);
  });

  test("are undefined or a real moment for any text", () => {
    const shaped = fc.stringMatching(/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?$/);
    fc.assert(
      fc.property(fc.oneof(anything, shaped), (value) => {
        const at = parseTimestamp(value);
        if (at === undefined) return;
        expect(new Date(at).toISOString().slice(0, 10)).toBe(value.slice(0, 10));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("Retry-After", () => {
  test("in seconds and as a date", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000 }), (seconds) => {
        expect(parseRetryAfter(String(seconds), NOW)).toBe(seconds * 1_000);
        const date = new Date(NOW + seconds * 1_000).toUTCString();
        expect(parseRetryAfter(date, NOW)).toBe(seconds * 1_000);
        expect(parseRetryAfter(date, NOW + seconds * 1_000 + 5_000)).toBe(0);
      }),
    );
  });

  test("is never negative, never NaN, and undefined for garbage", () => {
    const garbage = fc.oneof(
      anything,
      fc.constantFrom(null, "", "-1", "1.5", "1e9", "Infinity", "tomorrow", "Sunday", "0x10"),
    );
    fc.assert(
      fc.property(garbage, (value) => {
        const ms = parseRetryAfter(value, NOW);
        if (ms !== undefined) expect(ms).toBeGreaterThanOrEqual(0);
        if (ms !== undefined)
          expect(value?.trim()).toMatch(/^\d{1,9}$|^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/);
      }),
    );
  });
});

describe("the retry plan", () => {
  const plan = fc.record({
    isRepeatable: fc.boolean(),
    attempt: fc.integer({ min: 1, max: 5 }),
    random: fc.double({ min: 0, max: 0.999_999, noNaN: true }),
    retryAfterMs: fc.option(fc.nat(20_000), { nil: undefined }),
  });

  test("repeats only what is repeatable, at most twice, within its bounds", () => {
    fc.assert(
      fc.property(plan, ({ isRepeatable, attempt, random, retryAfterMs }) => {
        const failure = new Failure("upstream_error", { retryAfterMs, isRepeatable });
        const wait = retryDelay(failure, attempt, random);
        if (!isRepeatable || attempt >= 3 || (retryAfterMs ?? 0) > 10_000) {
          expect(wait).toBeUndefined();
          return;
        }
        expect(wait).toBeGreaterThanOrEqual(retryAfterMs ?? 0);
        expect(wait).toBeLessThanOrEqual(Math.max(retryAfterMs ?? 0, 300 * 2 ** (attempt - 1)));
      }),
    );
  });

  test("waits as long as it is asked to, up to ten seconds, and at random otherwise", () => {
    const wait = (retryAfterMs: number | undefined, random: number, attempt = 1) => {
      const failure = new Failure("upstream_error", { retryAfterMs, isRepeatable: true });
      return retryDelay(failure, attempt, random);
    };
    expect(wait(10_000, 0.5)).toBe(10_000);
    expect(wait(10_001, 0.5)).toBeUndefined();
    expect(wait(undefined, 0.5)).toBe(150);
    expect(wait(undefined, 0.5, 2)).toBe(300);
    expect(wait(undefined, 0)).toBe(0);
  });
});

describe("rows", () => {
  const good = fc.record({
    id: fc.uuid(),
    email: anything,
    organization_id: fc.constantFrom(ORGANIZATION, ORGANIZATION.toUpperCase()),
    used: fc.boolean(),
    created_at: fc.constant("2025-01-31T09:15:02.123456"),
    role: fc.integer({ min: -5, max: 5 }),
  });
  const bad = fc.oneof(
    fc.anything(),
    good.map(({ id, ...row }) => row),
  );

  test("good ones are read, all others counted", () => {
    fc.assert(
      fc.property(fc.array(good), fc.array(bad), (goods, bads) => {
        const read = readInvitations([...bads, ...goods], ORGANIZATION);
        expect(read.invitations).toHaveLength(goods.length);
        expect(read.skipped).toBe(bads.length);
        for (const { role } of read.invitations) {
          expect(role).toMatch(/^(user|admin|owner|unknown\(-?\d+\))$/);
        }
      }),
    );
  });
});

// Ids that often begin alike, and few moments, so that many rows share one.
const invitations: fc.Arbitrary<Invitation[]> = fc
  .uniqueArray(
    fc.record({
      id: fc.oneof(
        fc.uuid(),
        fc
          .tuple(
            fc.constantFrom("00000000-0000-4000-8000-", "abcdef01-0000-4000-8000-"),
            fc.nat(40),
          )
          .map(([start, n]) => `${start}${String(n).padStart(12, "0")}`),
        fc.nat(40).map((n) => `000000${String(n).padStart(2, "0")}-0000-4000-8000-000000000000`),
      ),
      email: ordinaryEmail,
      role: fc.nat(1),
      used: fc.boolean(),
      created_at: fc
        .nat(5)
        .map((day) => new Date(NOW - day * 86_400_000).toISOString().slice(0, 19)),
    }),
    { selector: ({ id }) => id, maxLength: 30 },
  )
  .map((rows) => {
    const whole = rows.map((row) => ({ ...row, organization_id: ORGANIZATION }));
    return readInvitations(whole, ORGANIZATION).invitations;
  });

describe("the beginning of an id that is shown", () => {
  test("names one invitation of the list, with eight characters or more", () => {
    fc.assert(
      fc.property(invitations, (all) => {
        for (const { id, shortId } of all) {
          expect(shortId.length).toBeGreaterThanOrEqual(8);
          expect(all.filter((one) => one.id.startsWith(shortId)).map((one) => one.id)).toEqual([
            id,
          ]);
          // No longer than it takes.
          const shorter = shortId.slice(0, -1).replace(/-$/, "");
          const isShared = all.some((one) => one.id !== id && one.id.startsWith(shorter));
          expect(shorter.length < 8 || isShared).toBe(true);
        }
      }),
    );
  });

  const named = invitations.filter((all) => all.length > 0);
  const guard = createSendGuard(systemClock);
  const find = (names: string[], all: Invitation[]) =>
    resolveTargets(names, {
      list: { invitations: all, skipped: 0 },
      guard,
      isResend: false,
    });

  test("and the address and whole id name the same one, however they are written, once", () => {
    fc.assert(
      fc.property(named, fc.nat(), fc.boolean(), (all, at, isUpper) => {
        const one = all[at % all.length] as Invitation;
        const isOnly = all.every(
          (other) => other === one || other.email.toLowerCase() !== one.email.toLowerCase(),
        );
        const names = [one.shortId, one.id, ...(isOnly ? [one.email] : [])];
        const written = names.map((name) => (isUpper ? name.toUpperCase() : name.toLowerCase()));
        const found = find(written, all);
        expect(found).toHaveLength(1);
        expect(found[0]).toMatchObject({ target: { invitation: { id: one.id } } });
        expect(found[0]).not.toHaveProperty("outcome");
      }),
    );
  });

  test("that fits several is refused, naming each without its whole id", () => {
    fc.assert(
      fc.property(named, fc.nat(), (all, at) => {
        const name = (all[at % all.length] as Invitation).id.slice(0, 8);
        const fits = all.filter(({ id }) => id.startsWith(name));
        fc.pre(fits.length > 1);
        let text = "";
        try {
          find([name], all);
        } catch (error) {
          text = (error as Failure).message;
        }
        expect(text).toMatch(/^ambiguous: /);
        for (const { shortId } of fits) expect(text).toContain(shortId);
        for (const { id, shortId } of fits) if (shortId !== id) expect(text).not.toContain(id);
      }),
    );
  });
});

describe("the cursor", () => {
  function contextOf(invitations: Invitation[]): ToolContext {
    return {
      client: { list: async () => ({ invitations: [...invitations], skipped: 0 }) },
      guard: createSendGuard(systemClock),
      organizationId: ORGANIZATION,
      clock: { now: () => NOW },
    } as unknown as ToolContext;
  }

  const page = async (invitations: Invitation[], input: object) => {
    const call = createCallContext(systemClock, new AbortController().signal, 1_000);
    const plan = await listInvitations.prepare(input, POLICY).plan(contextOf(invitations), call);
    return (plan.kind === "result" ? plan.facts : {}) as unknown as {
      invitations: { id: string }[];
      next_cursor?: string;
    };
  };

  test("leads through every invitation once, in order, for any size of page", async () => {
    await fc.assert(
      fc.asyncProperty(
        invitations,
        fc.integer({ min: 1, max: 10 }),
        fc.constantFrom("newest", "oldest"),
        async (invitations, limit, order) => {
          const whole = await page(invitations, { status: "all", limit: 200, order });
          const seen: string[] = [];
          let cursor: string | undefined;
          do {
            const next = await page(invitations, { status: "all", limit, cursor, order });
            seen.push(...next.invitations.map(({ id }) => id));
            cursor = next.next_cursor;
          } while (cursor !== undefined);
          expect(seen).toEqual(whole.invitations.map(({ id }) => id));
          expect(new Set(seen).size).toBe(invitations.length);
        },
      ),
    );
  });

  test("of any other text is refused", async () => {
    await fc.assert(
      fc.asyncProperty(anything, async (cursor) => {
        fc.pre(cursor.trim() !== "");
        await expect(page([], { cursor })).rejects.toThrow(/^invalid_input: cursor/);
      }),
    );
  });
});
