import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

// What `npm run bench` measured is kept in docs/figures.json, from which docs/performance.md has its tables; the
// README quotes from it.

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const FIGURES = here("../../docs/figures.json");
const PAGE = here("../../docs/performance.md");

export const OURS = "trieve-invitations-mcp";

/** What is measured: its words, its unit, and the goal that it must not exceed. */
export const MEASURES = {
  startLegacy: ["start with a handshake, tools/list answered, to `node -e 0`", "x", 2.6],
  memoryLegacy: ["memory after it", "MB", 50],
  startModern: ["start with revision 2026-07-28, tools/list answered, to `node -e 0`", "x", 3],
  memoryModern: ["memory after it", "MB", 50],
  tokensOfTools: ["tokens of all tools (name, description, input)", "", 750],
  tokensOfPage: ["tokens of the first page of a list of 1,000, as text", "", 1400],
  list10: ["list of 10, to a raw fetch", "x", 2.2],
  lists32: ["32 lists of 10 at once, to 32 raw fetches", "x", undefined],
  list10000: ["list of 10,000, to a raw fetch and parse", "x", 2],
  list100000: ["list of 100,000, to a raw fetch and parse", "x", 2.2],
  memory100000: ["most memory, with one list of 100,000", "MB", 250],
  members: ["list_members of 1,000, to its request alone", "x", undefined],
  send: ["send_invitation of one, to its requests alone", "x", undefined],
  resend: [
    "resend_invitation of one, with its confirmation, to its requests alone",
    "x",
    undefined,
  ],
  delete: [
    "delete_invitation of one, with its confirmation, to its requests alone",
    "x",
    undefined,
  ],
  send50: ["50 sends in one call, mails of 300 ms, to a bare loop of two at a time", "x", 1.05],
  resend20: ["20 resends in one call, mails of 300 ms, to a bare loop", "x", 1.1],
  memoryCalls: ["memory after 10,000 lists of 10", "MB", undefined],
} satisfies Record<string, [what: string, unit: "x" | "MB" | "", goal: number | undefined]>;
export type Measure = keyof typeof MEASURES;

/** What one run measured. */
export interface Figures {
  node: string;
  machine: string;
  /** Programs that wanted a core, on average in the last five minutes of the run. */
  load: number;
  date: string;
  /** By server, this one first. */
  servers: Record<string, Partial<Record<Measure, number>>>;
}

type AllFigures = Record<string, Figures>;

const majorOf = ({ node }: Figures) => `node ${node.slice(1).split(".")[0]}`;

function formatFigure(measure: Measure, value: number | undefined): string {
  if (value === undefined) return "";
  const unit = MEASURES[measure][1];
  if (unit === "x") return `${value.toFixed(2)}x`;
  return `${Math.round(value).toLocaleString("en")}${unit && ` ${unit}`}`;
}

function formatRow(measure: Measure, { servers }: Figures): string {
  const [what, , goal] = MEASURES[measure];
  const values = Object.values(servers).map((values) => formatFigure(measure, values[measure]));
  const most = goal === undefined ? "" : `<= ${formatFigure(measure, goal)}`;
  return `| ${[what, ...values, most].join(" | ")} |`;
}

/** The figures of one run as a table in Markdown, under what they were measured on. */
export function formatTable(figures: Figures): string {
  const { node, machine, load, date, servers } = figures;
  const names = Object.keys(servers);
  const measures = Object.keys(MEASURES) as Measure[];
  const taken = measures.filter((measure) => servers[OURS]?.[measure] !== undefined);
  return [
    `Node ${node}, ${machine}, ${date}; load average ${load.toFixed(1)}.`,
    "",
    `| | ${[...names, "goal"].join(" | ")} |`,
    `|---|${"---|".repeat(names.length + 1)}`,
    ...taken.map((measure) => formatRow(measure, figures)),
  ].join("\n");
}

/** docs/performance.md with the tables of these figures in it. */
export function fillPage(page: string, all: AllFigures): string {
  const tables = Object.entries(all).map(
    ([name, one]) => `## ${name.replace("n", "N")}\n\n${formatTable(one)}\n`,
  );
  const block = /(<!-- figures -->\n)[\s\S]*(<!-- \/figures -->)/;
  return page.replace(block, (_, open, close) => `${open}\n${tables.join("\n")}\n${close}`);
}

/** Keeps the figures of a run, and writes them into the page. */
export function keep(figures: Figures): void {
  const all: AllFigures = { ...readFigures(), [majorOf(figures)]: figures };
  writeFileSync(FIGURES, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(PAGE, fillPage(readFileSync(PAGE, "utf8"), all));
}

/** The figures of the last run on each Node, by `node 20` and so on. */
export function readFigures(): AllFigures {
  return JSON.parse(readFileSync(FIGURES, "utf8"));
}

/** What this server takes on Node 20, with date and machine, as the README says it. */
export function quote(): string {
  const figures = readFigures()["node 20"];
  if (figures === undefined) throw new Error("docs/figures.json has no run on Node 20");
  const { node, machine, date, servers } = figures;
  const of = (measure: Measure) => formatFigure(measure, servers[OURS]?.[measure]);
  return `A start takes ${of("startLegacy")} the time of bare Node (${of("startModern")} with revision 2026-07-28) and ${of("memoryLegacy")}: [all figures](docs/performance.md), Node ${node} on ${machine}, ${date}.`;
}
