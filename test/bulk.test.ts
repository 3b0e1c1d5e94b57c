import { setTimeout as soon } from "node:timers/promises";
import fc from "fast-check";
import pLimit from "p-limit";
import { expect, test } from "vitest";
import { addMember, type Row } from "../src/sandbox/store.ts";
import { fastClock } from "./support/app.ts";
import { type CallAnswer, type Person, says } from "./support/client.ts";
import type { Fault, SeenRequest } from "./support/fault-proxy.ts";
import { checkWords, type Told, toldBy, UNTOUCHED } from "./support/invariants.ts";
import { connectInMemory, type MemoryServer } from "./support/memory.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// Random mixtures of addresses, names, rows, faults, late effects and calls at the same time. Whatever comes,
// no address is mailed twice, none is left untold, nothing is deleted without being sent again unless the
// answer says so, and nothing happens without the yes that named it.

const SEQUENCES = 240;
const AT_ONCE = 12;

const database = { answer: 400, body: '{"message":"Could not get database connection"}' };
const page = { headers: { "content-type": "text/html" }, body: "<html>" };
const broken: Fault[] = [
  { reset: true },
  { answer: 500 },
  { answer: 502 },
  { answer: 504, ...page },
  { answer: 200, ...page },
  { answer: 400, body: '{"message":"Error sending email."}' },
  { answer: 408 },
  { answer: 429 },
];
const wrong = fc.constantFrom(...broken);
const pass = { weight: 6, arbitrary: fc.constant<Fault>({ pass: true }) };
const undone = [
  pass,
  { weight: 1, arbitrary: wrong },
  { weight: 1, arbitrary: fc.constantFrom<Fault>({ answer: 401 }, { answer: 403 }, database) },
];
const fault = fc.oneof(
  ...undone,
  { weight: 1, arbitrary: wrong.map((one): Fault => ({ ...one, forward: true }) as Fault) },
  {
    // Before the first look, between the two, and after them: with this clock they are 30 ms apart.
    weight: 3,
    arbitrary: fc
      .tuple(wrong, fc.constantFrom(1, 15, 60, 150))
      .filter(([one]) => !("answer" in one && one.answer === 400))
      .map(([one, late]): Fault => ({ ...one, late }) as Fault),
  },
);
const faults = fc.record({
  GET: fc.array(fc.oneof(...undone), { maxLength: 2 }),
  POST: fc.array(fault, { maxLength: 5 }),
  DELETE: fc.array(fault, { maxLength: 5 }),
});

