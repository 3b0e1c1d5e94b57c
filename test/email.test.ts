import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressPart, emailProblem, isPlainEmail } from "../src/email.ts";

const label = (length: number) => "d".repeat(length);

const WRONG: readonly [address: string, says: RegExp][] = [
  ["mailto:bob@x.org", /is a link/],
  ["<MAILTO:bob@x.org?subject=hi>", /is a link/],
  ["[bob@x.org](mailto:bob@x.org)", /is a link/],
  ["https://x.org/bob", /is a link/],
  ["bob@x.org,al@x.org", /more than one @.*one address at a time/],
  ["bob@x.org\nal@x.org", /more than one @/],
  ["Bob <bob@x.org>, Al <al@x.org>", /more than one @/],
  ["bob@@x.org", /more than one @/],
  ["bob\n@x.org", /line break \(U\+000A\)/],
  ["bob@x\u007f.org", /hidden .*\(U\+007F\)/],
  ["bob\u200b@x.org", /hidden .*\(U\+200B\)/],
  ["bob\u00a0@x.org", /hidden .*\(U\+00A0\)/],
  ["\u202ebob@x.org", /hidden .*\(U\+202E\)/],
  ["bob\u3164@x.org", /hidden .*\(U\+3164\)/],
  ["bob\u{e0041}@x.org", /hidden .*\(U\+E0041\)/],
  ["bob\uff20x.org", /full-width .*\(U\+FF20\)/],
  ["bob@x\u3002org", /full-width .*\(U\+3002\)/],
  ["Bob <bob@x.org>", /a name or a space .* only the address/],
  ["Bob<bob@x.org>.", /a name or a space/],
  ['"Doe, John" <john@x.org>', /a name or a space/],
  ["Bob \u00dcnal <bob@x.org>", /a name or a space/],
  ["Bob bob@x.org", /a name or a space/],
  ["bob@x. org", /a name or a space/],
  [`${"a".repeat(65)}@x.org`, /too long/],
  [`bob@${label(50)}.${label(43)}.org`, /too long/],
  [`${"a".repeat(401)}@x.org`, /too long/],
  ["", /no @/],
  [" \t\n", /no @/],
  ["bob at x dot org", /no @/],
  ["bob@x.org.", /ends with a \./],
  ["<bob@x.org>;", /ends with a ;/],
  ['"bob@x.org"', /around the address/],
  ["<bob@x.org>", /around the address/],
  ["**bob@x.org**", /around the address/],
  ["\u201cbob@x.org\u201d", /around the address/],
  ["o'neil@x.org", /apostrophe; ask for another/],
  ["o\u2019neil@x.org", /apostrophe/],
  ["b\u00f6b@x.org", /before the @ is not plain ASCII \(U\+00F6\)/],
  ["\ud800@x.org", /before the @ is not plain ASCII \(U\+D800\)/],
  ["bob@m\u00fcnchen.de", /domain is not plain ASCII \(U\+00FC\).*xn--/],
  ["bob@localhost", /no dot/],
  ["bob@", /no dot/],
  ["@x.org", /not a plain e-mail address/],
  ["b..ob@x.org", /not a plain e-mail address/],
  ["b#ob@x.org", /not a plain e-mail address/],
  ["bob@x_y.org", /not a plain e-mail address/],
  ["bob@1.2.3.4", /not a plain e-mail address/],
];

const PLAIN = [
  "bob@x.org",
  "  bob@x.org\n",
  "\ufeffbob@x.org\u00a0",
  "first.last+tag@sub.example.org",
  "_b-.-!@x-1.org",
  "www.bob@x.org",
  "{bob@x.org",
  "bob@xn--mnchen-3ya.de",
  "a.1@x.org",
  `${"a".repeat(64)}@x.org`,
  `bob@${label(63)}.org`,
];

