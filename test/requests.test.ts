import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { type Clock, systemClock } from "../src/clock.ts";
import { loadSettings } from "../src/config/load.ts";
import { answersHealthCheck } from "../src/doctor/connection.ts";
import { Failure } from "../src/errors.ts";
import {
  isGatewayPage,
  parseList,
  readText,
  sendInit,
  withoutLongBody,
} from "../src/trieve/body.ts";
import { afterWrite, createCallContext, reserveTime } from "../src/trieve/call.ts";
import { createExchange, openRoute } from "../src/trieve/http.ts";
import { statusFailure, waitText } from "../src/trieve/http-errors.ts";
import { cutShort, networkFailure } from "../src/trieve/network-errors.ts";
import { parseRetryAfter, retryDelay } from "../src/trieve/retry.ts";
import {
  createExpiringMap,
  createSendGuard,
  type DeletedInvitation,
} from "../src/trieve/send-guard.ts";
import { createSlots, type Slot } from "../src/trieve/slots.ts";
import { virtualClock } from "./support/calls.ts";
import { heapUsed } from "./support/heap.ts";

// The parts of a request, each by itself: what is sent, what is read, how long it may take, what its end means.

const URL_GIVEN = "https://trieve.example.com/api/x";

/** What a failure says and means, in one line. */
function lineOf(failure: Failure): string {
  const { code, happened, next, known, origin, retryAfterMs, isRepeatable, hadNoEffect } = failure;
  const marks = [origin, isRepeatable && "repeatable", hadNoEffect && "certain", retryAfterMs];
  return `${code}: ${happened}. ${known ?? "-"} ${next}. [${marks.filter(Boolean).join(" ")}]`;
}

test("every status is a failure that says what it means", () => {
  const statuses = [
    200, 299, 300, 302, 399, 400, 401, 403, 404, 407, 408, 418, 429, 499, 500, 502, 504, 599, 600,
  ];
  const lines = statuses.flatMap((status) =>
    [false, true].map((isPage) => {
      const failure = statusFailure({ status, isPage });
      return `${status}${isPage ? " as a page" : ""}: ${lineOf(failure)}`;
    }),
  );
  expect(lines.join("\n")).toMatchSnapshot();
  expect(lineOf(statusFailure({ status: 401 }))).toBe(
    lineOf(statusFailure({ status: 401, isPage: false }, undefined)),
  );
});

test.each<[number, object, string]>([
  [401, {}, "kept"],
  [403, {}, "kept"],
  [401, {}, "changed"],
  [403, {}, "changed"],
  [401, { isPage: true }, "changed"],
  [429, { retryAfterMs: 1_001 }, "no"],
  [429, { retryAfterMs: 0 }, "no"],
  [503, { retryAfterMs: 5_000 }, "no"],
])("a %i with %j and a %s file for the key says more", (status, more, file) => {
  const keyFile = file === "no" ? undefined : { hasChanged: () => file === "changed" };
  expect(lineOf(statusFailure({ status, ...more }, keyFile))).toMatchSnapshot();
});

test("a wait is told in whole seconds, never too few", () => {
  expect(waitText(1_000)).toBe("Wait 1 seconds, then call again");
  expect(waitText(1_001)).toBe("Wait 2 seconds, then call again");
});

