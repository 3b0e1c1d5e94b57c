import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addressPart, emailProblem, isPlainEmail } from "../src/email.ts";

const label = (length: number) => "d".repeat(length);

const WRONG: readonly [address: string, says: RegExp][] = [
  ["", /is empty/],
  [" \t\n", /is empty/],
  ["[bob@x.org](mailto:bob@x.org)", /is a link/],
  ["<mailto:bob@x.org|bob@x.org>", /is a link/],
  ['"bob smith"@x.org', /before the @ is in quotes/],
  ['"bob@work"@x.org', /before the @ is in quotes/],
  ["'bob'@x.org", /before the @ is in quotes/],
  ["Bob <bob@x.org>", /display name .* only the part in the brackets/],
  ["Bob<bob@x.org>.", /display name/],
  ["Bob <bob@x.org", /display name/],
  ['"Doe, John" <john@x.org>', /display name/],
  ["Bob \u00dcnal <bob@x.org>", /display name/],
  ["bob@x.org <bob@x.org>", /display name/],
  ["Bob <mailto:bob@x.org>", /display name/],
  ["bob@x.org,al@x.org", /several/],
  ["bob@x.org; al@x.org", /several/],
  ["bob@x.org al@x.org", /several/],
  ["bob@x.org\nal@x.org", /several/],
  ["bob@x.org and al@x.org", /several/],
  ["bob@x.org\uff0cal@x.org", /several/],
  ['["bob@x.org","al@x.org"]', /several/],
  ["Bob <bob@x.org>, Al <al@x.org>", /several/],
  ["al@x.org, Bob <bob@x.org>", /several/],
  ["mailto:bob@x.org,al@x.org", /several/],
  ["bob@x.org\r\nBcc: al@x.org", /several/],
  ["mailto:bob@x.org", /without mailto:/],
  ["<MAILTO:bob@x.org?subject=hi>", /without mailto:/],
  ["https://x.org/bob", /web address/],
  ["https://bob@x.org/", /web address/],
  ["www.x.org", /web address/],
  ["bob\n@x.org", /control character \(U\+000A\)/],
  ["bob\u0000@x.org", /control character \(U\+0000\)/],
  ["bob@x\u007f.org", /control character \(U\+007F\)/],
  ["bob\u200b@x.org", /hidden .*\(U\+200B\)/],
  ["bob@x.org\u200d", /hidden .*\(U\+200D\)/],
  ["bob\u00a0@x.org", /hidden .*\(U\+00A0\)/],
  ["bo\u00adb@x.org", /hidden .*\(U\+00AD\)/],
  ["bob@\ufeffx.org", /hidden .*\(U\+FEFF\)/],
  ["\u202ebob@x.org", /hidden .*\(U\+202E\)/],
  ["bob\u3164@x.org", /hidden .*\(U\+3164\)/],
  ["bob\u{e0041}@x.org", /hidden .*\(U\+E0041\)/],
  ["bob\uff20x.org", /full-width .*\(U\+FF20\)/],
  ["\uff42ob@x.org", /full-width .*\(U\+FF42\)/],
  ["bob@x\u3002org", /full-width .*\(U\+3002\)/],
  ["bob\ufe6bx.org", /full-width .*\(U\+FE6B\)/],
  ["bob[at]x.org", /written in another way/],
  ["bob at x dot org", /written in another way/],
  ["bob%40x.org", /written in another way/],
  ["bob&#64;x.org", /written in another way/],
  ["bob", /no @/],
  ["bob.x.org", /no @/],
  ["b\u00f6b", /no @/],
  ["bob@[1.2.3.4]", /address literal/],
  ["bob@[IPv6:::1]", /address literal/],
  ["bob@x.org;", /ends with a ;/],
  ["bob@x.org,", /ends with a ,/],
  ["bob@x.org.", /ends with a \./],
  ["<bob@x.org>;", /ends with a ;/],
  ['"bob@x.org"', /stand around/],
  ["'bob@x.org'", /stand around/],
  ["`bob@x.org`", /stand around/],
  ["<bob@x.org>", /stand around/],
  ["(bob@x.org)", /stand around/],
  ['["bob@x.org"]', /stand around/],
  ["**bob@x.org**", /stand around/],
  ["_bob@x.org_", /stand around/],
  ["\u201cbob@x.org\u201d", /stand around/],
  ["bob@@x.org", /more than one @/],
  ["bob@x.org@y.org", /more than one @/],
  ["@bob@x.org", /more than one @/],
  ["bob@x.org/al@x.org", /more than one @/],
  ["@x.org", /Nothing stands before/],
  ["bob@", /Nothing stands after/],
  ["bob@x,org", /comma or semicolon/],
  ["bob@x.org;al", /comma or semicolon/],
  ["bob @x.org", /blank/],
  ["bob@x. org", /blank/],
  ["Bob bob@x.org", /blank/],
  ["bob@x.org <Bob", /blank/],
  ["o'neil@x.org", /apostrophe; ask for another/],
  ["o\u2019neil@x.org", /apostrophe/],
  ["bob@o'neil.org", /apostrophe/],
  ["b\u00f6b@x.org", /before the @ is not plain ASCII \(U\+00F6\)/],
  ["\u0430l@x.org", /before the @ is not plain ASCII \(U\+0430\)/],
  ["\u{1f600}@x.org", /before the @ is not plain ASCII \(U\+1F600\)/],
  ["\ud800@x.org", /before the @ is not plain ASCII \(U\+D800\)/],
  ["bob@m\u00fcnchen.de", /domain is not plain ASCII \(U\+00FC\).*xn--/],
  ["bob@x.\u0440\u0444", /domain is not plain ASCII \(U\+0440\)/],
  [`${"a".repeat(65)}@x.org`, /longer than 64/],
  [`${"a".repeat(401)}@x.org`, /longer than 100/],
  [`bob@x.org,${" ".repeat(500)}al`, /longer than 100/],
  [`bob@${label(50)}.${label(43)}.org`, /longer than 100/],
  [".bob@x.org", /dot starts or ends the part before/],
  ["bob.@x.org", /dot starts or ends the part before/],
  ["b..ob@x.org", /two stand together in it/],
  ["bob@.x.org", /dot starts the domain/],
  ["bob@x..org", /dot starts the domain, or two/],
  ["bob@1.2.3.4", /IP address/],
  ["b#ob@x.org", /before the @ has a \\# in it/],
  ["b(ob)@x.org", /before the @ has a \\\( in it/],
  ["b\\ob@x.org", /before the @ has a \\\\ in it/],
  ["b:ob@x.org", /before the @ has a : in it/],
  ["bob@x_y.org", /underscore/],
  ["bob@x.org/path", /A \/ stands after the @/],
  ["bob@x.org:25", /A : stands after the @/],
  ["bob@x!y.org", /A ! stands after the @/],
  ["bob@localhost", /no dot/],
  ["bob@-x.org", /hyphen/],
  ["bob@x-.org", /hyphen/],
  ["bob@x.org-", /hyphen/],
  ["bob@y.-x.org", /hyphen/],
  [`bob@${label(64)}.org`, /longer than 63/],
  [`bob@x.${label(64)}`, /longer than 63/],
  ["bob@x.1org", /starts with a digit/],
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

  test("has a sentence of its own for every address that is not plain, and for no other", () => {
    fc.assert(
      fc.property(text, (value) => {
        const problem = emailProblem(value);
        expect(problem === undefined).toBe(isPlainEmail(value.trim()));
        if (problem === undefined) return;
        expect(problem).toMatch(/^[A-Z][ -~]{1,249}(?<!\.)$/);
        expect(problem).not.toContain("{}");
        expect(problem).not.toBe("This is not a plain e-mail address");
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
