import { describe, expect, test } from "vitest";
import { addMember } from "../src/sandbox/store.ts";
import {
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

// Calls to send, as wholes: the question, the requests, and every word that is told of them.

const ANN = "ann@example.com";
const ALL = ["ann@example.com", "bob@example.com", "carl@example.com", "dora@example.com"];
const send = (emails: unknown = [ANN], role = "user") =>
  ["send_invitation", { emails, role }] as const;

const mailFails = says(400, "Error sending email.");
const invited = says(400, `User with email ${ANN} has already been invited`);
const hidden = says(200, "not a list");

const refuseMail = (it: TestCalls) => {
  it.store.refuseMail = true;
};

test("an invitation is one list, one POST, and a list to see it in", async () => {
  const it = startCalls();
  const { facts } = await it.call(...send());
  expect(facts).toEqual({
    outcome: "done",
    organization: it.store.organizationId,
    role: "user",
    counts: { invited: 1 },
    results: [{ email: ANN, id: "e1616e6e", outcome: "invited" }],
    note: "",
  });
  const [list, post] = it.seen;
  expect(list?.url.searchParams.get("at")).toMatch(/^[0-9a-f-]{36}$/);
  expect(post?.headers.get("content-length")).toBe(String(post?.body.length));
  expect(post?.headers.get("TR-Organization")).toBe(it.store.organizationId);
  expect(post?.headers.get("Accept")).toBe("application/json");
  expect(post?.headers.get("User-Agent")).toBe("trieve-invitations-mcp/0.0.0-test");
  expect(post?.headers.get("Authorization")).toBe(it.store.apiKey);
  expect(JSON.parse(post?.body ?? "")).toEqual({
    email: ANN,
    user_role: 0,
    app_url: "https://trieve.example.com/api",
    redirect_uri: `https://dashboard.example.com/?org=${it.store.organizationId}`,
  });
});

describe("one address", () => {
  test.each<[string, string, (it: TestCalls) => void]>([
    ["is invited", "done", () => {}],
    [
      "is invited, where the list shows it only 3 s later",
      "done",
      (it) => it.next("GET", passes, says(200, "[]"), passes),
    ],
    [
      "is invited, where the first list afterwards is no list",
      "done",
      (it) => it.next("GET", passes, hidden),
    ],
    ["with an account is added", "done", (it) => it.store.accounts.add(ANN)],
    [
      "with an account is probably added, where the members cannot be read",
      "done",
      (it) => {
        it.store.accounts.add(ANN);
        it.next("GET", passes, passes, passes, says(403));
      },
    ],
    [
      "with an account is added and not told, where the mail failed",
      "done",
      (it) => {
        it.store.accounts.add(ANN);
        it.store.refuseMail = true;
      },
    ],
    [
      "with an account is probably added and not told, where the members cannot be read either",
      "done",
      (it) => {
        it.store.accounts.add(ANN);
        it.store.refuseMail = true;
        it.next("GET", passes, passes, passes, hidden);
      },
    ],
    ["whose mail failed has no link", "mail_unconfirmed", refuseMail],
    [
      "that was accepted and is nowhere is in doubt",
      "outcome_unknown",
      (it) => it.next("POST", says(204)),
    ],
    [
      "that was accepted is in doubt, where no list can be read afterwards",
      "outcome_unknown",
      (it) => it.next("GET", passes, hidden, hidden),
    ],
    [
      "whose mail failed and that is nowhere is in doubt",
      "outcome_unknown",
      (it) => it.next("POST", mailFails),
    ],
    ["of a member is known", "nothing_to_do", (it) => addMember(it.store, { email: ANN })],
    [
      "that Trieve calls invited, and does not list, is in doubt",
      "outcome_unknown",
      (it) => it.next("POST", invited),
    ],
    [
      "that Trieve calls invited, and then lists, has an unconfirmed mail",
      "mail_unconfirmed",
      (it) => it.next("POST", doneBut(invited)),
    ],
    ["is in doubt after a 500", "outcome_unknown", (it) => it.next("POST", says(500))],
    ["is in doubt after a 502", "outcome_unknown", (it) => it.next("POST", says(502))],
    ["is in doubt after a page", "outcome_unknown", (it) => it.next("POST", page(403))],
    ["is in doubt after a reset", "outcome_unknown", (it) => it.next("POST", breaks)],
    [
      "is there after a reset, and its mail unconfirmed",
      "mail_unconfirmed",
      (it) => it.next("POST", doneBut(breaks)),
    ],
    ["is not sent after a 429", "rate_limited", (it) => it.next("POST", says(429))],
    [
      "is not sent after a 429 that says for how long",
      "rate_limited",
      (it) => it.next("POST", says(429, "", { "retry-after": "30" })),
    ],
    [
      "is in doubt after a 429, where no list can be read",
      "outcome_unknown",
      (it) => {
        it.next("POST", says(429));
        it.next("GET", passes, hidden, hidden);
      },
    ],
    ["is not sent where nothing can be opened", "network_error", (it) => it.next("POST", refuses)],
    ["is there after a 429", "mail_unconfirmed", (it) => it.next("POST", doneBut(says(429)))],
    ["is refused with 401", "unauthorized", (it) => it.next("POST", says(401))],
    ["is refused with 403", "forbidden", (it) => it.next("POST", says(403))],
    ["is refused with 404", "organization_not_found", (it) => it.next("POST", says(404))],
    ["is refused as invalid", "rejected", (it) => it.next("POST", says(400, "Invalid email"))],
    [
      "is refused as the caller's own",
      "rejected",
      (it) => it.next("POST", says(400, "Can not invite yourself")),
    ],
    [
      "is refused for its role",
      "rejected",
      (it) => it.next("POST", says(400, "Can not invite user with higher role")),
    ],
    [
      "is refused without a reason of ours",
      "rejected",
      (it) => it.next("POST", says(400, "Json deserialize error: x")),
    ],
    [
      "is refused without a database",
      "upstream_error",
      (it) => it.next("POST", says(400, "Could not get database connection")),
    ],
    ["is not sent without a list", "forbidden", (it) => it.next("GET", says(403))],
    ["is not sent without a list that is one", "bad_response", (it) => it.next("GET", hidden)],
    ["is invited already", "nothing_to_do", (it) => void it.add("aaaaaaa1", ANN)],
    [
      "is invited already in other letters",
      "nothing_to_do",
      (it) => void it.add("aaaaaaa1", "Ann@example.com"),
    ],
    [
      "is invited already, and as something else",
      "already_invited",
      (it) => void it.add("aaaaaaa1", ANN, { role: 1, days: 40 }),
    ],
    [
      "was accepted by somebody who is no member",
      "already_accepted",
      (it) => void it.add("aaaaaaa1", ANN, { used: true }),
    ],
    [
      "was accepted by a member",
      "nothing_to_do",
      (it) => {
        it.add("aaaaaaa1", ANN, { used: true });
        addMember(it.store, { email: "ANN@example.com" });
      },
    ],
    [
      "was accepted by somebody of whom nothing is known",
      "already_accepted",
      (it) => {
        it.add("aaaaaaa1", ANN, { used: true });
        it.next("GET", passes, says(403));
      },
    ],
    [
      "was accepted in other letters, which is in nobody's way",
      "done",
      (it) => void it.add("aaaaaaa1", "Ann@example.com", { used: true }),
    ],
    [
      "was accepted in other letters by somebody of whom nothing is known",
      "already_accepted",
      (it) => {
        it.add("aaaaaaa1", "Ann@example.com", { used: true });
        it.next("GET", passes, says(403));
      },
    ],
  ])("%s", async (_, outcome, prepare) => {
    const it = startCalls();
    prepare(it);
    await expectCall(it, outcome, send());
  });
});

describe("after an earlier call, the same one", () => {
  test.each<[string, string, (it: TestCalls) => void, string?]>([
    ["finds the invitation", "nothing_to_do", () => {}],
    ["finds the invitation whose mail failed", "already_invited", refuseMail],
    ["sends nothing to an address in doubt", "outcome_unknown", (it) => it.next("POST", says(500))],
    [
      "sends nothing to an address in doubt, also in other letters",
      "outcome_unknown",
      (it) => it.next("POST", says(500)),
      "ANN@example.com",
    ],
    [
      "asks Trieve again about a member",
      "nothing_to_do",
      (it) => addMember(it.store, { email: ANN }),
    ],
    [
      "does not ask about a member in other letters",
      "nothing_to_do",
      (it) => addMember(it.store, { email: ANN }),
      "ANN@example.com",
    ],
    [
      "does not ask about somebody who was added, in other letters",
      "nothing_to_do",
      (it) => it.store.accounts.add(ANN),
      "ANN@example.com",
    ],
    [
      "finds an invitation whose mail is unconfirmed",
      "nothing_to_do",
      (it) => it.next("POST", doneBut(breaks)),
    ],
    [
      "sends in other letters where nothing was sent",
      "done",
      (it) => it.next("POST", says(429)),
      "ANN@example.com",
    ],
    ["sends where nothing was sent", "done", (it) => it.next("POST", says(429))],
  ])("%s", async (_, outcome, prepare, email = ANN) => {
    const it = startCalls();
    prepare(it);
    await it.call(...send());
    it.store.refuseMail = false;
    await expectCall(it, outcome, send([email]));
  });

  test("sends nothing to an address in doubt that turns up in the list", async () => {
    const it = startCalls();
    let takeEffect: (() => Promise<Response>) | undefined;
    it.next("POST", (pass) => {
      takeEffect = pass;
      return says(500)(pass);
    });
    await it.call(...send());
    await takeEffect?.();
    await expectCall(it, "mail_unconfirmed", send());
  });

  test("sends after two minutes of doubt", async () => {
    const it = startCalls();
    it.next("POST", says(500));
    await it.call(...send());
    it.clock.turn(119_999);
    expect((await it.call(...send())).text).toContain("earlier request");
    it.clock.turn(1);
    expect((await it.call(...send())).facts.counts).toEqual({ invited: 1 });
  });
});

describe("several", () => {
  test.each<[string, string, (it: TestCalls) => void, (readonly [string, object])?]>([
    ["are sent two at a time", "done", () => {}],
    [
      "are asked about without those in whose way something stands",
      "partly_done",
      (it) => {
        it.add("aaaaaaa1", ANN, { role: 1 });
        it.add("aaaaaaa2", "bob@example.com");
      },
    ],
    [
      "of which one is left need nobody's yes",
      "done",
      (it) => {
        for (const [at, email] of ALL.slice(1).entries()) it.add(`aaaaaaa${at}`, email);
      },
    ],
    [
      "of which none is left are told without a question",
      "nothing_to_do",
      (it) => {
        for (const [at, email] of ALL.entries()) it.add(`aaaaaaa${at}`, email);
      },
    ],
    ["stop after a 500", "outcome_unknown", (it) => it.next("POST", says(500), says(500))],
    [
      "stop after a mail that failed",
      "partly_done",
      (it) => it.next("POST", passes, doneBut(mailFails)),
    ],
    [
      "stop after one that Trieve calls invited",
      "partly_done",
      (it) => it.next("POST", passes, invited),
    ],
    ["stop after a 429", "rate_limited", (it) => it.next("POST", says(429), says(429))],
    ["stop after a 403", "forbidden", (it) => it.next("POST", says(403), says(403))],
    [
      "go on after one that is refused",
      "partly_done",
      (it) => it.next("POST", says(400, "Invalid email")),
    ],
    ["go on after a member", "done", (it) => addMember(it.store, { email: ANN })],
    [
      "are not sent without a list after the yes",
      "upstream_error",
      (it) => it.next("GET", passes, says(500), says(500), says(500)),
    ],
    [
      "in two spellings of one address are one",
      "done",
      () => {},
      send([ANN, "ANN@example.com", "bob@example.com"]),
    ],
    [
      "that are three spellings of one address need nobody's yes",
      "done",
      () => {},
      send([ANN, "ANN@example.com", "Ann@example.com"]),
    ],
    [
      "with no plain address are refused",
      "invalid_email",
      () => {},
      send(["ann", "b b@example.com", ANN, ""]),
    ],
    ["with one fault say it once", "invalid_email", () => {}, send(["ann", "bob"])],
  ])("%s", async (_, outcome, prepare, args = send(ALL)) => {
    const it = startCalls();
    prepare(it);
    await expectCall(it, outcome, args);
  });

  test("are not sent to one that was left out of the question, though nothing stands in its way any more", async () => {
    const it = startCalls();
    it.add("aaaaaaa1", ANN);
    const before = () => void it.store.rows.splice(0);
    await expectCall(it, "partly_done", send(ALL), { before });
  });

  test("are not sent after an unclear one, and who was left out stays what it was", async () => {
    const it = startCalls();
    it.add("aaaaaaa1", ALL.at(-1) ?? "");
    it.next("POST", says(500));
    await expectCall(it, "partly_done", send(ALL));
  });

  test("are not sent to one that was invited after the question", async () => {
    const it = startCalls();
    const before = () => void it.add("aaaaaaa1", ANN);
    await expectCall(it, "done", send(ALL), { before });
  });

  test("begin no more with less than 20 s left, and end what was begun", async () => {
    const it = startCalls();
    const slowly = (pass: () => Promise<Response>) => {
      it.clock.turn(18_000);
      return pass();
    };
    it.next("POST", slowly, slowly, slowly);
    await expectCall(it, "partly_done", send(ALL));
  });
});

describe("the operator's settings", () => {
  test.each<[string, string, Record<string, string>, (readonly [string, object])?]>([
    [
      "refuse a role above the highest",
      "role_not_allowed",
      { TRIEVE_MAX_ROLE: "user" },
      send([ANN], "admin"),
    ],
    [
      "refuse other domains",
      "domain_not_allowed",
      { TRIEVE_ALLOWED_EMAIL_DOMAINS: "northwind.example, example.org" },
      send([ANN, "bob@example.org", "carl"]),
    ],
    [
      "refuse one address at another domain",
      "domain_not_allowed",
      { TRIEVE_ALLOWED_EMAIL_DOMAINS: "example.org" },
    ],
    [
      "refuse to send without an address for links",
      "configuration_error",
      { TRIEVE_DASHBOARD_URL: "" },
    ],
    [
      "are told where the links lead nowhere",
      "done",
      { TRIEVE_BASE_URL: "http://localhost:8090", TRIEVE_DASHBOARD_URL: "http://localhost:5173" },
      send([ANN, "bob@example.com"]),
    ],
    [
      "are not told where nothing was mailed",
      "nothing_to_do",
      { TRIEVE_BASE_URL: "http://localhost:8090", TRIEVE_DASHBOARD_URL: "http://localhost:5173" },
      send(["zoe@example.com"]),
    ],
    [
      "are told where one was mailed",
      "done",
      { TRIEVE_BASE_URL: "http://localhost:8090", TRIEVE_DASHBOARD_URL: "http://localhost:5173" },
      send(["zoe@example.com", ANN]),
    ],
    ["have every send asked about", "done", { TRIEVE_ASK_ALWAYS: "true" }],
    [
      "name the organization",
      "done",
      { TRIEVE_ORGANIZATION_NAME: "North <wind>", TRIEVE_MAX_ROLE: "owner" },
      send([ANN], "owner"),
    ],
  ])("%s", async (_, outcome, environment, args = send()) => {
    const it = startCalls(environment);
    it.add("ffffffff", "zoe@example.com");
    await expectCall(it, outcome, args);
  });
});

test("31 sends within a minute are one too many, and one that sent nothing does not count", async () => {
  const it = startCalls();
  it.add("aaaaaaa1", "zoe@example.com");
  await it.call(...send(["zoe@example.com"]));
  for (let n = 0; n < 30; n += 1) {
    it.clock.turn(1_000);
    expect((await it.call(...send([`p${n}@example.com`]))).facts?.counts).toEqual({ invited: 1 });
  }
  await expectCall(it, "rate_limited", send());
  it.clock.turn(30_999);
  expect((await it.call(...send())).text).toMatch(/^rate_limited: .*Wait 1 seconds/);
  it.clock.turn(1);
  expect((await it.call(...send())).facts.counts).toEqual({ invited: 1 });
});

test("two calls for one address, in any letters, are one after the other", async () => {
  const it = startCalls();
  const [first, second] = await Promise.all([
    it.call(...send()),
    it.call(...send(["ANN@example.com"])),
  ]);
  expect(first.facts.counts).toEqual({ invited: 1 });
  expect(second.facts.counts).toEqual({ already_invited: 1 });
});

test("a call that is cancelled before its POST sends nothing", async () => {
  const it = startCalls();
  const caller = new AbortController();
  it.next("GET", (pass) => {
    caller.abort();
    return pass();
  });
  await expectCall(it, "cancelled", send(), { signal: caller.signal });
});

test("a call that is cancelled during its POST tells what came of it", async () => {
  const it = startCalls();
  const caller = new AbortController();
  it.next("POST", (pass) => {
    caller.abort();
    return pass();
  });
  await expectCall(it, "done", send(), { signal: caller.signal });
});

test("a call that is cancelled while it reads the members sends nothing, and says so", async () => {
  const it = startCalls();
  it.add("aaaaaaa1", ANN, { used: true });
  const caller = new AbortController();
  it.next("GET", passes, (pass) => {
    caller.abort();
    return pass();
  });
  await expectCall(it, "cancelled", send(), { signal: caller.signal });
});

test("a list that lacks the invitation is read again after 3 s", async () => {
  const it = startCalls();
  it.next("GET", passes, says(200, "[]"), passes);
  await it.call(...send());
  expect(it.clock.elapsed()).toBe(3_000);
});

describe("time", () => {
  test("that is up lets no request begin", async () => {
    await expectCall(startCalls({}, { callMs: 0 }), "timeout", send());
  });

  test("of a list is limited, and nothing is sent without one", async () => {
    const it = startCalls({}, { attemptMs: 10 });
    it.next("GET", hangs);
    await expectCall(it, "timeout", send());
  });

  test("of a POST is limited, and what came of it is looked for", async () => {
    const it = startCalls({}, { sendMs: 10 });
    it.next("POST", hangs);
    await expectCall(it, "outcome_unknown", send());
  });

  test("of which 8 s are left lets no POST begin", async () => {
    const it = startCalls();
    it.next("GET", (pass) => {
      it.clock.turn(47_000);
      return pass();
    });
    await expectCall(it, "timeout", send());
  });

  test("that a Retry-After would use up is not waited for", async () => {
    const it = startCalls({}, { callMs: 10_000 });
    it.next("GET", says(503, "", { "retry-after": "10" }));
    await expectCall(it, "upstream_error", send());
  });
});

test("three calls have at most two POSTs inside at a time", async () => {
  const it = startCalls();
  let release = () => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slowly = async (pass: () => Promise<Response>) => {
    await released;
    return pass();
  };
  it.next("POST", slowly, slowly, slowly);
  const calls = ALL.slice(0, 3).map((email) => it.call(...send([email])));
  const posts = () => it.seen.filter(({ method }) => method === "POST").length;
  while (posts() < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(posts()).toBe(2);
  release();
  for (const { facts } of await Promise.all(calls)) expect(facts.counts).toEqual({ invited: 1 });
  expect(posts()).toBe(3);
});

test("what is known already is logged when the process is cut short", async () => {
  const it = startCalls();
  addMember(it.store, { email: ANN });
  it.next("POST", passes, async (pass) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    it.cutShort();
    return pass();
  });
  await it.call(...send(ALL.slice(0, 2)));
  const cut = it.log.findIndex((line) => line.includes("was cut short"));
  expect(it.log[cut]).toContain("its outcome is unknown for 1 of 2");
  expect(it.log.slice(cut + 1, cut + 3).map((line) => /"outcome":"(\w+)"/.exec(line)?.[1])).toEqual(
    ["already_member", "outcome_unknown"],
  );
});