describe("a connection that failed", () => {
  const system = (code: string | undefined, message = "no words", more: object = {}) =>
    Object.assign(new Error(message), code === undefined ? {} : { code }, more);
  const fetchFailed = (cause: unknown) => new TypeError("fetch failed", { cause });
  const several = (...syscalls: string[]) => {
    const each = syscalls.map((syscall) => system("ETIMEDOUT", "", { syscall }));
    return Object.assign(new AggregateError(each), { code: "ETIMEDOUT" });
  };
  const proxy = "http://user:secret@proxy.example.com:3128";

  test.each<[string, unknown, string?]>([
    ["refused", fetchFailed(system("ECONNREFUSED", "", { syscall: "connect" }))],
    ["with an unknown code", fetchFailed(system("EWHATEVER"))],
    [
      "with an unknown code, while it was opened",
      fetchFailed(system("EHOSTUNREACH", "", { syscall: "connect" })),
    ],
    [
      "with an unknown code, while it was read",
      fetchFailed(system("EHOSTUNREACH", "", { syscall: "read" })),
    ],
    ["at every address, while it was opened", fetchFailed(several("connect", "connect"))],
    ["at every address, at different times", fetchFailed(several("connect", "read"))],
    ["by an expired certificate", fetchFailed(system("CERT_HAS_EXPIRED"))],
    ["by the words of TLS", fetchFailed(system("EPROTO", "alert handshake failure"))],
    ["by a code of TLS that says nothing", fetchFailed(system("ERR_SSL_WHATEVER"))],
    ["by its host's name", fetchFailed(system("ENOTFOUND", "", { syscall: "getaddrinfo" }))],
    ["by its port", fetchFailed(new Error("bad port"))],
    ["by what is no HTTP", fetchFailed(Object.assign(new Error("x"), { name: "HTTPParserError" }))],
    [
      "by what is no HTTP, in the body",
      Object.assign(new TypeError("terminated", { cause: system("HPE_INVALID") })),
    ],
    ["in the middle of its body", new TypeError("terminated", { cause: system("UND_ERR_SOCKET") })],
    [
      "with the word for that, but not by fetch",
      new Error("terminated", { cause: system("UND_ERR_SOCKET") }),
    ],
    ["without anything known", fetchFailed(undefined)],
    ["with something that is no error", "terminated"],
    ["with a code that is no text", fetchFailed(Object.assign(new Error("x"), { code: 7 }))],
    [
      "at a proxy that is not there",
      fetchFailed(system("ECONNREFUSED", "", { syscall: "connect" })),
      proxy,
    ],
    ["at a proxy whose name is not known", fetchFailed(system("ENOTFOUND")), proxy],
    [
      "at a proxy that refuses",
      fetchFailed(system("UND_ERR_ABORTED", "Proxy response (503) !== 200")),
      proxy,
    ],
    [
      "at a proxy that wants a password",
      fetchFailed(system("UND_ERR_ABORTED", "Proxy response (407) !== 200")),
      proxy,
    ],
    [
      "with words as of a proxy, without one",
      fetchFailed(system("UND_ERR_ABORTED", "Proxy response (407) !== 200")),
    ],
    [
      "with such words in the middle, behind a proxy",
      fetchFailed(system("UND_ERR_ABORTED", "a Proxy response (407)")),
      proxy,
    ],
    ["by a certificate behind a proxy", fetchFailed(system("CERT_HAS_EXPIRED")), proxy],
    ["by a reset behind a proxy", fetchFailed(system("ECONNRESET")), proxy],
  ])("%s says so", (_, cause, through) => {
    const failure = networkFailure(cause, { proxy: through });
    expect(lineOf(failure)).toMatchSnapshot();
    if (failure.code !== "bad_response" || !String(cause).includes("terminated")) {
      expect(failure.cause === cause || through !== undefined).toBe(true);
    }
    expect(lineOf(failure)).not.toContain("secret");
  });

  test("and broke off keeps what it is given, but its words", () => {
    const failure = cutShort({ detail: "X", happened: "other words", cause: 7 });
    expect(lineOf(failure)).toMatchSnapshot();
    expect(failure.cause).toBe(7);
  });
});

describe("what is sent", () => {
  test("of a read is nothing more than the request", async () => {
    expect(await sendInit(new Request(URL_GIVEN))).toEqual({});
  });

  test("of a write is a stream with its length, and its headers", async () => {
    const headers = { "content-type": "application/json", "TR-Organization": "x" };
    const request = new Request(URL_GIVEN, { method: "POST", body: "\u00e9!", headers });
    const init = await sendInit(request);
    expect(init).toMatchObject({ duplex: "half" });
    expect(init.body).toBeInstanceOf(ReadableStream);
    expect(await new Response(init.body as ReadableStream).text()).toBe("\u00e9!");
    expect(Object.fromEntries(init.headers as Headers)).toEqual({
      "content-length": "3",
      "content-type": "application/json",
      "tr-organization": "x",
    });
  });
});

