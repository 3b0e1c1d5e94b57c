import { type Clock, dateOf } from "../clock.ts";
import { capitalised } from "../text.ts";
import type { Fact, Row } from "../tools/action.ts";
import { turnedAwayText } from "./messages.ts";
import { STYLE } from "./page-style.ts";
import type { PageQuestion, PageReply } from "./question.ts";

/** The HTML that a browser gets. */
export function renderPage({ kind, page }: PageReply, clock: Clock): string {
  const pages = { question: questionPage, answer: answerPage, turned_away: turnedAwayPage };
  return pages[kind](page, clock);
}

function questionPage({ action, field, expiresAt }: PageQuestion, clock: Clock): string {
  const { question, consequence, rows, facts, choices } = action;
  const [refusing, acting] = choices;
  return documentHtml(
    question,
    `<p class="who">Your assistant asks, through trieve-invitations-mcp</p>
<h1>${escapeHtml(question)}</h1>
${consequence === undefined ? "" : `<p>${escapeHtml(consequence)}</p>`}
<div class="facts" role="region" aria-label="What this is about" tabindex="0">
${tableHtml(rows)}${factsHtml(facts)}
</div>
${formHtml(
  field,
  buttonHtml(refusing, " autofocus"),
  `<span class="soon">${buttonHtml(acting, ' class="act"')}</span>`,
)}
<p class="foot">This page can be answered until ${formatTime(expiresAt, clock)}; after two minutes another question may take its place. It opens only once: reloading it, or opening it again, ends the question.</p>`,
  );
}

/** What became of a question. */
function answerPage(page: PageQuestion, clock: Clock): string {
  const { action, answer, turnedAway } = page;
  if (answer === "yes") return yesPage(page, clock);
  if (answer === "kept") {
    const words = ["Nothing was done, and nothing will be.", "You can close this page."];
    return notice(answerText(action.choices[0]), words);
  }
  const why =
    answer === "opened_twice"
      ? `${turnedAwayText(turnedAway)} If you did not open it, another program on this machine did. `
      : "";
  return notice("This question is over", [
    `${why}No answer to it counts, and nothing was done.`,
    "To be asked again, tell your assistant, and open the new page only once.",
  ]);
}

function yesPage(page: PageQuestion, clock: Clock): string {
  const { action, awaitedBy, state, until, expiresAt, field } = page;
  const heading = answerText(action.choices[1]);
  if (state === "over") {
    const words =
      "That answer counted. If you did not give it, another program on this machine did.";
    return notice(heading, [`This question is over. ${words}`]);
  }
  const seconds = Math.ceil((until - clock.elapsed()) / 1_000);
  const rest = awaitedBy
    ? "You can close this page."
    : `Tell your assistant to go on; nothing is done until then. Your answer is kept until ${formatTime(expiresAt, clock)}.`;
  if (seconds <= 0) return notice(heading, [rest]);
  const soon = `It counts in ${seconds} s. Until then, the button below takes it back, and so does opening the address of this page again.`;
  const form = formHtml(field, buttonHtml(action.choices[0], "", "Take it back"));
  return notice(heading, [soon, rest], form);
}

/** Where the browser hides the origin, no yes can be taken, but the page still offers the no. */
function turnedAwayPage({ action, turnedAway, field }: PageQuestion): string {
  const [refusing] = action.choices;
  const isHidden = turnedAway?.why === "origin";
  const next = isHidden
    ? "To agree, end this question here, change that setting or name another browser in BROWSER, and tell your assistant to ask again."
    : "Answer on the page that your assistant opened.";
  const words = [`${turnedAwayText(turnedAway)} Nothing was done. ${next}`];
  const form = isHidden ? formHtml(field, buttonHtml(refusing)) : "";
  return notice("This answer does not count", words, form);
}

function notice(heading: string, words: readonly string[], form = ""): string {
  const paragraphs = words.map((one) => `<p>${escapeHtml(one)}</p>`);
  const body = [`<h1>${escapeHtml(heading)}</h1>`, ...paragraphs, form];
  return documentHtml(heading, body.join("\n"));
}

function formHtml(field: string, ...buttons: string[]): string {
  const input = `<input type="hidden" name="field" value="${field}">`;
  return ['<form method="post">', input, ...buttons, "</form>"].join("\n");
}

function buttonHtml(choice: string, attributes = "", label = capitalised(choice)): string {
  return `<button${attributes} name="decision" value="${escapeHtml(choice)}">${escapeHtml(label)}</button>`;
}

function answerText(choice: string): string {
  return `Your answer: ${capitalised(choice)}`;
}

/** A moment as the person's own clock shows it. */
function formatTime(moment: number, clock: Clock): string {
  return dateOf(clock, moment).toTimeString().slice(0, 5);
}

function documentHtml(title: string, body: string): string {
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

/** The ARIA roles are explicit: browsers drop them where a narrow window shows the table as blocks. */
function tableHtml(rows: readonly Row[]): string {
  const [first] = rows;
  if (first === undefined) return "";
  const heads = first.cells.map(
    ({ label }) => `<th role="columnheader" scope="col">${escapeHtml(label)}</th>`,
  );
  const lines = rows.map(({ cells, isPrivileged }) => {
    const [address = "", ...others] = cells.map(({ text }) => escapeHtml(text));
    const tds = others.map((text) => `<td role="cell">${text}</td>`);
    const mark = isPrivileged ? ' class="rights"' : "";
    return `<tr role="row"${mark}><th role="rowheader" scope="row">${address}</th> ${tds.join(" ")}</tr>`;
  });
  return `<table role="table">
<thead role="rowgroup"><tr role="row">${heads.join("")}</tr></thead>
<tbody role="rowgroup">
${lines.join("\n")}
</tbody>
</table>
`;
}

/** Facts as HTML: values with a label as pairs, sentences as paragraphs. */
function factsHtml(facts: readonly Fact[]): string {
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
