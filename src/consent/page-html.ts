import { createHash } from "node:crypto";
import { type Clock, dateOf } from "../clock.ts";
import type { Fact } from "../tools/action.ts";
import { turnedAwayText } from "./messages.ts";
import {
  BUTTON_MS,
  type PageQuestion,
  type PageReply,
  SETTLED_MS,
  type TurnedAway,
} from "./question.ts";

/** How a page looks. Buttons stay in reach: what is long scrolls between the heading and them. */
const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fff; --back: #eef0f3; --ink: #1c1e21; --soft: #565c66; --line: #c9ced6;
  --press: #e6e9ee; --act: #b3261e; --on-act: #fff; --focus: #0b57d0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #24272c; --back: #16181b; --ink: #eceef1; --soft: #aab1bc; --line: #4a505a;
    --press: #353a42; --act: #f2b8b5; --on-act: #601410; --focus: #a8c7fa;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; min-height: 100vh; min-height: 100dvh; display: grid; place-items: center;
  background: var(--back); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
main {
  width: min(36rem, 100%); max-height: 100vh; max-height: 100dvh; padding: 1.5rem;
  display: flex; flex-direction: column; gap: 0.75rem;
  background: var(--paper); border-radius: 0.75rem; overflow-wrap: anywhere;
}
main > * { flex: none; margin: 0; }
h1 { font-size: 1.375rem; line-height: 1.25; }
.who, .foot { font-size: 0.875rem; color: var(--soft); }
.facts {
  flex: 0 1 auto; min-height: 6rem; overflow: auto; padding: 0.75rem 1rem;
  border: 1px solid var(--line); border-radius: 0.5rem;
}
.facts > * { margin: 0; }
.facts > * + * { margin-top: 0.5rem; }
.facts ul { padding-left: 1.25rem; }
dl > div { display: flex; flex-wrap: wrap; gap: 0 0.75rem; }
dt { flex: 0 0 7rem; color: var(--soft); }
dd { flex: 1 1 12rem; margin: 0; }
form { display: flex; flex-wrap: wrap; gap: 0.75rem; justify-content: flex-end; }
button, .soon { border-radius: 0.5rem; }
button {
  min-height: 2.75rem; padding: 0.5rem 1.25rem; font: inherit; font-weight: 600;
  border: 1px solid var(--soft); background: var(--paper); color: var(--ink); cursor: pointer;
}
button:hover { background: var(--press); }
button.act { border-color: var(--act); background: var(--act); color: var(--on-act); }
button.act:hover { filter: brightness(1.1); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.soon { display: grid; background: var(--press); }
.soon button { animation: soon ${BUTTON_MS}ms steps(1, end); }
@keyframes soon { from, to { visibility: hidden; } }
@media (max-width: 30rem) {
  main { padding: 1rem; border-radius: 0; }
  form > * { flex: 1 1 auto; }
}
`;

/** What every answer of a page carries: no script, no foreign resource, no frame, no copy. */
export const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${hashOf(STYLE)}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  // With no-referrer the form's Origin would be null.
  "referrer-policy": "same-origin",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  connection: "close",
};

/** What a browser gets to see, as HTML; undefined where that is nothing. */
export function htmlOf(reply: PageReply, clock: Clock): string | undefined {
  switch (reply.kind) {
    case "question":
      return questionPage(reply.page);
    case "answer":
      return answerPage(reply.page, clock);
    case "turned_away":
      return turnedAwayPage(reply.page, reply.turnedAway);
    case "over":
      return undefined;
  }
}

function answerPage(page: PageQuestion, clock: Clock): string {
  const { action, answer, turnedAway } = page;
  const [refusing] = action.choices;
  if (answer === "yes") return yesPage(page, clock);
  if (answer === "kept") {
    return notice(`Your answer: ${refusing}`, [
      "Nothing was done, and nothing will be.",
      "You can close this page.",
    ]);
  }
  const isVoid = answer === "opened_twice" && turnedAway !== undefined;
  return notice("This question is over", [
    ...(isVoid ? [`${turnedAwayText(turnedAway)}.`] : []),
    "No answer to it counts, and nothing was done.",
    ...(isVoid
      ? ["If it was not you who opened the page, another program on this machine did."]
      : []),
    "To be asked again, tell your assistant, and open the new page only once.",
  ]);
}

/** A yes whose origin is hidden can still be a no. */
function turnedAwayPage(page: PageQuestion, turnedAway: TurnedAway): string {
  const sentence = `${turnedAwayText(turnedAway)}.`;
  if (turnedAway.why !== "origin") {
    return notice("This answer does not count", [
      sentence,
      "Nothing was done. Answer on the page that your assistant opened.",
    ]);
  }
  const [refusing] = page.action.choices;
  const words = [
    sentence,
    "Nothing was done. To agree, end this question here, change that setting or name another browser in BROWSER, and tell your assistant to ask again.",
  ];
  return notice("This answer does not count", words, refusalForm(page, refusing));
}

function questionPage({ action, field }: PageQuestion): string {
  const { question, meaning, items, facts, choices } = action;
  const [refusing, acting] = choices.map(escapeHtml);
  return documentOf(
    question,
    `<p class="who">Your assistant asks, through trieve-invitations-mcp</p>
<h1>${escapeHtml(question)}</h1>
${meaning === undefined ? "" : `<p>${escapeHtml(meaning)}</p>`}
<div class="facts" role="region" aria-label="What this is about" tabindex="0">
${listOf(items)}${factsOf(facts)}
</div>
<form method="post">
<input type="hidden" name="field" value="${field}">
<button name="decision" value="${refusing}" autofocus>${refusing}</button>
<span class="soon"><button class="act" name="decision" value="${acting}">${acting}</button></span>
</form>
<p class="foot">This page opens only once. Reloading it, or opening it again, ends the question.</p>`,
  );
}

function yesPage(page: PageQuestion, clock: Clock): string {
  const { action, isAwaited, isDone, openedAt, expiresAt } = page;
  const heading = `Your answer: ${action.choices[1]}`;
  if (isDone) {
    return notice(heading, [
      "This question is over, and that answer counted.",
      "If it was not you who gave it, another program on this machine did.",
    ]);
  }
  const seconds = Math.ceil((openedAt + SETTLED_MS - clock.elapsed()) / 1_000);
  const kept = `It is kept until ${dateOf(clock, expiresAt).toTimeString().slice(0, 5)}`;
  const rest = isAwaited
    ? `Then you can close this page. ${kept}, in case your assistant has to ask for it again.`
    : `Tell your assistant to go on; nothing is done until then. ${kept}.`;
  if (seconds <= 0) return notice(heading, [isAwaited ? "You can close this page." : rest]);
  const soon = `It counts in ${seconds} s. Until then, the button below takes it back, and so does opening the address of this page again.`;
  return notice(heading, [soon, rest], refusalForm(page, "Take it back"));
}

function notice(heading: string, words: readonly string[], form = ""): string {
  const paragraphs = words.map((one) => `<p>${escapeHtml(one)}</p>`);
  const body = [`<h1>${escapeHtml(heading)}</h1>`, ...paragraphs, form];
  return documentOf(heading, body.join("\n"));
}

/** A form whose one button is a no. */
function refusalForm({ action, field }: PageQuestion, label: string): string {
  return `<form method="post">
<input type="hidden" name="field" value="${field}">
<button name="decision" value="${escapeHtml(action.choices[0])}">${escapeHtml(label)}</button>
</form>`;
}

function documentOf(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
</body>
</html>
`;
}

function listOf(items: readonly string[]): string {
  const rows = items.map((item) => `<li>${escapeHtml(item)}</li>`);
  return rows.length === 0 ? "" : `<ul>\n${rows.join("\n")}\n</ul>\n`;
}

/** Facts as HTML: values with a label as pairs, sentences as paragraphs. */
function factsOf(facts: readonly Fact[]): string {
  const rows = facts.map(({ label, text }) =>
    label === undefined
      ? `<p>${escapeHtml(text)}</p>`
      : `<dl>\n<div><dt>${escapeHtml(label)}</dt><dd>${escapeHtml(text)}</dd></div>\n</dl>`,
  );
  // Neighbouring pairs make one list.
  return rows.join("\n").replaceAll("</dl>\n<dl>\n", "");
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