describe("what is read of an answer", () => {
  const read = async (given: Response) => {
    const { status, headers, body } = await withoutLongBody(given);
    const text = body === null ? null : await new Response(body).text();
    return { status, headers: Object.fromEntries(headers), text };
  };
  const KiB = 1024;

  test.each<[string, number, Record<string, string>, boolean]>([
    ["a 204", 204, { server: "x" }, false],
    ["a 500 without its body", 500, {}, false],
    ["a 599", 599, {}, false],
    ["a 200", 200, {}, false],
    ["that it is a page", 502, { "Content-Type": "TEXT/HTML; charset=x" }, true],
    ["that it asks to sign in", 401, { "WWW-Authenticate": "Basic realm=x" }, true],
    ["no page where a sign-in is only named", 401, { "WWW-Authenticate": "x Basic" }, false],
    ["no page where the word only begins so", 401, { "WWW-Authenticate": "Basically" }, false],
  ])("%s", async (_, status, headers, page) => {
    const body = status === 204 ? null : Buffer.from("why");
    const given = new Response(body, { status, headers });
    expect(isGatewayPage(given)).toBe(page);
    const read = await withoutLongBody(given);
    expect([read.status, read.body, isGatewayPage(read)]).toEqual([status, null, page]);
    expect(body === null || given.bodyUsed || (await given.text()) === "").toBe(true);
  });

  test.each([
    ["a reason", "why", "why"],
    ["a long reason", "x".repeat(16 * KiB), "x".repeat(16 * KiB)],
    ["no reason that is too long", "x".repeat(16 * KiB + 1), ""],
  ])("%s of a 400", async (_, body, text) => {
    const { headers, ...rest } = await read(new Response(body, { status: 400 }));
    expect(rest).toEqual({ status: 400, text });
    expect(headers["content-type"]).toBe("text/plain;charset=UTF-8");
  });

  test.each([100, 199, 600, 999])("nothing of a %i, which is none", async (status) => {
    const given = { status, headers: new Headers(), body: null } as Response;
    await expect(withoutLongBody(given)).rejects.toMatchObject({ code: "bad_response" });
  });

  test.each([
    ["text/html", true],
    ["Text/HTML;x", true],
    ["text/html5", false],
    ["application/text/html", false],
    ["", false],
  ])("whether %j is a page", (type, expected) => {
    expect(
      isGatewayPage(new Response(null, { status: 201, headers: { "content-type": type } })),
    ).toBe(expected);
    expect(isGatewayPage(new Response(null))).toBe(false);
  });

  test("a body to its last byte, and no more than that", async () => {
    const body = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const byte of [0x61, 0xc3, 0xa9]) controller.enqueue(Uint8Array.of(byte));
          controller.close();
        },
      });
    expect(await readText(body(), 3)).toBe("a\u00e9");
    expect(await readText(null, 3)).toBe("");
    await expect(readText(body(), 2)).rejects.toMatchObject({
      code: "bad_response",
      origin: "trieve",
      happened: expect.stringContaining("(too large)"),
    });
  });

  test.each<[string, readonly unknown[] | "broken off" | "no list"]>([
    ["[]", []],
    [' [1,{"a":"]"}] ', [1, { a: "]" }]],
    ["", "broken off"],
    [" \n", "broken off"],
    ["[", "broken off"],
    [" [1,", "broken off"],
    ['[{"a":1}', "broken off"],
    ['[{"a":[]', "broken off"],
    ['[{"a":"]}', "broken off"],
    ['["\\"]', "broken off"],
    ['["\\\\"', "broken off"],
    ["[[]", "broken off"],
    ["[1]]", "no list"],
    ["[x]", "no list"],
    ['["a" "]', "broken off"],
    ['["a]" "["]', "no list"],
    ["{", "no list"],
    ["{}", "no list"],
    ["null", "no list"],
    ["x[", "no list"],
    ["<html>[", "no list"],
  ])("%j as a list", (text, expected) => {
    if (typeof expected !== "string") return expect(parseList(text)).toEqual(expected);
    const code = expected === "no list" ? "bad_response" : "network_error";
    const happened = expected === "no list" ? /not a JSON list/ : /broke off/;
    const origin = expected === "no list" ? "trieve" : "network";
    const isRepeatable = expected !== "no list";
    expect(() => parseList(text)).toThrow(expect.objectContaining({ code, origin, isRepeatable }));
    expect(() => parseList(text)).toThrow(happened);
  });
});

