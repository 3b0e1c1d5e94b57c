import { type Browser, isProgramThere } from "../config/browser.ts";
import type { CallContext } from "../trieve/call.ts";
import { type Caller, keepAlive } from "./form.ts";
import type { Decision, PageQuestion } from "./question.ts";
import type { Questions } from "./questions.ts";

/** How long one call waits for the person. */
const WAIT_MS = 30_000;
/** How much of the call's time an action may need. */
const ACTION_MS = 25_000;

/**
 * Why this machine cannot show a page; undefined if it can. With `path`, the value of PATH, it also checks that the
 * program in BROWSER exists, which otherwise shows when a page is opened.
 */
export function missingForPage(browser: Browser, path?: string): string | undefined {
  if (browser === "system") return undefined;
  if ("missing" in browser)
    return `${browser.missing}; BROWSER can name a program that opens a page`;
  if (path === undefined || isProgramThere(browser.command, path)) return undefined;
  return "the program in BROWSER was not found; give its path, or its name if it is in PATH";
}

/** Returns the function that serves a question's page and opens it. It never rejects: `questions` records a failure. */
export function createPageOpener(questions: Questions, browser: Browser) {
  let servePage: ((page: PageQuestion) => Promise<string>) | undefined;

  return async (page: PageQuestion): Promise<void> => {
    try {
      const { openBrowser } = await import("./browser.ts");
      const { createPageServer } = await import("./page-server.ts");
      servePage ??= createPageServer(questions);
      const url = await servePage(page);
      questions.opened(page);
      openBrowser(browser, url).catch(() => questions.failed(page));
    } catch {
      questions.failed(page);
    }
  };
}

/**
 * Waits for the answer on an open page, within the call's time, with progress every 15 s. If the call is aborted it
 * throws the reason, and the page stays open.
 */
export async function waitForPage(
  questions: Questions,
  page: PageQuestion,
  call: CallContext,
  caller: Caller,
): Promise<Decision> {
  const { signal } = call;
  const waiting = new AbortController();
  keepAlive(caller, questions.clock, waiting.signal);
  await questions.settled(page, call, Math.min(WAIT_MS, call.timeLeft()), signal);
  waiting.abort();
  if (signal.aborted) questions.leave(page, call);
  signal.throwIfAborted();
  return questions.decide(page, call, call.timeLeft() >= ACTION_MS);
}
