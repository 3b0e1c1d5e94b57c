import { describe, expect, test } from "vitest";
import { addMember } from "../src/sandbox/store.ts";
import {
  type Answer,
  breaks,
  doneBut,
  expectCall,
  hangs,
  page,
  passes,
  refuses,
  says,
  startCalls,
  type TestCalls,
} from "./support/calls.ts";

// Calls to delete and to resend, as wholes: the question, the requests, and every word that is told of them.

const ANN = "ann@example.com";
const ALL = [ANN, "bob@example.com", "carl@example.com"];
const drop = (invitations: unknown = [ANN]) => ["delete_invitation", { invitations }] as const;
const resend = (invitations: unknown = [ANN], role?: string) =>
  ["resend_invitation", { invitations, role }] as const;

const gone = says(400, "Error getting invitation.");
const hidden = says(200, "not a list");

function startWithAll(environment?: Record<string, string>): TestCalls {
  const it = startCalls(environment);
  it.add("aaaaaaa1", ANN);
  it.add("bbbbbbb2", "bob@example.com", { role: 1, days: 0 });
  it.add("ccccccc3", "carl@example.com", { days: 40 });
  return it;
}

/** Lets a request through once this is so. */
const hangsUntil =
  (isOver: () => boolean): Answer =>
  async (pass) => {
    while (!isOver()) await new Promise((resolve) => setTimeout(resolve, 1));
    return pass();
  };

/** What happens between the question and the yes. */
const meanwhile = {
  nothing: () => {},
  deleted: (it: TestCalls) => void it.store.rows.splice(0, 1),
  accepted: (it: TestCalls) => void Object.assign(it.store.rows[0] ?? {}, { used: true }),
  changed: (it: TestCalls) => void Object.assign(it.store.rows[0] ?? {}, { role: 1 }),
  unread: (it: TestCalls) => void Object.assign(it.store.rows[0] ?? {}, { role: "x" }),
  twin: (it: TestCalls) => void it.add("aaaaaaa1-8", "bea@example.com"),
  beside: (it: TestCalls) => void it.add("dddddddd", ANN),
};