describe("an exchange", () => {
  const { config } = loadSettings({
    TRIEVE_API_KEY: "tr-key",
    TRIEVE_ORGANIZATION_ID: "5a4db0c5-7a0b-4d0e-9c61-000000000001",
    TRIEVE_BASE_URL: "https://trieve.example.com",
  });
  if (config === undefined) throw new Error("these settings are sound");

  /** One of these, which takes `tookMs`; `end` is how it is answered. */
  async function play(
    end: (signal: AbortSignal) => Response | Promise<Response>,
    { tookMs = 0, ms = 600_000, method = "GET", caller = new AbortController() } = {},
  ) {
    const clock = virtualClock();
    clock.turn(5_000);
    let held: number | undefined;
    const slot: Slot = {
      hold(ms) {
        held = ms;
      },
    };
    const exchange = createExchange(
      config as NonNullable<typeof config>,
      clock,
      async (_, init) => {
        clock.turn(tookMs);
        return end(init?.signal as AbortSignal);
      },
    );
    const options = { slot, ms, workMs: 60_000, signal: caller.signal };
    const work = exchange(options, (fetch) => fetch(new Request(URL_GIVEN, { method })));
    const came = await work.then(
      (response) => response,
      (error: unknown) => error,
    );
    return { came, held, listeners: getEventListeners(caller.signal, "abort").length };
  }
  const json = (status: number) => () => Response.json([], { status });
  const never = (signal: AbortSignal) =>
    new Promise<Response>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
    });
  const reset = () => {
    throw new TypeError("fetch failed", {
      cause: Object.assign(new Error(), { code: "ECONNRESET" }),
    });
  };

  test("gives the body of a list, and of nothing else", async () => {
    const bodyOf = async (...given: Parameters<typeof play>) => {
      const { came } = await play(...given);
      return (came as Response).body === null ? "" : (came as Response).text();
    };
    expect(await bodyOf(json(200))).toBe("[]");
    expect(await bodyOf(json(201))).toBe("");
    expect(await bodyOf(json(200), { method: "DELETE" })).toBe("");
  });

  test.each<[string, number, (signal: AbortSignal) => Response, number | undefined]>([
    ["an answer of Trieve", 9_000, json(500), undefined],
    ["a 502 after a second", 1_000, json(502), undefined],
    ["a 502 after more", 1_001, json(502), 58_999],
    ["a 504 after more", 2_000, json(504), 58_000],
    ["a 503 after more", 2_000, json(503), 58_000],
    [
      "a page after more",
      2_000,
      () => new Response("", { headers: { "content-type": "text/html" } }),
      58_000,
    ],
    ["a reset at once", 10, reset, undefined],
    ["a reset after more", 2_000, reset, 58_000],
  ])(
    "with %s: its place is held as long as Trieve may be at work",
    async (_, tookMs, end, held) => {
      expect((await play(end, { tookMs })).held).toBe(held);
    },
  );

  test("that could not be opened holds nothing, however late", async () => {
    const refused = () => {
      throw Object.assign(new Error("x"), { code: "ECONNREFUSED", syscall: "connect" });
    };
    const { came, held } = await play(refused, { tookMs: 9_000 });
    expect(came).toMatchObject({ code: "network_error", hadNoEffect: true });
    expect(held).toBeUndefined();
  });

  test("that takes too long is dropped, and its place held", async () => {
    const { came, held, listeners } = await play(never, { ms: 5 });
    expect(came).toMatchObject({ code: "timeout", origin: "network", hadNoEffect: false });
    expect(held).toBe(60_000);
    expect(listeners).toBe(0);
  });

  test("that its caller gives up ends as the caller's own abort, and its place is held", async () => {
    const caller = new AbortController();
    const { came, held, listeners } = await play(
      (signal) => {
        setTimeout(() => caller.abort("no more"), 1);
        return never(signal);
      },
      { caller },
    );
    expect(came).toBe("no more");
    expect(held).toBe(60_000);
    expect(listeners).toBe(0);
  });

  test("leaves nothing behind once it is answered", async () => {
    expect((await play(json(200))).listeners).toBe(0);
  });

  test("passes a failure on as it is", async () => {
    const failure = new Failure("changed");
    const { came } = await play(() => {
      throw failure;
    });
    expect(came).toBe(failure);
  });
});

