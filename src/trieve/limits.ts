/** Time limits in milliseconds, and the size limit of a list. Tests use smaller ones. */
export const LIMITS = {
  /** For one list or delete request. */
  attemptMs: 20_000,
  /** For one send: Trieve sends the mail within the request. */
  sendMs: 45_000,
  /** How long a write waits for its slot. */
  slotMs: 8_000,
  callMs: 55_000,
  bodyBytes: 64 * 1024 * 1024,
};
export type Limits = typeof LIMITS;
