import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Setup } from "../scenario.ts";
import type { PlayedModel } from "./model.ts";
import type { Asked } from "./part.ts";
import type { Person } from "./person.ts";

const clients = fileURLToPath(new URL("..", import.meta.url));

/** Where a host is run, and what it finds there. */
export interface Visit {
  setup: Setup;
  model: PlayedModel;
  person: Person;
  /** Writes a file below the host's home. */
  put(file: string, text: string): string;
  /** Starts an executable of the installed clients, with nothing of this environment but PATH. */
  start(bin: string, args: string[], env?: NodeJS.ProcessEnv): Running;
}

export interface Running {
  child: ChildProcess;
  /** What it said, for when it fails. */
  said(): string;
  /** Resolves once it has ended by itself, or was ended because its time was over. */
  ended: Promise<void>;
}

export interface Host {
  name: string;
  packageName: string;
  /** How it is started, in a word or two. */
  started: string;
  asked: Asked;
  /** A program of the system that it takes to drive it. */
  needs?: string;
  /** Settings of the server beyond what docs/clients.md shows. */
  settings?: Record<string, string>;
  /** Runs the host until the part is over. */
  visit(visit: Visit): Promise<void>;
}

const LIMIT_MS = 600_000;

/** The path of an executable of the installed clients. */
export function executable(name: string): string {
  return `${clients}node_modules/.bin/${name}`;
}

/** Everything that `visit` starts, to be ended whatever happened. */
export function createVisit(
  setup: Setup,
  model: PlayedModel,
  person: Person,
): { visit: Visit; end(): void } {
  const running: ChildProcess[] = [];
  const { port } = new URL(model.url);
  const visit: Visit = {
    setup,
    model,
    person,
    put(file, text) {
      const path = join(setup.home, file);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
      return path;
    },
    start(bin, args, env = {}) {
      const proxy = `http://127.0.0.1:${port}`;
      const child = spawn(bin.includes("/") ? bin : executable(bin), args, {
        cwd: setup.home,
        // A group of its own, so that it can be ended with all that it started.
        detached: true,
        env: {
          PATH: `${clients}node_modules/node/bin:${process.env["PATH"]}`,
          HOME: setup.home,
          XDG_CONFIG_HOME: `${setup.home}/.config`,
          TERM: "xterm",
          // Whatever is not on loopback goes to the model, which refuses it and takes it down.
          HTTPS_PROXY: proxy,
          HTTP_PROXY: proxy,
          NO_PROXY: "127.0.0.1,localhost",
          DISABLE_TELEMETRY: "1",
          DO_NOT_TRACK: "1",
          ...env,
        },
      });
      running.push(child);
      let said = "";
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding("utf8").on("data", (text: string) => {
          said = `${said}${text}`.slice(-20_000);
        });
      }
      child.stdin?.on("error", () => {});
      const limit = setTimeout(() => endGroup(child), LIMIT_MS);
      const ended = new Promise<void>((resolve) => {
        child.on("error", (error) => {
          said += String(error);
          resolve();
        });
        child.on("exit", () => resolve());
      }).finally(() => clearTimeout(limit));
      return { child, said: () => said, ended };
    },
  };
  return { visit, end: () => running.forEach(endGroup) };
}

function endGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody of the group is left.
  }
}

/** Runs a host that plays the part and then ends by itself. Throws what it said if it did not get there. */
export async function playThrough(visit: Visit, { child, said, ended }: Running): Promise<void> {
  child.stdin?.end();
  await ended;
  checkOver(visit, said());
}

/** Throws the last of what the host `said` unless it has played the part to its end. */
export function checkOver({ model }: Visit, said: string): void {
  if (!model.isOver()) throw new Error(`the part was not played to its end: ${said.slice(-1500)}`);
}
