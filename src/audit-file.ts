import {
  accessSync,
  appendFileSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  type Stats,
  statSync,
} from "node:fs";
import { dirname } from "node:path";

/** What keeps the audit file from being written, without creating anything; grave: it is no file. */
export function auditFault(path: string): { text: string; isGrave: boolean } | undefined {
  const file = statOf(path);
  if (file !== undefined && !file.isFile()) {
    const what = file.isDirectory() ? "is a folder" : "is a pipe or a device";
    return { text: `TRIEVE_AUDIT_LOG ${what}; it must name a regular file`, isGrave: true };
  }
  const folder = dirname(path);
  const isNew = file === undefined;
  const isFine = isNew ? statOf(folder)?.isDirectory() && isOpen(folder) : isOpen(path);
  if (isFine) return undefined;
  const why = isNew ? "its folder is missing or closed to this user" : "no rights";
  return { text: `TRIEVE_AUDIT_LOG cannot be written: ${why}`, isGrave: false };
}

/** Undefined for what is not there, or cannot be looked at: Node's versions differ in which of it throws. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

function isOpen(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Appends to the file, on a line of its own where a crash or a full disk tore the last one. May throw. */
export function appendLine(path: string, line: string): void {
  appendFileSync(path, `${isTorn(path) ? "\n" : ""}${line}`, { mode: 0o600 });
}

function isTorn(path: string): boolean {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const last = Buffer.alloc(1);
    const { size } = fstatSync(file);
    return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last.toString() !== "\n";
  } catch {
    // It is not there yet, or may only be written.
    return false;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
