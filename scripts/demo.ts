import { createInterface } from "node:readline/promises";
import { setTimeout as soon } from "node:timers/promises";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { ElicitRequestSchema, type ElicitResult } from "@modelcontextprotocol/sdk/types.js";
import { findBrowser } from "../src/config/browser.ts";
import { missingForPage } from "../src/consent/page.ts";
import { createStore } from "../src/sandbox/store.ts";

// Plays an administrator's typical requests against the sandbox: what the administrator says, what the agent calls,
// what comes back. With --page it asks on the page in the browser, as in a client without forms.

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

/** Asks at the terminal until the answer is one of the choices; without a terminal, takes the acting choice. */
async function decide(choices: string[], acting: string): Promise<string> {
  const asked = `    > ${choices.join(" / ")}: `;
  if (!process.stdin.isTTY) {
    say(`${asked}${acting}   (no terminal, so the demo answers by itself)`);
    return acting;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  let answer: string | undefined;
  while (answer === undefined) {
    const given = (await terminal.question(asked)).trim().toLowerCase();
    answer = choices.find((choice) => choice === given);
    if (answer === undefined) say("      Type one of the two.");
  }
  terminal.close();
  return answer;
}

const onPage = process.argv.includes("--page");
if (onPage) {
  const { BROWSER, PATH = "" } = process.env;
  const missing = missingForPage(findBrowser(process.env, BROWSER || undefined), PATH);
  if (missing !== undefined) {
    say(`No page can be opened here: ${missing}. Without --page the demo asks in the terminal.`);
    process.exit(1);
  }
}
// What opening a browser needs and the SDK does not pass on by itself.
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

interface Answer {
  text: string;
  /** An error has none. */
  facts: { outcome?: string; invitations?: { id: string }[] };
}

/** Calls a tool and shows what comes back. */
async function call(name: string, args: Record<string, unknown>): Promise<Answer> {
  say(`  ${name} ${JSON.stringify(args)}`);
  // A person may take all of the four minutes that the server allows.
  const result = await client.callTool({ name, arguments: args }, undefined, { timeout: 300_000 });
  const [{ text } = { text: "" }] = result.content as { text: string }[];
  quote(text);
  const facts: Answer["facts"] = result.structuredContent ?? {};
  return facts.outcome === "confirmation_pending" ? call(name, args) : { text, facts };
}

await client.connect(transport);

if (onPage) say("Each question opens as a page in your browser; answer there.\n");

say('"Who has not accepted after two weeks?"');
await call("list_invitations", { older_than_days: 14 });

say('\n"Invite ann@example.com."');
await call("send_invitation", { emails: ["ann@example.com"] });

say('\n"And grace@example.com." (She has a Trieve account.)');
await call("send_invitation", { emails: ["grace@example.com"] });

say('\n"Take back Bob\'s invitation."');
await call("delete_invitation", { invitations: ["bob@example.com"] });

say('\n"Invite hugo, iris and ines@example.com." (Ines is invited already.)');
const emails = ["hugo@example.com", "iris@example.com", "ines@example.com"];
await call("send_invitation", { emails });

say('\n"And carl@example.com." (The mail relay is broken.)');
await breakMail(true);
await call("send_invitation", { emails: ["carl@example.com"] });
await breakMail(false);

say('\n"Mail works again. Send Carl\'s once more, and to whoever has waited for a month."');
const { facts } = await call("list_invitations", { older_than_days: 30, order: "oldest" });
const waiting = (facts.invitations ?? []).map(({ id }) => id);
await call("resend_invitation", { invitations: ["carl@example.com", ...waiting] });

say("\n(Somebody invites Omar once more in the dashboard, in another spelling.)");
await inviteInDashboard("Omar@example.com");
say('\n"Take back Omar\'s invitation."');
const { text } = await call("delete_invitation", { invitations: ["omar@example.com"] });

say('\n"The new one, with the capital."');
// As a model would read it: the beginning of the id precedes the address.
const [beginning] = /[0-9a-f]{8,}(?= Omar@)/.exec(text) ?? [];
await call("delete_invitation", { invitations: [beginning] });

say('\n"Who is left, and who is in?"');
await call("list_invitations", {});
await call("list_members", {});

await client.close();

async function breakMail(refuseMail: boolean): Promise<void> {
  await askTrieve("PUT", "/sandbox", { refuseMail });
}

/** Trieve compares addresses case-sensitively, so one person can be invited twice. */
async function inviteInDashboard(email: string): Promise<void> {
  const links = { app_url: `${trieve}/api`, redirect_uri: "http://localhost:5173/" };
  await askTrieve("POST", "/api/invitation", { email, user_role: 0, ...links });
  // The sandbox reports the mail on stderr, which is read separately.
  await soon(200);
}

/** Sends a request to Trieve directly, not through this server. */
async function askTrieve(method: string, path: string, body: object): Promise<void> {
  const { apiKey, organizationId } = createStore();
  const headers = { authorization: apiKey, "tr-organization": organizationId };
  const response = await fetch(`${trieve}${path}`, { method, headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`the sandbox answered ${response.status} to ${path}`);
}
