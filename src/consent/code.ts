import type { Way } from "./way.ts";

/** The deed is shown to the model with a code, to be passed back on the user's yes. */
export const code: Way = {
  name: "code",
  missing: "",
  isThere: () => true,
  answerIn: (_, { binding, confirmation }) =>
    confirmation === undefined
      ? undefined
      : { type: "confirm", binding, confirmation: bare(confirmation) },
};

/** The confirmation without what models put around it: its name, quotes of any kind, a full stop. */
function bare(confirmation: string): string {
  return confirmation
    .slice(0, LONGEST)
    .replace(/\s+/g, " ")
    .replace(/^[^a-z]*(confirmation\W+)?/i, "")
    .replace(/[^\w-]+$/, "");
}

// Far above any confirmation; it keeps the searches short.
const LONGEST = 1_000;
