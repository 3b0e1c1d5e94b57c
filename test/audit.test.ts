import { execFileSync } from "node:child_process";
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { auditLines, endLines } from "./support/audit.ts";
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
  const linesOf = ({ bin }: BinClient) => endLines(bin.stderr());
  const makePipe = (inside: string) => {
    execFileSync("mkfifo", [join(inside, "pipe")]);
    return join(inside, "pipe");
  };
  const makeLink = (inside: string, to = "file") => {
    if (to === "file") writeFileSync(join(inside, to), "");
    symlinkSync(join(inside, to), join(inside, "link"));
    return join(inside, "link");
  };
  const folder = () => mkdtempSync(join(tmpdir(), "trieve-"));

  test("is made for its owner alone and appended to", async () => {
    const file = join(folder(), "audit.log");
    for (const email of ["a@example.com", "b@example.com"]) {
      const server = await connectBin({
        environment: { ...trieve.environment, TRIEVE_AUDIT_LOG: file },
      });
      const { facts } = await server.call("send_invitation", { emails: [email] });
      const [{ id }] = facts.results;
      expect(id).toBe(trieve.store.rows.at(-1)?.id.slice(0, 8));
      expect(linesOf(server)).toMatchObject([{ invitation: id }]);
      expect(readFileSync(file, "utf8").endsWith(server.bin.stderr())).toBe(true);
      await server.close();
    }
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(
      auditLines(readFileSync(file, "utf8")).map(({ email, outcome }) => `${email} ${outcome}`),
    ).toEqual([
      "a@example.com begun",
      "a@example.com invited",
      "b@example.com begun",
      "b@example.com invited",
    ]);
  });

  test("whose last line was torn gets the next on a line of its own, after a rename too", async () => {
    const file = join(folder(), "audit.log");
    writeFileSync(file, '{"outcome":"inv');
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: file };
    const [one, two] = [await connectBin({ environment }), await connectBin({ environment })];
    const send = (server: BinClient, name: string) =>
      server.call("send_invitation", { emails: [`${name}@example.com`] });
    await Promise.all([send(one, "a"), send(two, "b")]);
    renameSync(file, `${file}.1`);
    await Promise.all([send(one, "c"), send(two, "d")]);
    await Promise.all([one.close(), two.close()]);
    const [torn, ...lines] = readFileSync(`${file}.1`, "utf8").split("\n");
    expect(torn).toBe('{"outcome":"inv');
    const all = [...lines, ...readFileSync(file, "utf8").split("\n")].filter(Boolean);
    const told = all.map((line) => JSON.parse(line)).map(({ email, outcome }) => [outcome, email]);
    const expected = (outcome: string) =>
      ["a", "b", "c", "d"].map((name) => [outcome, `${name}@example.com`]);
    expect(told.sort()).toEqual([...expected("begun"), ...expected("invited")]);
  });

  test("that cannot be written is told at the start and with each write, and stops nothing", async () => {
    const file = join(folder(), "missing", "audit.log");
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: file };
    const server = await connectBin({ environment });
    const warning = "TRIEVE_AUDIT_LOG cannot be written (ENOENT): its folder must be there";
    expect(server.bin.stderr()).toContain(`warning: ${warning}`);
    const { facts, text } = await server.call("send_invitation", { emails: ["a@example.com"] });
    expect(facts.outcome).toBe("done");
    expect(facts.note).toContain("an audit line of this call is only on stderr");
    expect(text).toContain("is only on stderr");
    const refused = await server.call("send_invitation", { emails: ["no address"] });
    expect(refused.text).toMatch(/^invalid_email: .*is only on stderr\.$/s);
    expect(server.bin.stderr()).toContain('"outcome":"invited"');
    await server.close();
    expect(existsSync(file)).toBe(false);
    const doctor = startBin({ environment, args: ["doctor"] });
    expect((await doctor.exited).code).toBe(1);
    expect(doctor.stdout()).toContain(`failed   configuration: ${warning}`);
  });

  test.each([
    ["below a file", "file/audit.log"],
    ["with a name that is too long", "a".repeat(300)],
  ])("that cannot even be looked at stops nothing: %s", async (_, name) => {
    const place = folder();
    writeFileSync(join(place, "file"), "");
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: join(place, name) };
    const server = await connectBin({ environment });
    expect(server.bin.stderr()).toContain("warning: TRIEVE_AUDIT_LOG cannot be written");
    const { facts } = await server.call("send_invitation", { emails: ["a@example.com"] });
    expect(facts.outcome).toBe("done");
    await server.close();
    const doctor = startBin({ environment, args: ["doctor"] });
    expect((await doctor.exited).code).toBe(1);
    expect(doctor.stdout()).toContain("failed   configuration: TRIEVE_AUDIT_LOG cannot be written");
  });

  test.each([
    ["a folder", () => folder(), "must name a regular file"],
    ["a folder that is not there", () => `${folder()}/new/`, "must name a regular file"],
    ["a pipe", () => makePipe(folder()), "must name a regular file"],
    ["a device", () => "/dev/null", "must name a regular file"],
    ["a link", () => makeLink(folder()), "must name a regular file; this is a folder, a link"],
    ["a link to nothing", () => makeLink(folder(), "gone"), "must name a regular file"],
  ])("that is %s is a fault", async (_, make, expected) => {
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: make() };
    const server = await connectBin({ environment });
    const { text } = await server.call("send_invitation", { emails: ["a@example.com"] });
    expect(text).toContain(`configuration_error: TRIEVE_AUDIT_LOG ${expected}`);
    expect(trieve.proxy.seen).toEqual([]);
    await server.close();
    const doctor = startBin({ environment, args: ["doctor"] });
    expect((await doctor.exited).code).toBe(1);
    expect(doctor.stdout()).toContain(`TRIEVE_AUDIT_LOG ${expected}`);
  });

  test.each([
    ["600", false],
    ["644", false],
    ["620", true],
    ["602", true],
  ])("with the rights %s: a warning %s, at the start and of doctor", async (mode, isWarned) => {
    const file = join(folder(), "audit.log");
    writeFileSync(file, "");
    chmodSync(file, Number.parseInt(mode, 8));
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: file };
    const server = await connectBin({ environment });
    const words =
      "TRIEVE_AUDIT_LOG can be changed by users other than its owner; run chmod 600 on it";
    expect(server.bin.stderr()).toBe(isWarned ? `warning: ${words}\n` : "");
    const { facts } = await server.call("send_invitation", { emails: ["a@example.com"] });
    expect(facts.outcome).toBe("done");
    expect(facts.note).not.toContain("stderr");
    expect(endLines(readFileSync(file, "utf8"))).toHaveLength(1);
    await server.close();
    const doctor = startBin({ environment, args: ["doctor"] });
    expect((await doctor.exited).code).toBe(0);
    expect(doctor.stdout().includes(words)).toBe(isWarned);
  });

  describe("that becomes something else after the start takes no line and holds nothing up", () => {
    /** Puts something in the place of the audit file. What of it holds lines that should not be there. */
    const becomes: Record<string, (file: string) => () => string> = {
      "a link": (file) => {
        writeFileSync(`${file}.other`, "mine\n");
        symlinkSync(`${file}.other`, file);
        return () => readFileSync(`${file}.other`, "utf8").replace("mine\n", "");
      },
      "a link to nothing": (file) => {
        symlinkSync(`${file}.other`, file);
        return () => (existsSync(`${file}.other`) ? "a file" : "");
      },
      "a pipe that nobody reads": (file) => {
        execFileSync("mkfifo", [file]);
        return () => "";
      },
      "a pipe that somebody reads": (file) => {
        execFileSync("mkfifo", [file]);
        const reader = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
        return () => {
          const read = Buffer.alloc(10_000);
          try {
            return read.toString("utf8", 0, readSync(reader, read));
          } catch (error) {
            return Object(error).code === "EAGAIN" ? "" : "an error";
          } finally {
            closeSync(reader);
          }
        };
      },
      "a folder": (file) => {
        mkdirSync(file);
        return () => readdirSync(file).join();
      },
    };
    test.each(Object.entries(becomes))("%s", async (_, become) => {
      const file = join(folder(), "audit.log");
      const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: file };
      const server = await connectBin({ environment });
      await server.call("send_invitation", { emails: ["first@example.com"] });
      renameSync(file, `${file}.1`);
      const contents = become(file);
      const { facts, text } = await server.call("send_invitation", { emails: ["a@example.com"] });
      expect(facts).toMatchObject({ outcome: "done", counts: { invited: 1 } });
      for (const said of [facts.note, text])
        expect(said).toContain("an audit line of this call is only on stderr");
      expect(contents()).toBe("");
      expect(endLines(server.bin.stderr()).map(({ email }) => email)).toEqual([
        "first@example.com",
        "a@example.com",
      ]);
      // Once it is a file again, it is written again.
      rmSync(file, { recursive: true });
      const third = await server.call("send_invitation", { emails: ["b@example.com"] });
      expect(third.facts.note).not.toContain("stderr");
      expect(auditLines(readFileSync(file, "utf8"))).toHaveLength(2);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      await server.close();
    });
  });

  test("that lost only the line of the beginning is told too", async () => {
    const inside = join(folder(), "later");
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: join(inside, "audit.log") };
    const server = await connectBin({ environment });
    trieve.proxy.always(({ method }) => {
      if (method === "POST") mkdirSync(inside);
      return { pass: true };
    });
    const { facts } = await server.call("send_invitation", { emails: ["a@example.com"] });
    expect(facts.outcome).toBe("done");
    expect(auditLines(readFileSync(join(inside, "audit.log"), "utf8"))).toMatchObject([
      { outcome: "invited" },
    ]);
    expect(facts.note).toContain("an audit line of this call is only on stderr");
    await server.close();
  });

  test("tells all of an action that a code agreed to", async () => {
    const { id } = trieve.add("bob@example.com", { role: 1 });
    const server = await connectBin({ environment: trieve.environment });
    const asked = await server.call("delete_invitation", { invitations: [id] });
    const { confirmation } = asked.facts;
    await server.call("delete_invitation", { invitations: [id], confirmation });
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

  test("names the invitation of an action that came too late", async () => {
    const row = trieve.add("bob@example.com", { role: 1 });
    const server = await connectBin({
      environment: trieve.environment,
      person: (question) => {
        row.role = 2;
        return says.yes(question);
      },
    });
    await server.call("delete_invitation", { invitations: [row.id] });
    expect(linesOf(server)[0]).toMatchObject({
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
    await server.call("delete_invitation", { invitations: [id] });
    expect(server.bin.stderr()).toContain(`"invitation":"${id.slice(0, 8)}"`);
    expect(server.bin.stderr()).not.toContain(id);
    expect(server.bin.stderr()).toMatch(/^[ -~]+\n[ -~]+\n$/);
    await server.close();
  });
});

describe("a process that is killed", () => {
  /** Kills the program in the middle of a call. The audit on stderr, which is the same as that in the file. */
  async function killedAt(method: string, count: number, name: string, args: object) {
    const file = join(mkdtempSync(join(tmpdir(), "trieve-")), "audit.log");
    const environment = { ...trieve.environment, TRIEVE_AUDIT_LOG: file };
    const server = await connectBin({ environment, person: says.yes });
    server.call(name, args).catch(() => {});
    await vi.waitUntil(() => trieve.proxy.count(method) === count, { timeout: 20_000 });
    server.bin.child.kill("SIGKILL");
    expect(await server.bin.exited).toEqual({ code: null, signal: "SIGKILL" });
    expect(readFileSync(file, "utf8")).toBe(server.bin.stderr());
    return auditLines(server.bin.stderr());
  }
  const hang = { silence: "all" } as const;

  test("in the middle of a send leaves that it began", async () => {
    trieve.proxy.next("POST", hang);
    const args = { emails: ["ann@example.com"], role: "admin" };
    expect(await killedAt("POST", 1, "send_invitation", args)).toEqual([
      {
        time: expect.stringMatching(/Z$/),
        tool: "send_invitation",
        organization_id: trieve.store.organizationId,
        email: "ann@example.com",
        role: "admin",
        invitation: null,
        outcome: "begun",
        confirmed_by: "form",
        requests: expect.any(Number),
        ms: expect.any(Number),
      },
    ]);
  });

  test("in the middle of a delete leaves that it began, and nothing of what it had not come to", async () => {
    const rows = ["ann", "bob", "carl"].map((name) => trieve.add(`${name}@example.com`));
    trieve.proxy.next("DELETE", { pass: true }, hang);
    const args = { invitations: rows.map(({ id }) => id) };
    const lines = await killedAt("DELETE", 2, "delete_invitation", args);
    expect(lines.map(({ outcome, email, invitation }) => [outcome, email, invitation])).toEqual(
      rows.slice(0, 2).map(({ id, email }) => ["begun", email, id.slice(0, 8)]),
    );
    expect(new Set(lines.map(({ call }) => call)).size).toBe(1);
  });

  test.each([
    ["delete", "DELETE", ["begun"]],
    ["send", "POST", ["begun", "begun"]],
  ])("in the %s of a resend leaves that it began", async (_, method, outcomes) => {
    const { id, email } = trieve.add("bob@example.com", { role: 1 });
    trieve.proxy.next(method, hang);
    const lines = await killedAt(method, 1, "resend_invitation", { invitations: [id] });
    expect(lines.map(({ outcome }) => outcome)).toEqual(outcomes);
    for (const line of lines) {
      const expected = { tool: "resend_invitation", email, role: "admin" };
      expect(line).toMatchObject({ ...expected, invitation: id.slice(0, 8) });
    }
  });
});

test("an error that nobody caught: writes under way are told first, and the error's words are not", async () => {
  trieve.proxy.next("POST", { silence: "all" });
  const thrower =
    "data:text/javascript,process.on('SIGUSR2',()=>{throw new Error(['words','of','the','error'].join(' '))})";
  const server = await connectBin({
    environment: trieve.environment,
    nodeArgs: ["--import", thrower],
  });
  server.call("send_invitation", { emails: ["ann@example.com"] }).catch(() => {});
  await vi.waitUntil(() => trieve.proxy.count("POST") === 1, { timeout: 20_000 });
  server.bin.child.kill("SIGUSR2");
  expect((await server.bin.exited).code).toBe(1);
  const stderr = server.bin.stderr();
  expect(stderr).toMatch(/trieve-invitations-mcp failed: Error\n/);
  expect(stderr).toContain("send_invitation was cut short by the end of the process");
  expect(stderr).not.toContain("words of the error");
  expect(auditLines(stderr)).toMatchObject([
    { outcome: "begun", email: "ann@example.com" },
    { outcome: "outcome_unknown", email: "ann@example.com" },
  ]);
});

test("what was not done keeps the code of its reason, where the outcome is not its own", async () => {
  const rows = ["ann", "bob"].map((name) => trieve.add(`${name}@example.com`));
  trieve.proxy.next("DELETE", { answer: 403 });
  const server = await connectBin({ environment: trieve.environment, person: says.yes });
  const invitations = [...rows.map(({ id }) => id), "eve@example.com"];
  await server.call("delete_invitation", { invitations });
  const lines = endLines(server.bin.stderr());
  expect(lines.map(({ email, outcome, reason }) => [email, outcome, reason])).toEqual([
    ["ann@example.com", "not_deleted", "forbidden"],
    ["bob@example.com", "not_deleted", "forbidden"],
    ["eve@example.com", "not_found", undefined],
  ]);
  await server.close();
});
