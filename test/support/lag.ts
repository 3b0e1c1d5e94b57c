import type { SeenRequest } from "./fault-proxy.ts";
import type { TestTrieve } from "./trieve.ts";

const isList = ({ method, path }: SeenRequest) =>
  method === "GET" && path.startsWith("/api/invitations/");

/**
 * Makes the list show the state of `ms` milliseconds ago, as a replica or a cache would. The returned function stops
 * the recording.
 */
export function lagByTime({ store, proxy }: TestTrieve, ms: number): () => void {
  const past: { at: number; rows: string }[] = [];
  const look = () => {
    const rows = JSON.stringify(store.rows);
    if (rows !== past.at(-1)?.rows) past.push({ at: performance.now(), rows });
  };
  look();
  const timer = setInterval(look, 5);
  proxy.always((request) => {
    look();
    if (!isList(request)) return { pass: true };
    const then = performance.now() - ms;
    return answer((past.findLast(({ at }) => at <= then) ?? past[0])?.rows);
  });
  return () => clearInterval(timer);
}

/** If `isLate` says so, makes the first list request after a write show the state before it. */
export function lagByReading({ store, proxy }: TestTrieve, isLate: () => boolean): void {
  let late: string | undefined;
  proxy.always((request) => {
    if (request.method !== "GET") {
      late = isLate() ? JSON.stringify(store.rows) : undefined;
      return { pass: true };
    }
    if (!isList(request)) return { pass: true };
    const rows = late;
    late = undefined;
    return rows === undefined ? { pass: true } : answer(rows);
  });
}

/** Makes every row of the list unreadable once a mail has gone out. */
export function spoilRowsAfterMail({ store, proxy }: TestTrieve): void {
  proxy.always((request) =>
    isList(request) && store.mails.length > 0
      ? answer(JSON.stringify(store.rows.map((row) => ({ ...row, role: "?" }))))
      : { pass: true },
  );
}

function answer(rows = "[]") {
  return { answer: 200, headers: { "content-type": "application/json" }, body: rows };
}
