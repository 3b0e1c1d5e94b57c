/** How long things may take, in milliseconds, and how large a list may be. Tests shorten these. */
export const LIMITS = {
  /** What a list or a delete may take. */
  attemptMs: 20_000,
  /** What a send may take: Trieve mails inside the request. */
  sendMs: 45_000,
  /** How long a write waits for its slot. */
  slotMs: 8_000,
  callMs: 55_000,
  bodyBytes: 64 * 1024 * 1024,
};
export type Limits = typeof LIMITS;
