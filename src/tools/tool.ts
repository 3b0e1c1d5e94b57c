import * as z from "zod";
import type { Clock } from "../clock.ts";
import { allowedRoles } from "../policy.ts";
import type { Policy } from "../settings.ts";
import type { CallContext } from "../trieve/call-context.ts";
import { ROLES } from "../trieve/invitation.ts";
import type { Invitations } from "../trieve/invitations.ts";
import { readArguments } from "./arguments.ts";
import type { Deed } from "./deed.ts";
import type { Result } from "./result.ts";
import type { Hints, JsonObject, ShownTool } from "./shown-tool.ts";
import type { Target } from "./target.ts";

/** What a tool works with. */
export interface ToolContext {
  invitations: Invitations;
  organizationId: string;
  /** As people know it; untrusted. */
  organizationName?: string | undefined;
  /** Host and port of the API, as the operator set them. */
  host: string;
  /** Where mailed links lead: nowhere, while that is not set. */
  links: "none" | "local" | "everywhere";
  policy: Policy;
  clock: Clock;
}

/** Reads, and gives what is to be done, or a result where nothing is. Throws Failure. */
type Plan<Input> = (
  input: Input,
  context: ToolContext,
  call: CallContext,
) => Promise<Deed | Result>;

/** What the audit says of a call that ends before it is known what it concerns; untrusted. */
type Argued = Omit<Target, "key">;

/** One call's arguments, checked. */
export interface ToolCall {
  /** The tool and its arguments without the confirmation: what a yes is bound to. */
  binding: string;
  confirmation: string | undefined;
  /** A list where the tool is for several. */
  argued: Argued | readonly Argued[];
  /** Whether a person has to agree to what it would do. */
  needsConsent: boolean;
  plan(context: ToolContext, call: CallContext): Promise<Deed | Result>;
}

/** A tool: what it is, and its way from arguments to a call. */
export interface Tool {
  name: string;
  hints: Hints;
  /** The tool as tools/list shows it, with every role; shown/ is made from it. */
  describe(): ShownTool;
  /** Checks the arguments. Throws Failure `invalid_input`. */
  prepare(input: unknown, policy: Policy): ToolCall;
}

interface ToolDefinition<Shape extends z.ZodRawShape> {
  name: string;
  title: string;
  description: string;
  hints: Hints;
  input: Shape;
  output: z.ZodObject;
  argued?(input: z.output<z.ZodObject<Shape>>): Argued | readonly Argued[];
  /** Whether a person has to agree; without it, always. */
  needsConsent?(input: z.output<z.ZodObject<Shape>>, policy: Policy): boolean;
  plan: Plan<z.output<z.ZodObject<Shape>>>;
}

/** Makes a tool of its definition; the one place where schemas become JSON and arguments are checked. */
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
      const isWrite = !hints.readOnlyHint;
      const roles = isWrite ? allowedRoles(policy) : ROLES;
      const { values, ignored } = readArguments(schema, given, { name, isWrite, roles });
      const parsed = values as z.output<typeof schema>;
      const { confirmation, ...bound } = values;
      return {
        binding: JSON.stringify([name, bound]),
        confirmation: typeof confirmation === "string" ? confirmation : undefined,
        argued: definition.argued?.(parsed) ?? {},
        needsConsent: definition.needsConsent?.(parsed, policy) ?? true,
        async plan(context, call) {
          const planned = await definition.plan(parsed, context, call);
          const isResult = !("perform" in planned);
          return isResult && ignored.length > 0 ? withIgnored(planned, ignored) : planned;
        },
      };
    },
  };
}

// Several clients and model providers refuse or drop a tool for more than this.
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

/** The same result, with the arguments that it does not heed. */
function withIgnored(result: Result, ignored: readonly string[]): Result {
  return {
    ...result,
    facts: { ...result.facts, ignored },
    text: `${result.text}\nignored, no argument of this tool: ${ignored.join(", ")}`,
  };
}
