import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type BinClient, connectBin, startBin } from "./support/bin.ts";
import { says } from "./support/client.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// What the built program keeps of each attempt, on stderr and in a file.

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

describe("the audit log", () => {
  const linesOf = ({ bin }: BinClient) =>
    bin
      .stderr()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  const makePipe = (inside: string) => {
    execFileSync("mkfifo", [join(inside, "pipe")]);
    return join(inside, "pipe");
  };
  const folder = () => mkdtempSync(join(tmpdir(), "trieve-"));

  test("is made for its owner alone and appended to", async () => {
    const file = join(folder(), "audit.log");
    for (const email of ["a@example.com", "b@example.com"]) {
      const server = await connectBin({
        environment: { ...trieve.environment, TRIEVE_AUDIT_LOG: file },
      });
      const { facts } = await server.call("send_invitation", { email });
      expect(JSON.parse(server.bin.stderr()).invitation).toBe(facts.invitation.id.slice(0, 8));
      expect(server.bin.stderr()).toBe(`${readFileSync(file, "utf8").split("\n").at(-2)}\n`);
      await server.close();
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(
      readFileSync(file, "utf8")
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).email),
    ).toEqual(["a@example.com", "b@example.com"]);
  });

  test("whose last line was torn gets the next on a line of its own, after a rename too", async () => {
    const file = join(folder(), "audit.log");
    writeFileSync(file, '{"outcome":"inv');
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: file };
    const [one, two] = [await connectBin({ environment }), await connectBin({ environment })];
    const send = (server: BinClient, name: string) =>
      server.call("send_invitation", { email: `${name}@example.com` });
    await Promise.all([send(one, "a"), send(two, "b")]);
    renameSync(file, `${file}.1`);
    await Promise.all([send(one, "c"), send(two, "d")]);
    await Promise.all([one.close(), two.close()]);
    const [torn, ...lines] = readFileSync(`${file}.1`, "utf8").split("\n");
    expect(torn).toBe('{"outcome":"inv');
    const emails = [...lines, ...readFileSync(file, "utf8").split("\n")]
      .filter(Boolean)
      .map((line) => JSON.parse(line).email);
    expect(emails.sort()).toEqual(["a", "b", "c", "d"].map((name) => `${name}@example.com`));
  });

  test("that cannot be written is told at the start and with each write, and stops nothing", async () => {
    const file = join(folder(), "missing", "audit.log");
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: file };
    const server = await connectBin({ environment });
    const warning = "TRIEVE_AUDIT_LOG cannot be written: its folder is missing";
    expect(server.bin.stderr()).toContain(`warning: ${warning}`);
    const { facts, text } = await server.call("send_invitation", { email: "a@example.com" });
    expect(facts.outcome).toBe("invited");
    expect(facts.note).toContain("the audit line of this call stands only on stderr");
    expect(text).toContain("stands only on stderr");
    const refused = await server.call("send_invitation", { email: "no address" });
    expect(refused.text).toMatch(/^invalid_email: .*stands only on stderr\.$/);
    expect(server.bin.stderr()).toContain('"outcome":"invited"');
    await server.close();
    expect(existsSync(file)).toBe(false);
    const doctor = startBin({ environment, args: ["doctor"] });
    expect((await doctor.exited).code).toBe(1);
    expect(doctor.stdout()).toContain(`failed   audit log: ${warning}`);
  });

  test("that cannot even be looked at stops nothing", async () => {
    const file = join(folder(), "file");
    writeFileSync(file, "");
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: join(file, "audit.log") };
    const server = await connectBin({ environment });
    expect(server.bin.stderr()).toContain("warning: TRIEVE_AUDIT_LOG cannot be written");
    const { facts } = await server.call("send_invitation", { email: "a@example.com" });
    expect(facts.outcome).toBe("invited");
    await server.close();
    const doctor = startBin({ environment, args: ["doctor"] });
    expect((await doctor.exited).code).toBe(1);
    expect(doctor.stdout()).toContain("failed   audit log: TRIEVE_AUDIT_LOG cannot be written");
  });

  test.each([
    ["a folder", () => folder(), "is a folder"],
    ["a pipe", () => makePipe(folder()), "is a pipe or a device"],
    ["a device", () => "/dev/null", "is a pipe or a device"],
  ])("that is %s is a fault", async (_, make, expected) => {
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: make() };
    const server = await connectBin({ environment });
    const { text } = await server.call("send_invitation", { email: "a@example.com" });
    expect(text).toContain(`configuration_error: TRIEVE_AUDIT_LOG ${expected}`);
    expect(trieve.proxy.seen).toEqual([]);
    await server.close();
  });

  test("tells all of a deed that a code agreed to", async () => {
    const { id } = trieve.add("bob@example.com", { role: 1 });
    const server = await connectBin({ environment: trieve.environment });
    const asked = await server.call("delete_invitation", { invitation_id: id });
    const { confirmation } = asked.facts;
    await server.call("delete_invitation", { invitation_id: id, confirmation });
    const [first, second] = linesOf(server);
    const same = {
      tool: "delete_invitation",
      organization_id: trieve.store.organizationId,
      email: "bob@example.com",
      role: "admin",
      invitation: id.slice(0, 8),
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ms: expect.any(Number),
    };
    expect(first).toEqual({
      ...same,
      outcome: "confirmation_required",
      confirmed_by: null,
      requests: 1,
    });
    expect(second).toEqual({
      ...same,
      outcome: "deleted",
      confirmed_by: "code",
      requests: 2,
    });
    for (const { ms } of [first, second]) expect(ms).toBeLessThan(60_000);
    await server.close();
  });

  test("names the invitation of a deed that came too late", async () => {
    const row = trieve.add("bob@example.com", { role: 1 });
    const server = await connectBin({
      environment: trieve.environment,
      person: (question) => {
        row.role = 2;
        return says.yes(question);
      },
    });
    await server.call("delete_invitation", { invitation_id: row.id });
    expect(JSON.parse(server.bin.stderr())).toMatchObject({
      email: "bob@example.com",
      role: "admin",
      invitation: row.id.slice(0, 8),
      outcome: "changed",
      confirmed_by: "form",
    });
    await server.close();
  });

  test("shows no whole id and no text that could mislead", async () => {
    const { id } = trieve.add("ann@example.com\n\u202e{}");
    const server = await connectBin({ environment: trieve.environment, person: says.yes });
    await server.call("delete_invitation", { invitation_id: id });
    expect(server.bin.stderr()).toContain(`"invitation":"${id.slice(0, 8)}"`);
    expect(server.bin.stderr()).not.toContain(id);
    expect(server.bin.stderr()).toMatch(/^[ -~]*\n$/);
    await server.close();
  });
});
