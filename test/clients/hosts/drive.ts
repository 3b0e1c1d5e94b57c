import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTrieve, type TestTrieve } from "../../support/trieve.ts";
import { readWitness, watched } from "../witness.ts";
import { createVisit, type Host } from "./host.ts";
import { type PlayedModel, startModel } from "./model.ts";
import { beginningOf, playPart } from "./part.ts";
import { createPerson, type Question } from "./person.ts";
import { checkTools } from "./tools.ts";
import { isSame, type Write, watchWrites } from "./writes.ts";

export interface Check {
  fact: string;
  holds: boolean;
  seen: unknown;
}

/** What a host was seen to do. */
export interface Driven {
  host: Host;
  checks: Check[];
  questions: readonly Question[];
  model: PlayedModel;
  results: string[];
  /** From the program's start until its first answer, ms. */
  startMs: number | undefined;
}

interface AuditLine {
  outcome: string;
  email: string;
  role: string;
  confirmed_by: string | null;
}

/** What each outcome comes to at Trieve. */
const WRITTEN: Record<string, string[]> = {
  invited: ["POST"],
  deleted: ["DELETE"],
  resent: ["DELETE", "POST"],
};

/** What an audit line says to have reached Trieve. */
function writesIn({ outcome, email, role }: AuditLine): Write[] {
  const methods = WRITTEN[outcome] ?? [];
  return methods.map((method) => ({ method, email, ...(method === "POST" ? { role } : {}) }));
}

/** Plays the part in `host`, around the program at `main`, with a Trieve and a home of its own. */
export async function drive(host: Host, main: string): Promise<Driven> {
  const trieve = await startTrieve();
  const writes = watchWrites(trieve);
  const person = await createPerson(() => writes().length);
  const home = mkdtempSync(join(tmpdir(), "host-"));
  const audit = join(home, "audit.jsonl");
  const checks: Check[] = [];
  const check = (fact: string, holds: boolean, what?: unknown) =>
    checks.push({ fact, holds, seen: holds ? undefined : what });
  const { TRIEVE_APP_URL, TRIEVE_DASHBOARD_URL, TRIEVE_CONFIRM, ...env } = trieve.environment;
  const more = { BROWSER: person.opener, TRIEVE_AUDIT_LOG: audit, ...host.settings };
  const setup = watched({ command: process.execPath, args: [main], env, more, home });
  const results: string[] = [];
  const part = playPart({ trieve, person, asked: host.asked, writes, check, results });
  const model = await startModel(part);
  const { visit, end } = createVisit(setup, model, person);
  try {
    await host.visit(visit);
  } catch (error) {
    check("the host plays the part to its end", false, String(error));
  } finally {
    end();
  }
  checkTools(model.tools(), check);
  const ids = idsIn(trieve);
  const sees = (id: string) => model.requests.some((request) => request.includes(id));
  check(
    "ids: the model sees beginnings, and no whole one",
    ids.some((id) => sees(beginningOf(id))) && !ids.some(sees),
    ids.filter(sees),
  );
  // Before each write there is a line that it has begun.
  const lines = readLines(audit).filter(({ outcome }) => outcome !== "begun");
  check("audit: every write, and no other", isSame(lines.flatMap(writesIn), writes()), lines);
  check(
    "audit: each with the way in which it was agreed to",
    lines.every(({ outcome, email, confirmed_by }) => {
      const isAgreedTo = outcome in WRITTEN && email !== "ada@example.com";
      return confirmed_by === (isAgreedTo ? host.asked : null);
    }),
    lines,
  );
  person.leave();
  await model.close();
  await trieve.close();
  const witness = readWitness(setup);
  check("the key is filled in from where docs/clients.md puts it", witness?.hasKey === true);
  const { questions } = person;
  return { host, checks, questions, model, results, startMs: witness?.ms };
}

/** The ids of all invitations that were ever at Trieve. */
function idsIn({ store, proxy }: TestTrieve): string[] {
  const deletes = proxy.seen.filter(({ method }) => method === "DELETE");
  const deleted = deletes.map(({ path }) => path.split("/").at(-1) ?? "");
  return [...store.rows.map(({ id }) => id), ...deleted];
}

function readLines(file: string): AuditLine[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