describe("places inside Trieve", () => {
  const quiet = new AbortController().signal;
  type Place = Slot & { release(): void };
  /** Takes a place that is kept until it is given back by hand. */
  const taking = (clock: Clock) => {
    const inSlot = createSlots(clock);
    return (kind: "send" | "other", ms: number, signal: AbortSignal) =>
      new Promise<Place>((resolve, reject) => {
        const work = (slot: Slot) =>
          new Promise<void>((release) => resolve({ ...slot, release: () => release() }));
        inSlot(kind, ms, signal, work).catch(reject);
      });
  };
  const isTaken = async (place: Promise<Place>) => {
    const open = Symbol();
    const soon = new Promise((resolve) => setTimeout(() => resolve(open), 2));
    return (await Promise.race([place, soon])) !== open;
  };

  test("are four, of which two are for sends", async () => {
    const take = taking(virtualClock());
    const sends = [1, 2, 3].map(() => take("send", 5_000, quiet));
    expect(await Promise.all(sends.map(isTaken))).toEqual([true, true, false]);
    const others = [1, 2, 3].map(() => take("other", 5_000, quiet));
    expect(await Promise.all(others.map(isTaken))).toEqual([true, true, false]);
    (await others[0])?.release();
    expect(await isTaken(others[2] as Promise<Place>)).toBe(true);
    expect(await isTaken(sends[2] as Promise<Place>)).toBe(false);
    (await sends[0])?.release();
    expect(await isTaken(sends[2] as Promise<Place>)).toBe(true);
  });

  test("that do not come in time are busy, and are not kept", async () => {
    const take = taking(virtualClock());
    const taken = await Promise.all([1, 2].map(() => take("send", 5_000, quiet)));
    expect(getEventListeners(quiet, "abort")).toHaveLength(0);
    const failure = (await take("send", 1, quiet).catch((error) => error)) as Failure;
    expect(lineOf(failure)).toMatchSnapshot();
    taken[0]?.release();
    expect(await isTaken(take("send", 5_000, quiet))).toBe(true);
    // A send that waits for one of the four gives back its one of the two.
    await Promise.all([1, 2].map(() => take("other", 5_000, quiet)));
    taken[1]?.release();
    await take("other", 5_000, quiet);
    await expect(take("send", 1, quiet)).rejects.toMatchObject({ code: "busy" });
    await expect(take("send", 1, quiet)).rejects.toMatchObject({ code: "busy" });
  });

  test("that are held come back when the time is over, and who waits is told for how long", async () => {
    const clock = virtualClock();
    let wake = () => {};
    const take = taking({
      ...clock,
      sleep: () => new Promise((resolve) => (wake = resolve)),
    });
    const [first, second] = await Promise.all([1, 2].map(() => take("send", 5_000, quiet)));
    clock.turn(1_000);
    first?.hold(20_500);
    first?.release();
    second?.hold(0);
    second?.release();
    expect(await isTaken(take("send", 5_000, quiet))).toBe(true);
    const busy = async () => (await take("send", 1, quiet).catch((error) => error)).happened;
    expect(await busy()).toContain("waits up to 21 s for");
    clock.turn(20_500);
    expect(await busy()).toContain("waits for requests");
    wake();
    expect(await isTaken(take("send", 5_000, quiet))).toBe(true);
    expect(await busy()).toContain("waits for requests");
  });

  test("are not taken by a caller who has gone, before or while it waits", async () => {
    const take = taking(virtualClock());
    const gone = AbortSignal.abort("gone");
    await expect(take("other", 5_000, gone)).rejects.toBe("gone");
    await Promise.all([1, 2, 3, 4].map(() => take("other", 5_000, quiet)));
    const caller = new AbortController();
    const waiting = take("other", 600_000, caller.signal);
    caller.abort("gone too");
    await expect(waiting).rejects.toBe("gone too");
    expect(getEventListeners(caller.signal, "abort")).toHaveLength(0);
  });
});

