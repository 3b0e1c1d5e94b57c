import fc from "fast-check";
import { expect, test } from "vitest";
import { fastClock } from "./support/app.ts";
import { says } from "./support/client.ts";
import { PROTOCOLS } from "./support/protocols.ts";
import { startTrieve } from "./support/trieve.ts";

// The hostile model again, this time through each protocol and over HTTP: whatever it calls, a write that
// needs consent has an accepted question of that very call, or an unused code for that very action.

const SEQUENCES = 150;

const ANSWERS = {
  ...says,
  lie: () => ({ action: "accept", content: { confirmed: true } }),
  empty: () => ({ action: "accept" }),
};
const move = fc.record({
  tool: fc.constantFrom("delete_invitation", "resend_invitation", "send_invitation"),
  targets: fc.uniqueArray(fc.nat(2), { minLength: 1, maxLength: 2 }),
  how: fc.constantFrom("email", "beginning", "id"),
  role: fc.constantFrom("admin", "owner"),
  person: fc.constantFrom(...(Object.keys(ANSWERS) as (keyof typeof ANSWERS)[]), "yes" as const),
  code: fc.option(fc.nat(3), { nil: undefined, freq: 2 }),
  spoil: fc.constantFrom("", "", "x"),
});
type Move = typeof move extends fc.Arbitrary<infer T> ? T : never;

async function play(protocol: keyof typeof PROTOCOLS, canPrompt: boolean, moves: readonly Move[]) {
  const trieve = await startTrieve();
  const old = [0, 1, 2].map((n) => trieve.add(`old${n}@example.com`, { role: 1 }));
  let answer: keyof typeof ANSWERS = "no";
  const server = await PROTOCOLS[protocol]({
    ...trieve,
    clock: fastClock,
    ...(canPrompt
      ? { person: (asked: { message: string; choices: string[] }) => ANSWERS[answer](asked) }
      : {}),
  });
  const codes: { what: string; text: string }[] = [];
  const count = () => trieve.proxy.count("DELETE") + trieve.proxy.count("POST");
  let writes = 0;
  try {
    for (const { tool, targets, how, role, person, code, spoil } of moves) {
      answer = person;
      const names = targets.map((n) => {
        const { id = "", email = "" } = old[n] ?? {};
        return { email, beginning: id.slice(0, 8), id }[how];
      });
      const args =
        tool === "send_invitation"
          ? { emails: targets.map((n) => `new${n}@example.com`), role }
          : { invitations: names, ...(tool === "resend_invitation" ? { role } : {}) };
      const what = JSON.stringify([tool, args]);
      const known = code === undefined ? undefined : codes[code];
      const confirmation = known && `${known.text}${spoil}`;
      const [before, questions] = [count(), server.questions.length];
      const { facts } = await server.call(tool, { ...args, confirmation, wait_for_previous: true });
      const wrote = count() - before;
      const isYes = canPrompt && person === "yes" && server.questions.length === questions + 1;
      const isCode = !canPrompt && spoil === "" && known?.what === what;
      // A resend is two requests, of which the first may be the last.
      const most = targets.length * (tool === "resend_invitation" ? 2 : 1);
      expect(wrote).toBeLessThanOrEqual(isYes || isCode ? most : 0);
      if (canPrompt) expect(facts ?? {}).not.toHaveProperty("confirmation");
      if (isCode && known !== undefined) known.what = "used";
      if (facts?.confirmation !== undefined) codes.push({ what, text: facts.confirmation });
      writes += wrote;
    }
  } finally {
    await trieve.close();
  }
  return writes;
}

test.each(Object.keys(PROTOCOLS) as (keyof typeof PROTOCOLS)[])(
  "%s: no sequence reaches a write without its own yes",
  async (protocol) => {
    let writes = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.array(move, { minLength: 1, maxLength: 10 }),
        async (canPrompt, moves) => {
          writes += await play(protocol, canPrompt, moves);
        },
      ),
      { numRuns: SEQUENCES },
    );
    expect(writes).toBeGreaterThan(SEQUENCES / 10);
  },
);
