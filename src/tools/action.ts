import type { CallContext } from "../trieve/call.ts";
import type { Outcome, Target } from "../trieve/outcome.ts";

/** What a person is told of an action: a value with its label, or a sentence. */
export interface Fact {
  label?: string;
  text: string;
}

/** One of several targets, told in cells of a table or as a line. */
export interface Row {
  /** The address first; each cell has the label of its column, which is the same for all rows. */
  cells: readonly [address: Required<Fact>, ...about: Required<Fact>[]];
  /** Whether it is about an owner or an admin. */
  hasRights: boolean;
}

/** Something to be done once it is agreed to. Every text in it is safe to show. */
export interface Action {
  /** The act in plain words: "delete invitation of a@b.c (admin)". */
  title: string;
  /** What a person is asked: "Delete 3 invitations?" */
  question: string;
  /** What a yes means, where the question does not say it: "This cannot be undone." */
  meaning?: string | undefined;
  /** With several targets, one for each, those with rights first. */
  rows: readonly Row[];
  facts: readonly Fact[];
  /** The refusing choice, then the acting one. */
  choices: readonly [refusing: string, acting: string];
  /** Whether a person has to agree to it. */
  needsConsent: boolean;
  /** What it would be done to. */
  targets: readonly Target[];
  /** The role that was asked for. */
  role?: string | undefined;
  /** Does it, once, after reading again, and tells what came of every target of the call, in the order given. */
  perform(call: CallContext): Promise<readonly Outcome[]>;
}

/** What a person is asked, as lines of text: the question, every target, every fact. */
export function formatAction({ question, meaning, rows, facts }: Action): string {
  const first = meaning === undefined ? question : `${question} ${meaning}`;
  return [first, ...rows.map(formatRow), ...formatFacts(facts)].join("\n");
}

/** The address comes last, so that nothing in it passes for the rest. */
function formatRow({ cells: [address, ...about] }: Row): string {
  return [about.map(({ text }) => text).join(", "), address.text].filter(Boolean).join(": ");
}

/** Facts as lines, each with its label where it has one. */
export function formatFacts(facts: readonly Fact[]): string[] {
  return facts.map(({ label, text }) => (label === undefined ? text : `${label}: ${text}`));
}
