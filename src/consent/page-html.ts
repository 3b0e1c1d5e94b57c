import { createHash } from "node:crypto";
import { type Clock, dateOf } from "../clock.ts";
import type { Deed } from "../tools/deed.ts";
import { STYLE } from "./page-style.ts";
import type { Reader, View } from "./state.ts";

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

/** A page as HTML. */
export function htmlOf(view: Exclude<View, { shows: "nothing" }>, clock: Clock): string {
  switch (view.shows) {
    case "question":
      return questionPage(view.deed, view.reader);
    case "yes":
      return notice(`Your answer: ${view.deed.choices[1]}`, yesWords(view, clock));
    case "no":
      return notice(`Your answer: ${view.deed.choices[0]}`, [
        "Nothing was done, and nothing will be.",
        "You can close this page.",
      ]);
    case "void":
      return notice("This question is over", [
        "This page had been opened before, so no answer on it counts. Nothing was done.",
        "If it was not you who opened it, another program on this machine did.",
        "You can close this page.",
      ]);
  }
}

function questionPage({ facts: [first, ...facts], choices }: Deed, { field }: Reader): string {
  const [, act = first, meaning = ""] = /^(.*?[?.]) (.*)$/.exec(first) ?? [];
  const [refusing, acting] = choices.map(escapeHtml);
  return page(
    act,
    `<p class="who">Your assistant asks, through trieve-invitations-mcp</p>
<h1>${escapeHtml(act)}</h1>
${meaning === "" ? "" : `<p>${escapeHtml(meaning)}</p>`}
<div class="facts" role="region" aria-label="What this is about" tabindex="0">
${listOf(facts)}
</div>
<form method="post">
<input type="hidden" name="field" value="${field}">
<button name="decision" value="${refusing}" autofocus>${refusing}</button>
<span class="soon"><button class="act" name="decision" value="${acting}">${acting}</button></span>
</form>
<p class="foot">If this page no longer answers, its question is over.</p>`,
  );
}

function yesWords(
  { waits, countsAt, expiresAt }: Extract<View, { shows: "yes" }>,
  clock: Clock,
): string[] {
  const seconds = Math.ceil((countsAt - clock.elapsed()) / 1_000);
  const onItsWay =
    seconds > 0
      ? [
          `It is on its way and counts in ${seconds} s, unless this page is opened once more until then.`,
        ]
      : [];
  const kept = `It is kept until ${dateOf(clock, expiresAt).toTimeString().slice(0, 5)}`;
  return waits
    ? [...onItsWay, "You can close this page.", `${kept}, should your assistant ask for it again.`]
    : [...onItsWay, `Tell your assistant to go on; nothing is done until then. ${kept}.`];
}

function notice(heading: string, words: readonly string[]): string {
  const paragraphs = words.map((one) => `<p>${escapeHtml(one)}</p>`);
  return page(heading, `<h1>${escapeHtml(heading)}</h1>\n${paragraphs.join("\n")}`);
}

function page(title: string, body: string): string {
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

/** Facts as HTML: "Name: value" as a pair, a sentence as a paragraph, anything else as a list's item. */
function listOf(facts: readonly string[]): string {
  const groups: { tag: "dl" | "ul" | "div"; rows: string[] }[] = [];
  for (const fact of facts) {
    const [, name, value] = /^([A-Z][\w-]*(?: [\w-]+)?): (.*)$/s.exec(fact) ?? [];
    const isPair = name !== undefined && value !== undefined;
    const isSentence = /^[A-Z].*\.$/s.test(fact);
    const tag = isPair ? "dl" : isSentence ? "div" : "ul";
    const row = isPair
      ? `<div><dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`
      : isSentence
        ? `<p>${escapeHtml(fact)}</p>`
        : `<li>${escapeHtml(fact)}</li>`;
    const last = groups.at(-1);
    if (last?.tag === tag) last.rows.push(row);
    else groups.push({ tag, rows: [row] });
  }
  return groups.map(({ tag, rows }) => `<${tag}>\n${rows.join("\n")}\n</${tag}>`).join("\n");
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
