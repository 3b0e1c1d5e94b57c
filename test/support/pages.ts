import { createKeeper, type Keeper } from "../../src/consent/keeper.ts";
import { servePage } from "../../src/consent/page-server.ts";
import { randomSecret } from "../../src/consent/secret.ts";
import type { Verdict } from "../../src/consent/state.ts";
import type { Deed } from "../../src/tools/deed.ts";
import { turnableClock } from "./app.ts";

/** A question on a page of its own, without a program around it. */
export interface ServedPage {
  url: string;
  keeper: Keeper;
  /** What a call that waits sees. */
  look(): Verdict;
  /** Lets the time pass after which a yes counts. */
  settle(): void;
  /** Ends the question, and with it the page. */
  end(): void;
}

/** A deed over some addresses; what they are is untrusted. */
export function pageDeed(facts: readonly string[] = []): Deed {
  return {
    title: "delete invitation of bob@example.com (admin)",
    facts: [
      "Delete this invitation? This cannot be undone.",
      "E-mail: bob@example.com",
      "Role: admin (can invite and remove people)",
      "Status: pending - the mailed link stops working",
      "Sent: 2026-11-01 (23 days ago)",
      ...facts,
      "Organization: 5a4db0c5-7a0b-4d0e-9c61-000000000001 (Example Ltd)",
      "Trieve: trieve.example.com",
      "Invitation: 00000003",
    ],
    choices: ["keep", "delete"],
    targets: [{ key: "delete 3" }],
    subject: {},
    perform: () => Promise.reject(new Error("nothing is performed here")),
  };
}

// A browser on a machine that stalls may take longer than the 10 s.
const PATIENCE_MS = 60_000;

/** Serves the page of `deed`, which a browser may take a minute to read. */
export async function servePageOf(deed: Deed): Promise<ServedPage> {
  const clock = turnableClock();
  const keeper = createKeeper(clock);
  const secret = randomSecret();
  keeper.step({ type: "ask", deed, binding: "b", way: "page", secret, waits: true });
  const url = await servePage(secret, keeper);
  keeper.step({ type: "opened", secret });
  clock.turn(-PATIENCE_MS);
  return {
    url,
    keeper,
    look: () => keeper.step({ type: "look", secret, isOver: false, hasTime: true }),
    settle: () => clock.turn(PATIENCE_MS + 10_000),
    end: () => keeper.step({ type: "abandon", secret }),
  };
}
