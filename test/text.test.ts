import { describe, expect, test } from "vitest";
import { neutralise, printable, readable } from "../src/text.ts";

// Text of others, as it is shown to people.

describe("letters outside ASCII stand beside the escaped form", () => {
  test.each([
    ["jos\u00e9@example.com", "jos\\u{e9}@example.com (reads jos\u00e9@example.com)"],
    ["jose\u0301@example.com", "jose\\u{301}@example.com (reads jos\u00e9@example.com)"],
    ["\u738b@example.com", "\\u{738b}@example.com (reads \u738b@example.com)"],
    ["first_j\u00e9@example.com", "first_j\\u{e9}@example.com (reads first_j\u00e9@example.com)"],
  ])("%j", (value, shown) => {
    expect(readable(value)).toBe(shown);
  });

  test.each([
    "ann@example.com",
    "first_last@example.com",
    "ann\n\u202e@example.com",
    "ann\u200b@example.com",
    "\u{1f600}@example.com",
    "a\u034f@example.com",
    `${"\u00e9".repeat(101)}@example.com`,
    "\u3164@example.com",
  ])("but nothing else does: %j", (value) => {
    expect(readable(value)).toBe(neutralise(value));
  });

  test.each([
    ["Hebrew", "\u05d0"],
    ["Arabic", "\u0628"],
    ["Syriac", "\u0710"],
    ["Thaana", "\u0780"],
    ["N'Ko", "\u07ca"],
    ["Samaritan", "\u0800"],
    ["Mandaic", "\u0840"],
    ["Arabic, as presented", "\ufe8f"],
    ["Phoenician", "\u{10900}"],
    ["Adlam", "\u{1e900}"],
  ])("nor what is read from right to left, beside a letter that does: %s", (_, letter) => {
    const escaped = neutralise(letter);
    expect(readable(`\u00e9${letter}1`)).toBe(`\\u{e9}${escaped}1 (reads \u00e9${escaped}1)`);
  });

  test("with no link, markdown or brackets of its own", () => {
    const shown = readable("\u00e9 http://x.org [a](b) (reads ann@example.com)");
    expect(shown).not.toContain("://");
    expect(shown.match(/\\\(reads/g)).toHaveLength(2);
    expect(shown.match(/ \(reads /g)).toHaveLength(1);
    expect(shown.match(/\\\[a\\\]\\\(b\\\)/g)).toHaveLength(2);
  });
});

test("text for a terminal is printable ASCII, and stays as it is where it was", () => {
  expect(printable("a [b] http://x.org_")).toBe("a [b] http://x.org_");
  expect(printable("\u001b[31mj\u00e9\n\u{1f600}")).toBe("\\u{1b}[31mj\\u{e9}\\u{a}\\u{1f600}");
});
