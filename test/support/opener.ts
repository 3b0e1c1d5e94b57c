import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { request as send } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as soon } from "node:timers/promises";

/** Stands in for the browser: a program that records what it is told to open. */
export interface Opener {
  /** The value for BROWSER; the folder has a blank in its name. */
  command: string;
  /** The arguments of each start. */
  starts(): string[][];
  /** The last address it was given, once it has been given `count` in total. */
  address(count?: number): Promise<string>;
}

const PROGRAM = `
import { appendFileSync } from "node:fs";
const [, , file, code, ...rest] = process.argv;
appendFileSync(file, JSON.stringify(rest) + "\\n");
process.exit(Number(code));
`;

export function createOpener({ exitCode = 0, more = "" } = {}): Opener {
  const folder = mkdtempSync(join(tmpdir(), "stand in "));
  const program = join(folder, "opener.mjs");
  const file = join(folder, "starts.txt");
  writeFileSync(program, PROGRAM);
  const starts = (): string[][] =>
    existsSync(file)
      ? readFileSync(file, "utf8")
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line))
      : [];
  return {
    command: `"${process.execPath}" "${program}" '${file}' ${exitCode} ${more}`.trim(),
    starts,
    async address(count = 1) {
      while (starts().length < count) await soon(20);
      return starts().at(-1)?.at(-1) ?? "";
    },
  };
}

export interface PageReply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
}

/** One request of a plain HTTP client, with only the given headers. */
export function request(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<PageReply> {
  const { method = "GET", headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const sent = send(url, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
      response.on("error", reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A browser as the page sees it: requests the page, keeps its field, and presses buttons. */
export interface PlainBrowser {
  field: string;
  read(headers?: Record<string, string>): Promise<PageReply>;
  press(decision: string, change?: Partial<Pressed>): Promise<PageReply>;
}

/** What pressing a button sends; undefined leaves it out. */
interface Pressed {
  method: string;
  host: string | undefined;
  origin: string | undefined;
  site: string | undefined;
  mode: string | undefined;
  type: string | undefined;
  field: string | undefined;
  path: string;
  body: string;
}

/** The headers that a browser sends when a person opens an address. */
const NAVIGATION = {
  "sec-fetch-site": "none",
  "sec-fetch-mode": "navigate",
  "sec-fetch-dest": "document",
};

export function plainBrowser(url: string): PlainBrowser {
  const { origin, host } = new URL(url);
  const browser: PlainBrowser = {
    field: "",
    async read(headers = {}) {
      const reply = await request(url, { headers: { ...NAVIGATION, ...headers } });
      browser.field = /name="field" value="([^"]+)"/.exec(reply.text)?.[1] ?? browser.field;
      return reply;
    },
    press(decision, change = {}) {
      const sent = {
        method: "POST",
        host,
        origin,
        site: "same-origin",
        mode: "navigate",
        type: "application/x-www-form-urlencoded",
        field: browser.field,
        path: url,
        ...change,
      };
      const fields = { ...(sent.field === undefined ? {} : { field: sent.field }), decision };
      const headers = Object.entries({
        host: sent.host,
        origin: sent.origin,
        "sec-fetch-site": sent.site,
        "sec-fetch-mode": sent.mode,
        "content-type": sent.type,
      }).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const body = change.body ?? new URLSearchParams(fields).toString();
      return request(sent.path, {
        method: sent.method,
        headers: Object.fromEntries(headers),
        body,
      });
    },
  };
  return browser;
}
