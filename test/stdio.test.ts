import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { connectBin, HELLO, startBin, toolCall } from "./support/bin.ts";
import { says } from "./support/client.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

let trieve: TestTrieve;
beforeAll(async () => {
  trieve = await startTrieve();
});
afterAll(() => trieve.close());

const done = (outcome: string, confirmed_by: string) => ({
  outcome: "done",
  confirmed_by,
  results: [{ outcome }],
});

describe("the built program with a stock client", () => {
  test("lists, sends and deletes with a prompt", async () => {
    const { environment } = trieve;
    const server = await connectBin({ environment, person: says.yes });
    const sent = await server.call("send_invitation", { emails: ["p@example.com"], role: "admin" });
    expect(sent.facts).toMatchObject(done("invited", "form"));
    const { facts } = await server.call("list_invitations", { email: "p@" });
    expect(facts.matched).toBe(1);
    const [{ id }] = facts.invitations;
    const gone = await server.call("delete_invitation", { invitations: [id] });
    expect(gone.facts).toMatchObject(done("deleted", "form"));
    expect(server.questions).toHaveLength(2);
    await server.close();
  });

  test("lists, sends and deletes without one", async () => {
    const server = await connectBin({ environment: trieve.environment });
    await server.call("send_invitation", { emails: ["q@example.com"] });
    const invitations = ["q@example.com"];
    const { confirmation } = (await server.call("delete_invitation", { invitations })).facts;
    const gone = await server.call("delete_invitation", { invitations, confirmation });
    expect(gone.facts).toMatchObject(done("deleted", "code"));
    await server.close();
  });

  test("does nothing on a no", async () => {
    const { id } = trieve.add("kept@example.com");
    const server = await connectBin({ environment: trieve.environment, person: says.no });
    const { facts } = await server.call("delete_invitation", { invitations: [id] });
    expect(facts).toMatchObject({ outcome: "not_confirmed", reason: "kept" });
    expect(trieve.store.rows.map((row) => row.id)).toContain(id);
    await server.close();
  });
});

test("tools/list is byte-identical between starts", async () => {
  const ask = async () => {
    const bin = startBin({ environment: trieve.environment });
    bin.write(HELLO);
    bin.write({ jsonrpc: "2.0", id: 1, method: "tools/list" });
    await bin.answer(1);
    bin.child.stdin.end();
    await bin.exited;
    return bin.stdout().split("\n").at(1);
  };
  const [first, second] = await Promise.all([ask(), ask()]);
  expect(first).toContain("delete_invitation");
  expect(second).toBe(first);
});

test("starting sends nothing, and a call after a bad configuration sends nothing either", async () => {
  const before = trieve.proxy.seen.length;
  const quiet = startBin({ environment: trieve.environment });
  quiet.write(HELLO);
  await quiet.answer(0);
  quiet.child.stdin.end();
  expect(await quiet.exited).toEqual({ code: 0, signal: null });

  const { TRIEVE_API_KEY, ...environment } = trieve.environment;
  const bad = startBin({ environment });
  bad.write(HELLO);
  bad.write(toolCall(1, "list_invitations"));
  const { result } = await bad.answer(1);
  expect(result).toMatchObject({ isError: true });
  expect(bad.stderr()).toMatch(/^configuration_error: TRIEVE_API_KEY is not set/);
  bad.child.stdin.end();
  await bad.exited;
  expect(trieve.proxy.seen).toHaveLength(before);
});

describe("the command line", () => {
  const run = async (args: string[], environment: Record<string, string> = {}) => {
    const bin = startBin({ args, environment });
    const { code } = await bin.exited;
    return { code, out: bin.stdout(), errors: bin.stderr() };
  };

  test("--version and --help go to stdout", async () => {
    expect(await run(["--version"])).toEqual({
      code: 0,
      out: `${packageJson.version}\n`,
      errors: "",
    });
    const help = await run(["--help"]);
    expect(help).toMatchObject({ code: 0, errors: "" });
    expect(help.out).toContain("TRIEVE_ORGANIZATION_ID");
  });

  test.each([["--key=secret"], ["secret"], ["serve"], ["doctor", "secret"], ["--help", "secret"]])(
    "%s %s is one usage line and exit 2, never an echo",
    async (...args) => {
      const { code, out, errors } = await run(args);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(errors).toMatch(/^usage: .*\n$/);
      expect(errors).not.toContain("secret");
    },
  );
});