describe("a call", () => {
  test("has its time, which waiting for a person does not use up, and of which some is kept", async () => {
    const clock = virtualClock();
    clock.turn(100);
    const call = createCallContext(clock, new AbortController().signal, 1_000);
    expect(call.timeLeft()).toBe(1_000);
    clock.turn(400);
    expect(call.timeLeft()).toBe(600);
    const came = await call.offTheClock(async () => {
      clock.turn(5_000);
      return "yes";
    });
    expect(came).toBe("yes");
    await call
      .offTheClock(async () => {
        clock.turn(5_000);
        throw new Error("no");
      })
      .catch(() => {});
    expect(call.timeLeft()).toBe(600);
    expect(reserveTime(call, 250).timeLeft()).toBe(350);
    expect(afterWrite(call, clock, 500).timeLeft()).toBe(600);
    expect(afterWrite(call, clock, 700).timeLeft()).toBe(700);
    clock.turn(601);
    expect(call.timeLeft()).toBe(-1);
  });

  test("counts what it spends, and tells of writes", () => {
    const told: unknown[] = [];
    const on = {
      write: (target: object) => void told.push(target),
    };
    const call = createCallContext(virtualClock(), new AbortController().signal, 1, on);
    expect(call.outcomes).toEqual([]);
    call.beginRequest();
    call.beginRequest();
    const takeBack = call.beginWrite({ email: "a@example.com" });
    call.beginWrite();
    expect(call.spent).toEqual({ requests: 4, writes: 2 });
    takeBack();
    expect(call.spent).toEqual({ requests: 4, writes: 1 });
    expect(told).toEqual([{ email: "a@example.com" }, {}]);
    const silent = createCallContext(virtualClock(), new AbortController().signal, 1);
    silent.beginWrite();
  });

  test("that has done something cannot be cancelled any more, and is the same call", () => {
    const caller = new AbortController();
    const call = createCallContext(virtualClock(), caller.signal, 1_000);
    const own = afterWrite(call, virtualClock(), 0);
    caller.abort();
    own.beginRequest();
    expect([call.signal.aborted, own.signal.aborted]).toEqual([true, false]);
    expect(call.spent.requests).toBe(1);
  });
});

test("what is remembered is forgotten in time, in whatever letters it is asked for", () => {
  const clock = virtualClock();
  const memory = createExpiringMap<number>(clock, 1_000);
  memory.set("A", 1);
  clock.turn(500);
  memory.set("b", 2);
  expect([memory.get("a"), memory.get("B"), memory.get("c")]).toEqual([1, 2, undefined]);
  expect(memory.values()).toEqual([1, 2]);
  clock.turn(499);
  expect(memory.get("a")).toBe(1);
  clock.turn(1);
  expect(memory.values()).toEqual([2]);
  memory.delete("B");
  expect(memory.values()).toEqual([]);
});

