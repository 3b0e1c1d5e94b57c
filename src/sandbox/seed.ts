import { addMember, createStore, insertRow, type Store } from "./store.ts";

const DAY_MS = 86_400_000;

const PEOPLE = [
  { email: "ines@example.com", role: 0, used: false, days: 2 },
  { email: "omar@example.com", role: 1, used: false, days: 9 },
  { email: "bob@example.com", role: 0, used: false, days: 23 },
  { email: "lena@example.org", role: 1, used: false, days: 41 },
  { email: "mei@example.com", role: 2, used: true, days: 120 },
  { email: "paul@example.org", role: 0, used: true, days: 300 },
] as const;

const MEMBERS = [
  { email: "dana@example.com", name: "Dana Okafor", role: 2 },
  { email: "mei@example.com", name: "Mei Tan", role: 2 },
  { email: "paul@example.org", name: null, role: 0 },
  { email: "ravi@example.com", name: "Ravi Shah", role: 1 },
] as const;

/** The address of an account outside the organization: inviting it adds the person at once. */
export const ACCOUNT = "grace@example.com";

/** A store with sample data: six invitations of different age, role and status, four members, and ACCOUNT. */
export function seedStore(now: number): Store {
  const store = createStore();
  for (const [at, { email, role, used, days }] of PEOPLE.entries()) {
    const id = `0000000${at + 1}-0000-4000-8000-000000000000`;
    insertRow(store, { email, role, used, id, at: now - days * DAY_MS });
  }
  for (const member of MEMBERS) addMember(store, member);
  for (const email of [...store.members.keys(), ACCOUNT]) store.accounts.add(email);
  return store;
}
