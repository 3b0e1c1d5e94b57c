import { describe, expect, test } from "vitest";
import { ERRORS, type ErrorCode, Failure } from "../src/errors.ts";
import {
  classOf,
  failedOutcome,
  isTargetFailure,
  type Outcome,
  type OutcomeName,
  summarise,
} from "../src/trieve/outcome.ts";

// What a call comes to by what came of its targets, stated here a second time, from the contract.

type Class = "did" | "already" | "unsure" | "open";

/** The class of each outcome; two of them are open where they have a reason. */
const CLASSES: Record<OutcomeName, readonly Class[]> = {
  invited: ["did"],
  added: ["did"],
  resent: ["did"],
  deleted: ["did"],
  already_member: ["already"],
  already_resent: ["already"],
  already_gone: ["already", "open"],
  already_invited: ["already", "open"],
  outcome_unknown: ["unsure"],
  deleted_not_sent: ["unsure"],
  mail_unconfirmed: ["unsure"],
  already_accepted: ["open"],
  rejected: ["open"],
  changed: ["open"],
  not_found: ["open"],
  not_supported: ["open"],
  role_not_allowed: ["open"],
  domain_not_allowed: ["open"],
  invalid_email: ["open"],
  not_sent: ["open"],
  not_resent: ["open"],
  not_deleted: ["open"],
};
/** The one of which a call tells first. */
const WORST = ["outcome_unknown", "deleted_not_sent", "mail_unconfirmed"];
/** Why nothing was done to a target, for instance: such an outcome is told by the code of its reason. */
const REASONS: Partial<Record<OutcomeName, ErrorCode>> = {
  not_sent: "unauthorized",
  not_resent: "busy",
  not_deleted: "timeout",
};

/** What two targets come to by their classes: an outcome of the call, or the one whose failure is the error. */
const TWO: Record<Class, Record<Class, string>> = {
  did: { did: "done", already: "done", unsure: "partly_done", open: "partly_done" },
  already: { did: "done", already: "nothing_to_do", unsure: "partly_done", open: "partly_done" },
  unsure: { did: "partly_done", already: "partly_done", unsure: "the worse", open: "the first" },
  open: { did: "partly_done", already: "partly_done", unsure: "the second", open: "the first" },
};
const ONE: Record<Class, string> = {
  did: "done",
  already: "nothing_to_do",
  unsure: "the first",
  open: "the first",
};

interface Case {
  name: OutcomeName;
  isOf: Class;
  outcome: Outcome;
}

const CASES = (Object.keys(CLASSES) as OutcomeName[]).flatMap((name) =>
  CLASSES[name].map((isOf): Case => {
    const code = REASONS[name] ?? (name as ErrorCode);
    const failure = isOf === "unsure" || isOf === "open" ? new Failure(code) : undefined;
    return { name, isOf, outcome: { target: {}, outcome: name, failure } };
  }),
);
const named = CASES.map((one): [string, Case] => [`${one.name}, ${one.isOf}`, one]);

type Conclusion = ReturnType<typeof summarise>;

function expected(comesTo: string, first: Case, second = first): Conclusion {
  const isWorse = WORST.indexOf(second.name) < WORST.indexOf(first.name);
  const isSecond = comesTo === "the second" || (comesTo === "the worse" && isWorse);
  const { failure } = (isSecond ? second : first).outcome;
  if (comesTo.startsWith("the ") && failure !== undefined) return failure;
  return comesTo as "done";
}

/** Compares failures by identity: whose it is, and not only what it says. */
function expectConclusion(outcomes: readonly Outcome[], conclusion: Conclusion, of: string): void {
  expect(summarise(outcomes), of).toBe(conclusion);
}

describe("one target", () => {
  test.each(named)("%s", (_, one) => {
    expect(classOf(one.outcome)).toBe(one.isOf);
    expectConclusion([one.outcome], expected(ONE[one.isOf], one), one.name);
  });
});

describe("two targets, the first of them", () => {
  test.each(named)("%s", (_, first) => {
    for (const second of CASES) {
      // Another of the same kind is told apart by its failure.
      const { failure } = second.outcome;
      const other = failure && new Failure(failure.code);
      const outcome = { ...second.outcome, failure: other };
      const conclusion = expected(TWO[first.isOf][second.isOf], first, { ...second, outcome });
      expectConclusion([first.outcome, outcome], conclusion, `with ${second.name}`);
      // However many there are, nothing but the classes and who comes first counts.
      const many = [first.outcome, outcome, first.outcome, outcome];
      expectConclusion(many, conclusion, `twice, with ${second.name}`);
    }
  });
});

test("the error's code is the outcome's own word, and of what was not begun its reason", () => {
  for (const { name, isOf, outcome } of CASES) {
    if (isOf !== "unsure" && isOf !== "open") continue;
    const code = REASONS[name] ?? name;
    expect(summarise([outcome])).toMatchObject({ code });
  }
});

test.each(Object.keys(ERRORS) as ErrorCode[])(
  "a failure with the code %s gives its target the outcome of that name, if there is one",
  (code) => {
    const failure = new Failure(code);
    expect(isTargetFailure(failure)).toBe(Object.hasOwn(CLASSES, code));
    if (!isTargetFailure(failure)) return;
    const target = { email: "ann@example.com" };
    expect(failedOutcome(target, failure)).toEqual({ target, outcome: code, failure });
    expect(classOf(failedOutcome(target, failure))).toBe(WORST.includes(code) ? "unsure" : "open");
  },
);
