import * as z from "zod";
import { allowedRoles, type Policy, ROLES } from "../config/policy.ts";
import type { CallContext } from "../trieve/call.ts";
import type { Target } from "../trieve/outcome.ts";
import type { Action } from "./action.ts";
import { readArguments } from "./arguments.ts";
import type { ToolContext } from "./context.ts";
import type { Result } from "./result.ts";

type Hints = Record<
  "readOnlyHint" | "destructiveHint" | "idempotentHint" | "openWorldHint",
  boolean
>;

/** A tool as tools/list shows it. */
export interface ListedTool {
  name: string;
  title: string;
  description: string;
  inputSchema: JsonObject;
  outputSchema: JsonObject;
  annotations: Hints & { title: string };
}

interface JsonObject {
  type: "object";
  properties: Record<string, { type?: string; enum?: readonly unknown[]; [key: string]: unknown }>;
  required?: string[];
}

/** What planning a call leads to: a result, or an action. */
export type Plan = ({ kind: "result" } & Result) | { kind: "action"; action: Action };

/** A call whose arguments have been checked. */
export interface ToolCall {
  /** The tool and its arguments except `confirmation`. A yes is valid only for the same binding. */
  binding: string;
  confirmation: string | undefined;
  /** For the audit log if the call ends before its targets are resolved. */
  targets: readonly Target[];
  /** Whether a person may have to agree to the action. */
  mayNeedConsent: boolean;
  /** Reads what it needs and returns what would be done, without changing anything. Throws Failure. */
  plan(context: ToolContext, call: CallContext): Promise<Plan>;
}

export interface Tool {
  name: string;
  hints: Hints;
  /** The tool as tools/list shows it, with every role; listed/ is generated from it. */
  describe(): ListedTool;
  /** Checks the arguments. Throws Failure `invalid_input`. */
  prepare(input: unknown, policy: Policy): ToolCall;
}

interface ToolDefinition<Shape extends z.ZodRawShape>
  extends Pick<ListedTool, "name" | "title" | "description"> {
  hints: Hints;
  input: Shape;
  output: z.ZodObject;
  targets?(input: z.output<z.ZodObject<Shape>>): readonly Target[];
  /** Whether a person may have to agree; if missing, whenever the tool writes. */
  mayNeedConsent?(input: z.output<z.ZodObject<Shape>>, policy: Policy): boolean;
  plan(input: z.output<z.ZodObject<Shape>>, context: ToolContext, call: CallContext): Promise<Plan>;
}

/** Makes a tool from its definition; the one place where schemas become JSON and arguments are checked. */
export function defineTool<Shape extends z.ZodRawShape>(definition: ToolDefinition<Shape>): Tool {
  const { name, title, description, hints, input, output } = definition;
  const schema = z.object(input);
  return {
    name,
    hints,
    describe: () => ({
      name,
      title,
      description,
      inputSchema: plainSchema(schema),
      outputSchema: plainSchema(output),
      annotations: { title, ...hints },
    }),
    prepare(given, policy) {
      const roles = hints.readOnlyHint ? ROLES : allowedRoles(policy);
      const values = readArguments(schema, given, roles);
      const parsed = values as z.output<typeof schema>;
      const { confirmation, ...bound } = values;
      return {
        binding: JSON.stringify([name, bound]),
        confirmation: typeof confirmation === "string" ? confirmation : undefined,
        targets: definition.targets?.(parsed) ?? [],
        mayNeedConsent: definition.mayNeedConsent?.(parsed, policy) ?? !hints.readOnlyHint,
        plan: (context, call) => definition.plan(parsed, context, call),
      };
    },
  };
}

// Several clients and model providers reject or drop a tool whose schema has more than this.
function plainSchema(schema: z.ZodObject): JsonObject {
  const { $schema, additionalProperties, ...plain } = z.toJSONSchema(schema, {
    io: "input",
    override({ jsonSchema }) {
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  return { properties: {}, ...plain, type: "object" } as JsonObject;
}
