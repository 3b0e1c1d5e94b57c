/** A line of the audit, as JSON reads it. */
// biome-ignore lint/suspicious/noExplicitAny: tests read single fields of a line
export type AuditLine = any;

/** All audit lines in the text of stderr or of the file, without any other text. */
export function auditLines(given: string | readonly string[]): AuditLine[] {
  const lines = typeof given === "string" ? given.split("\n") : given;
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

/** Only the audit lines with an outcome, without those that say `begun`. */
export function endLines(given: string | readonly string[]): AuditLine[] {
  return auditLines(given).filter(({ outcome }) => outcome !== "begun");
}
