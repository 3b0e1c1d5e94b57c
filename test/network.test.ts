import { once } from "node:events";
import { mkdtempSync, writeFileSync } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createSecureServer as createHttp2 } from "node:http2";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, connect, createServer as createTcp, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTls } from "node:tls";
import { generate } from "selfsigned";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectBin, startBin } from "./support/bin.ts";
import type { Fault } from "./support/fault-proxy.ts";
import { startTrieve, type TestTrieve } from "./support/trieve.ts";

// What stands between the built program and Trieve: certificates, proxies, gates, and what is no HTTP.

let trieve: TestTrieve;
beforeAll(async () => {
  trieve = await startTrieve();
});
beforeEach(() => trieve.proxy.always(undefined));
const servers: Server[] = [];
afterAll(async () => {
  for (const server of servers) server.close();
  await trieve.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

/** A port where nothing listens. */
async function freePort(): Promise<number> {
  const port = await listen(createTcp());
  await new Promise((closed) => servers.pop()?.close(closed));
  return port;
}

const folder = mkdtempSync(join(tmpdir(), "trieve-"));
function keep(name: string, text: string): string {
  writeFileSync(join(folder, name), text, { mode: 0o600 });
  return join(folder, name);
}

/** What a list says with these settings, and which exit and lines the doctor has. */
async function tryWith(environment: Record<string, string>) {
  const merged = { ...trieve.environment, ...environment };
  const server = await connectBin({ environment: merged });
  const list = await server.call("list_invitations");
  await server.close();
  const doctor = startBin({ environment: merged, args: ["doctor"] });
  const { code } = await doctor.exited;
  return { ...list, code, doctor: doctor.stdout(), log: server.bin.stderr() };
}

const list = async (environment: Record<string, string>) => (await tryWith(environment)).text;

async function secure(host: string, dates: object = {}): Promise<{ url: string; cert: string }> {
  const pem = await generate([{ name: "commonName", value: host }], {
    ...dates,
    extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: host }] }],
  });
  const server = createHttps({ key: pem.private, cert: pem.cert }, (_, response) =>
    response.end("[]"),
  );
  return { url: `https://localhost:${await listen(server)}`, cert: pem.cert };
}

const DAY_MS = 86_400_000;
/** A certificate that vouches for nobody here. */
let other = "";
const ago = (days: number) => new Date(Date.now() - days * DAY_MS);

describe("a certificate", () => {
  test.each<[string, string, object, boolean, RegExp]>([
    ["that is trusted", "localhost", {}, true, /^0 pending matched/],
    ["that nobody vouches for", "localhost", {}, false, /self-signed.*NODE_EXTRA_CA_CERTS/],
    ["of another host", "other.example.com", {}, true, /for another host name/],
    [
      "that has expired",
      "localhost",
      { notBeforeDate: ago(20), notAfterDate: ago(10) },
      true,
      /has expired.*clock/,
    ],
    [
      "that is not valid yet",
      "localhost",
      { notBeforeDate: ago(-10), notAfterDate: ago(-20) },
      true,
      /not valid yet.*clock/,
    ],
  ])("%s", async (name, host, dates, isTrusted, expected) => {
    const { url, cert } = await secure(host, dates);
    const trust: Record<string, string> = isTrusted
      ? { NODE_EXTRA_CA_CERTS: keep(`${name}.pem`, cert) }
      : {};
    const { text, doctor, code } = await tryWith({ TRIEVE_BASE_URL: url, ...trust });
    expect(text).toMatch(expected);
    if (text.startsWith("0 pending")) return;
    expect(text).toMatch(/^network_error: /);
    expect(code).toBe(1);
    expect(doctor).toMatch(/^ok +reachable: /m);
    expect(doctor).toMatch(/^failed +tls: /m);
  });

  test.each<[string, (name: string) => string, RegExp]>([
    ["missing", (name) => join(folder, `no-${name}`), /NODE_EXTRA_CA_CERTS names cannot be read/],
    [
      "no PEM",
      (name) => keep(name, "0\u0082\u0003"),
      /NODE_EXTRA_CA_CERTS names holds no certificate in PEM/,
    ],
    [
      "of another authority",
      (name) => keep(name, other),
      /of an authority that is not in the file that NODE_EXTRA_CA_CERTS names/,
    ],
  ])(
    "that nobody vouches for, beside a file of authorities that is %s",
    async (name, make, words) => {
      const { url } = await secure("localhost");
      other = (await secure("other.example.com")).cert;
      const environment = { TRIEVE_BASE_URL: url, NODE_EXTRA_CA_CERTS: make(`${name}.pem`) };
      const { text, doctor } = await tryWith(environment);
      expect(text).toMatch(/^network_error: /);
      expect(text).toMatch(words);
      expect(doctor).toMatch(words);
    },
  );

  test("https to a port that speaks http, and the reverse", async () => {
    const plain = trieve.proxy.url.replace("http:", "https:");
    expect(await list({ TRIEVE_BASE_URL: plain })).toMatch(/perhaps this port speaks plain HTTP/);
    const { url } = await secure("localhost");
    const text = await list({ TRIEVE_BASE_URL: url.replace("https:", "http:") });
    expect(text).toMatch(/Check (scheme|TRIEVE_BASE_URL)/);
  });
});

