/** One thing that was looked at. */
export interface Check {
  name: string;
  status: "ok" | "warning" | "failed" | "skipped";
  found: string;
  /** What to do, for a warning or failure. */
  hint?: string;
}

/** A check as a line of text. */
export function checkLine({ name, status, found, hint }: Check): string {
  return `${status.padEnd(8)} ${name}: ${found}${hint === undefined ? "" : ` -> ${hint}`}`;
}

/** A check that found what should be. */
export function passed(name: string, found: string): Check {
  return { name, status: "ok", found };
}