describe("what was sent", () => {
  const MINUTE_MS = 60_000;

  test("is remembered as long as it counts", () => {
    const clock = virtualClock();
    const { doubts, members, mailFailures, deleted } = createSendGuard(clock);
    doubts.set("a@b.org", true);
    members.set("a@b.org", "a@b.org");
    mailFailures.set("id", true);
    deleted.set("id", { isResent: false } as DeletedInvitation);
    const known = () => [doubts, members, deleted, mailFailures].map((one) => one.values().length);
    clock.turn(2 * MINUTE_MS - 1);
    expect(known()).toEqual([1, 1, 1, 1]);
    clock.turn(1);
    expect(known()).toEqual([0, 1, 1, 1]);
    clock.turn(8 * MINUTE_MS - 1);
    expect(known()).toEqual([0, 1, 1, 1]);
    clock.turn(1);
    expect(known()).toEqual([0, 0, 0, 1]);
    clock.turn(24 * 60 * MINUTE_MS - 10 * MINUTE_MS - 1);
    expect(known()).toEqual([0, 0, 0, 1]);
    clock.turn(1);
    expect(known()).toEqual([0, 0, 0, 0]);
  });

  test("counts for a minute from when it went out, and not at all where nothing did", async () => {
    const clock = virtualClock();
    const { countSend } = createSendGuard(clock);
    const { signal } = new AbortController();
    const ends: (() => void)[] = [];
    const sends: Promise<void>[] = [];
    /** Begins to send; `isSent` says whether a request goes out by the time it ends. */
    const begin = (isSent = true) => {
      const call = createCallContext(clock, signal, 60_000);
      const ended = new Promise<void>((resolve) => ends.push(resolve));
      const send = countSend(call, async () => {
        await ended;
        if (isSent) call.beginWrite();
      });
      sends.push(send);
      return send;
    };
    for (let n = 0; n < 30; n += 1) begin(n !== 7);
    await expect(begin()).rejects.toThrow("limit of 30 invitations a minute");
    ends[7]?.();
    await sends[7];
    begin();
    await expect(begin()).rejects.toThrow(Failure);
    clock.turn(10_000);
    for (const end of ends.slice(0, 29)) end();
    await Promise.all(sends.slice(0, 29));
    clock.turn(50_000);
    begin();
    clock.turn(10_000);
    begin();
    for (const end of ends) end();
    const refused = (await Promise.allSettled(sends)).filter((one) => one.status === "rejected");
    expect(refused).toHaveLength(2);
  });

  test("sends that are over leave nothing behind", async () => {
    const { oneAtATime } = createSendGuard(systemClock);
    const call = createCallContext(systemClock, new AbortController().signal, 60_000);
    const heapAfter = async (name: string) => {
      for (let n = 0; n < 3_000; n += 1) {
        await oneAtATime(call, [{ email: `${name}${n}@example.com` }], async () => {});
      }
      return heapUsed();
    };
    await heapAfter("first");
    const before = await heapAfter("second");
    expect((await heapAfter("third")) - before).toBeLessThan(300_000);
  });

  test("to one address, in any letters, never overlaps", async () => {
    const clock = virtualClock();
    const { oneAtATime } = createSendGuard(clock);
    const call = createCallContext(clock, new AbortController().signal, 1_000);
    const running: string[] = [];
    const ends: (() => void)[] = [];
    const to = (email: string) => ({ email });
    const send = (name: string, ...emails: string[]) =>
      oneAtATime(call, emails.map(to), () => {
        running.push(name);
        return new Promise<void>((resolve) => {
          ends.push(() => {
            running.splice(running.indexOf(name), 1);
            resolve();
          });
        });
      });
    const soon = () => new Promise((resolve) => setTimeout(resolve, 1));
    const first = send("first", "A@b.org", "c@b.org");
    const second = send("second", "a@B.org");
    await soon();
    expect(running).toEqual(["first"]);
    ends[0]?.();
    await first;
    const third = send("third", "a@b.org");
    const other = send("other", "C@b.org");
    await soon();
    expect(running).toEqual(["second", "other"]);
    ends[1]?.();
    await second;
    await soon();
    expect(running).toEqual(["other", "third"]);
    for (const end of ends.slice(2)) end();
    await Promise.all([third, other]);
    await expect(
      oneAtATime(call, [to("a@b.org")], () => Promise.reject(new Error("no"))),
    ).rejects.toThrow("no");
    expect(await oneAtATime(call, [to("a@b.org")], async () => "done")).toBe("done");
  });
});