// Pieces of addresses, of what goes wrong with them, and anything else.
const piece = fc.oneof(
  fc.constantFrom("bob", "al", "x.org", "@", ".", "-", "_", "a1", "x.y", "D"),
  fc.constantFrom(..." ,;:/\\'\"`<>()[]{}*#!?%\n\u0000\u200b\u00a0\u00fc\uff20\u2019\ud800"),
  fc.constantFrom("mailto:", "http://", " at ", label(64), "\u{1f600}", "1.2.3.4", "..", "]("),
  fc.string({ unit: "binary", maxLength: 3 }),
);
const text = fc.oneof(
  fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join("")),
  fc
    .tuple(fc.array(piece, { maxLength: 3 }), fc.array(piece, { maxLength: 3 }))
    .map(([local, domain]) => `${local.join("")}@${domain.join("")}`),
  fc.string({ unit: "binary", maxLength: 600 }),
);

describe("emailProblem", () => {
  test.each(WRONG)("of %j says %s", (address, says) => {
    expect(emailProblem(address)).toMatch(says);
  });

  test.each(PLAIN)("finds none in %j", (address) => {
    expect(emailProblem(address)).toBeUndefined();
  });

  test("has a sentence for every address that is not plain, and for no other", () => {
    fc.assert(
      fc.property(text, (value) => {
        const problem = emailProblem(value);
        expect(problem === undefined).toBe(isPlainEmail(value.trim()));
        if (problem === undefined) return;
        expect(problem).toMatch(/^[A-Z][ -~]{1,249}(?<!\.)$/);
        expect(problem).not.toContain("{}");
      }),
      { numRuns: 20_000 },
    );
  });

  test.each(["@", "a@b ", "<a", "a.-", " at", '"', "'", "a@,"])("is quick on many %j", (unit) => {
    const value = unit.repeat(200_000);
    const start = performance.now();
    emailProblem(value);
    addressPart(value);
    expect(performance.now() - start).toBeLessThan(1_000);
  });
});

describe("addressPart", () => {
  test.each([
    ["bob", "bob"],
    [" Bob@X.org ", "Bob@X.org"],
    ["*@x.org", "@x.org"],
    ["**bob*", "bob"],
    ["b*b", "b*b"],
    ["%bob%", "%bob%"],
    ["o'neil", "o'neil"],
    ["<bob@x.org>", "bob@x.org"],
    ["<bob", "bob"],
    ["Bob <bob@x>", "bob@x"],
    ['"Doe, John" < *bob@x* > ', "bob@x"],
    ["mailto:bob@x.org", "bob@x.org"],
    ["Bob <MAILTO:bob@x.org>", "bob@x.org"],
    ["'`\"bob\"`'", "bob"],
    ["Bob <>", "Bob"],
    ["[bob@x.org](mailto:bob@x.org)", "bob@x.org"],
    ["mailto:bob@x.org?subject=hi", "bob@x.org"],
    ["bob@x.org.", "bob@x.org"],
    ["bob@x.org,", "bob@x.org"],
    ["bob@x.", "bob@x."],
    ["\u201cbob@x.org\u201d", "bob@x.org"],
    ["(bob@x.org)", "bob@x.org"],
    ["Bob (bob@x.org)", "bob@x.org"],
    ["Bob <bob@x.org> (work)", "bob@x.org"],
    ["al@x.org <bob@x.org>", "bob@x.org"],
    ["bob (work)", "bob (work"],
    ['["bob"]', "bob"],
    ["bob@x.org\u200b", "bob@x.org"],
    ["bo\u200bb", "bo\u200bb"],
    ["*", ""],
    ["", ""],
  ])("takes %j as %j", (value, part) => {
    expect(addressPart(value)).toBe(part);
  });

  test("finds an address in whatever stands around it, and otherwise invents nothing", () => {
    const around = fc.constantFrom(
      "",
      " ",
      "*",
      '"',
      "'",
      "`",
      "<",
      "mailto:",
      "Bob <",
      '"B, A" <',
    );
    const after = fc.constantFrom("", " ", "*", '"', "'", "`", ">", " > ");
    fc.assert(
      fc.property(around, after, fc.emailAddress(), text, (before, end, email, any) => {
        if (isPlainEmail(email)) expect(addressPart(before + email + end)).toBe(email);
        const part = addressPart(any);
        expect(any).toContain(part);
        expect(part).not.toMatch(/^[\s*<>"'`]|^mailto:|[\s*<>"'`]$/i);
      }),
      { numRuns: 5_000 },
    );
  });
});