describe("a TLS handshake that is ended by the other side", () => {
  const at = async (createServer: (pem: { key: string; cert: string }) => Server) => {
    const pem = await generate([{ name: "commonName", value: "localhost" }], {
      extensions: [{ name: "subjectAltName", altNames: [{ type: 2, value: "localhost" }] }],
    });
    const server = createServer({ key: pem.private, cert: pem.cert });
    const environment = {
      TRIEVE_BASE_URL: `https://localhost:${await listen(server)}`,
      NODE_EXTRA_CA_CERTS: keep("ended.pem", pem.cert),
    };
    const { text } = await tryWith(environment);
    expect(text).not.toContain("NODE_EXTRA_CA_CERTS");
    return text;
  };

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "for want of a certificate of the client, over %s",
    async (maxVersion) => {
      const wants = { requestCert: true, rejectUnauthorized: true, maxVersion };
      const text = await at((pem) => createTls({ ...pem, ...wants }));
      expect(text).toMatch(/^network_error: .*client certificate/);
    },
  );

  test("for want of a common version", async () => {
    const old = {
      maxVersion: "TLSv1.1",
      minVersion: "TLSv1.1",
      ciphers: "ALL:@SECLEVEL=0",
    } as const;
    const text = await at((pem) => createTls({ ...pem, ...old }));
    expect(text).toMatch(/^network_error: .*no version of TLS or HTTP, or no cipher, in common/);
  });

  test("because it offers HTTP/2 only, unless this Node speaks that", async () => {
    const text = await at((pem) =>
      createHttp2({ ...pem, ALPNProtocols: ["h2"] }, (_, response) => response.end("[]")),
    );
    expect(text).toMatch(
      /^network_error: .*no version of TLS or HTTP.*offer .*HTTP\/1\.1|^0 pending/,
    );
  });

  test("without a word", async () => {
    const text = await at(() => createTcp((socket) => socket.once("data", () => socket.end())));
    expect(text).toMatch(/^network_error: No TLS connection could be set up/);
  });
});

