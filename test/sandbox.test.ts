import { readFileSync } from "node:fs";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { seedStore } from "../src/sandbox/seed.ts";
import { type Sandbox, serveStore } from "../src/sandbox/start.ts";
import { addMember, createStore, insertRow, type Row, type Store } from "../src/sandbox/store.ts";

// The sandbox is what all other tests take for Trieve: here it is held to what a real one answered.

interface Exchange {
  name: string;
  request: { call: string; key: string; organization?: string; email?: string; role?: number };
  answer: { status: number; message?: string };
  did?: { added?: number; removed?: number; mails?: number };
  fault?: Partial<Pick<Store, "mailMs" | "refuseMail" | "database">>;
  accepted?: string;
}

const RECORDED = new URL("recorded/trieve.json", import.meta.url);
const recorded: { exchanges: Exchange[]; rows: Omit<Row, "organization_id">[] } = JSON.parse(
  readFileSync(RECORDED, "utf8"),
);
const ELSEWHERE = "5a4db0c5-7a0b-4d0e-9c61-000000000002";
const SOUND = { mailMs: 0, refuseMail: false, database: true };

let store: Store;
let sandbox: Sandbox;

async function start(): Promise<void> {
  store = createStore();
  const { keys, organizationId } = store;
  for (const [role, name] of ["user", "admin", "owner"].entries()) {
    keys.set(name, { organizationId, role });
  }
  keys.set("person", { organizationId, role: 2, person: "me@corp.test" });
  keys.set("elsewhere", { organizationId: ELSEWHERE, role: 2 });
  keys.set("datasets only", { organizationId, role: 2, routes: /dataset/ });
  keys.set("invitations only", { organizationId, role: 2, routes: /invitation/ });
  for (const name of ["member", "has.account", "acc2"]) store.accounts.add(`${name}@corp.test`);
  addMember(store, { email: "member@corp.test" });
  insertRow(store, { email: "elsewhere@corp.test", at: Date.now(), organizationId: ELSEWHERE });
  sandbox = await serveStore(store);
}

async function ask({ call, key, organization, email, role }: Exchange["request"]) {
  const [method = "", path] = call.split(" ");
  const response = await fetch(`${sandbox.url}${path}`, {
    method,
    headers: {
      ...(key === "none" ? {} : { authorization: key }),
      "tr-organization": organization ?? store.organizationId,
      ...(method === "POST" ? { "content-type": "application/json" } : {}),
    },
    ...(method === "POST" ? { body: JSON.stringify(invitation(email, role)) } : {}),
  });
  const body = await response.text();
  return { status: response.status, body };
}

function invitation(email = "new@corp.test", role = 0) {
  return {
    email,
    user_role: role,
    app_url: "http://localhost:8090/api",
    redirect_uri: `http://localhost:5173/?org=${store.organizationId}`,
  };
}

const send = (email?: string, key = "owner") =>
  ask({ call: "POST /api/invitation", key, ...(email === undefined ? {} : { email }) });
const refusal = (message: string) => ({ status: 400, body: JSON.stringify({ message }) });

describe("as recorded, one after the other:", () => {
  beforeAll(start);
  afterAll(() => sandbox.close());

  // Also of rows that are gone.
  const ids = new Map<string, string>();
  function fill(call: string): string {
    for (const { email, id } of store.rows) ids.set(email, id);
    return call
      .replace("<organization>", store.organizationId)
      .replace(/<id of (.+)>/, (_, email) => ids.get(email) ?? "")
      .replace(/<ID of (.+)>/, (_, email) => ids.get(email)?.toUpperCase() ?? "");
  }

  test.each(recorded.exchanges)("$name", async ({ request, answer, did, fault, accepted }) => {
    Object.assign(store, SOUND, fault);
    // Ten times as fast as the relay of the recording.
    store.mailMs /= 10;
    for (const row of store.rows) row.used ||= row.email === accepted;
    const rows = [...store.rows];
    const mails = store.mails.length;
    const startedAt = performance.now();
    const { status, body } = await ask({ ...request, call: fill(request.call) });

    expect(status).toBe(answer.status);
    if (answer.message !== undefined) expect(JSON.parse(body)).toEqual({ message: answer.message });
    else if (status === 200) expect(JSON.parse(body)).toEqual(ownRows());
    else expect(body).toBe("");
    expect({
      added: store.rows.filter((row) => !rows.includes(row)).length,
      removed: rows.filter((row) => !store.rows.includes(row)).length,
      mails: store.mails.length - mails,
    }).toEqual({ added: 0, removed: 0, mails: 0, ...did });
    // A timer may fire a millisecond early.
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(store.mailMs - 1);
  });
});

