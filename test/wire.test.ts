import { type AddressInfo, createServer } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { connectBin } from "./support/bin.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// What HTTP, TLS and Node's own fetch make of things, through the built program: each Node has its own.

let trieve: TestTrieve;
beforeEach(async () => {
  trieve = await startTrieve();
});
afterEach(() => trieve.close());

const EMAIL = "ann@example.com";

async function call(name: string, args: object = {}, environment: Record<string, string> = {}) {
  const server = await connectBin({ environment: { ...trieve.environment, ...environment } });
  try {
    return await server.call(name, args);
  } finally {
    await server.close();
  }
}

const send = () => call("send_invitation", { emails: [EMAIL] });

test("a 401 to a send is a refused key, and nothing is in doubt", async () => {
  trieve.proxy.next("POST", { answer: 401 });
  const { text } = await send();
  expect(text).toMatch(/^unauthorized: .*Nothing was sent/);
  expect(trieve.proxy.count("POST")).toBe(1);
});

test("a 421 to a send has it sent once", async () => {
  trieve.proxy.next("POST", { answer: 421, forward: true });
  const { text } = await send();
  expect(text).toMatch(/^mail_unconfirmed: /);
  expect(trieve.proxy.count("POST")).toBe(1);
  expect(trieve.store.mails).toHaveLength(1);
});

test("a 421 to a delete has it sent once, and once more where it is still there", async () => {
  const { id } = trieve.add(EMAIL);
  const server = await connectBin({ environment: trieve.environment });
  const { confirmation } = (await server.call("delete_invitation", { invitations: [id] })).facts;
  trieve.proxy.always(({ method }) => (method === "DELETE" ? { answer: 421 } : { pass: true }));
  const { text } = await server.call("delete_invitation", { invitations: [id], confirmation });
  expect(text).toMatch(/^outcome_unknown: .*still listed/);
  expect(text).not.toMatch(/nothing was (done|deleted)/i);
  expect(trieve.proxy.count("DELETE")).toBe(2);
  await server.close();
});

describe("a list that broke off", () => {
  const whole = JSON.stringify([
    {
      id: "5a4db0c5-7a0b-4d0e-9c61-aaaaaaaaaaaa",
      email: EMAIL,
      organization_id: "5a4db0c5-7a0b-4d0e-9c61-000000000001",
      used: false,
      created_at: "2026-11-01T10:00:00.000000",
      updated_at: "2026-11-01T10:00:00.000000",
      role: 0,
    },
  ]);
  const half = whole.slice(0, whole.length / 2);
  const packed = gzipSync(whole);

  /** Answers with the bodies in turn, each ended by closing the connection. */
  async function serve(headers: string, bodies: (string | Buffer)[]) {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => {
        const body = bodies.length > 1 ? bodies.shift() : bodies[0];
        socket.write(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}\r\n`);
        socket.end(body ?? "");
      });
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
  }

  test.each([
    ["as it is", "connection: close\r\n", half, whole],
    [
      "compressed",
      "connection: close\r\ncontent-encoding: gzip\r\n",
      packed.subarray(0, 60),
      packed,
    ],
    ["short of its length", `content-length: ${whole.length}\r\n`, half, whole],
  ])("is asked for again, %s", async (_, headers, broken, sound) => {
    const server = await serve(headers, [broken, sound]);
    const answer = await call("list_invitations", {}, { TRIEVE_BASE_URL: server.url });
    expect(answer.text).not.toMatch(/^\w+_\w+:/);
    expect(answer.facts).toMatchObject({ matched: 1 });
    server.close();
  });

  test("again and again is told as that, and no address is blamed", async () => {
    const server = await serve("connection: close\r\n", [half]);
    const { text } = await call("list_invitations", {}, { TRIEVE_BASE_URL: server.url });
    expect(text).toMatch(/^network_error: The answer broke off in the middle/);
    expect(text).not.toContain("TRIEVE_BASE_URL");
    server.close();
  });

  test("what ends in the middle of a list broke off, however whole it calls itself", async () => {
    const headers = `connection: close\r\ncontent-length: ${half.length}\r\n`;
    const server = await serve(headers, [half]);
    const { text } = await call("list_invitations", {}, { TRIEVE_BASE_URL: server.url });
    expect(text).toMatch(/^network_error: .*broke off/);
    server.close();
  });
});

describe("a gate before Trieve", () => {
  const page: Fault = {
    answer: 400,
    headers: { "content-type": "text/html" },
    body: "<html>400 No required SSL certificate was sent</html>",
  };

  test.each(["list_invitations", "send_invitation"])(
    "that answers 400 with a page is no fault of arguments: %s",
    async (name) => {
      trieve.proxy.always(() => page);
      const { text } = await call(name, name === "send_invitation" ? { emails: [EMAIL] } : {});
      expect(text).toMatch(/^bad_response: Something before Trieve answered.*HTTP 400/);
      expect(text).not.toContain("arguments");
    },
  );
});
