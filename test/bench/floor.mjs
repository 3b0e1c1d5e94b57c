import { createInterface } from "node:readline";

// The least a server can be: one tool, no dependency, no check, no consent. The floor to compare with.
const { TRIEVE_BASE_URL, TRIEVE_ORGANIZATION_ID, TRIEVE_API_KEY } = process.env;
const tool = { name: "list", description: "List invitations", inputSchema: { type: "object" } };
const headers = { authorization: TRIEVE_API_KEY, "tr-organization": TRIEVE_ORGANIZATION_ID };

async function answer({ method, params }) {
  if (method === "tools/list") return { tools: [tool] };
  if (method !== "tools/call") {
    const serverInfo = { name: "floor", version: "1" };
    return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo };
  }
  const url = `${TRIEVE_BASE_URL}/api/invitations/${TRIEVE_ORGANIZATION_ID}`;
  const rows = await (await fetch(url, { headers })).json();
  return { content: [{ type: "text", text: JSON.stringify(rows) }] };
}

createInterface({ input: process.stdin }).on("line", async (line) => {
  const message = JSON.parse(line);
  if (message.id === undefined) return;
  const result = await answer(message);
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id: message.id, result })}\n`);
});
