import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Policy } from "../src/config/policy.ts";
import { Failure } from "../src/errors.ts";
import { tools } from "../src/tools/index.ts";
import { listedTools } from "../src/tools/listed.ts";
import { createSearch } from "../src/tools/search.ts";
import type { ToolCall } from "../src/tools/tool.ts";

// What a tool makes of its arguments before anything is read: a call, or a sentence.

const POLICY: Policy = {
  maxRole: "admin",
  allowedDomains: undefined,
  readOnly: false,
  askAlways: false,
};
const ID = "0123abcd-0000-4000-8000-000000000003";

function prepare(verb: string, given: unknown, policy = POLICY): ToolCall {
  const name = verb.startsWith("list") ? verb : `${verb}_invitation`;
  const tool = tools.find((one) => one.name === name);
  if (tool === undefined) throw new Error(`there is no ${name}`);
  return tool.prepare(given, policy);
}
const argumentsOf = (call: ToolCall) => JSON.parse(call.binding)[1];

test.each(tools.map((tool) => [tool.name, tool] as const))(
  "%s is described as the generated file has it",
  (name, tool) => {
    const file = readFileSync(`src/tools/listed/${name}.json`, "utf8");
    expect(tool.describe()).toEqual(JSON.parse(file));
  },
);

describe("the list of tools", () => {
  const readTools = ["list_invitations", "list_members"];
  const named = (policy: object) => listedTools({ ...POLICY, ...policy });
  const rolesOf = (policy: object) =>
    named(policy).map(({ name, inputSchema }) => {
      const { role } = inputSchema["properties"] as Record<string, { enum: string[] } | undefined>;
      return [name, role?.enum];
    });

  test("has all, or those that only read", () => {
    expect(named({}).map(({ name }) => name)).toEqual(tools.map(({ name }) => name));
    expect(named({ readOnly: true }).map(({ name }) => name)).toEqual(readTools);
  });

  test("offers the roles that may be given, and all of them to look for", () => {
    expect(rolesOf({ maxRole: "owner" })).toEqual(rolesOf({ maxRole: "owner", readOnly: false }));
    for (const [name, roles] of rolesOf({ maxRole: "user" })) {
      const all = ["user", "admin", "owner"];
      const isRead = readTools.includes(String(name));
      expect(roles).toEqual(name === "delete_invitation" ? undefined : isRead ? all : ["user"]);
    }
    expect(listedTools({ ...POLICY, maxRole: "owner" })).toEqual(
      tools.map((one) => one.describe()),
    );
  });
});

describe("a call", () => {
  test("is bound to its tool and every argument but the confirmation", () => {
    const plain = prepare("send", { emails: ["a@b.org"] });
    expect(JSON.parse(plain.binding)).toEqual([
      "send_invitation",
      { emails: ["a@b.org"], role: "user" },
    ]);
    expect(plain.confirmation).toBeUndefined();
    const confirmed = prepare("send", { emails: ["a@b.org"], confirmation: "x" });
    expect(confirmed).toMatchObject({ binding: plain.binding, confirmation: "x" });
  });

  test.each<[string, object, object, boolean]>([
    ["send", { emails: ["a@b.org"] }, {}, false],
    ["send", { emails: ["a@b.org"] }, { askAlways: true }, true],
    ["send", { emails: ["a@b.org"], role: "admin" }, {}, true],
    ["send", { emails: ["a@b.org", "c@b.org"] }, {}, true],
    ["resend", { invitations: ["a@b.org"] }, {}, true],
    ["delete", { invitations: ["a@b.org"] }, {}, true],
  ])("to %s %j, with %j, may need a yes: %s", (verb, given, policy, expected) => {
    expect(prepare(verb, given, { ...POLICY, ...policy }).mayNeedConsent).toBe(expected);
  });

  test.each<[string, object, object[]]>([
    ["list_members", {}, []],
    ["send", { emails: ["a@b.org"], role: "admin" }, [{ email: "a@b.org", role: "admin" }]],
    ["delete", { invitations: ["a@b.org", ID] }, [{ email: "a@b.org" }, { givenId: "0123abcd" }]],
    ["resend", { invitations: [ID], role: "user" }, [{ givenId: "0123abcd", role: "user" }]],
    ["resend", { invitations: ["a@b.org"] }, [{ email: "a@b.org", role: undefined }]],
  ])("to %s %j names whom it is about", (verb, given, targets) => {
    expect(prepare(verb, given).targets).toEqual(targets);
  });
});