describe("a delete", () => {
  test.each<[string, string, (it: TestCalls) => void, (keyof typeof meanwhile)?]>([
    ["is done with one DELETE", "done", () => {}],
    ["of one that is deleted meanwhile finds it gone", "nothing_to_do", () => {}, "deleted"],
    ["of one that is accepted meanwhile is not done", "changed", () => {}, "accepted"],
    ["of one that gets another role meanwhile is not done", "changed", () => {}, "changed"],
    ["of one that cannot be read any more is not done", "changed", () => {}, "unread"],
    ["is done where another id begins alike meanwhile", "done", () => {}, "twin"],
    [
      "that somebody else did faster is told as theirs, where the list had it",
      "done",
      (it) => it.next("DELETE", doneBut(gone)),
    ],
    ["is done by a second DELETE", "done", (it) => it.next("DELETE", says(500), passes)],
    [
      "is done by a second DELETE that finds it gone",
      "done",
      (it) => it.next("DELETE", says(500), doneBut(gone)),
    ],
    [
      "is in doubt after two 500s",
      "outcome_unknown",
      (it) => it.next("DELETE", says(500), says(500)),
    ],
    [
      "is in doubt after a 500 and a 403",
      "outcome_unknown",
      (it) => it.next("DELETE", says(500), says(403)),
    ],
    [
      "is in doubt after a 500 and one that cannot be sent, and the list is not read again",
      "outcome_unknown",
      (it) => it.next("DELETE", says(500), refuses),
    ],
    ["is in doubt after two resets", "outcome_unknown", (it) => it.next("DELETE", breaks, breaks)],
    ["took effect before a reset", "done", (it) => it.next("DELETE", doneBut(breaks))],
    [
      "took effect before a reset, which the list shows 3 s later",
      "done",
      (it) => {
        it.next("DELETE", doneBut(breaks));
        const { rows } = it.store;
        it.next("GET", passes, passes, () => Response.json(rows), passes);
      },
    ],
    [
      "is in doubt where no list can be read after it",
      "outcome_unknown",
      (it) => {
        it.next("DELETE", breaks);
        it.next("GET", passes, passes, hidden, hidden);
      },
    ],
    [
      "is known where only the second list can be read after it",
      "done",
      (it) => {
        it.next("DELETE", doneBut(breaks));
        it.next("GET", passes, passes, hidden);
      },
    ],
    [
      "is in doubt where the invitation changed after it",
      "outcome_unknown",
      (it) =>
        it.next("DELETE", (pass) => {
          meanwhile.accepted(it);
          return says(500)(pass);
        }),
    ],
    ["is refused with 401", "unauthorized", (it) => it.next("DELETE", says(401))],
    ["is refused with 403", "forbidden", (it) => it.next("DELETE", says(403))],
    ["is tried again after a page with 403", "done", (it) => it.next("DELETE", page(403))],
    ["is tried again after a 404", "done", (it) => it.next("DELETE", says(404))],
    ["is not begun without a list", "forbidden", (it) => it.next("GET", passes, says(403))],
    ["needs a list to begin with", "forbidden", (it) => it.next("GET", says(403))],
  ])("%s", async (_, outcome, prepare, then = "nothing") => {
    const it = startWithAll();
    prepare(it);
    await expectCall(it, outcome, drop(), { before: () => meanwhile[then](it) });
  });

  test.each<[string, string, (it: TestCalls) => void, readonly [string, object]]>([
    ["of several is one after the other", "done", () => {}, drop(ALL)],
    [
      "of several stops after one in doubt",
      "outcome_unknown",
      (it) => it.next("DELETE", says(500), says(500)),
      drop(ALL),
    ],
    [
      "of several stops after a 403",
      "partly_done",
      (it) => it.next("DELETE", passes, says(403)),
      drop(ALL),
    ],
    [
      "of several goes on after one that changed",
      "partly_done",
      (it) =>
        it.next("GET", passes, (pass) => {
          meanwhile.accepted(it);
          return pass();
        }),
      drop(ALL),
    ],
    [
      "begins no more after one that is unclear, and says so of the rest",
      "partly_done",
      (it) => it.next("DELETE", passes, says(500), says(500)),
      drop(ALL),
    ],
    ["of nobody finds nothing", "not_found", () => {}, drop(["zoe@example.com"])],
    [
      "of an unknown id finds nothing, and keeps the end of the id",
      "not_found",
      () => {},
      drop(["dddddddd-7a0b-4d0e-9c61-000000000001"]),
    ],
    [
      "leaves out what is not found",
      "partly_done",
      () => {},
      drop([ANN, "zoe@example.com", "dddddddd"]),
    ],
    [
      "takes one invitation by its address, its id and its beginning once",
      "done",
      () => {},
      drop([ANN, "aaaaaaa1", "AAAAAAA1-7a0b-4d0e-9c61-000000000001"]),
    ],
    [
      "of an ambiguous address names both",
      "ambiguous",
      (it) => void it.add("ddddddd4", "Ann@example.com", { used: true, days: 3 }),
      drop(),
    ],
    [
      "of an ambiguous beginning names both",
      "ambiguous",
      (it) => void it.add("aaaaaaa1-8", "dora@example.com"),
      drop(["aaaaaaa1", "bob@example.com"]),
    ],
    [
      "of a used one says what it means",
      "done",
      (it) => void it.add("ddddddd4", "dora@example.com", { used: true, role: 9 }),
      drop([ANN, "ddddddd4"]),
    ],
  ])("%s", async (_, outcome, prepare, args) => {
    const it = startWithAll();
    prepare(it);
    await expectCall(it, outcome, args);
  });

  test("begins no more with less than 20 s left", async () => {
    const it = startWithAll();
    it.next("DELETE", (pass) => {
      it.clock.turn(36_000);
      return pass();
    });
    await expectCall(it, "partly_done", drop(ALL));
  });

  test("that took 55 s is still told", async () => {
    const it = startWithAll();
    it.next("DELETE", (pass) => {
      it.clock.turn(70_000);
      return doneBut(breaks)(pass);
    });
    await expectCall(it, "done", drop());
  });

  test("of what this server deleted finds it gone, by address and by id, for ten minutes", async () => {
    const it = startWithAll();
    await it.call(...drop());
    for (const name of [ANN, "aaaaaaa1"]) await expectCall(it, "nothing_to_do", drop([name]));
    it.clock.turn(10 * 60_000);
    expect((await it.call(...drop())).text).toMatch(/^not_found/);
  });

  test("that is refused by the person does nothing", async () => {
    const it = startWithAll();
    await expectCall(it, "not_confirmed", drop(), { says: 0 });
    expect(it.store.rows).toHaveLength(3);
  });

  test("of several that is cancelled in the middle tells what was done and begins no more", async () => {
    const it = startWithAll();
    const caller = new AbortController();
    it.next("DELETE", (pass) => {
      caller.abort();
      return pass();
    });
    await expectCall(it, "partly_done", drop(ALL), { signal: caller.signal });
  });
});

