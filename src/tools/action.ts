import type { CallContext } from "../trieve/call.ts";
import type { Outcome, Target } from "../trieve/outcome.ts";

/** One line of what a person reads about an action: a labelled value, or a sentence. */
export interface Fact {
  label?: string;
  text: string;
}

/** One of several targets, shown as a row of a table or as a line of text. */
export interface Row {
  /** The address first. All rows have the same labels, which head the columns. */
  cells: readonly [address: Required<Fact>, ...details: Required<Fact>[]];
  /** Whether the role is owner or admin. */
  isPrivileged: boolean;
}

/** Something to do once a person agrees to it. All its texts are safe to show. */
export interface Action {
  /** The action in plain words: "delete invitation of a@b.c (admin)". */
  title: string;
  /** The question to a person: "Delete 3 invitations?" */
  question: string;
  /** What a yes leads to, if the question does not say so: "This cannot be undone." */
  consequence?: string | undefined;
  /** One for each target, highest role first; none for a single target. */
  rows: readonly Row[];
  facts: readonly Fact[];
  choices: readonly [refusing: string, acting: string];
  /** Whether a person has to agree to it. */
  needsConsent: boolean;
  targets: readonly Target[];
  /** The role given in the call. */
  role?: string | undefined;
  /** Reads the list again, then acts, once. Resolves to the outcomes of all targets of the call, in the order given. */
  perform(call: CallContext): Promise<readonly Outcome[]>;
}

/** The action as text to ask a person with: the question, every target, every fact. */
export function formatAction({ question, consequence, rows, facts }: Action): string {
  const first = consequence === undefined ? question : `${question} ${consequence}`;
  return [first, ...rows.map(formatRow), ...formatFacts(facts)].join("\n");
}

/** The address comes last, so that no part of it can be taken for another cell. */
function formatRow({ cells: [address, ...details] }: Row): string {
  return [details.map(({ text }) => text).join(", "), address.text].filter(Boolean).join(": ");
}

/** Facts as lines of text, each after its label if it has one. */
export function formatFacts(facts: readonly Fact[]): string[] {
  return facts.map(({ label, text }) => (label === undefined ? text : `${label}: ${text}`));
}
