import * as z from "zod";
import type { Clock } from "../clock.ts";
import type { Policy } from "../config.ts";
import type { Scope } from "../trieve/client.ts";
import type { Invitation, Role } from "../trieve/invitation.ts";
import type { Invitations } from "../trieve/invitations.ts";

export type Hints = Record<
  "readOnlyHint" | "destructiveHint" | "idempotentHint" | "openWorldHint",
  boolean
>;

/** What a tool works with. */
export interface ToolContext {
  invitations: Invitations;
  organizationId: string;
  policy: Policy;
  clock: Clock;
  scope: Scope;
}

/** What will happen if somebody agrees, to what, as it stands now. */
export type Proposal =
  | { deed: "delete"; email: string; role: string; invitation: Invitation }
  | { deed: "send"; email: string; role: Role };

/** A finished result, or something to be agreed to (or, where no consent is needed, just done). */
export type Proposed = { result: Result } | { proposal: Proposal; needsConsent: boolean };

/** The facts of an answer, for `structuredContent`, and the same facts as text. */
export interface Result {
  facts: {
    organization_id: string;
    outcome?: string;
    invitation?: { id: string };
    [fact: string]: unknown;
  };
  text: string;
}

/** One call's arguments, checked, with what can be done with them. */
export interface ToolCall {
  /** The tool and its arguments without the confirmation: what a yes is bound to. */
  binding: string;
  confirmation: string | undefined;
  /** What the audit line says of the arguments, untrusted. */
  subject: { email?: string; role?: string; invitationId?: string };
  propose(context: ToolContext): Promise<Proposed>;
  apply(proposal: Proposal, context: ToolContext): Promise<Result>;
}

/** A tool: what it is, and its way from arguments to a call. */
export interface Tool {
  name: string;
  hints: Hints;
  /** The tool as tools/list shows it, with every role; shown.gen.ts is made from it. */
  describe(): ShownTool;
  /** Checks the arguments. Throws ToolError `invalid_input`. */
  prepare(input: unknown): ToolCall;
}

export interface ShownTool {
  name: string;
  title: string;
  description: string;
  inputSchema: JsonObject;
  outputSchema: JsonObject;
  annotations: Hints & { title: string };
}

export interface JsonObject {
  type: "object";
  properties: Record<string, { type?: string; enum?: readonly unknown[]; [key: string]: unknown }>;
  required?: string[];
}

interface ToolDefinition<Shape extends z.ZodRawShape> {
  name: string;
  title: string;
  description: string;
  hints: Hints;
  input: Shape;
  output: z.ZodObject;
  subject?(input: z.output<z.ZodObject<Shape>>): ToolCall["subject"];
  propose(input: z.output<z.ZodObject<Shape>>, context: ToolContext): Promise<Proposed>;
  apply?(proposal: Proposal, context: ToolContext): Promise<Result>;
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
    prepare(given) {
      const parsed = schema.safeParse(withoutBlanks(input, given));
      if (!parsed.success) throw invalidInput(parsed.error);
      const { confirmation, ...bound } = parsed.data as Record<string, unknown>;
      return {
        binding: JSON.stringify([name, bound]),
        confirmation: typeof confirmation === "string" ? confirmation : undefined,
        subject: definition.subject?.(parsed.data) ?? {},
        propose: (context) => definition.propose(parsed.data, context),
        apply(proposal, context) {
          if (definition.apply === undefined) throw new Error(`${name} proposes nothing`);
          return definition.apply(proposal, context);
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

/** `null`, and for an optional argument `""`, count as absent; unknown arguments are left out. */
function withoutBlanks(shape: z.ZodRawShape, given: unknown): unknown {
  if (given === undefined || given === null) return {};
  if (typeof given !== "object" || Array.isArray(given)) return given;
  return Object.fromEntries(
    Object.entries(given).filter(([name, value]) => {
      const field = Object.hasOwn(shape, name) ? shape[name] : undefined;
      if (field === undefined || value === null) return false;
      return value !== "" || !z.safeParse(field, undefined).success;
    }),
  );
}

function invalidInput(error: z.ZodError): ToolError {
  const problems = error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
  return new ToolError("invalid_input", problems.join("; "), "Correct this and call again");
}

type ToolErrorCode =
  | "configuration_error"
  | "invalid_input"
  | "invalid_email"
  | "domain_not_allowed"
  | "role_not_allowed"
  | "not_found"
  | "confirmation_unavailable"
  | "confirmation_invalid"
  | "busy"
  | "cancelled";

/** A call that cannot be done, told as `<code>: <what happened>. <what to do next>.` */
export class ToolError extends Error {
  override readonly name = "ToolError";
  readonly code: ToolErrorCode;

  constructor(code: ToolErrorCode, happened: string, next: string) {
    super(`${code}: ${happened}. ${next}.`);
    this.code = code;
  }
}
