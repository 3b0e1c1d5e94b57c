import fc from "fast-check";
import pLimit from "p-limit";
import { expect, test } from "vitest";
import { addMember, type Row } from "../src/sandbox/store.ts";
import { fastClock } from "./support/app.ts";
import { type BinClient, connectBin } from "./support/bin.ts";
import { says } from "./support/client.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { type Call, checkCalls, checkWords, toldBy } from "./support/invariants.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve } from "./support/trieve.ts";

// Random sequences of calls and faults, checked by what must always hold: every fifth against the built
// program, the others in this process, which spares two hundred starts.

const SEQUENCES = 200;
const AT_ONCE = 24;

const wrong = fc.constantFrom<Fault>(
  { reset: true },
  { answer: 500 },
  { answer: 503, headers: { "retry-after": "0" } },
  { answer: 200, body: "<html>" },
  { answer: 200, body: "{}" },
  { answer: 502, headers: { "content-type": "text/html" }, body: "<html>" },
  { answer: 302, headers: { location: "http://127.0.0.1:1/" } },
  { answer: 400, body: '{"message":"Error sending email."}' },
  { answer: 408 },
  { answer: 429 },
  { cut: "[" },
);
const fault = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Fault>({ pass: true }) },
  { weight: 2, arbitrary: wrong },
  { weight: 2, arbitrary: wrong.map((broken): Fault => ({ ...broken, forward: true }) as Fault) },
);
const faults = fc.record({
  GET: fc.array(fault, { maxLength: 2 }),
  POST: fc.array(fault, { maxLength: 1 }),
  DELETE: fc.array(fault, { maxLength: 2 }),
});

const people = [
  "a@example.com",
  "A@example.com",
  "b@example.com",
  "member@example.com",
  "account@example.com",
];
// Who is named is an address that may be invited, or a row of the store by one of its names.
const named = fc.record({
  which: fc.nat(4),
  how: fc.constantFrom("email", "EMAIL", "beginning", "id"),
});
const some = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 1, maxLength: 2 });
const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      tool: fc.constant("send" as const),
      emails: some(fc.constantFrom(...people)),
      role: fc.constantFrom("user", "admin"),
    }),
  },
  { weight: 3, arbitrary: fc.record({ tool: fc.constant("delete" as const), of: some(named) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      tool: fc.constant("resend" as const),
      of: some(named),
      role: fc.constantFrom("user", "admin", undefined),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ tool: "list" as const, what: "invitations" }) },
  { weight: 1, arbitrary: fc.constant({ tool: "list" as const, what: "members" }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;
const step = fc.record({
  faults,
  person: fc.constantFrom("yes", "yes", "no", "decline", "cancel"),
  // One call, or two at the same time.
  actions: fc.array(action, { minLength: 1, maxLength: 2 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The name and arguments of a call; undefined where there is nothing to name. */
function callOf(one: Action, rows: readonly Row[]) {
  if (one.tool === "list") return { name: `list_${one.what}`, args: { status: undefined } };
  const { tool, ...args } = one;
  const name = `${tool}_invitation`;
  if (!("of" in args)) return { name, args };
  const { of, ...rest } = args;
  const invitations = of.flatMap(({ which, how }) => {
    const row = rows[which];
    if (row === undefined) return [];
    const { id, email } = row;
    return { email, EMAIL: email.toUpperCase(), beginning: id.slice(0, 8), id }[how];
  });
  return invitations.length === 0 ? undefined : { name, args: { ...rest, invitations } };
}

/** Every outcome that a target had in any sequence. */
const cameTo = new Set<string>();

async function play(steps: readonly Step[], isBuilt: boolean): Promise<void> {
  const trieve = await startTrieve();
  addMember(trieve.store, { email: "member@example.com" });
  trieve.store.accounts.add("member@example.com").add("account@example.com");
  trieve.add("b@example.com", { used: true });
  let person: keyof typeof says = "yes";
  const options = {
    environment: trieve.environment,
    person: (question: Parameters<typeof says.yes>[0]) => says[person](question),
  };
  const built = isBuilt ? await connectBin(options) : undefined;
  const server = built ?? (await connectInMemory({ ...options, clock: fastClock }));
  const calls: Call[] = [];
  const seen: Row[] = [];
  try {
    for (const { faults, person: answer, actions } of steps) {
      person = answer;
      for (const [method, list] of Object.entries(faults)) trieve.proxy.next(method, ...list);
      await Promise.all(
        actions.map(async (action) => {
          // Rows that are gone are named, too.
          seen.push(...trieve.store.rows.filter((row) => !seen.includes(row)));
          const call = callOf(action, seen);
          if (call === undefined) return;
          const { name, args } = call;
          const startedAt = Date.now();
          const before = trieve.proxy.count("POST");
          const result = await server.call(name, args);
          const posts = trieve.proxy.count("POST") - before;
          calls.push({
            name,
            args,
            person: answer,
            startedAt,
            endedAt: Date.now(),
            posts,
            ...result,
          });
          checkCalls(calls, trieve, actions.length > 1);
          seen.push(...trieve.store.rows.filter((row) => !seen.includes(row)));
          const words = [result.text, JSON.stringify(result.facts), ...server.questions];
          checkWords(
            words,
            seen.map(({ id }) => id),
          );
        }),
      );
      // Faults that nothing used up are not for the next step.
      for (const method of ["GET", "POST", "DELETE"]) trieve.proxy.clear(method);
    }
    const ids = seen.map(({ id }) => id);
    for (const call of calls) for (const { outcome } of toldBy(call)) cameTo.add(outcome);
    if (built !== undefined) checkWords([built.bin.stderr()], ids);
    if (built !== undefined) checkOutput(built, calls.length);
  } finally {
    await built?.close();
    await trieve.close();
  }
}

function checkOutput({ bin }: BinClient, calls: number): void {
  for (const line of bin.stdout().split("\n").filter(Boolean)) {
    expect(JSON.parse(line)).toMatchObject({ jsonrpc: "2.0" });
  }
  expect(bin.answers()).toBe(calls + 1);
}

test(`${SEQUENCES} random sequences keep what must always hold`, async () => {
  const sequences = fc.sample(fc.array(step, { minLength: 3, maxLength: 7 }), SEQUENCES);
  const places = pLimit(AT_ONCE);
  await Promise.all(
    sequences.map((steps, n) =>
      places(() =>
        play(steps, n % 5 === 0).catch((error) => {
          throw new Error(`sequence ${JSON.stringify(steps)}`, { cause: error });
        }),
      ),
    ),
  );
  const done = ["invited", "added", "resent", "deleted"];
  const unsure = ["mail_unconfirmed", "outcome_unknown"];
  expect([...cameTo]).toEqual(expect.arrayContaining([...done, ...unsure]));
});
