import { createHash } from "node:crypto";
import { BUTTON_MS } from "./question.ts";

/** The style of a page. The buttons stay in view: long facts scroll between them and the heading. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: light-dark(#fff, #24272c); --back: light-dark(#eef0f3, #16181b);
  --ink: light-dark(#1c1e21, #eceef1); --soft: light-dark(#565c66, #aab1bc);
  --line: light-dark(#c9ced6, #4a505a); --press: light-dark(#e6e9ee, #353a42);
  --act: light-dark(#b3261e, #f2b8b5); --on-act: light-dark(#fff, #601410);
  --focus: light-dark(#0b57d0, #a8c7fa);
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
main:has(table) { width: min(52rem, 100%); }
main > * { flex: none; margin: 0; }
h1 { font-size: 1.375rem; line-height: 1.25; }
.who, .foot { font-size: 0.875rem; color: var(--soft); }
.facts {
  flex: 0 1 auto; min-height: 6rem; overflow: auto; padding: 0.75rem 1rem;
  border: 1px solid var(--line); border-radius: 0.5rem;
}
.facts > * { margin: 0; }
.facts > * + * { margin-top: 0.5rem; }
table { width: 100%; border-collapse: collapse; font-size: 0.875rem; }
th, td { padding: 0.25rem 0.75rem 0.25rem 0; text-align: left; vertical-align: top; font-weight: 400; }
thead th { position: sticky; top: -0.75rem; background: var(--paper); color: var(--soft); }
td { white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
.rights > * { font-weight: 700; }
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
@media (max-width: 48rem) {
  thead { position: absolute; clip-path: inset(50%); }
  tbody tr { display: block; padding: 0.25rem 0; }
  tbody th { display: block; padding: 0; }
  td { display: inline; white-space: normal; }
}
`;

/** The headers of every response: no script, no foreign resource, no framing, no caching. */
export const HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": `default-src 'none'; style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  // With no-referrer the form's Origin would be null.
  "referrer-policy": "same-origin",
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  // Removes a service worker that another program left on this port: it would get the answer before this server.
  "clear-site-data": '"storage"',
  connection: "close",
};
