import fc from "fast-check";
import { expect, test } from "vitest";
import { loadSettings } from "../src/config/load.ts";
import { ROLES } from "../src/config/policy.ts";
import type { Caller, Reply } from "../src/consent/form.ts";
import { createApp } from "../src/mcp/server.ts";
import type { Client, WriteResponse } from "../src/trieve/client.ts";
import { readInvitations } from "../src/trieve/invitation.ts";
import { steppedClock } from "./support/app.ts";

// A model with full freedom: any tool, any arguments, any order, old codes and old questions, in a
// client that declares what it likes from call to call. It must not reach a write without a yes that
// a person gave to exactly that, or a code that was shown for exactly that and not used.

const ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";
const SEQUENCES = 4_000;

const move = fc.record({
  tool: fc.constantFrom("delete", "delete", "resend", "send"),
  targets: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 2 }),
  /** How invitations are named. */
  how: fc.constantFrom("email", "EMAIL", "beginning", "id"),
  role: fc.constantFrom("admin", "owner", "user"),
  protocol: fc.constantFrom("legacy", "modern"),
  canPrompt: fc.boolean(),
  /** What the person would do if asked in this call, or with this answer. */
  person: fc.constantFrom("yes", "yes", "no", "decline", "nothing", "lie"),
  /** Which remembered code or question to use, if any; sometimes spoiled. */
  code: fc.option(fc.nat(5), { nil: undefined, freq: 2 }),
  state: fc.option(fc.nat(5), { nil: undefined, freq: 2 }),
  spoil: fc.constantFrom("", "", "", "x", "swap"),
  minutes: fc.constantFrom(0, 0, 0, 1, 5, 11),
  /** An invitation changes while the person thinks, or gives way to another at its address. */
  change: fc.constantFrom("", "", "", "role", "gone", "replaced"),
  twice: fc.constantFrom(false, false, true),
});
type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

const accept = (content: object): Reply => ({ kind: "answer", action: "accept", content });
const FAILED: Reply = { kind: "failed", reason: "client_error" };
const FORMS: Record<string, (acting: string) => Reply> = {
  yes: (acting) => accept({ decision: acting }),
  no: () => accept({ decision: "keep" }),
  decline: () => ({ kind: "answer", action: "decline" }),
  nothing: () => FAILED,
  lie: (acting) => accept({ answer: acting, confirmed: true }),
};

interface Grant {
  /** The call that it was shown for. */
  binding: string;
  /** The writes that it allows. */
  writes: string[];
  secret: string;
  at: number;
}

const idOf = (n: number) => `${String(n).padStart(8, "0")}-0000-4000-8000-000000000000`;

