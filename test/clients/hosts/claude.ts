import { setTimeout as soon } from "node:timers/promises";
import { configurationOf } from "../page.ts";
import { checkOver, executable, type Host, playThrough, type Visit } from "./host.ts";
import { inTerminal, type Screen, screenOf } from "./screen.ts";

const AGAIN_MS = 20_000;
const STEP_MS = 500;
// Of util-linux: gives a program a terminal.
const SCRIPT = "/usr/bin/script";
const packageName = "@anthropic-ai/claude-code";

function environment({ model }: Visit) {
  return {
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: "played",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    DISABLE_AUTOUPDATER: "1",
    // Else tools are looked up one by one, which a scripted model does not do.
    ENABLE_TOOL_SEARCH: "false",
  };
}

/** The tools are allowed beforehand: what is tried here is the question of the server, not the host's. */
function argumentsFor(stay: Visit): string[] {
  const config = stay.put("mcp.json", configurationOf("Claude Code", stay.setup, 1));
  const allowed = ["--allowedTools", "mcp__trieve-invitations"];
  return ["--mcp-config", config, "--strict-mcp-config", ...allowed];
}

async function visit(stay: Visit): Promise<void> {
  const args = ["-p", "go", ...argumentsFor(stay)];
  await playThrough(stay, stay.start("claude", args, environment(stay)));
}

const DOWN = "\u001b[B";
const RIGHT = "\u001b[C";
const ENTER = "\r";

/** In a terminal, where the person answers forms with keys. */
async function visitTerminal(stay: Visit): Promise<void> {
  // What it asks once at its first start.
  const { home } = stay.setup;
  const answered = {
    hasCompletedOnboarding: true,
    customApiKeyResponses: { approved: ["played"] },
    projects: { [home]: { hasTrustDialogAccepted: true } },
  };
  stay.put(".claude.json", JSON.stringify(answered));
  const command = inTerminal([executable("claude"), ...argumentsFor(stay)]);
  const running = stay.start(SCRIPT, command, environment(stay));
  const screen = screenOf(running);
  void answerForms(stay, screen);
  await screen.until(/❯/);
  const ended = running.ended.then(() => true);
  // It takes a turn before the server is there, and then shows the model no tools: it is told again.
  while (stay.model.tools().length === 0) {
    screen.press("go");
    await screen.until(/❯\s+go/);
    screen.press(ENTER);
    if (await Promise.race([ended, soon(AGAIN_MS)])) break;
  }
  while (!stay.model.isOver()) if (await Promise.race([ended, soon(STEP_MS)])) break;
  checkOver(stay, screen.text());
}

/** Answers form after form as the person wants. */
async function answerForms({ model, person }: Visit, screen: Screen): Promise<void> {
  while (!model.isOver()) {
    await screen.until(/requests your input.*not set/s);
    const [text] = /requests your input.*Esc to cancel/s.exec(screen.text()) ?? [];
    if (text === undefined) return;
    const question = person.reads("form", text.replace(/\s+/g, " "));
    const { yes } = question;
    screen.press(RIGHT);
    await screen.until(/❯ ◯/);
    if (yes) screen.press(DOWN);
    await screen.until(yes ? /\n◯.*❯ ◯/s : /❯ ◯.*\n◯/s);
    screen.press(" ");
    await screen.until(/❯ ✔ \S/);
    screen.press(DOWN);
    await screen.until(/❯ Accept/);
    person.answers(question);
    screen.press(ENTER);
    await screen.until(/❯ Accept/, false);
  }
}

export const claudeAlone: Host = {
  name: "Claude Code",
  packageName,
  started: "`claude -p`",
  asked: "page",
  visit,
};

export const claudeForm: Host = {
  name: "Claude Code",
  packageName,
  started: "`claude -p`, `TRIEVE_CONFIRM=form`",
  asked: "nobody",
  settings: { TRIEVE_CONFIRM: "form" },
  visit,
};

export const claudeTerminal: Host = {
  name: "Claude Code",
  packageName,
  started: "`claude` in a terminal",
  asked: "form",
  needs: SCRIPT,
  visit: visitTerminal,
};
