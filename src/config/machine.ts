import { existsSync, readFileSync, statSync } from "node:fs";

/** Whether this process runs in a container, whose localhost is not that of its host. */
export function isContainer(): boolean {
  return existsSync("/.dockerenv") || existsSync("/run/.containerenv");
}

/** Reads a regular file; undefined for anything else, such as a pipe, which could block. Throws Node's errors. */
export function readRegularFile(path: string): { text: string; mode: number } | undefined {
  const stats = statSync(path);
  return stats.isFile() ? { text: readFileSync(path, "utf8"), mode: stats.mode } : undefined;
}

/** What is wrong with a file of certificate authorities, of which Node only warns; `other` if that does not show. */
export function faultOfCaFile(path: string): "unreadable" | "no PEM" | "other" {
  try {
    const file = readRegularFile(path);
    if (file === undefined) return "unreadable";
    return file.text.includes("CERTIFICATE-----") ? "other" : "no PEM";
  } catch {
    return "unreadable";
  }
}