/** Plays one sequence; gives back how many writes it came to that need consent. */
async function play(moves: readonly Move[]): Promise<number> {
  const clock = steppedClock();
  const row = (n: number, email: string, role = 1) => ({
    id: idOf(n),
    email,
    organization_id: ORGANIZATION,
    used: false,
    created_at: "2025-12-01T00:00:00",
    role,
  });
  const emailOf = (n: number) => (n < 3 ? `old${n}@example.com` : `new${n}@example.com`);
  let rows = [0, 1, 2].map((n) => row(n, emailOf(n)));
  let made = 3;
  const writes: string[] = [];
  const done: WriteResponse = { status: 204, refusal: "" };
  const client: Client = {
    list: async () => readInvitations(rows, ORGANIZATION),
    members: async () => ({ members: [], skipped: 0 }),
    inSlot: (_, work) => work({ hold() {} }),
    async send(call, { email, role }) {
      call.signal.throwIfAborted();
      call.beginWrite();
      writes.push(`send ${email} ${role}`);
      rows.push(row(made, email, ROLES.indexOf(role)));
      made += 1;
      return done;
    },
    async delete(call, id) {
      call.signal.throwIfAborted();
      call.beginWrite();
      writes.push(`delete ${id}`);
      rows = rows.filter((one) => one.id !== id);
      return done;
    },
  };
  const environment = {
    TRIEVE_API_KEY: "k",
    TRIEVE_ORGANIZATION_ID: ORGANIZATION,
    TRIEVE_BASE_URL: "http://localhost:8090",
    TRIEVE_CONFIRM: "form,code",
  };
  const calls = createApp({
    settings: loadSettings(environment),
    clock,
    audit: { log: () => {} },
    version: "0",
    createClient: () => client,
  });

  const nameOf = (n: number, how: Move["how"]) => {
    const email = emailOf(n);
    const id = rows.find((one) => one.email === email)?.id ?? idOf(n);
    return { email, EMAIL: email.toUpperCase(), beginning: id.slice(0, 8), id }[how];
  };
  const named = (name: string) =>
    rows.find(({ id, email }) => id.startsWith(name) || email === name.toLowerCase());

  const codes: Grant[] = [];
  const questions: Grant[] = [];
  let consented = 0;

  for (const made of moves) {
    const { tool, role, person } = made;
    clock.step(made.minutes * 60_000);
    const now = clock.now();
    const args =
      tool === "send"
        ? { emails: made.targets.map(emailOf), role }
        : {
            invitations: made.targets.map((n) => nameOf(n, made.how)),
            ...(tool === "resend" ? { role } : {}),
          };
    const binding = JSON.stringify([tool, args]);
    const isSendable = role !== "owner";
    /** What the call would do now to those that it could do it to. */
    const wouldDo = (): string[] => {
      if ("emails" in args) {
        const open = (args.emails ?? []).filter((email) => named(email) === undefined);
        return isSendable ? open.map((email) => `send ${email} ${role}`) : [];
      }
      const found = (args.invitations ?? []).flatMap((name) => named(name) ?? []);
      return found.flatMap(({ id, email }) => [
        `delete ${id}`,
        ...(tool === "resend" && isSendable ? [`send ${email} ${role}`] : []),
      ]);
    };
    const atFirst = wouldDo();
    // What a person or a code has allowed and no write has used up: a yes is for the call it was given in.
    let granted: string[] = [];
    const isFree = tool === "send" && role === "user" && atFirst.length === 1;
    if (isFree) granted = [...atFirst];
    const grant = (writes: readonly string[]) => granted.push(...writes);

    const acting = (choices: readonly string[]) => choices[1] ?? "";
    const caller: Caller = { signal: new AbortController().signal, hasForms: made.canPrompt };
    const question = made.state === undefined ? undefined : questions[made.state];
    const code = made.code === undefined ? undefined : codes[made.code];
    const confirmation = code && spoil(code.secret, made.spoil, codes);
    if (made.protocol === "legacy") {
      caller.showForm = async ({ requestedSchema }) => {
        if (person === "yes") grant(wouldDo());
        if (made.change === "role") for (const one of rows) one.role = (one.role + 1) % 3;
        if (made.change === "gone") rows = rows.slice(1);
        if (made.change === "replaced") {
          rows = rows.map((one, n) => (n === 0 ? row(90 + n, one.email, one.role) : one));
        }
        const { decision } = requestedSchema.properties;
        return FORMS[person]?.(acting(decision.enum)) ?? FAILED;
      };
    } else if (question !== undefined) {
      const id = spoil(question.secret, made.spoil, questions);
      // A yes belongs to the question whose state comes with it, whatever the model makes of it.
      const answered = questions.find((one) => one.secret === id);
      const count = answered?.writes.filter((write) => write.startsWith(tool)).length ?? 1;
      const choice = count > 1 ? `${tool} ${count}` : tool;
      caller.answer = { id, reply: FORMS[person]?.(choice) ?? FAILED };
      if (person === "yes" && made.canPrompt && answered?.binding === binding) {
        if (now - answered.at < 600_000) grant(answered.writes);
      }
    }
    if (confirmation !== undefined && !made.canPrompt) {
      const known = codes.find(({ secret }) => secret === confirmation);
      if (known?.binding === binding && now - known.at < 600_000) {
        grant(known.writes);
        codes.splice(codes.indexOf(known), 1, { ...known, binding: "used up" });
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
        calls.call(`${tool}_invitation`, input, caller),
      ),
    );
    for (const result of results) {
      // It was planned before anything changed: what it shows is what the call would have done.
      const shown = { binding, writes: atFirst, at: now };
      if (result.kind === "form") questions.push({ ...shown, secret: result.id });
      else if (result.facts?.["confirmation"]) {
        expect(made.canPrompt, "a code for a client that can prompt").toBe(false);
        codes.push({ ...shown, secret: String(result.facts["confirmation"]) });
      }
    }
    for (const write of writes.slice(before)) {
      const at = granted.indexOf(write);
      expect(at, `${write} without a yes to ${binding}`).toBeGreaterThanOrEqual(0);
      granted.splice(at, 1);
      if (!isFree) consented += 1;
    }
  }
  return consented;
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
