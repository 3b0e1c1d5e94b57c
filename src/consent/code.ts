import type { Way } from "./way.ts";

/** The deed is shown to the model with a code, to be passed back on the user's yes. */
export const code: Way = {
  name: "code",
  missing: "",
  isThere: () => true,
  answerIn: (_, { binding, confirmation }) =>
    confirmation === undefined ? undefined : { type: "confirm", binding, confirmation },
};