describe("a resend", () => {
  test.each<[string, string, (it: TestCalls) => void, (keyof typeof meanwhile)?, string?]>([
    ["is one DELETE and one POST", "done", () => {}],
    ["may give another role", "done", () => {}, "nothing", "admin"],
    ["of one that is deleted meanwhile is not done", "already_gone", () => {}, "deleted"],
    ["of one that is accepted meanwhile is not done", "changed", () => {}, "accepted"],
    ["of one that cannot be read any more is not done", "changed", () => {}, "unread"],
    ["of one beside which another turns up is not done", "changed", () => {}, "beside"],
    ["adds somebody who has an account by now", "done", (it) => it.store.accounts.add(ANN)],
    [
      "is half done where the mail fails",
      "mail_unconfirmed",
      (it) => void Object.assign(it.store, { refuseMail: true }),
    ],
    ["is half done after a reset", "mail_unconfirmed", (it) => it.next("POST", doneBut(breaks))],
    ["is in doubt after a 500", "outcome_unknown", (it) => it.next("POST", says(500))],
    [
      "is a delete alone where the send is refused",
      "deleted_not_sent",
      (it) => it.next("POST", says(403)),
    ],
    ["is a delete alone after a 429", "deleted_not_sent", (it) => it.next("POST", says(429))],
    [
      "is a delete alone where the person is a member by now",
      "deleted_not_sent",
      (it) => addMember(it.store, { email: ANN }),
    ],
    [
      "sends nothing where the delete is in doubt",
      "outcome_unknown",
      (it) => it.next("DELETE", says(500), says(500)),
    ],
    [
      "sends nothing where no list can be read after the delete",
      "outcome_unknown",
      (it) => {
        it.next("DELETE", breaks);
        it.next("GET", passes, passes, hidden, hidden);
      },
    ],
    [
      "sends nothing where the delete is refused",
      "forbidden",
      (it) => it.next("DELETE", says(403)),
    ],
    ["sends after a second DELETE", "done", (it) => it.next("DELETE", says(500))],
    [
      "of one that carries scopes is not done",
      "not_supported",
      (it) => void Object.assign(it.store.rows[0] ?? {}, { scopes: [] }),
    ],
    [
      "of one beside a used record is not done",
      "not_supported",
      (it) => void it.add("ddddddd4", ANN, { used: true }),
    ],
    [
      "of one as owner is not done",
      "role_not_allowed",
      (it) => void Object.assign(it.store.rows[0] ?? {}, { role: 2 }),
    ],
    ["to a role above the highest is not done", "role_not_allowed", () => {}, "nothing", "owner"],
    [
      "of one that was accepted by a member is not done",
      "nothing_to_do",
      (it) => {
        meanwhile.accepted(it);
        addMember(it.store, { email: ANN });
      },
    ],
    [
      "of one that was accepted by somebody who is no member is not done",
      "already_accepted",
      (it) => meanwhile.accepted(it),
    ],
    [
      "of one that was accepted is not done where the members cannot be read",
      "already_accepted",
      (it) => {
        meanwhile.accepted(it);
        it.next("GET", passes, says(403));
      },
    ],
  ])("%s", async (_, outcome, prepare, then = "nothing", role = undefined) => {
    const it = startWithAll();
    prepare(it);
    await expectCall(it, outcome, resend([ANN], role), { before: () => meanwhile[then](it) });
  });

  test.each<[string, string, (it: TestCalls) => void, readonly [string, object]]>([
    ["of several is one after the other", "done", () => {}, resend(ALL)],
    [
      "of several stops after a delete alone",
      "deleted_not_sent",
      (it) => it.next("POST", says(403)),
      resend(ALL),
    ],
    [
      "of several stops after one in doubt",
      "partly_done",
      (it) => it.next("POST", passes, says(500)),
      resend(ALL),
    ],
    [
      "of several stops after a mail that is not taken",
      "deleted_not_sent",
      (it) => it.next("POST", says(400, "Invalid email")),
      resend(ALL),
    ],
    [
      "of several stops after a mail that failed",
      "partly_done",
      (it) => it.next("POST", passes, doneBut(says(400, "Error sending email."))),
      resend(ALL),
    ],
    [
      "leaves out what cannot be resent",
      "partly_done",
      (it) => {
        it.add("ddddddd4", "d\u00f6ra@example.com");
        it.add("eeeeeee5", "emil@example.com", { used: true });
        it.add("fffffff6", "fred@example.com", { role: 7 });
      },
      resend(["d\u00f6ra@example.com", "eeeeeee5", "fffffff6", "zoe@example.com", ANN]),
    ],
    [
      "of an address with a used and a pending one takes the pending one",
      "done",
      (it) => void it.add("ddddddd4", "Ann@example.com", { used: true }),
      resend(),
    ],
    [
      "of a used one by its id takes that",
      "already_accepted",
      (it) => void it.add("ddddddd4", "Ann@example.com", { used: true }),
      resend(["ddddddd4"]),
    ],
    [
      "of a beginning that fits a pending and a used one is ambiguous",
      "ambiguous",
      (it) => void it.add("aaaaaaa1-8", "x@example.com", { used: true }),
      resend(["aaaaaaa1"]),
    ],
    [
      "of two ambiguous names says so of both",
      "ambiguous",
      (it) => {
        it.add("ddddddd4", "Ann@example.com");
        it.add("ddddddd5", "Bob@example.com");
      },
      resend([ANN, "bob@example.com"]),
    ],
    [
      "of an address with two pending ones is ambiguous",
      "ambiguous",
      (it) => void it.add("ddddddd4", "Ann@example.com"),
      resend(),
    ],
  ])("%s", async (_, outcome, prepare, args) => {
    const it = startWithAll();
    prepare(it);
    await expectCall(it, outcome, args);
  });

  test.each<[string, string, (it: TestCalls) => void, readonly [string, object]]>([
    ["by its address is not done again", "nothing_to_do", () => {}, resend()],
    ["by its old id is not done again", "nothing_to_do", () => {}, resend(["aaaaaaa1"])],
    ["by its new id is done again", "done", () => {}, resend(["e1616e6e"])],
    ["with another role is done", "done", () => {}, resend([ANN], "admin")],
    [
      "by its address, and then by its new id, is not done again",
      "nothing_to_do",
      () => {},
      resend([ANN, "e1616e6e"]),
    ],
    ["of another one is done", "done", () => {}, resend(["bob@example.com"])],
    [
      "of another one is done after one in doubt",
      "done",
      (it) => it.next("POST", says(500)),
      resend(["bob@example.com"]),
    ],
    ["with the same role is not done again", "nothing_to_do", () => {}, resend([ANN], "user")],
    [
      "whose mail failed is done again",
      "done",
      (it) => void Object.assign(it.store, { refuseMail: true }),
      resend(),
    ],
    [
      "that is in doubt is in doubt still",
      "outcome_unknown",
      (it) => it.next("POST", says(500)),
      resend(),
    ],
    [
      "that was refused finds it gone",
      "already_gone",
      (it) => it.next("POST", says(403)),
      resend(),
    ],
    ["is followed by a delete by the old id", "done", () => {}, drop(["aaaaaaa1"])],
  ])("after a resend, the same %s", async (_, outcome, prepare, args) => {
    const it = startWithAll();
    prepare(it);
    await it.call(...resend());
    it.store.refuseMail = false;
    await expectCall(it, outcome, args);
  });

  test("whose send was in doubt, and took effect late, is not done again", async () => {
    const it = startWithAll();
    let takeEffect: (() => Promise<Response>) | undefined;
    it.next("POST", (pass) => {
      takeEffect = pass;
      return says(500)(pass);
    });
    await it.call(...resend());
    await takeEffect?.();
    await expectCall(it, "nothing_to_do", resend());
    await expectCall(it, "done", resend(["e1616e6e"]));
  });

  test("of a resend leads from the first id to the last invitation", async () => {
    const it = startWithAll();
    await it.call(...resend());
    await it.call(...resend(["e1616e6e"]));
    await expectCall(it, "nothing_to_do", resend(["aaaaaaa1"]));
    await expectCall(it, "done", drop(["aaaaaaa1"]));
  });

  test("that has less than 20 s left after the list deletes nothing", async () => {
    const it = startWithAll();
    it.next("GET", passes, (pass) => {
      it.clock.turn(36_000);
      return pass();
    });
    await expectCall(it, "timeout", resend());
  });

  test("begins no more with less than 30 s left", async () => {
    const it = startWithAll();
    it.next("POST", (pass) => {
      it.clock.turn(26_000);
      return pass();
    });
    await expectCall(it, "partly_done", resend(ALL));
  });

  test("sends what is deleted, however late it is", async () => {
    const it = startWithAll();
    it.next("DELETE", (pass) => {
      it.clock.turn(300_000);
      return pass();
    });
    await expectCall(it, "done", resend());
  });

  test("that is cancelled after its DELETE still sends", async () => {
    const it = startWithAll();
    const caller = new AbortController();
    it.next("DELETE", (pass) => {
      caller.abort();
      return pass();
    });
    await expectCall(it, "done", resend(), { signal: caller.signal });
  });

  test("to other domains than allowed is not done", async () => {
    const it = startWithAll({ TRIEVE_ALLOWED_EMAIL_DOMAINS: "example.org" });
    await expectCall(it, "domain_not_allowed", resend());
  });

  test("says where the links lead nowhere", async () => {
    const it = startWithAll({
      TRIEVE_BASE_URL: "http://localhost:8090",
      TRIEVE_DASHBOARD_URL: "http://localhost:5173",
    });
    await expectCall(it, "done", resend());
  });

  test("without an address for links is not done", async () => {
    const it = startWithAll({ TRIEVE_DASHBOARD_URL: "" });
    await expectCall(it, "configuration_error", resend());
  });
});