const PEOPLE = ["ann", "ANN", "bob", "carl", "dora", "eve", "account", "member"].map(
  (name) => `${name}@example.com`,
);
const named = fc.record({
  which: fc.nat(8),
  how: fc.constantFrom("email", "email", "EMAIL", "beginning", "more", "id"),
});
const of = fc.array(named, { minLength: 1, maxLength: 6 });
const role = fc.constantFrom("user", "admin");
const action = fc.oneof(
  fc.record({
    tool: fc.constant("send" as const),
    emails: fc.array(fc.constantFrom(...PEOPLE), { minLength: 1, maxLength: 8 }),
    role,
  }),
  fc.record({
    tool: fc.constant("send" as const),
    emails: fc.tuple(fc.constantFrom(...PEOPLE)),
    role: fc.constant("user"),
  }),
  fc.record({ tool: fc.constant("resend" as const), of, role: fc.option(role) }),
  fc.record({ tool: fc.constant("delete" as const), of }),
);
const step = fc.record({
  faults,
  person: fc.constantFrom("yes", "yes", "yes", "yes", "no", "decline"),
  /** What happens to an invitation while the person thinks. */
  meanwhile: fc.constantFrom("", "", "", "", "accepted", "other role", "gone", "replaced"),
  actions: fc.oneof(
    { weight: 3, arbitrary: fc.tuple(action) },
    { weight: 1, arbitrary: fc.tuple(action, action) },
  ),
  /** Whether the same calls come again at once, and whether late effects may reach the next step. */
  isRepeated: fc.boolean(),
  isHasty: fc.constantFrom(false, false, true),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Action = Step["actions"][number];

interface Call extends CallAnswer {
  name: string;
  args: { emails?: string[]; invitations?: string[]; role?: string };
  told: Told[];
}

const lower = (email: string) => email.toLowerCase();
const bodyOf = ({ body }: SeenRequest): { email: string; user_role: number } => JSON.parse(body);
const idIn = ({ path }: SeenRequest) => path.split("/").at(-1) ?? "";
const TELLS_NOTHING_DONE = /nothing was (sent or deleted|deleted|done)\b/i;

/** A sequence under way, with all that has to be remembered from step to step. */
class World {
  server!: MemoryServer;
  person: Person = () => undefined;
  /** Every row there ever was. */
  readonly rows: Row[] = [];
  /** Of sends that came to an unclear end: no other goes there for two minutes. */
  readonly doubted = new Set<string>();
  /** Addresses of whose mail Trieve said that it failed, so that an address alone resends them. */
  readonly unmailed = new Set<string>();
  /** Ids whose DELETE may still take effect, and addresses whose POST may. */
  readonly late = new Set<string>();

  readonly trieve: TestTrieve;

  constructor(trieve: TestTrieve) {
    this.trieve = trieve;
  }

  /** Waits until nothing is under way in Trieve any more. */
  async settle(): Promise<void> {
    while (this.trieve.proxy.late() > 0) await soon(5);
    this.late.clear();
    this.note();
  }

  note(): void {
    const { rows } = this.trieve.store;
    this.rows.push(...rows.filter((row) => !this.rows.includes(row)));
  }

  argumentsOf(one: Action): Call["args"] | undefined {
    if ("emails" in one) return { emails: one.emails, role: one.role };
    const invitations = one.of.flatMap(({ which, how }) => {
      const row = this.rows[which];
      if (row === undefined) return [];
      const { id, email } = row;
      const names = { email, EMAIL: email.toUpperCase(), id };
      return { ...names, beginning: id.slice(0, 8), more: id.slice(0, 13) }[how];
    });
    const role = "role" in one && one.role !== null ? { role: one.role } : {};
    return invitations.length === 0 ? undefined : { invitations, ...role };
  }
}

async function call(world: World, name: string, args: Call["args"]): Promise<Call> {
  const answer = await world.server.call(name, args);
  const told = toldBy(answer);
  if (told.length > 0) checkAllTold(world, args, told);
  for (const { outcome, email = "" } of /mail failed/i.test(answer.text) ? told : []) {
    if (outcome === "mail_unconfirmed") world.unmailed.add(lower(email));
  }
  return { name, args, told, ...answer };
}

/** Whatever was named has its outcome. */
function checkAllTold(world: World, { emails, invitations = [] }: Call["args"], told: Told[]) {
  const addresses = told.map(({ email = "" }) => lower(email));
  if (emails !== undefined) {
    expect([...addresses].sort()).toEqual([...new Set(emails.map(lower))].sort());
    return;
  }
  for (const name of invitations) {
    // An earlier name of what was resent is answered with the invitation of now, at the same address.
    const rows = world.rows.filter(({ id }) => id.startsWith(name));
    const emails = name.includes("@") ? [name] : rows.map(({ email }) => email);
    const isIt = ({ id = "?", email = "" }: Told) =>
      emails.some((one) => lower(one) === lower(email)) || name.startsWith(id);
    expect(told.some(isIt), `${name} is left untold`).toBe(true);
  }
  expect(told.length).toBeLessThanOrEqual(new Set(invitations).size);
}

async function playStep(world: World, one: Step): Promise<number> {
  const { trieve, server } = world;
  const { store, proxy } = trieve;
  if (proxy.late() === 0) world.late.clear();
  world.note();
  const meddled = new Set<string>();
  let isMeddled = one.meanwhile === "";
  world.person = (question) => {
    if (!isMeddled) {
      // One that the question leaves out, or else one that it is about.
      const lines = question.message.split("\n");
      const isIn = (row: Row) => lines.some((line) => line.includes(row.email));
      const isLeftOut = ({ email }: Row) =>
        lines.some((line) => line.startsWith("Left out") && line.includes(email));
      const pending = store.rows.filter(({ used }) => !used);
      const row = pending.find(isLeftOut) ?? pending.find(isIn);
      if (row !== undefined) meddle(world, one.meanwhile, row, meddled);
      isMeddled = true;
    }
    return says[one.person](question);
  };
  for (const [method, list] of Object.entries(one.faults)) proxy.next(method, ...list);
  const before = {
    seen: proxy.seen.length,
    questions: server.questions.length,
    log: server.log.length,
    rows: store.rows.map((row) => ({ ...row })),
    mails: store.mails.length,
    late: new Set(world.late),
  };
  const planned = one.actions.flatMap((action) => {
    const args = world.argumentsOf(action);
    return args === undefined ? [] : [{ name: `${action.tool}_invitation`, args }];
  });
  const calls = await Promise.all(planned.map(({ name, args }) => call(world, name, args)));
  const isAlone = calls.length === 1;
  const wasMeddled = isMeddled && one.meanwhile !== "";
  for (const method of ["GET", "POST", "DELETE"]) proxy.clear(method);
  world.note();

  const seen = proxy.seen.slice(before.seen);
  const posts = seen.filter(({ method }) => method === "POST");
  const deletes = seen.filter(({ method }) => method === "DELETE");
  const questions = server.questions.slice(before.questions).join("\n");
  const lines = server.log.slice(before.log).map((line) => JSON.parse(line));
  checkWords(
    [...calls.map(({ text, facts }) => `${text} ${JSON.stringify(facts)}`), questions],
    world.rows.map(({ id }) => id),
  );
  checkWords(
    server.log.slice(before.log),
    world.rows.map(({ id }) => id),
  );
  for (const one of posts) world.late.add(lower(bodyOf(one).email));
  for (const one of deletes) world.late.add(idIn(one));

  // Every outcome stands in the audit, too.
  for (const { name, told } of calls) {
    const audited = lines.filter(({ tool }) => tool === name).map(({ outcome }) => outcome);
    expect(audited).toEqual(expect.arrayContaining(told.map(({ outcome }) => outcome)));
  }

  // Nothing without the yes that named it; only a single invitation as user needs none.
  const asked = questions.split("\n").filter((line) => !line.startsWith("Left out"));
  const isAgreed = (shown: string) =>
    one.person === "yes" && asked.some((line) => line.includes(shown));
  for (const post of posts.filter((post) => !isAgreed(bodyOf(post).email))) {
    const { email, user_role } = bodyOf(post);
    const by = calls.find(
      ({ name, args }) => name === "send_invitation" && args.emails?.includes(email),
    );
    expect(user_role, `${email} without a yes`).toBe(0);
    expect(by, `${email} without a call`).toBeDefined();
    const others = posts.filter(
      (other) => other !== post && by?.args.emails?.includes(bodyOf(other).email),
    );
    if (isAlone) expect(others, "several without a yes").toEqual([]);
  }
  for (const sent of deletes) {
    const id = idIn(sent);
    expect(isAgreed(id.slice(0, 8)), `${id} deleted without a yes`).toBe(true);
    if (isAlone) expect(meddled, "deleted though it changed").not.toContain(id);
  }

  // No address twice: neither its invitations nor, in one call, its POSTs; none while in doubt.
  const pending = store.rows.filter(({ used }) => !used).map(({ email }) => lower(email));
  expect(new Set(pending).size, `one invitation each: ${pending}`).toBe(pending.length);
  const addresses = posts.map((post) => lower(bodyOf(post).email));
  if (isAlone) {
    expect(new Set(addresses).size).toBe(addresses.length);
    if (calls[0]?.name === "send_invitation") {
      for (const email of addresses) expect(world.doubted).not.toContain(email);
    }
  }
  checkMails(world, before);

  // What is told is so.
  for (const { name, told } of calls) {
    for (const row of told) checkTold(world, name, row, before, isAlone && !wasMeddled);
    for (const { outcome, email = "" } of told) {
      const isSend = name === "send_invitation";
      if (isSend && outcome === "outcome_unknown") world.doubted.add(lower(email));
      if (name === "resend_invitation") world.doubted.delete(lower(email));
    }
  }

  // Gone rows are told as gone, or as unclear.
  const isThere = (id: string) => store.rows.some((row) => row.id === id);
  const told = calls.flatMap((call) => call.told);
  for (const { id } of before.rows.filter((row) => !isThere(row.id))) {
    if (before.late.has(id) || meddled.has(id)) continue;
    const outcomes = told
      .filter((row) => row.id !== undefined && id.startsWith(row.id))
      .map(({ outcome }) => outcome);
    const isTold = outcomes.some(
      (outcome) => !UNTOUCHED.test(outcome) || outcome === "already_gone",
    );
    expect(isTold, `${id} went untold: ${outcomes} ${calls.map(({ text }) => text)}`).toBe(true);
  }

  if (!one.isHasty) {
    await world.settle();
    if (isAlone && !wasMeddled) checkUndone(world, calls, before);
  }
  if (isAlone && one.isRepeated) await repeat(world, planned, before);
  return posts.length;
}

type Before = { rows: Row[]; mails: number; late: ReadonlySet<string> };

/** An answer that says that nothing was done is still right when all late effects are over. */
function checkUndone({ trieve }: World, [only]: Call[], { rows, mails, late }: Before): void {
  if (only === undefined || only.told.length > 1 || late.size > 0) return;
  if (!only.isError || !TELLS_NOTHING_DONE.test(only.text)) return;
  expect(trieve.store.rows, only.text).toEqual(rows);
  expect(trieve.store.mails).toHaveLength(mails);
}

/** Nobody got two mails, unless what the first one was about is gone. */
function checkMails({ trieve }: World, { rows, mails, late }: Before) {
  const sent = trieve.store.mails.slice(mails).map(({ to }) => lower(to));
  const isResent = (email: string) =>
    rows.some(
      (row) => lower(row.email) === email && !trieve.store.rows.some(({ id }) => id === row.id),
    );
  for (const email of sent.filter((one, at) => sent.indexOf(one) !== at)) {
    expect(isResent(email) || late.has(email), `${email} was mailed twice`).toBe(true);
  }
}

/** The same call again mails nobody whom the first one may have mailed, even if that is still to come. */
async function repeat(
  world: World,
  planned: { name: string; args: Call["args"] }[],
  { mails, late }: Before,
): Promise<void> {
  for (const { name, args } of planned) await call(world, name, args);
  await world.settle();
  const sent = world.trieve.store.mails.slice(mails).map(({ to }) => lower(to));
  const again = sent.filter((email, at) => {
    const isExempt = late.has(email) || world.unmailed.has(email);
    return sent.indexOf(email) !== at && !isExempt;
  });
  expect(again, `mailed again by ${JSON.stringify(planned)}`).toEqual([]);
}

/** What happens in Trieve itself while a person thinks. */
function meddle({ trieve }: World, what: string, row: Row, meddled: Set<string>): void {
  const { store } = trieve;
  meddled.add(row.id);
  if (what === "other role") row.role = (row.role + 1) % 2;
  if (what === "accepted") {
    row.used = true;
    addMember(store, { email: row.email });
  }
  if (what === "gone" || what === "replaced") store.rows.splice(store.rows.indexOf(row), 1);
  if (what === "replaced") meddled.add(trieve.add(row.email, { role: row.role }).id);
}

/** One target's outcome is true of what is there. */
function checkTold(world: World, name: string, told: Told, before: Before, isSure: boolean): void {
  const { outcome, id, new_id, reason, email = "" } = told;
  const { rows, members } = world.trieve.store;
  const isThere = (shown = "?") => rows.some((row) => row.id.startsWith(shown));
  if (outcome === "added" && !reason?.startsWith("probably")) {
    expect(members.has(email), `${email} is no member`).toBe(true);
  }
  if (!isSure) return;
  const isSend = name === "send_invitation";
  const was = isSend
    ? undefined
    : before.rows.find((row) => id !== undefined && row.id.startsWith(id));
  if (outcome === "invited") expect(isThere(id), told.outcome).toBe(true);
  if (outcome === "resent") expect(isThere(new_id), told.outcome).toBe(true);
  if (["deleted", "resent", "deleted_not_sent"].includes(outcome)) expect(isThere(id)).toBe(false);
  if (outcome === "mail_unconfirmed") expect(isThere(isSend ? id : (new_id ?? id))).toBe(true);
  const isLate = [...before.late].some((one) => one === was?.id || one === lower(email));
  if (UNTOUCHED.test(outcome) && was !== undefined && !isLate) {
    expect(rows, `${outcome}, and it is gone`).toContainEqual(was);
  }
}

async function play(steps: readonly Step[]): Promise<number> {
  const trieve = await startTrieve();
  addMember(trieve.store, { email: "member@example.com" });
  trieve.store.accounts.add("member@example.com").add("account@example.com");
  trieve.add("dora@example.com", { used: true });
  trieve.add("eve@example.com", { role: 1 });
  // Two ids that begin alike, and an address in two spellings.
  trieve.add("gus@example.com", { id: "abcdef01-0000-4000-8000-000000000000" });
  trieve.add("hal@example.com", { id: "abcdef01-1000-4000-8000-000000000000" });
  trieve.add("Ivy@example.com");
  trieve.add("ivy@example.com", { used: true });
  const world = new World(trieve);
  const person: Person = (question) => world.person(question);
  world.server = await connectInMemory({ ...trieve, person, clock: fastClock });
  let sent = 0;
  try {
    for (const one of steps) sent += await playStep(world, one);
    await world.settle();
  } finally {
    await trieve.close();
  }
  return sent;
}

test.each<[string, Fault]>([
  ["500", { answer: 500, late: 60 }],
  ["429", { answer: 429, late: 60 }],
  ["a reset", { reset: true, late: 60 }],
])("a resend whose mail goes out after %s is not done again by its address", async (_, fault) => {
  const trieve = await startTrieve();
  const { id } = trieve.add("ann@example.com");
  const server = await connectInMemory({ ...trieve, person: says.yes, clock: fastClock });
  const resend = (name: string) => server.call("resend_invitation", { invitations: [name] });
  trieve.proxy.next("POST", fault);
  await resend("ann@example.com");
  while (trieve.proxy.late() > 0) await soon(5);
  for (const name of ["ann@example.com", "ANN@example.com", id.slice(0, 8), id]) await resend(name);
  expect(trieve.store.mails).toHaveLength(1);
  // Its own id names it all the same.
  const [row] = trieve.store.rows;
  expect(toldBy(await resend(row?.id.slice(0, 8) ?? ""))).toMatchObject([{ outcome: "resent" }]);
  await trieve.close();
});

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
