import { existsSync, mkdtempSync, readFileSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { launchChromium } from "../../support/chromium.ts";

/** What a person was asked, where, and what they chose. */
export interface Question {
  way: "form" | "page";
  text: string;
  yes: boolean;
  /** How many writes had reached Trieve when it was answered; no number is so large before. */
  answeredAfter: number;
}

/** The person at the host: says what the part wants said, and remembers what was asked. */
export interface Person {
  says: boolean;
  questions: readonly Question[];
  /** Remembers a question, to which the person will say what the part wants now. */
  reads(way: Question["way"], text: string): Question;
  /** Marks that the answer is given now. */
  answers(question: Question): void;
  /** For BROWSER: tells the person's browser what to open. */
  opener: string;
  leave(): void;
}

// A yes within 1.5 s of reading does not count.
const READING_MS = 1_700;

let browser: Promise<Browser> | undefined;

/**
 * A person whose browser is real and runs already: opens every page that is asked for, reads it, and clicks.
 * `writes` counts what reached Trieve.
 */
export async function createPerson(writes: () => number): Promise<Person> {
  browser ??= launchChromium();
  const window = await browser;
  const folder = mkdtempSync(join(tmpdir(), "person-"));
  const opener = join(folder, "open");
  const asked = join(folder, "asked.txt");
  // A shell starts at once also while a host keeps the machine busy; the page waits ten seconds for its reader.
  writeFileSync(opener, `#!/bin/sh\necho "$1" >> '${asked}'\n`, { mode: 0o755 });
  let seen = 0;
  const questions: Question[] = [];
  const person: Person = {
    says: false,
    questions,
    reads(way, text) {
      const question = { way, text, yes: person.says, answeredAfter: Number.POSITIVE_INFINITY };
      questions.push(question);
      return question;
    },
    answers(question) {
      question.answeredAfter = writes();
    },
    opener,
    leave: () => watcher.close(),
  };
  const watcher = watch(folder, () => {
    const addresses = existsSync(asked) ? readFileSync(asked, "utf8").split("\n").slice(0, -1) : [];
    for (const address of addresses.slice(seen)) void answer(address);
    seen = addresses.length;
  });

  async function answer(url: string): Promise<void> {
    const context = await window.newContext();
    try {
      const page = await context.newPage();
      await page.goto(url);
      const question = person.reads("page", (await page.textContent("main")) ?? "");
      await page.waitForTimeout(READING_MS);
      person.answers(question);
      await page.click(question.yes ? "button.act" : "button:not(.act)");
      await page.waitForSelector("form", { state: "detached" });
    } catch {
      // The question stays without an answer, and the checks tell.
    } finally {
      await context.close().catch(() => {});
    }
  }
  return person;
}

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}
