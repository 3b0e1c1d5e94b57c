import { claudeAlone, claudeForm, claudeTerminal } from "./claude.ts";
import { cline } from "./cline.ts";
import { codexApp, codexExec } from "./codex.ts";
import { copilot } from "./copilot.ts";
import { gemini } from "./gemini.ts";
import type { Host } from "./host.ts";
import { opencode } from "./opencode.ts";

export const HOSTS: readonly Host[] = [
  claudeAlone,
  claudeForm,
  claudeTerminal,
  codexExec,
  codexApp,
  copilot,
  gemini,
  opencode,
  cline,
];

/** Hosts that the run leaves out, each with the reason. */
export const NOT_RUN: readonly [name: string, reason: string][] = [
  ["Claude Desktop, VS Code, Cursor, Zed, Windsurf", "they are no npm packages"],
];
