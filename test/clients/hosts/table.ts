import { execFileSync } from "node:child_process";
import type { Driven } from "./drive.ts";
import { toolChanges } from "./tools.ts";

const HEAD = [
  "host",
  "started by",
  "version",
  "date",
  "a person is asked by",
  "the model sees",
  "the tools",
  "first answer, ms",
  "also",
  "holds",
];

/** What the hosts did, a row each; `missing` are those that could not be driven, each with its reason. */
export function hostRows(
  driven: readonly (Driven & { version: string })[],
  missing: readonly [name: string, reason: string][],
): string[] {
  const date = new Date().toISOString().slice(0, 10);
  const rows = driven.map((one) => [
    one.host.name,
    one.host.started,
    one.version,
    date,
    asking(one),
    sight(one),
    toolChanges(one.model.tools()).join("; ") || "as they are",
    String(one.startMs ?? "-"),
    triedToReach(one),
    `${one.checks.filter(({ holds }) => holds).length} of ${one.checks.length}`,
  ]);
  const none = missing.map(([name, reason]) => [
    name,
    `not run: ${reason}`,
    ...HEAD.slice(2).map(() => ""),
  ]);
  return [...rows, ...none].map(lineOf);
}

/** `table` with `rows` in place of those of the same host, started in the same way; new ones at the end. */
export function withRows(table: string, rows: readonly string[]): string {
  const key = (row: string) => row.split(" | ", 2).join();
  const kept = table.split("\n").filter((line) => line.startsWith("| "));
  const all = new Map([...kept.slice(2), ...rows].map((row) => [key(row), row]));
  return [lineOf(HEAD), lineOf(HEAD.map(() => "---")), ...all.values()].join("\n");
}

const lineOf = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;

function asking({ questions, results }: Driven): string {
  const ways = [...new Set(questions.map(({ way }) => way))];
  if (ways.length > 0) return ways.join(", ");
  if (results.length === 0) return "not seen";
  const refused = results.filter((one) => one.includes("not_confirmed"));
  // A host may show its model the facts as JSON within JSON.
  const reason = refused.map((one) => /\breason\W{1,6}(\w+)/.exec(one)?.[1]).find(Boolean);
  return `nobody: the host answers the form by itself (\`${reason ?? "unknown"}\`)`;
}

/** Whether results and errors reach the model as text, as facts (JSON), or both. */
function sight({ results }: Driven): string {
  const told = (result: string | undefined, code: string) => {
    if (result === undefined) return "nothing";
    const facts = result.includes(`"outcome":"${code}"`) || result.includes(`\\"${code}\\"`);
    const text = result.includes(`${code}: `);
    return facts && text ? "both" : facts ? "facts" : text ? "text" : "other words";
  };
  const compact = results.map((one) => one.replaceAll('": "', '":"'));
  const result = told(
    compact.find((one) => one.includes("not_confirmed")),
    "not_confirmed",
  );
  const error = told(
    compact.find((one) => one.includes("unauthorized")),
    "unauthorized",
  );
  return result === error ? result : `${result}; of errors ${error}`;
}

function triedToReach({ model }: Driven): string {
  const outside = [...new Set(model.refused)].toSorted().map((one) => one.replace(/:443$/, ""));
  const words = outside.map((one) =>
    /^registry\./.test(one) ? "a package registry" : `\`${one}\``,
  );
  return words.length === 0 ? "" : `tried to reach ${words.join(", ")}`;
}

/** How long Node itself takes to start and end, ms: the best of five. */
export function bareNodeMs(): number {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    execFileSync(process.execPath, ["-e", "0"]);
    return performance.now() - start;
  });
  return Math.round(Math.min(...times));
}