describe("what answers and is no Trieve, or no HTTP", () => {
  const says = async (text: string) => {
    const server = createTcp((socket) => {
      socket.on("error", () => {});
      socket.end(text);
    });
    return `http://127.0.0.1:${await listen(server)}`;
  };
  test.each([
    ["a banner", "SSH-2.0-OpenSSH_9.6\r\n"],
    [
      "headers without end",
      `HTTP/1.1 200 OK\r\n${`X-Long: ${"x".repeat(4_000)}\r\n`.repeat(8)}\r\n`,
    ],
    [
      "an encoding that does not fit",
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n[  ]",
    ],
    ["a broken length", "HTTP/1.1 200 OK\r\nContent-Length: 2, 5\r\n\r\n[]"],
  ])("%s", async (_, bytes) => {
    const url = await says(bytes);
    const { text, doctor } = await tryWith({ TRIEVE_BASE_URL: url });
    expect(text).toMatch(/^bad_response: What answers there is not Trieve/);
    expect(doctor).toMatch(/^failed +answer: .*is not Trieve/m);
  });

  test("a port where nothing listens, and a host that does not exist", async () => {
    const port = await freePort();
    const refused = await list({ TRIEVE_BASE_URL: `http://127.0.0.1:${port}` });
    expect(refused).toMatch(/^network_error: Nothing listens at this address/);
    const nowhere = await list({ TRIEVE_BASE_URL: "https://no-such-host.invalid" });
    expect(nowhere).toMatch(/could not be looked up/);
  });
});

describe("a gate before Trieve", () => {
  const html = { "content-type": "text/html; charset=utf-8" };
  test.each<[string, Fault, RegExp]>([
    [
      "401 that asks for a sign-in",
      { answer: 401, headers: { "www-authenticate": 'Basic realm="x"' } },
      /^unauthorized: Something bef/,
    ],
    [
      "401 as a page",
      { answer: 401, headers: html, body: "<html>" },
      /^unauthorized: Something bef/,
    ],
    [
      "403 as a page",
      { answer: 403, headers: html, body: "<html>" },
      /^forbidden: Something before/,
    ],
    [
      "a redirect",
      { answer: 302, headers: { ...html, location: "https://login.example.com" } },
      /^bad_response: Something before Trieve.*HTTP 302/,
    ],
  ])("%s", async (_, fault, expected) => {
    trieve.proxy.always(() => fault);
    const { text, doctor } = await tryWith({});
    expect(text).toMatch(expected);
    expect(text).toContain("TRIEVE_EXTRA_HEADERS");
    expect(doctor).toMatch(/^failed +answer: .*Something before Trieve answered/m);
  });

  test("gets the headers that it wants, whose values nobody sees", async () => {
    const secret = "s3cr3t-of-the-gate";
    trieve.proxy.always(({ headers }) =>
      headers["cf-access-client-secret"] === secret
        ? { pass: true }
        : { answer: 403, headers: html },
    );
    const { text, doctor, log } = await tryWith({
      TRIEVE_EXTRA_HEADERS: `CF-Access-Client-Id: a.access\nCF-Access-Client-Secret: ${secret}`,
    });
    expect(text).toMatch(/^0 pending matched/);
    expect(doctor).toContain("with the headers CF-Access-Client-Id, CF-Access-Client-Secret");
    expect(`${text}${doctor}${log}`).not.toContain(secret);
  });

  test("a key from a file that Trieve refuses is blamed on the file", async () => {
    const file = keep("key", "wrong-key\n");
    const text = await list({ TRIEVE_API_KEY: "", TRIEVE_API_KEY_FILE: file });
    expect(text).toMatch(/^unauthorized: .*in the file that TRIEVE_API_KEY_FILE names/);
  });
});