describe("a read that failed", () => {
  const failure = (details: object = {}) =>
    new Failure("upstream_error", { isRepeatable: true, ...details });

  test.each<[string, Failure, number, number, number | undefined]>([
    ["is tried again", failure(), 1, 0.5, 150],
    ["is tried a third time, later", failure(), 2, 0.5, 300],
    ["is not tried a fourth time", failure(), 3, 0.5, undefined],
    [
      "is not tried again where that is no use",
      failure({ isRepeatable: false }),
      1,
      0.5,
      undefined,
    ],
    ["waits as it is asked to", failure({ retryAfterMs: 10_000 }), 1, 0.5, 10_000],
    ["does not wait for too long", failure({ retryAfterMs: 10_001 }), 1, 0.5, undefined],
    ["waits longer than it is asked to", failure({ retryAfterMs: 100 }), 1, 0.5, 150],
  ])("%s", (_, given, attempt, random, expected) => {
    expect(retryDelay(given, attempt, random)).toBe(expected);
  });

  const NOW = Date.UTC(2026, 0, 31);
  test.each<[string | null, number | undefined]>([
    [null, undefined],
    ["", undefined],
    [" 7 ", 7_000],
    ["0", 0],
    ["123456789", 123_456_789_000],
    ["1234567890", undefined],
    ["7 s", undefined],
    ["-3", undefined],
    ["1.5", undefined],
    ["Sat, 31 Jan 2026 00:00:05 GMT", 5_000],
    ["Sat, 31 Jan 2026 00:00:00 GMT", 0],
    ["Sat, 31 Jan 2026 00:00:05 GMT ", 5_000],
    ["Fri, 30 Jan 2026 23:59:59 GMT", 0],
    ["31 Jan 2026 00:00:05 GMT", undefined],
    ["2026, Sat 31 Jan 00:00:05 GMT", undefined],
    ["Sat, whenever", undefined],
    ["(Sat) 31 Jan 2026 00:00:05 GMT", undefined],
  ])("is asked to wait by %j", (value, expected) => {
    expect(parseRetryAfter(value, NOW)).toBe(expected);
  });
});

describe("the way to Trieve", () => {
  test("is fetch without a proxy, and something else with one", async () => {
    expect(await openRoute({ proxy: undefined })).toBe(fetch);
    const send = await openRoute({ proxy: "http://127.0.0.1:9" });
    const error = await send(new Request("http://trieve.invalid/"), {}).catch((error) => error);
    // The proxy that is not there, and not the host, whose name nobody knows.
    expect(networkFailure(error).happened).toContain("ECONNREFUSED");
  });

  test.each<[string, () => Response, boolean]>([
    ["a 200", () => new Response("ok"), true],
    ["a 204", () => new Response(null, { status: 204 }), true],
    ["a 500", () => new Response(null, { status: 500 }), false],
    [
      "nothing",
      () => {
        throw new Error("down");
      },
      false,
    ],
  ])("is healthy or not after %s, and is asked without a key", async (_, answer, expected) => {
    const baseUrl = "https://trieve.example.com";
    const config: Parameters<typeof answersHealthCheck>[0] = {
      baseUrl,
      extraHeaders: [["X-Gate", "open"]],
    };
    const isHealthy = await answersHealthCheck(config, async (input, init) => {
      const request = input as Request;
      expect(request.url).toBe("https://trieve.example.com/api/health");
      expect(request.redirect).toBe("manual");
      expect(Object.fromEntries(request.headers)).toEqual({ "x-gate": "open" });
      expect(init?.signal).toBeInstanceOf(AbortSignal);
      return answer();
    });
    expect(isHealthy).toBe(expected);
  });

  test("needs no further headers to be asked", async () => {
    const baseUrl = "https://trieve.example.com";
    const send = async () => new Response("ok");
    expect(await answersHealthCheck({ baseUrl, extraHeaders: undefined }, send)).toBe(true);
  });
});
