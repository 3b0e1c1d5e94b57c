import fc from "fast-check";
import pLimit from "p-limit";
import { expect, test } from "vitest";
import { hurried } from "./support/app.ts";
import { type CallAnswer, type Person, says } from "./support/client.ts";
import type { Fault, SeenRequest } from "./support/fault-proxy.ts";
import { connectInMemory } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// Random mixtures of addresses, rows, faults and calls at the same time. Whatever comes, no address is
// mailed twice, none is left untold, nothing is deleted without being sent again unless the answer says
// so, and nothing happens without the yes that named it.

const SEQUENCES = 120;
const AT_ONCE = 12;

const wrong = fc.constantFrom<Fault>(
  { reset: true },
  { answer: 500 },
  { answer: 200, body: "<html>" },
  { answer: 400, body: '{"message":"Error sending email."}' },
  { answer: 400, body: '{"message":"Could not get database connection"}' },
  { answer: 408 },
  { answer: 429 },
);
const fault = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fault>({ pass: true }) },
  { weight: 1, arbitrary: wrong },
  { weight: 1, arbitrary: fc.constantFrom<Fault>({ answer: 401 }, { answer: 403 }) },
  {
    weight: 2,
    // A database that is not there has not done it.
    arbitrary: wrong
      .filter((one) => !("body" in one && String(one.body).includes("database")))
      .map((broken): Fault => ({ ...broken, forward: true }) as Fault),
  },
);
const faults = fc.record({
  GET: fc.array(fault, { maxLength: 2 }),
  POST: fc.array(fault, { maxLength: 5 }),
  DELETE: fc.array(fault, { maxLength: 5 }),
});

