import { neutralise, shortId } from "./text.ts";

/** One attempt to send or delete, as it is kept. */
export interface Attempt {
  tool: string;
  organizationId: string | undefined;
  /** Untrusted, as is `role`. */
  email?: string | undefined;
  role?: string | undefined;
  invitationId?: string | undefined;
  /** An outcome of the tool or an error code. */
  outcome: string;
  confirmedBy: string | undefined;
  /** Requests to Trieve. */
  requests: number;
  ms: number;
  /** What the lines of one call for several share. */
  call?: string | undefined;
}

/** Where audit lines go: stderr always, a file when there is one. */
export interface AuditSink {
  log(line: string): void;
  /** Appends to the file. May throw. */
  append?: ((line: string) => void) | undefined;
}

/**
 * Writes the attempt as one line of JSON. A file that cannot be written is told, and stops nothing;
 * false then.
 */
export function writeAudit(sink: AuditSink, attempt: Attempt, now: number): boolean {
  const { email, role, invitationId } = attempt;
  const line = JSON.stringify({
    time: new Date(now).toISOString(),
    tool: attempt.tool,
    organization_id: attempt.organizationId ?? null,
    email: email === undefined ? null : neutralise(email),
    role: role === undefined ? null : neutralise(role),
    invitation: invitationId === undefined ? null : shortId(invitationId),
    outcome: attempt.outcome,
    confirmed_by: attempt.confirmedBy ?? null,
    requests: attempt.requests,
    ms: attempt.ms,
    call: attempt.call,
  });
  sink.log(line);
  try {
    sink.append?.(`${line}\n`);
    return true;
  } catch {
    sink.log("TRIEVE_AUDIT_LOG cannot be written; the line above stands only here");
    return false;
  }
}