describe("two calls for one invitation", () => {
  test.each([
    ["delete", drop()],
    ["resend", resend()],
  ] as const)(
    "tell of one delete: a %s finds it gone that was deleted meanwhile",
    async (_, args) => {
      const it = startWithAll();
      const answers: (object | undefined)[] = [];
      it.next("DELETE", async (pass) => {
        answers.push((await it.call(...drop())).facts);
        return pass();
      });
      const { text } = await it.call(args[0], args[1]);
      expect(answers).toMatchObject([{ counts: { deleted: 1 } }]);
      expect(text).toContain("already_gone aaaaaaa1");
      expect(it.store.mails).toEqual([]);
    },
  );
});

test("an invitation that was deleted, and sent anew by a call of its own, can be resent", async () => {
  const it = startWithAll();
  await it.call(...drop());
  await it.call("send_invitation", { emails: [ANN] });
  expect((await it.call(...resend())).facts.counts).toEqual({ resent: 1 });
});

test("six invitations are deleted in one call, each in a place of its own", async () => {
  const it = startWithAll();
  for (const n of [4, 5, 6]) it.add(`ddddddd${n}`, `dora${n}@example.com`);
  const names = it.store.rows.map(({ email }) => email);
  expect((await it.call(...drop(names))).facts.counts).toEqual({ deleted: 6 });
});

