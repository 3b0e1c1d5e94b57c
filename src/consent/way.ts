import type { WayName } from "../settings.ts";
import type { Deed } from "../tools/deed.ts";
import type { ToolCall } from "../tools/tool.ts";
import type { CallContext } from "../trieve/call-context.ts";
import type { DECISION } from "./consent.ts";
import type { Keeper } from "./keeper.ts";
import type { Event, Reply, Verdict } from "./state.ts";

/** Who calls, and how that client can be asked. */
export interface Caller {
  /** Fires when the client cancels the call or goes away. */
  signal: AbortSignal;
  /** Whether the client declared that it can show a form to a person. */
  hasForms: boolean;
  /** Puts a form and waits. Absent where the answer can only come with a repeated call. */
  putForm?(form: Form, signal: AbortSignal): Promise<Reply>;
  /** The answer to an earlier form, on a repeated call. */
  answer?: { secret: string; reply: Reply };
  /**
   * Tells the client that the call is one step further, and how many are left where that is known;
   * present when it asked for that.
   */
  progress?(message: string, left?: number): void;
}

/** A question for a person, as elicitation in form mode carries it. */
export interface Form {
  message: string;
  requestedSchema: {
    type: "object";
    properties: { [DECISION]: { type: "string"; title: string; enum: string[] } };
    required: [typeof DECISION];
  };
}

/** A deed in front of a person. */
export interface Question {
  secret: string;
  deed: Deed;
  /** The tool and its arguments. */
  binding: string;
}

/** What puts a question: the state it stands in, and the call with its caller. */
export interface Asking {
  keeper: Keeper;
  call: CallContext;
  caller: Caller;
}

/** A way to get a yes. */
export interface Way {
  name: WayName;
  /** What is said of it where it is not there. */
  missing: string;
  /** Whether this caller can be asked so. */
  isThere(caller: Caller): boolean;
  /** The answer to an earlier question that the call brings along, if it does. */
  answerIn(caller: Caller, call: ToolCall): Event | undefined;
  /**
   * Puts the question and gives the verdict, or a form whose answer comes with a repeated call, or why
   * nobody could be asked. Absent where the question is what the call answers. Throws what aborts the
   * call.
   */
  put?(question: Question, asking: Asking): Promise<Put>;
}

export type Put = Verdict | { form: Form; secret: string } | { passes: string };
