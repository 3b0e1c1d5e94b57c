import { createInterface } from "node:readline/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema, type ElicitResult } from "@modelcontextprotocol/sdk/types.js";

// Plays the main job against the sandbox: what an administrator says, what the agent calls, what comes back.
// With --page it asks on the page in the browser, as in a client without forms.

interface Question {
  message: string;
  requestedSchema: { properties: { decision: { enum: [refusing: string, acting: string] } } };
}

function say(line = ""): void {
  process.stdout.write(`${line}\n`);
}

function quote(text: string): void {
  for (const line of text.split("\n")) say(`    ${line}`);
}

/** Asks at the terminal; without one it takes the acting choice and says so. */
async function decide(choices: string[], acting: string): Promise<string> {
  if (!process.stdin.isTTY) {
    say(`    > ${choices.join(" / ")}: ${acting}   (no terminal, so the demo answers by itself)`);
    return acting;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const answer = (await terminal.question(`    > ${choices.join(" / ")}: `)).trim();
  terminal.close();
  return choices.find((choice) => choice === answer) ?? choices[0] ?? "";
}

const ASKS = new Set(["delete_invitation", "send_invitations", "resend_invitations"]);
const onPage = process.argv.includes("--page");
// What a browser needs; the SDK passes on only the rest.
const DISPLAY = [
  "BROWSER",
  "DISPLAY",
  "WAYLAND_DISPLAY",
  "XAUTHORITY",
  "XDG_RUNTIME_DIR",
  "DBUS_SESSION_BUS_ADDRESS",
  "SSH_CONNECTION",
];
const display = DISPLAY.flatMap((name) => {
  const value = process.env[name];
  return value === undefined ? [] : [[name, value]];
});
const transport = new StdioClientTransport({
  command: process.execPath,
  args: ["dist/main.js", "--sandbox"],
  env: { ...Object.fromEntries(display), TRIEVE_CONFIRM: onPage ? "page,code" : "form,code" },
  stderr: "pipe",
});
let trieve = "";
transport.stderr?.on("data", (chunk: Buffer) => {
  for (const line of chunk.toString().split("\n")) {
    const mail = /^sandbox: would mail \S+ \(\w+\)/.exec(line);
    if (mail !== null) say(`    [${mail[0]}]`);
    trieve = /^sandbox: .* serves at (\S+)/.exec(line)?.[1] ?? trieve;
  }
});

const client = new Client(
  { name: "demo", version: "1" },
  { capabilities: { elicitation: { form: {} } } },
);
client.setRequestHandler(ElicitRequestSchema, async ({ params }): Promise<ElicitResult> => {
  const { message, requestedSchema } = params as unknown as Question;
  const choices = requestedSchema.properties.decision.enum;
  say("  the client asks:");
  quote(message);
  return { action: "accept", content: { decision: await decide(choices, choices[1]) } };
});

async function call(
  name: string,
  args: Record<string, unknown>,
): Promise<{ text: string; facts: unknown }> {
  say(`  ${name} ${JSON.stringify(args)}`);
  if (onPage && ASKS.has(name)) say("  a page opens in your browser; answer there");
  // A person may take the four minutes that the server gives.
  const result = await client.callTool({ name, arguments: args }, undefined, { timeout: 300_000 });
  const [{ text } = { text: "" }] = result.content as { text: string }[];
  const facts = result.structuredContent as { outcome?: string } | undefined;
  if (facts?.outcome === "confirmation_pending") {
    quote(text);
    return call(name, args);
  }
  return { text, facts };
}

await client.connect(transport);

say('"Who has not accepted after two weeks?"');
const late = await call("list_invitations", { older_than_days: 14 });
quote(late.text);

say('\n"Invite ann@example.com."');
quote(firstLine(await call("send_invitation", { email: "ann@example.com" })));

say('\n"And grace@example.com." (She has a Trieve account.)');
quote(firstLine(await call("send_invitation", { email: "grace@example.com" })));

say('\n"Take back Bob\'s invitation."');
const [bob] = await idsOf({ email: "bob" });
quote(firstLine(await call("delete_invitation", { invitation_id: bob })));

say('\n"Invite hugo, iris and ines@example.com." (Ines is invited already.)');
const emails = ["hugo@example.com", "iris@example.com", "ines@example.com"];
quote((await call("send_invitations", { emails })).text);

say('\n"And carl@example.com." (The mail relay is broken.)');
await breakMail(true);
quote(firstLine(await call("send_invitation", { email: "carl@example.com" })));
await breakMail(false);

say('\n"Mail works again. Send Carl\'s once more, and to whoever has waited for a month."');
const carl = await idsOf({ email: "carl" });
const waiting = await idsOf({ older_than_days: 30, order: "oldest" });
quote((await call("resend_invitations", { invitation_ids: [...carl, ...waiting] })).text);

say('\n"Who is left?"');
quote((await call("list_invitations", {})).text);

await client.close();

async function idsOf(filters: Record<string, unknown>): Promise<string[]> {
  const { facts } = await call("list_invitations", filters);
  return (facts as { invitations: { id: string }[] }).invitations.map(({ id }) => id);
}

async function breakMail(refuseMail: boolean): Promise<void> {
  const headers = { authorization: "sandbox-key" };
  const body = JSON.stringify({ refuseMail });
  await fetch(`${trieve}/sandbox`, { method: "PUT", headers, body });
}

function firstLine({ text }: { text: string }): string {
  return text.split("\n")[0] ?? "";
}
