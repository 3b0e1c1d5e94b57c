import { createInterface } from "node:readline";
import { MultiServerMCPClient } from "@langchain/mcp-adapters";

// Takes calls as lines of JSON and answers with the facts of the result.
const { command, args, env } = JSON.parse(process.argv[2]);
const client = new MultiServerMCPClient({
  mcpServers: { trieve: { transport: "stdio", command, args, env, stderr: "ignore" } },
});
const tools = await client.getTools();
for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line);
  const tool = tools.find(({ name }) => name === call.tool);
  const message = await tool.invoke({
    name: call.tool,
    args: call.args,
    id: "1",
    type: "tool_call",
  });
  const facts = message.artifact?.find(({ type }) => type === "mcp_structured_content")?.data;
  process.stdout.write(`${JSON.stringify(facts ?? { message })}\n`);
}
await client.close();