test("a delete goes on beside two sends that wait", async () => {
  const it = startCalls({}, { slotMs: 500, sendMs: 100 });
  it.add("aaaaaaa1", ANN);
  it.next("POST", hangs, hangs);
  const sends = ["x@example.com", "y@example.com"].map((email) =>
    it.call("send_invitation", { emails: [email] }),
  );
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await it.call(...drop())).facts.counts).toEqual({ deleted: 1 });
  await Promise.all(sends);
});

test("a resend keeps its place from the delete to the send", async () => {
  const it = startWithAll();
  const sends: Promise<unknown>[] = [];
  let inside = 0;
  it.next("POST", async (pass) => {
    for (const email of ["x@example.com", "y@example.com"]) {
      sends.push(it.call("send_invitation", { emails: [email] }));
    }
    const posts = () => it.seen.filter(({ method }) => method === "POST").length;
    while (posts() < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside = posts();
    return pass();
  });
  const others = hangsUntil(() => inside > 0);
  it.next("POST", others, others);
  await it.call(...resend());
  await Promise.all(sends);
  expect(inside).toBe(2);
});

test("a DELETE that nothing answers is dropped, and looked after", async () => {
  const it = startCalls({}, { attemptMs: 500 });
  it.add("aaaaaaa1", ANN);
  it.next("DELETE", hangs, hangs);
  await expectCall(it, "outcome_unknown", drop());
});

test("a resend with 22 s left after the list is done", async () => {
  const it = startWithAll();
  it.next("GET", passes, (pass) => {
    it.clock.turn(33_000);
    return pass();
  });
  expect((await it.call(...resend())).facts.counts).toEqual({ resent: 1 });
});
