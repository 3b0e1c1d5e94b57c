import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as soon } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectBin, HELLO, startBin, toolCall } from "./support/bin.ts";
import { says } from "./support/client.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// Where the key could leak to, and does not.

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

describe("the key", () => {
  const KEY = "tr-Canary!0123456789~abcdefghij%/+=";

  /** The key as it could leak: as it is, encoded, or its beginning. */
  function traces(): string[] {
    return [
      KEY,
      KEY.slice(0, 12),
      Buffer.from(KEY).toString("base64").replace(/=+$/, ""),
      Buffer.from(KEY).toString("base64url"),
      Buffer.from(KEY).toString("hex"),
      encodeURIComponent(KEY),
    ];
  }

  function expectNoTrace(where: string, text: string): void {
    for (const trace of traces()) expect(text.includes(trace), `${trace} in ${where}`).toBe(false);
  }

  test("appears nowhere, whatever Trieve answers", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "trieve-"));
    trieve.store.keys.set(KEY, { organizationId: trieve.store.organizationId, role: 2 });
    const environment = {
      ...trieve.environment,
      TRIEVE_API_KEY: KEY,
      TRIEVE_AUDIT_LOG: join(cwd, "audit.log"),
    };
    const nodeArgs = [
      "--report-on-signal",
      "--report-signal=SIGUSR2",
      `--report-directory=${cwd}`,
      "--report-uncaught-exception",
    ];
    const server = await connectBin({ environment, nodeArgs, cwd, person: says.yes });
    const { id } = trieve.add("bob@example.com");
    const echo = JSON.stringify({ message: KEY, authorization: KEY, at: traces() });
    const answers: string[] = [];
    for (const status of [200, 400, 401, 403, 404, 429, 500, 302]) {
      const headers = { "www-authenticate": KEY, location: `http://127.0.0.1:1/${KEY}` };
      for (const method of ["GET", "POST", "DELETE"]) {
        trieve.proxy.next(
          method,
          ...(method === "GET" ? [] : [{ answer: status, body: echo, headers }]),
        );
      }
      answers.push(
        (await server.call("send_invitation", { emails: [`a${status}@example.com`] })).text,
      );
      answers.push((await server.call("delete_invitation", { invitations: [id] })).text);
      trieve.add("bob@example.com", { id });
      trieve.proxy.next("GET", { answer: status, body: echo, headers });
      answers.push((await server.call("list_invitations")).text);
      trieve.proxy.next("GET", { cut: echo }, { reset: true });
      answers.push((await server.call("list_invitations")).text);
    }
    answers.push((await server.call("send_invitation", { emails: [KEY] })).text);
    server.bin.child.kill("SIGUSR2");
    while (!readdirSync(cwd).some((file) => file.startsWith("report"))) await soon(20);
    await soon(300);
    const cmdline = readFileSync(`/proc/${server.bin.child.pid}/cmdline`, "utf8");
    await server.close();
    // What the caller itself wrote, as an address, comes back to nobody but stderr's audit line.
    answers.pop();
    expectNoTrace("answers", answers.join("\n"));
    expectNoTrace("stdout", server.bin.stdout());
    expectNoTrace("arguments", cmdline);
    for (const file of readdirSync(cwd)) {
      const text = readFileSync(join(cwd, file), "utf8");
      if (file === "audit.log") expectNoTrace(file, withoutSubject(text));
      else expectNoTrace(file, text);
    }
    expectNoTrace("stderr", withoutSubject(server.bin.stderr()));
  });

  const withoutSubject = (text: string) => text.replaceAll(/"email":"[^"]*"/g, "");

  test("appears neither in --help, nor in doctor, nor in a configuration error", async () => {
    const environment = { ...trieve.environment, TRIEVE_API_KEY: KEY };
    for (const args of [["--help"], ["doctor"], ["doctor", "--json"]]) {
      const bin = startBin({ args, environment });
      await bin.exited;
      expectNoTrace(args.join(" "), bin.stdout() + bin.stderr());
    }
    const bad = startBin({ environment: { TRIEVE_API_KEY: `${KEY} ${KEY}` } });
    bad.write(HELLO);
    bad.write(toolCall(1, "list_invitations"));
    await bad.answer(1);
    bad.child.stdin.end();
    await bad.exited;
    expectNoTrace("a configuration error", bad.stdout() + bad.stderr());
  });

  test("may come from a file, and then is nowhere in the environment", async () => {
    const file = join(mkdtempSync(join(tmpdir(), "trieve-")), "key");
    writeFileSync(file, `${trieve.store.apiKey}\n`, { mode: 0o600 });
    const { TRIEVE_API_KEY, ...environment } = trieve.environment;
    const server = await connectBin({ environment: { ...environment, TRIEVE_API_KEY_FILE: file } });
    expect((await server.call("list_invitations")).isError).toBe(false);
    expect(server.bin.stderr()).toBe("");
    await server.close();
  });
});
