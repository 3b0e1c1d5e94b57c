import { createInterface } from "node:readline";
import { configurationOf } from "../page.ts";
import { checkOver, type Host, playThrough, type Running, type Visit } from "./host.ts";

const packageName = "@openai/codex";

function start(stay: Visit, args: string[]): Running {
  const model = `model = "played"
model_provider = "played"
check_for_update_on_startup = false

[model_providers.played]
name = "played"
base_url = "${stay.model.url}/v1"
wire_api = "responses"
env_key = "PLAYED_KEY"

[analytics]
enabled = false
`;
  stay.put(".codex/config.toml", `${model}\n${configurationOf("Codex", stay.setup)}`);
  // On a slow machine Codex would begin the turn without the tools, which a scripted model does not wait for.
  const required = ["-c", "mcp_servers.trieve-invitations.required=true"];
  return stay.start("codex", [...required, ...args], { PLAYED_KEY: "played" });
}

/** With all rights: with fewer it asks before every write, which it cannot without a terminal. */
export const codexExec: Host = {
  name: "Codex",
  packageName,
  started: "`codex exec`, full access",
  asked: "page",
  async visit(stay) {
    const args = ["exec", "--skip-git-repo-check", "--dangerously-bypass-approvals-and-sandbox"];
    await playThrough(stay, start(stay, [...args, "go"]));
  },
};

/** As its apps and editors run it: they show the forms, and a person answers. */
export const codexApp: Host = {
  name: "Codex",
  packageName,
  started: "`codex app-server`",
  asked: "form",
  async visit(stay) {
    const { child, said, ended } = start(stay, ["app-server"]);
    const write = (message: object) => child.stdin?.write(`${JSON.stringify(message)}\n`);
    const waiting = new Map<number, (message: { result?: never; error?: unknown }) => void>();
    let turnOver = () => {};
    const turn = new Promise<void>((resolve) => {
      turnOver = resolve;
    });
    if (child.stdout === null) throw new Error("no stdout");
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { id, method, params, ...reply } = JSON.parse(line);
      if (method === "turn/completed") turnOver();
      else if (method === "mcpServer/elicitation/request") {
        write({ id, result: answer(stay, params) });
      } else if (method === undefined) waiting.get(id)?.(reply);
    });
    let count = 0;
    const request = (method: string, params: object) =>
      new Promise<{ thread?: { id: string } }>((resolve, reject) => {
        count += 1;
        waiting.set(count, ({ result, error }) =>
          error ? reject(new Error(JSON.stringify(error))) : resolve(result ?? {}),
        );
        write({ id: count, method, params });
      });
    await request("initialize", {
      clientInfo: { name: "test", title: null, version: "1" },
      capabilities: { experimentalApi: true },
    });
    write({ method: "initialized" });
    const cwd = stay.setup.home;
    const { thread } = await request("thread/start", { cwd, approvalPolicy: "on-request" });
    const input = [{ type: "text", text: "go" }];
    await request("turn/start", { threadId: thread?.id, input });
    await Promise.race([turn, ended]);
    checkOver(stay, said());
  },
};

interface Elicitation {
  message: string;
  requestedSchema?: { properties: { decision?: { enum: [string, string] } } };
}

function answer({ person }: Visit, { message, requestedSchema }: Elicitation) {
  const choices = requestedSchema?.properties.decision?.enum;
  // Codex asks in the same manner whether a tool may run at all.
  if (choices === undefined) return { action: "accept", content: {}, _meta: null };
  const question = person.reads("form", message);
  person.answers(question);
  return { action: "accept", content: { decision: choices[question.yes ? 1 : 0] }, _meta: null };
}
