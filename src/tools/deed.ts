import type { CallContext } from "../trieve/call-context.ts";
import type { Result, Subject } from "./result.ts";
import type { Target } from "./target.ts";

/** Something to be done once it is agreed to. Every text in it is safe to show. */
export interface Deed {
  /** The act in plain words: "delete invitation of a@b.c (admin)". */
  title: string;
  /** What a person has to know, one fact a line; the first says what will happen. */
  facts: readonly [string, ...string[]];
  /** The refusing choice, then the acting one. */
  choices: readonly [refusing: string, acting: string];
  targets: readonly Target[];
  /** What every answer says of it while it is not done. */
  subject: Subject;
  /** Does it, once, after reading again. Throws Failure. */
  perform(call: CallContext): Promise<Result>;
}
