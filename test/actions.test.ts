import { expect, test } from "vitest";
import { tools } from "../src/tools/index.ts";
import type { Person } from "./support/client.ts";
import { PROTOCOLS } from "./support/protocols.ts";
import { startTrieve } from "./support/trieve.ts";

// For every tool that writes, whatever tools there will be: what a person is asked about is what is done.

const TARGET = "ann@example.com";
const OTHER = "bob@example.com";
const TARGET_ID = "5a4db0c5-7a0b-4d0e-9c61-aaaaaaaaaaaa";
const OTHER_ID = "5a4db0c5-7a0b-4d0e-9c61-bbbbbbbbbbbb";

/** Arguments that make a tool act on the target, with rights where it takes a role. */
const ARGUMENTS: Record<string, unknown> = {
  emails: [TARGET],
  invitations: [TARGET_ID],
  role: "admin",
};

const cases = Object.entries(PROTOCOLS).flatMap(([protocol, connect]) =>
  tools
    .filter(({ hints }) => !hints.readOnlyHint)
    .map((tool) => ({ protocol, connect, tool, name: tool.name })),
);

test.each(cases)("$name, $protocol: the question is about the action that is done", async (one) => {
  const { connect, tool, name } = one;
  const trieve = await startTrieve();
  try {
    const { properties, required = [] } = tool.describe().inputSchema;
    const given = Object.entries(ARGUMENTS).filter(([argument]) => argument in properties);
    const args = Object.fromEntries(given);
    expect(required.filter((argument) => !(argument in args))).toEqual([]);
    if ("invitations" in args) trieve.add(TARGET, { id: TARGET_ID, role: 1 });
    trieve.add(OTHER, { id: OTHER_ID });

    const asked: Parameters<Person>[0][] = [];
    const refuse: Person = (question) => {
      asked.push(question);
      return { action: "accept", content: { decision: question.choices[0] } };
    };
    const before = trieve.proxy.seen.length;
    await (await connect({ ...trieve, person: refuse })).call(name, args);
    const isWrite = ({ method }: { method: string }) => method !== "GET";
    expect(trieve.proxy.seen.slice(before).filter(isWrite)).toEqual([]);

    const server = await connect({
      ...trieve,
      person: ({ choices }) => ({ action: "accept", content: { decision: choices[1] } }),
    });
    await server.call(name, args);
    const question = asked[0];
    const verb = name.replace(/_invitation$/, "");
    expect(asked).toHaveLength(1);
    expect(question?.message.toLowerCase()).toContain(verb);
    expect(question?.choices[1]).toContain(verb);
    expect(question?.message).toContain(TARGET);
    expect(question?.message).not.toContain(OTHER);

    const writes = trieve.proxy.seen.filter(isWrite);
    expect(writes.length).toBeGreaterThan(0);
    for (const { method, path, body } of writes) {
      if (method === "DELETE") expect(path).toContain(TARGET_ID);
      else expect(JSON.parse(body)).toMatchObject({ email: TARGET, user_role: 1 });
    }
    if (verb === "delete") expect(writes.every(({ method }) => method === "DELETE")).toBe(true);
    if (verb === "resend") {
      expect(writes.map(({ method }) => method)).toEqual(["DELETE", "POST"]);
    }
    if (verb === "send") expect(writes.every(({ method }) => method === "POST")).toBe(true);
    const audit = server.log.map((line) => JSON.parse(line)).filter((line) => line.tool === name);
    // In the modern protocol the question is a line of its own.
    expect(audit.at(-1)).toMatchObject({ email: TARGET, confirmed_by: "form" });
  } finally {
    await trieve.close();
  }
});