describe("a proxy", () => {
  const far = { TRIEVE_BASE_URL: "http://trieve.invalid", TRIEVE_ALLOW_INSECURE_HTTP: "true" };

  /** A proxy that leads to the sandbox whatever host is asked for, or answers with a status. */
  async function startProxy(status?: number) {
    const asked: string[] = [];
    let bytes = "";
    const server = createHttp((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.writeHead(status ?? 500).end();
    });
    server.on("connect", (request, socket) => {
      asked.push(`CONNECT ${request.url}`);
      if (status !== undefined) {
        socket.end(`HTTP/1.1 ${status} No\r\n\r\n`);
        return;
      }
      const target = connect(Number(new URL(trieve.proxy.url).port), "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 Connected\r\n\r\n");
        target.pipe(socket);
        socket.pipe(target);
        socket.on("data", (data) => {
          bytes += data;
        });
      });
      socket.on("error", () => target.destroy());
      target.on("error", () => socket.destroy());
    });
    return { url: `http://127.0.0.1:${await listen(server)}`, asked, bytes: () => bytes };
  }

  test("is used for every host but this machine, and its password is a secret", async () => {
    const { url, asked } = await startProxy();
    const HTTP_PROXY = url.replace("//", "//user:pr0xy-word@");
    const { text, doctor, log } = await tryWith({ ...far, HTTP_PROXY });
    expect(text).toMatch(/^0 pending matched/);
    expect(asked).toContain("CONNECT trieve.invalid:80");
    expect(doctor).toContain(`requests go through the proxy ${new URL(url).host}`);
    expect(`${text}${doctor}${log}`).not.toContain("pr0xy-word");
  });

  test("is left alone for this machine, whatever Node is told", async () => {
    const { url, asked } = await startProxy();
    const proxies = { HTTP_PROXY: url, http_proxy: url, NODE_USE_ENV_PROXY: "1" };
    const { text, doctor } = await tryWith(proxies);
    expect(text).toMatch(/^0 pending matched/);
    expect(doctor).toContain("requests go directly");
    expect(asked).toEqual([]);
  });

  // Whatever begins at 0.0.0.0 ends at this machine, and is no loopback by its name.
  test.each<[string, boolean]>([
    ["0.0.0.0/8", false],
    ["x.org 0.0.0.0", false],
    ["10.0.0.0/8", true],
    ["0.0.0.0/33", true],
  ])("beside NO_PROXY=%s sees requests and the key: %s", async (NO_PROXY, isUsed) => {
    const { url, asked, bytes } = await startProxy();
    const TRIEVE_BASE_URL = trieve.proxy.url.replace("127.0.0.1", "0.0.0.0");
    const { text, doctor, log } = await tryWith({
      ...{ ...far, TRIEVE_BASE_URL, HTTP_PROXY: url, NO_PROXY },
      TRIEVE_DASHBOARD_URL: "https://dashboard.example.com",
    });
    expect(text).toMatch(/^0 pending matched/);
    expect(asked.length > 0).toBe(isUsed);
    expect(bytes().includes(trieve.store.apiKey)).toBe(isUsed);
    expect(doctor).toContain(isUsed ? "requests go through the proxy" : "requests go directly");
    const cannotBeUsed = NO_PROXY.endsWith("/33");
    for (const said of [log, doctor])
      expect(said.includes("NO_PROXY cannot be used in its entry 1")).toBe(cannotBeUsed);
  });

  test.each<[string, number | undefined, RegExp]>([
    ["asks for a password", 407, /asks for a user and password/],
    ["refuses", 403, /refused the connection/],
    ["cannot be reached", undefined, /could not be reached/],
  ])("that %s is told as such", async (_, status, expected) => {
    const url =
      status === undefined
        ? `http://127.0.0.1:${await freePort()}`
        : (await startProxy(status)).url;
    const text = await list({ ...far, HTTP_PROXY: url });
    expect(text).toMatch(/^network_error: The proxy 127\.0\.0\.1:\d+ /);
    expect(text).toMatch(expected);
  });
});

test("an old Node is told in one line", async () => {
  const old =
    'data:text/javascript,Object.defineProperty(process.versions,"node",{value:"18.20.1"})';
  const bin = startBin({ nodeArgs: ["--import", old], args: ["--version"] });
  expect((await bin.exited).code).toBe(1);
  expect(bin.stdout()).toBe("");
  expect(bin.stderr()).toMatch(/^[^\n]*needs Node 20\.19 or newer; this is 18\.20\.1\.[^\n]*\n$/);
});
