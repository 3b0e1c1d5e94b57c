import { expect, test } from "vitest";
import { startCalls, type TestCalls } from "./support/calls.ts";

// What a person is asked, with every word; and that nothing is done without a yes.

const ANN = "ann@example.com";
const ALL = [ANN, "bob@example.com", "carl@example.com", "dora@example.com", "emil@example.com"];
const drop = (...invitations: string[]) => ["delete_invitation", { invitations }] as const;
const resend = (invitations: string[], role?: string) =>
  ["resend_invitation", { invitations, role }] as const;
const send = (emails: string[], role?: string) => ["send_invitation", { emails, role }] as const;
const LOCAL = {
  TRIEVE_BASE_URL: "http://localhost:8090",
  TRIEVE_DASHBOARD_URL: "http://localhost:5173",
};

/** Invitations with every role, pending and used, with an address that another could be taken for. */
function addAll(it: TestCalls): void {
  it.add("aaaaaaa1", ANN);
  it.add("bbbbbbb2", "bob@example.com", { role: 1, days: 0 });
  it.add("ccccccc3", "carl@example.com", { days: 40 });
  it.add("ddddddd4", "dora@example.com", { used: true, role: 9 });
  it.add("eeeeeee5", "\u0435mil@example.com", { days: -2, role: 2 });
  it.add("fffffff6", "fred@example.com", { role: 2 });
}

test.each<[string, Record<string, string>, readonly [string, object]]>([
  ["a delete of a pending invitation", {}, drop(ANN)],
  ["a delete of a used one, with a role that is not known", {}, drop("dora@example.com")],
  ["a delete of an address that looks like another", {}, drop("eeeeeee5")],
  [
    "a delete of several, the highest role first",
    {},
    drop("aaaaaaa1", "bbbbbbb2", "ddddddd4", "eeeeeee5"),
  ],
  ["a delete of one, and of two that are not there", {}, drop(ANN, "zoe@example.com", "99999999")],
  ["a resend", {}, resend([ANN])],
  ["a resend with another role", {}, resend([ANN], "admin")],
  [
    "a resend of several",
    { TRIEVE_MAX_ROLE: "owner" },
    resend(["aaaaaaa1", "bbbbbbb2", "ccccccc3", "fffffff6"]),
  ],
  ["a resend of several with another role", {}, resend(["aaaaaaa1", "bbbbbbb2"], "admin")],
  ["a resend of several as user", {}, resend(["aaaaaaa1", "bbbbbbb2"], "user")],
  [
    "a resend of what can be resent",
    {},
    resend([ANN, "eeeeeee5", "dora@example.com", "zoe@example.com"]),
  ],
  ["a resend with links to this machine", LOCAL, resend([ANN])],
  ["a send of several", {}, send(["x@example.com", "y@example.com"])],
  ["a send of more than are named", {}, send(ALL.map((email) => `x${email}`))],
  ["a send as admin", {}, send(["x@example.com"], "admin")],
  [
    "a send of several as owner",
    { TRIEVE_MAX_ROLE: "owner" },
    send(["x@example.com", "y@example.com"], "owner"),
  ],
  [
    "a send of those in whose way nothing stands",
    {},
    send([...ALL, "x@example.com", "y@example.com"]),
  ],
  [
    "a send as user, where every send is asked about",
    { TRIEVE_ASK_ALWAYS: "true" },
    send(["x@example.com"]),
  ],
  ["a send with links to this machine", LOCAL, send(["x@example.com", "y@example.com"])],
  [
    "a send for an organization with a name",
    { TRIEVE_ORGANIZATION_NAME: "North <wind>" },
    send(["x@example.com"], "admin"),
  ],
])("the question before %s", async (_, environment, args) => {
  const it = startCalls(environment);
  addAll(it);
  const { question, requests, facts } = await it.call(...args, { says: 0 });
  expect(question.join("\n")).toMatchSnapshot();
  expect(facts.outcome).toBe("not_confirmed");
  expect(requests.filter((line) => !line.startsWith("GET"))).toEqual(["yes or no"]);
});
