import { createInterface } from "node:readline";
import { createMCPClient, ElicitationRequestSchema } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport as StdioTransport } from "@ai-sdk/mcp/mcp-stdio";

// Takes calls as lines of JSON and answers with the facts of the result.
const { command, args, env } = JSON.parse(process.argv[2]);
let yes = false;
const client = await createMCPClient({
  transport: new StdioTransport({ command, args, env, stderr: "ignore" }),
  capabilities: { elicitation: {} },
});
client.onElicitationRequest(ElicitationRequestSchema, ({ params }) => {
  const choices = params.requestedSchema.properties.decision.enum;
  return { action: "accept", content: { decision: choices[yes ? 1 : 0] } };
});
const tools = await client.tools();
for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line);
  yes = call.yes;
  const result = await tools[call.tool].execute(call.args, { messages: [], toolCallId: "1" });
  process.stdout.write(`${JSON.stringify(result.structuredContent ?? { error: result })}\n`);
}
await client.close();
