/** An invitation or address that a deed concerns. */
export interface Target {
  /** What refusals are counted for. */
  key: string;
  /** What the audit line says of it, untrusted. */
  email?: string;
  role?: string;
  invitationId?: string;
}
