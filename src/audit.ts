import * as fs from "node:fs";
import { platform } from "node:os";
import { dirname } from "node:path";
import { neutralise } from "./text.ts";

/** One audit line, without its time: what became of one target of a call. */
export interface AuditEntry {
  tool: string;
  organization_id: string | null;
  /** Safe to show, unlike `role` and `invitation`, which are untrusted. */
  email: string | undefined;
  role: string | undefined;
  /** The short id, or what the caller gave for an invitation that was not found. */
  invitation: string | undefined;
  /** The target's outcome, an error code, or how far the call has come, such as `begun` or `not_confirmed`. */
  outcome: string;
  /** The error code, where `outcome` is not that code itself. */
  reason: string | undefined;
  confirmed_by: string | null;
  /** Requests to Trieve by the whole call so far, which has taken `ms` milliseconds. */
  requests: number;
  ms: number;
  /** A random id shared by the lines of one call, where it has several targets. */
  call: string | undefined;
}

/** Where audit lines go: to stderr always, and to the file if there is one. */
export interface AuditSink {
  log(line: string): void;
  /** Appends to the file. May throw. */
  append?: ((line: string) => void) | undefined;
}

/** Writes the entry as one line of JSON. Never throws; false if the file could not be written. */
export function writeAudit(sink: AuditSink, entry: AuditEntry, now: number): boolean {
  const safe = (text: string | undefined) => (text === undefined ? null : neutralise(text));
  const line = JSON.stringify({
    time: new Date(now).toISOString(),
    ...entry,
    email: entry.email ?? null,
    role: safe(entry.role),
    invitation: safe(entry.invitation),
  });
  sink.log(line);
  try {
    sink.append?.(`${line}\n`);
    return true;
  } catch {
    sink.log("TRIEVE_AUDIT_LOG cannot be written; the line above is on stderr only");
    return false;
  }
}

// Windows has neither of the last two.
const { O_RDWR, O_APPEND, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;

/**
 * Appends a line to the file, on a new line even if a crash or a full disk cut the last one short. Follows no symbolic
 * link and never blocks; throws if the path is not a regular file or cannot be written.
 */
export function appendLine(path: string, line: string): void {
  const file = fs.openSync(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    const stats = fs.fstatSync(file);
    if (!stats.isFile()) throw new Error("not a regular file");
    const last = Buffer.from("\n");
    if (stats.size > 0) fs.readSync(file, last, 0, 1, stats.size - 1);
    fs.appendFileSync(file, last.toString() === "\n" ? line : `\n${line}`);
  } finally {
    fs.closeSync(file);
  }
}

/**
 * What is wrong with the audit file, if anything; creates nothing. `fault`: it is not a regular file; `unwritable`: it
 * cannot be written now; `open`: other users can change it.
 */
export function checkAuditFile(
  path: string,
): { kind: "fault" | "unwritable" | "open"; text: string } | undefined {
  try {
    const stats = fs.lstatSync(path, { throwIfNoEntry: false });
    if (/[/\\]$/.test(path) || stats?.isFile() === false) return { kind: "fault", text: NO_FILE };
    // With `/.` this fails if the parent is a file, in which nothing can be created.
    if (stats === undefined) fs.accessSync(`${dirname(path)}/.`, fs.constants.W_OK);
    else fs.accessSync(path, fs.constants.R_OK | fs.constants.W_OK);
    const isOpen = platform() !== "win32" && stats !== undefined && (stats.mode & 0o022) !== 0;
    return isOpen ? { kind: "open", text: OPEN } : undefined;
  } catch (error) {
    const text = `TRIEVE_AUDIT_LOG cannot be written (${Object(error).code})`;
    return { kind: "unwritable", text: `${text}: ${MUST_BE_WRITABLE}` };
  }
}

const NO_FILE =
  "TRIEVE_AUDIT_LOG must name a regular file; this is a folder, a link, a pipe or a device";
const OPEN = "TRIEVE_AUDIT_LOG can be changed by users other than its owner; run chmod 600 on it";
const MUST_BE_WRITABLE =
  "its folder must be there, and this user must be able to read and write the file";