describe("is taken as meant", () => {
  const LIST = { status: "pending", order: "newest", limit: 50 };
  const send = (...emails: string[]) => ({ emails, role: "user" });

  test.each<[string, unknown, object]>([
    ["list_invitations", undefined, LIST],
    ["list_invitations", null, LIST],
    ["list_invitations", "", LIST],
    ["list_invitations", "  ", LIST],
    ["list_invitations", ' {"limit":7} ', { ...LIST, limit: 7 }],
    ["list_invitations", "null", LIST],
    ["list_invitations", { "": undefined }, LIST],
    ["list_invitations", { "": null }, LIST],
    ["list_invitations", { "": '{"limit":7}' }, { ...LIST, limit: 7 }],
    ["list_invitations", { "": { limit: 7 } }, { ...LIST, limit: 7 }],
    ["list_invitations", { limit: " +7 ", status: " ALL " }, { ...LIST, limit: 7, status: "all" }],
    ["list_invitations", { limit: "7" }, { ...LIST, limit: 7 }],
    ["list_invitations", { limit: "17" }, { ...LIST, limit: 17 }],
    ["list_invitations", { limit: null, status: "", order: " " }, LIST],
    [
      "list_invitations",
      { email: "", not_email: " x ", older_than_days: "" },
      { ...LIST, not_email: "x" },
    ],
    ["list_invitations", { wait_for_previous: true, task_progress: "" }, LIST],
    ["list_members", { email: "007" }, { email: "007", limit: 50 }],
    ["send", { emails: " a@b.org " }, send("a@b.org")],
    [
      "send",
      { emails: "a@b.org, c@b.org ;d@b.org\ne@b.org,," },
      send("a@b.org", "c@b.org", "d@b.org", "e@b.org"),
    ],
    ["send", { emails: '["a@b.org"," c@b.org "]' }, send("a@b.org", "c@b.org")],
    ["send", { emails: '"a@b.org"' }, send("a@b.org")],
    ["send", { emails: "a@b.org, ,c@b.org" }, send("a@b.org", "c@b.org")],
    ["send", { email: "a@b.org" }, send("a@b.org")],
    ["send", { email: "a" }, send("a")],
    ["send", { emails: ["a@b.org"], email: null }, send("a@b.org")],
    ["send", { emails: ["a@b.org"], role: "Admin" }, { emails: ["a@b.org"], role: "admin" }],
    ["delete", { id: "12345678" }, { invitations: ["12345678"] }],
    ["delete", { ids: `${ID},` }, { invitations: [ID] }],
    ["delete", { invitation: "*a@b.org*" }, { invitations: ["a@b.org"] }],
    ["delete", { invitation_id: ID }, { invitations: [ID] }],
    ["delete", { invitation_ids: [ID] }, { invitations: [ID] }],
    ["delete", { email: "a@b.org" }, { invitations: ["a@b.org"] }],
    ["delete", { emails: ["a@b.org", 5].slice(0, 1) }, { invitations: ["a@b.org"] }],
    ["resend", { invitations: ["0123ABCD"], role: "" }, { invitations: ["0123ABCD"] }],
    ["resend", { invitations: ["0123abcd-", ID] }, { invitations: ["0123abcd-", ID] }],
  ])("to %s %j", (verb, given, expected) => {
    expect(argumentsOf(prepare(verb, given))).toEqual(expected);
  });

  test("as 50 invitations, and not as one more", () => {
    const many = Array.from({ length: 50 }, (_, n) => `p${n}@b.org`);
    for (const [verb, own] of [
      ["send", "emails"],
      ["delete", "invitations"],
    ] as const) {
      expect(argumentsOf(prepare(verb, { [own]: many }))[own]).toHaveLength(50);
      expect(() => prepare(verb, { [own]: [...many, "q@b.org"] })).toThrow(
        "51 are given, and at most 50",
      );
    }
  });
});

