import { ROLES } from "../../../src/config/policy.ts";
import type { TestTrieve } from "../../support/trieve.ts";

/** A request that reached Trieve and changes something there. */
export interface Write {
  method: string;
  email: string;
  /** Of the invitation that is sent. */
  role?: string | undefined;
}

/** Whether these are the same writes, in whatever order. */
export function isSame(seen: readonly Write[], expected: readonly Write[]): boolean {
  const inWords = (all: readonly Write[]) =>
    all.map(({ method, email, role }) => `${method} ${email} ${role}`).toSorted();
  return inWords(seen).join() === inWords(expected).join();
}

/** Tells all writes so far, in order. Knows the address of a deleted row that was there when it was last asked. */
export function watchWrites({ store, proxy }: TestTrieve): () => Write[] {
  const emails = new Map<string, string>();
  return () => {
    for (const { id, email } of store.rows) emails.set(id, email);
    return proxy.seen
      .filter(({ method }) => method !== "GET")
      .map(({ method, path, body }) => {
        if (method === "POST") {
          const { email, user_role } = JSON.parse(body);
          return { method, email, role: ROLES[user_role] };
        }
        const id = path.split("/").at(-1) ?? "";
        return { method, email: emails.get(id) ?? id };
      });
  };
}
