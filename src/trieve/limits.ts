/** How long things may take, in milliseconds, and how large a list may be. */
export interface Limits {
  /** What a list or a delete may take. */
  attemptMs: number;
  /** What a send may take: Trieve mails inside the request. */
  sendMs: number;
  /** How long a send waits for its turn. */
  turnMs: number;
  /** When a list that has not begun is asked for once more. */
  hedgeMs: number;
  callMs: number;
  bodyBytes: number;
}

/** How long after a write the list is read again where it lacks what should be there: it may lag. */
export const SECOND_LOOK_MS = 3_000;
/** How far at most a list is taken to lag behind what this process knows for certain. */
export const LAG_MS = 10_000;

export const LIMITS: Limits = {
  attemptMs: 20_000,
  sendMs: 45_000,
  turnMs: 8_000,
  hedgeMs: 5_000,
  callMs: 55_000,
  bodyBytes: 64 * 1024 * 1024,
};