const PEOPLE = ["ann", "ANN", "bob", "carl", "dora", "eve", "account", "member"].map(
  (name) => `${name}@example.com`,
);
const role = fc.constantFrom("user", "admin");
const which = fc.uniqueArray(fc.nat(7), { minLength: 1, maxLength: 6 });
const action = fc.oneof(
  fc.record({
    tool: fc.constant("send_invitations" as const),
    emails: fc.array(fc.constantFrom(...PEOPLE), { minLength: 1, maxLength: 8 }),
    role,
  }),
  fc.record({ tool: fc.constant("send_invitation" as const), email: fc.constantFrom(...PEOPLE) }),
  fc.record({ tool: fc.constant("resend_invitations" as const), which, role: fc.option(role) }),
  fc.record({ tool: fc.constant("delete_invitations" as const), which }),
);
const step = fc.record({
  faults,
  person: fc.constantFrom("yes", "yes", "yes", "no", "decline"),
  actions: fc.array(action, { minLength: 1, maxLength: 2 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Action = Step["actions"][number];

const lower = (email: string) => email.toLowerCase();
const emailOf = ({ body }: SeenRequest): string => JSON.parse(body).email;
const idOf = ({ path }: SeenRequest) => path.split("/").at(-1) ?? "";

/** The arguments of an action; undefined where there is no row for it. */
function argumentsOf(one: Action, trieve: TestTrieve) {
  if (!("which" in one)) {
    const { tool, ...args } = one;
    return args;
  }
  const ids = one.which.flatMap((at) => trieve.store.rows[at]?.id ?? []);
  const more = "role" in one && one.role !== null ? { role: one.role } : {};
  return ids.length === 0 ? undefined : { invitation_ids: ids, ...more };
}

/** What a finished call tells of its targets, by address or id. */
function toldBy(name: string, args: Record<string, unknown>, answer: CallAnswer) {
  const told = new Map<string, string>();
  if (answer.isError || answer.facts.results === undefined) return told;
  const isSend = name === "send_invitations";
  for (const { email, id, outcome } of answer.facts.results) {
    const key = isSend ? lower(email) : id;
    expect(told.has(key), `${key} is told twice`).toBe(false);
    told.set(key, outcome);
  }
  const asked = (isSend ? args["emails"] : args["invitation_ids"]) as string[];
  expect([...told.keys()].sort()).toEqual([...new Set(asked.map(lower))].sort());
  return told;
}

async function play(steps: readonly Step[]): Promise<number> {
  const trieve = await startTrieve();
  trieve.store.members.add("member@example.com");
  trieve.store.accounts.add("member@example.com").add("account@example.com");
  trieve.add("dora@example.com", { used: true });
  trieve.add("eve@example.com", { role: 1 });
  trieve.add("gus@example.com");
  let person: keyof typeof says = "yes";
  const answers: Person = (question) => says[person](question);
  const server = await connectInMemory({ ...trieve, person: answers, clock: hurried });
  const doubted = new Set<string>();
  let sent = 0;
  try {
    for (const { faults, person: answer, actions } of steps) {
      person = answer;
      for (const [method, list] of Object.entries(faults)) trieve.proxy.next(method, ...list);
      const before = {
        seen: trieve.proxy.seen.length,
        questions: server.questions.length,
        log: server.log.length,
        rows: [...trieve.store.rows],
        mails: trieve.store.mails.length,
      };
      const calls = actions.flatMap((one) => {
        const args = argumentsOf(one, trieve);
        return args === undefined
          ? []
          : [{ name: one.tool, args: args as Record<string, unknown> }];
      });
      const done = await Promise.all(
        calls.map(async ({ name, args }) => ({ name, args, ...(await server.call(name, args)) })),
      );
      const seen = trieve.proxy.seen.slice(before.seen);
      const posts = seen.filter(({ method }) => method === "POST");
      const deletes = seen.filter(({ method }) => method === "DELETE");
      const questions = server.questions.slice(before.questions).join("\n");
      const isAlone = calls.length === 1;
      sent += posts.length;

      // Every target has its outcome, and its line in the audit.
      const told = done.map((one) => toldBy(one.name, one.args, one));
      const lines = server.log.slice(before.log).map((line) => JSON.parse(line));
      for (const [at, outcomes] of told.entries()) {
        const name = done[at]?.name;
        const audited = lines.filter(({ tool }) => tool === name).map(({ outcome }) => outcome);
        for (const outcome of outcomes.values()) expect(audited).toContain(outcome);
      }

      // Nothing without the yes that named it.
      const isFree = (email: string) =>
        calls.some(({ name, args }) => name === "send_invitation" && args["email"] === email);
      for (const post of posts) {
        const email = emailOf(post);
        if (!isFree(email)) expect(person === "yes" && questions.includes(email)).toBe(true);
      }
      for (const one of deletes) {
        expect(person === "yes" && questions.includes(idOf(one).slice(0, 8))).toBe(true);
      }

      // No address twice: neither its invitations nor, in one call, its mails or POSTs.
      const pending = trieve.store.rows
        .filter(({ used }) => !used)
        .map(({ email }) => lower(email));
      expect(new Set(pending).size, `one invitation each: ${pending}`).toBe(pending.length);
      const addresses = posts.map((post) => lower(emailOf(post)));
      if (isAlone) {
        expect(new Set(addresses).size).toBe(addresses.length);
        const isResend = calls[0]?.name === "resend_invitations";
        for (const email of isResend ? [] : addresses) expect(doubted.has(email)).toBe(false);
      }
      const mails = trieve.store.mails.slice(before.mails).map(({ to }) => lower(to));
      const isResent = (email: string) =>
        before.rows.some((row) => lower(row.email) === email && !trieve.store.rows.includes(row));
      for (const email of mails.filter((one, at) => mails.indexOf(one) !== at)) {
        expect(isResent(email), `${email} was mailed twice`).toBe(true);
      }

      // Gone rows are told as such, and what is told of the others is so.
      const ids = new Set(trieve.store.rows.map(({ id }) => id));
      for (const { id } of before.rows.filter((row) => !ids.has(row.id))) {
        const outcomes = told.flatMap((one) => one.get(id) ?? []);
        const words = done.filter(({ isError }) => isError).map(({ text }) => text);
        const isTold =
          outcomes.some((one) => !["not_resent", "not_deleted", "changed"].includes(one)) ||
          words.some((text) => text.startsWith("outcome_unknown"));
        expect(isTold, `${id} went untold: ${outcomes} ${words}`).toBe(true);
      }
      for (const [at, outcomes] of told.entries()) {
        for (const [key, outcome] of outcomes) {
          const result = done[at]?.facts.results.find((one: { id?: string; email: string }) =>
            key.includes("@") ? lower(one.email) === key : one.id === key,
          );
          if (isAlone && outcome === "invited") expect(ids).toContain(result.id);
          if (isAlone && outcome === "resent") expect(ids).toContain(result.new_id);
          if (isAlone && outcome === "not_sent") expect(pending).not.toContain(key);
          if (isAlone && /^not_(resent|deleted)$/.test(outcome)) expect(ids).toContain(key);
          if (outcome === "outcome_unknown") doubted.add(lower(result.email));
        }
      }
      for (const method of ["GET", "POST", "DELETE"]) trieve.proxy.clear(method);
    }
  } finally {
    await trieve.close();
  }
  return sent;
}

test(`${SEQUENCES} random mixtures keep what must always hold`, async () => {
  const sequences = fc.sample(fc.array(step, { minLength: 2, maxLength: 5 }), SEQUENCES);
  const places = pLimit(AT_ONCE);
  const sent = await Promise.all(
    sequences.map((steps) =>
      places(() =>
        play(steps).catch((error) => {
          throw new Error(`sequence ${JSON.stringify(steps)}`, { cause: error });
        }),
      ),
    ),
  );
  expect(sent.reduce((all, one) => all + one, 0)).toBeGreaterThan(SEQUENCES);
});
