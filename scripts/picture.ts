import { spawn } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";

// Runs the demo and draws its output as docs/demo.svg, where the lines appear one after the other as in a terminal.

const COLUMNS = 100;
const LINE = 18;
const TOP = 46;
const STEP_S = 0.35;

const demo = spawn("node_modules/.bin/tsx", ["scripts/demo.ts"], {
  stdio: ["ignore", "pipe", "inherit"],
});
let output = "$ npm run demo\n\n";
for await (const chunk of demo.stdout) output += chunk;

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const toXml = (text: string) => text.replaceAll(/[&<>]/g, (character) => escapes[character] ?? "");

/** What a line is: something said, a call or its result. Each has its own colour. */
function kindOf(line: string): string {
  if (/^["$(]/.test(line)) return "said";
  return /^ {2}\w/.test(line) ? "call" : "back";
}

/** Wraps a line at blanks to COLUMNS, keeping its indentation. */
function wrap(line: string): string[] {
  const end = line.lastIndexOf(" ", COLUMNS);
  const indent = /^ */.exec(line)?.[0] ?? "";
  if (line.length <= COLUMNS || end <= indent.length) return [line];
  return [line.slice(0, end), ...wrap(`${indent}${line.slice(end + 1)}`)];
}

const lines = output.trimEnd().split("\n").flatMap(wrap);
const width = 16 + COLUMNS * 8;
const height = TOP + lines.length * LINE + 10;
const texts = lines.map((line, at) => {
  const delay = (at * STEP_S).toFixed(2);
  return `<text class="${kindOf(line)}" x="16" y="${TOP + at * LINE}" style="animation-delay:${delay}s">${toXml(line)}</text>`;
});

await mkdir("docs", { recursive: true });
await writeFile(
  "docs/demo.svg",
  `<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 ${width} ${height}" role="img">
<title>npm run demo: list, send, resend and delete, with a question to a person</title>
<style>
text { font: 13px ui-monospace, Menlo, Consolas, monospace; white-space: pre; animation: show 0.01s both }
.said { fill: #e6c07b } .call { fill: #61afef } .back { fill: #c8ccd4 }
@keyframes show { from { opacity: 0 } }
@media (prefers-reduced-motion: reduce) { text { animation: none } }
</style>
<rect width="100%" height="100%" rx="8" fill="#1e2127"/>
<circle cx="20" cy="18" r="6" fill="#ff5f56"/><circle cx="40" cy="18" r="6" fill="#ffbd2e"/><circle cx="60" cy="18" r="6" fill="#27c93f"/>
${texts.join("\n")}
</svg>
`,
);
