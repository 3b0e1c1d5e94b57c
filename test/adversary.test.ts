import fc from "fast-check";
import { expect, test } from "vitest";
import type { Reply } from "../src/consent/state.ts";
import type { Caller } from "../src/consent/way.ts";
import { readSettings } from "../src/environment.ts";
import { createCalls } from "../src/mcp/calls.ts";
import type { Client } from "../src/trieve/client.ts";
import { ROLES, readRows } from "../src/trieve/invitation.ts";
import { steppedClock } from "./support/app.ts";

// A model with full freedom: any tool, any arguments, any order, old codes and old questions, in a
// client that declares what it likes from call to call. It must not reach a write without a yes that
// a person gave to exactly that, or a code that was shown for exactly that and not used.

const ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";
const SEQUENCES = 4_000;

const target = fc.nat(2);
const move = fc.record({
  tool: fc.constantFrom("delete", "delete", "send"),
  target,
  role: fc.constantFrom("admin", "owner", "user"),
  era: fc.constantFrom("handshake", "stateless"),
  canPrompt: fc.boolean(),
  /** What the person would do if asked in this call, or with this answer. */
  person: fc.constantFrom("yes", "no", "decline", "nothing", "lie"),
  /** Which remembered code or question to use, if any; sometimes spoiled. */
  code: fc.option(fc.nat(5), { nil: undefined, freq: 2 }),
  state: fc.option(fc.nat(5), { nil: undefined, freq: 2 }),
  spoil: fc.constantFrom("", "", "", "x", "swap"),
  minutes: fc.constantFrom(0, 0, 0, 1, 5, 11),
  /** The invitation changes while the person thinks. */
  change: fc.constantFrom("", "", "", "role", "gone"),
  twice: fc.constantFrom(false, false, true),
});
type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

const FORMS: Record<string, (acting: string) => Reply> = {
  yes: (acting) => ({ form: { action: "accept", content: { decision: acting } } }),
  no: () => ({ form: { action: "accept", content: { decision: "keep" } } }),
  decline: () => ({ form: { action: "decline" } }),
  nothing: () => ({ failed: "client_error" }),
  lie: (acting) => ({ form: { action: "accept", content: { answer: acting, confirmed: true } } }),
};

interface Grant {
  what: string;
  secret: string;
  at: number;
}

/** Plays one sequence; gives back how many writes that need consent it came to. */
async function play(moves: readonly Move[]): Promise<number> {
  const clock = steppedClock();
  const row = (n: number, email: string, role = 1) => ({
    id: `${String(n).padStart(8, "0")}-0000-4000-8000-000000000000`,
    email,
    organization_id: ORGANIZATION,
    used: false,
    created_at: "2025-12-01T00:00:00",
    role,
  });
  let rows = [0, 1, 2].map((n) => row(n, `old${n}@example.com`));
  const writes: string[] = [];
  let made = 3;
  const client: Client = {
    refused: ({ status }) => new Error(`refused ${status}`) as never,
    async list() {
      return readRows(rows, ORGANIZATION);
    },
    async send(scope, email, role) {
      scope.beginWrite();
      scope.signal.throwIfAborted();
      if (role > 0) writes.push(`send ${email} ${ROLES[role]}`);
      rows.push(row(made, email, role));
      made += 1;
      return { status: 204 };
    },
    async delete(scope, id) {
      scope.beginWrite();
      writes.push(`delete ${id}`);
      rows = rows.filter((one) => one.id !== id);
      return { status: 204 };
    },
    hide() {},
  };
  const environment = {
    TRIEVE_API_KEY: "k",
    TRIEVE_ORGANIZATION_ID: ORGANIZATION,
    TRIEVE_BASE_URL: "http://localhost:8090",
    TRIEVE_CONFIRM: "form,code",
  };
  const settings = readSettings(environment, () => ({ text: "", open: false }));
  const calls = createCalls({
    settings,
    sandbox: false,
    clock,
    audit: { log: () => {} },
    version: "0",
    open: () => client,
  });

  const codes: Grant[] = [];
  const questions: Grant[] = [];
  // What a person or a code has allowed and no write has used up.
  let granted: Grant[] = [];

  for (const made of moves) {
    clock.step(made.minutes * 60_000);
    const now = clock.now();
    const isDelete = made.tool === "delete";
    const args = isDelete
      ? { invitation_id: `0000000${made.target}-0000-4000-8000-000000000000` }
      : { email: `new${made.target}@example.com`, role: made.role };
    const what = isDelete ? `delete ${args.invitation_id}` : `send ${args.email} ${args.role}`;
    const acting = isDelete ? "delete" : "send";
    const code = made.code === undefined ? undefined : codes[made.code];
    const question = made.state === undefined ? undefined : questions[made.state];
    const confirmation = code && spoil(code.secret, made.spoil, codes);
    const caller: Caller = { signal: new AbortController().signal, hasForms: made.canPrompt };
    const grant = (from: Grant) => granted.push({ ...from, at: now });
    if (made.era === "handshake") {
      caller.putForm = async () => {
        if (made.change === "role") for (const one of rows) one.role = (one.role + 1) % 3;
        if (made.change === "gone") rows = rows.slice(1);
        const form = FORMS[made.person]?.(acting) ?? { failed: "client_error" };
        if (made.person === "yes") grant({ what, secret: "", at: now });
        return form;
      };
    } else if (question !== undefined) {
      const secret = spoil(question.secret, made.spoil, questions);
      caller.answer = { secret, reply: FORMS[made.person]?.(acting) ?? { failed: "client_error" } };
      // A yes belongs to the question whose state comes with it, whatever the model makes of it.
      const answered = questions.find((one) => one.secret === secret);
      if (made.person === "yes" && made.canPrompt && answered?.what === what) {
        if (now - answered.at < 600_000) grant(answered);
      }
    }
    if (confirmation !== undefined && !made.canPrompt) {
      const known = codes.find(({ secret }) => secret === confirmation);
      if (known?.what === what && now - known.at < 600_000) {
        grant(known);
        codes.splice(codes.indexOf(known), 1, { ...known, what: "used up" });
      }
    }
    const input = {
      ...args,
      ...(confirmation === undefined ? {} : { confirmation }),
      wait_for_previous: true,
    };
    const before = writes.length;
    const results = await Promise.all(
      Array.from({ length: made.twice ? 2 : 1 }, () =>
        calls.call(`${made.tool}_invitation`, input, caller),
      ),
    );
    for (const result of results) {
      if ("secret" in result) questions.push({ what, secret: result.secret, at: now });
      else if (result.facts?.["confirmation"]) {
        expect(made.canPrompt, "a code for a client that can prompt").toBe(false);
        codes.push({ what, secret: String(result.facts["confirmation"]), at: now });
      }
    }
    for (const write of writes.slice(before)) {
      const at = granted.findIndex((one) => one.what === write);
      expect(at, `${write} without a yes`).toBeGreaterThanOrEqual(0);
      granted.splice(at, 1);
    }
    // A yes is for the call it was given in.
    granted = [];
  }
  return writes.length;
}

function spoil(secret: string, how: string, others: readonly Grant[]): string {
  if (how === "swap") return others.at(-1)?.secret ?? secret;
  return `${secret}${how}`;
}

test(`${SEQUENCES} sequences of a hostile model reach no write without a yes`, async () => {
  let writes = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 14 }), async (moves) => {
      writes += await play(moves);
    }),
    { numRuns: SEQUENCES },
  );
  // The adversary is no straw man: with a yes it does get its writes.
  expect(writes).toBeGreaterThan(SEQUENCES / 10);
});
