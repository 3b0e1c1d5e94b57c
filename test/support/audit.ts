/** A line of the audit, as JSON reads it. */
// biome-ignore lint/suspicious/noExplicitAny: lines are looked into field by field
export type AuditLine = any;

/** All audit lines in what went to stderr or into the file, without other words. */
export function auditLines(given: string | readonly string[]): AuditLine[] {
  const lines = typeof given === "string" ? given.split("\n") : given;
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

/** Of these the lines that tell what came of something, not that it began. */
export function endLines(given: string | readonly string[]): AuditLine[] {
  return auditLines(given).filter(({ outcome }) => outcome !== "begun");
}