describe("beyond the recording:", () => {
  beforeEach(async () => {
    await start();
    return () => sandbox.close();
  });

  test("rows come as they were listed, with as few digits of fraction as will do", async () => {
    store.rows = [];
    for (const { created_at, updated_at, ...row } of recorded.rows) {
      const micros = Number(created_at.slice(20).padEnd(6, "0"));
      const at = Date.parse(`${created_at.slice(0, 19)}Z`) + micros / 1000;
      insertRow(store, { ...row, at });
    }
    const list = await ask({ call: `GET /api/invitations/${store.organizationId}`, key: "owner" });
    const organization_id = store.organizationId;
    expect(JSON.parse(list.body)).toEqual(
      recorded.rows.map((row) => ({ ...row, organization_id })),
    );
  });

  test("a mail that fails leaves the row, or the membership, and both block", async () => {
    store.refuseMail = true;
    for (const email of ["ann@corp.test", "acc2@corp.test"]) {
      expect(await send(email)).toEqual(refusal("Error sending email."));
    }
    expect(await send("ann@corp.test")).toEqual(
      refusal("User with email ann@corp.test has already been invited"),
    );
    expect(await send("acc2@corp.test")).toEqual(
      refusal("User with email acc2@corp.test is already in the organization"),
    );
  });

  test("a person's key cannot invite its holder", async () => {
    expect(await send("me@corp.test", "person")).toEqual(refusal("Can not invite yourself"));
    expect((await send("me@corp.test")).status).toBe(204);
  });

  test("links are pasted together: an account's leads to the dashboard, others' to the API", async () => {
    await send("ann@corp.test");
    await send("acc2@corp.test");
    const id = ownRows()[0]?.id;
    const org = store.organizationId;
    expect(store.mails.map(({ link }) => link)).toEqual([
      `http://localhost:8090/api/auth?inv_code=${id}&organization_id=${org}&redirect_uri=http://localhost:5173/?org=${org}`,
      `http://localhost:5173/org?org=${org}`,
    ]);
  });

  const members = (key: string, organization?: string) =>
    ask({
      call: `GET /api/organization/users/${organization ?? store.organizationId}`,
      key,
      ...(organization === undefined ? {} : { organization }),
    });

  test("members come with their address, name and role in this organization", async () => {
    addMember(store, { email: "Ann@corp.test", name: "Ann", role: 1 });
    const { status, body } = await members("owner");
    const user_orgs = (role: number) => [{ organization_id: store.organizationId, role }];
    expect(status).toBe(200);
    expect(JSON.parse(body)).toMatchObject([
      { email: "member@corp.test", name: null, user_orgs: user_orgs(0) },
      { email: "Ann@corp.test", name: "Ann", user_orgs: user_orgs(1) },
    ]);
  });

  test("an account that is invited is a member at once, with the role asked for", async () => {
    await ask({ call: "POST /api/invitation", key: "owner", email: "acc2@corp.test", role: 1 });
    await send("ann@corp.test");
    const { body } = await members("owner");
    expect(JSON.parse(body)).toMatchObject([
      { email: "member@corp.test" },
      { email: "acc2@corp.test", user_orgs: [{ role: 1 }] },
    ]);
  });

  test("members are refused like any other route", async () => {
    const answers = await Promise.all([
      members("none"),
      members("user"),
      members("elsewhere"),
      members("invitations only"),
      members("owner", ELSEWHERE),
      ask({ call: "GET /api/organization/users/42", key: "owner" }),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 403, 403, 403, 404, 400]);
    store.database = false;
    expect(await members("owner")).toEqual(refusal("Could not get database connection"));
  });

  test("the sandbox to try things on has members of every role, one without a name", () => {
    const people = [...seedStore(Date.now()).members.values()];
    expect([...new Set(people.map(({ role }) => role))].sort()).toEqual([0, 1, 2]);
    expect(people.filter(({ name }) => name === null)).toHaveLength(1);
  });

  test("the health check needs no key and no database", async () => {
    store.database = false;
    expect((await fetch(`${sandbox.url}/api/health`)).status).toBe(200);
  });
});

function ownRows(): Row[] {
  return store.rows.filter(({ organization_id }) => organization_id === store.organizationId);
}