test.each<[string, unknown]>([
  ["list_invitations", { sort: 1 }],
  ["list_invitations", { sort: 1, expired: 2 }],
  ["list_invitations", { sort: null, "": 1, b: 2 }],
  ["list_invitations", { toString: 1 }],
  ["send", { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6 }],
  ["send", { ["x".repeat(31)]: 1, "we`ird": 2 }],
  ["list_members", []],
  ["list_members", "x"],
  ["list_members", 5],
  ["list_members", "[1]"],
  ["send", { emails: ["a@b.org"], email: "a@b.org" }],
  ["delete", { id: ID, ids: ID }],
  ["delete", { email: "b.org" }],
  ["delete", { email: "@b.org" }],
  ["delete", { email: "a@" }],
  ["delete", { emails: ["a@b.org", ID] }],
  ["delete", { emails: [5] }],
  ["delete", {}],
  ["send", { emails: null }],
  ["send", { emails: [] }],
  ["send", { emails: "" }],
  ["send", { emails: 5 }],
  ["send", { emails: {} }],
  ["send", { emails: "{}" }],
  ["send", { emails: [5, ["a@b.org"]] }],
  ["send", { emails: ["a@b.org"], role: "boss" }],
  ["send", { emails: ["a@b.org"], role: "owners" }],
  ["send", { emails: ["a@b.org"], confirmation: 5 }],
  ["list_invitations", { role: "boss" }],
  ["list_invitations", { limit: 0 }],
  ["list_invitations", { limit: 201 }],
  ["list_invitations", { limit: "7x" }],
  ["list_invitations", { limit: "x7" }],
  ["list_invitations", { limit: "-" }],
  ["list_invitations", { limit: "0x10" }],
  ["list_invitations", { limit: "1e1" }],
  ["list_invitations", { older_than_days: "-1" }],
  ["list_invitations", { older_than_days: 3651 }],
  ["list_invitations", { newer_than_days: "1234567890123456" }],
  [
    "list_invitations",
    { status: "x", order: 7, limit: "y", email: 8, not_email: 9, cursor: 1, role: 2 },
  ],
  ["list_invitations", { status: "x", order: 7, limit: "y", email: 8, not_email: 9 }],
  ["delete", { invitations: ["a@b.org", "0123abc"] }],
  ["delete", { invitations: [`${ID}0`] }],
  ["delete", { invitations: ["0123abcx"] }],
  ["delete", { invitations: ["x0123abcd"] }],
  ["delete", { invitations: ["a@b.org@c.org"] }],
  ["delete", { invitations: ["a b@c.org"] }],
  ["delete", { invitations: ["a@c.org d"] }],
  ["delete", { invitations: ["@c.org"] }],
  ["delete", { invitations: ["a@"] }],
  ["delete", { invitations: ["0123abcd", "-0123abc"] }],
])("is refused to %s %j, in a sentence", (verb, given) => {
  let told: unknown;
  try {
    told = prepare(verb, given).binding;
  } catch (error) {
    told = error;
  }
  expect(told).toBeInstanceOf(Failure);
  const { code, happened, next } = told as Failure;
  expect(code).toBe("invalid_input");
  expect(`${happened}. ${next}.`).toMatchSnapshot();
});

describe("a search", () => {
  test.each<[string | undefined, string, boolean, boolean]>([
    [undefined, "ann@b.org", true, false],
    ["", "ann@b.org", true, false],
    [" , ; ", "ann@b.org", true, false],
    ["***", "ann@b.org", true, false],
    [undefined, "was@b.org", true, false],
    ["ann", "Ann@b.org", true, true],
    ["**ann** **b.org**", "ann@b.org", true, true],
    ["ANN b.org", "ann@b.org", true, true],
    ["b.org,ann", "ann@b.org", true, true],
    ["b.org;eve", "ann@b.org", false, true],
    ["eve zoe", "ann@b.org", false, false],
    ["\u00c1nn", "ann@b.org", true, true],
    ["ann", "\u00e1nn@b.org", true, true],
    ["*ann*", "ann@b.org", true, true],
    ["a*n", "ann@b.org", false, false],
    ["<ann@b.org>", "ann@b.org", true, true],
    ["mailto:ann@b.org", "ann@b.org", true, true],
    ["@b.org ann@", "ann@b.org", true, true],
    ["  ann \t b.org ", "ann@b.org", true, true],
  ])("for %j in %j: all %s, any %s", (given, text, all, any) => {
    expect(createSearch("every", given)(text)).toBe(all);
    expect(createSearch("some", given)(text)).toBe(any);
  });

  test.each(["ann@ eve@", "@b.org @c.org", "ann@b.org,eve@b.org"])(
    "for all of %j is refused",
    (given) => {
      expect(() => createSearch("every", given)).toThrow("email takes the parts of one address");
      expect(createSearch("some", given)("ann@b.org")).toBe(true);
    },
  );
});
