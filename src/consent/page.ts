import type { Browser } from "../browser.ts";
import { keepAlive } from "./keep-alive.ts";
import type { Verdict } from "./state.ts";
import type { Asking, Question, Way } from "./way.ts";

/** How long a call waits for the person at a time. */
const WAIT_MS = 30_000;
/** What a deed may need of the call's time. */
const DEED_MS = 25_000;

const PASSES = {
  failed: "no browser could be opened on this machine (BROWSER names a program for that)",
  unread: "no browser fetched the page within 10 seconds",
};

/** The question is a page in the person's own browser, which this server opens. */
export function createPage(browser: Browser): Way {
  return {
    name: "page",
    missing:
      typeof browser === "object" && "missing" in browser
        ? `${browser.missing}; BROWSER may name a program that opens a page`
        : "",
    isThere: () => browser === "system" || "command" in browser,
    answerIn: () => undefined,
    async put(question, asking) {
      const { step } = asking.keeper;
      const { secret } = question;
      try {
        await open(question, asking);
      } catch {
        step({ type: "unopened", secret });
      }
      return waitForPage(question, asking);
    },
  };

  /** Rejects when the page cannot be served; an opener that fails is known later. */
  async function open({ secret }: Question, { keeper }: Asking): Promise<void> {
    if (browser !== "system" && "missing" in browser) return;
    const [{ servePage }, { openBrowser }] = await Promise.all([
      import("./page-server.ts"),
      import("./open-browser.ts"),
    ]);
    const url = await servePage(secret, keeper);
    keeper.step({ type: "opened", secret });
    openBrowser(browser, url).catch(() => keeper.step({ type: "unopened", secret }));
  }
}

/**
 * Waits for the answer on an open page, in the time of the call, with a sign of life every 15 s. Throws
 * what aborts the call; the page dies with it.
 */
export async function waitForPage(
  { secret, deed }: Question,
  { keeper, call, caller }: Asking,
): Promise<Verdict | { passes: string }> {
  const { clock } = keeper;
  const endsAt = clock.elapsed() + Math.min(WAIT_MS, call.timeLeft());
  const alive = new AbortController();
  if (caller.progress !== undefined) keepAlive(clock, caller.progress, alive.signal);
  try {
    for (;;) {
      if (call.signal.aborted) keeper.step({ type: "abandon", secret });
      call.signal.throwIfAborted();
      const left = endsAt - clock.elapsed();
      const hasTime = call.timeLeft() >= DEED_MS;
      const verdict = keeper.step({ type: "look", secret, isOver: left <= 0, hasTime });
      if ("unread" in verdict) return { passes: PASSES[verdict.unread] };
      if ("invalid" in verdict) return { no: "timed_out", deed };
      if (!("wait" in verdict)) return verdict;
      await keeper.next(Math.min(verdict.wait, left), call.signal);
    }
  } finally {
    alive.abort();
  }
}
