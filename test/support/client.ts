import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ElicitRequestSchema, type ElicitResult } from "@modelcontextprotocol/sdk/types.js";

/** What the person in front of the client does with a question. */
export type Person = (question: {
  message: string;
  choices: string[];
  /** Fires when the server withdraws the question, which the modern protocol does not have. */
  takenBack?: AbortSignal;
}) => unknown;

/** One call's answer, as a client sees it. */
export interface CallAnswer {
  isError: boolean;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read single fields of the facts
  facts: any;
}

export interface TestClient {
  client: Client;
  /** Every question that was asked. */
  questions: string[];
  call(name: string, args?: object, options?: { signal?: AbortSignal }): Promise<CallAnswer>;
}

/** Connects the SDK's client; with a `person` it declares form elicitation. */
export async function connectClient(transport: Transport, person?: Person): Promise<TestClient> {
  const capabilities = person === undefined ? {} : { elicitation: {} };
  const client = new Client({ name: "test", version: "1" }, { capabilities });
  const questions: string[] = [];
  if (person !== undefined) {
    client.setRequestHandler(ElicitRequestSchema, async ({ params }, { signal: takenBack }) => {
      questions.push(params.message);
      const { decision } = (params as { requestedSchema: { properties: Record<string, unknown> } })
        .requestedSchema.properties;
      const choices = (decision as { enum: string[] }).enum;
      return (await person({ message: params.message, choices, takenBack })) as ElicitResult;
    });
  }
  await client.connect(transport);
  return {
    client,
    questions,
    async call(name, args = {}, options = {}) {
      const result = await client.callTool({ name, arguments: { ...args } }, undefined, {
        ...options,
        timeout: 120_000,
      });
      const [content] = result.content as { type: string; text: string }[];
      return {
        isError: result.isError === true,
        text: content?.text ?? "",
        // As on the wire, where undefined fields do not exist.
        facts: JSON.parse(JSON.stringify(result.structuredContent ?? null)) ?? undefined,
      };
    },
  };
}

/** A person who always gives the same answer; `yes` takes the acting choice. */
export const says = {
  yes: ({ choices }: { choices: string[] }) => ({
    action: "accept",
    content: { decision: choices[1] },
  }),
  no: ({ choices }: { choices: string[] }) => ({
    action: "accept",
    content: { decision: choices[0] },
  }),
  decline: () => ({ action: "decline" }),
  cancel: () => ({ action: "cancel" }),
};
