import { setTimeout as sleep } from "node:timers/promises";
import { type Context, Hono } from "hono";
import { isObject } from "../json.ts";
import { addMember, type Faults, insertRow, type Key, type Mail, type Store } from "./store.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
// As lenient as Trieve's check: not anchored at the end; of the allowed punctuation only the apostrophe is missing.
const EMAIL = /^[\w.!#$%&*+/=?^`{|}~-]+@[a-z0-9-]/i;
const ADMIN = 1;
const MOST_EMAIL_CHARS = 100;

interface Variables {
  Variables: { key: Key };
}

interface InvitationData {
  email: string;
  user_role: number;
  app_url: string;
  redirect_uri: string;
}

/** Trieve's health check and routes for invitations and members, on `store`; they answer as a real Trieve does. */
export function createSandboxApp(
  store: Store,
  onMail: (mail: Mail) => void = () => {},
): Hono<Variables> {
  const app = new Hono<Variables>();

  app.notFound((context) => context.body(null, 404));
  app.get("/api/health", (context) => context.body(null, 200));

  // Lets a demo break and repair the sandbox from outside.
  app.put("/sandbox", async (context) => {
    if (!store.keys.has(context.req.header("Authorization") ?? "")) return context.body(null, 401);
    const faults: unknown = await context.req.json().catch(() => undefined);
    if (!isObject(faults)) return context.body(null, 400);
    const { mailMs, refuseMail, database }: Partial<Faults> = faults;
    if (mailMs !== undefined) store.mailMs = mailMs;
    if (refuseMail !== undefined) store.refuseMail = refuseMail;
    if (database !== undefined) store.database = database;
    return context.body(null, 204);
  });

  for (const route of [
    "/api/invitation",
    "/api/invitation/:id",
    "/api/invitations/:id",
    "/api/organization/users/:id",
  ]) {
    app.use(route, async (context, next) => {
      if (!store.database) return refuse(context, "Could not get database connection");
      const organization = context.req.header("TR-Organization") ?? "";
      if (!UUID.test(organization)) {
        return refuse(context, "Could not convert Organization to UUID");
      }
      if (organization.toLowerCase() !== store.organizationId) {
        return refuse(context, "Not Found: Organization not found", 404);
      }
      const secret = context.req.header("Authorization")?.replace(/^Bearer /, "") ?? "";
      const key = store.keys.get(secret);
      if (key === undefined) return refuse(context, "Unauthorized", 401);
      const { method, path } = context.req;
      const mayCall = key.routes?.test(`${method} ${path}`) ?? true;
      if (key.organizationId !== store.organizationId || key.role < ADMIN || !mayCall) {
        return refuse(context, "Forbidden", 403);
      }
      const id = context.req.param("id");
      if (id !== undefined && !UUID.test(id)) return refuse(context, malformed(id));
      context.set("key", key);
      return next();
    });
  }

  app.get("/api/invitations/:id", (context) => {
    const organization = context.req.param("id").toLowerCase();
    return context.json(store.rows.filter((row) => row.organization_id === organization));
  });

  app.get("/api/organization/users/:id", (context) => {
    const organization_id = context.req.param("id").toLowerCase();
    const members = organization_id === store.organizationId ? [...store.members.values()] : [];
    return context.json(
      members.map(({ role, ...user }) => ({
        ...user,
        user_orgs: [{ organization_id, role }],
        orgs: [{ id: organization_id }],
      })),
    );
  });

  app.post("/api/invitation", async (context) => {
    const data = readData(await context.req.text());
    if (data === undefined) {
      return refuse(context, "Json Deserialization Error: invalid InvitationData");
    }
    const reason = reasonAgainst(store, data, context.get("key"));
    if (reason !== undefined) return refuse(context, reason);
    const mail = store.accounts.has(data.email) ? join(store, data) : invite(store, data);
    // As in Trieve, the request waits for its mail, and what was stored stays if the mail fails.
    if (store.mailMs > 0) await sleep(store.mailMs, undefined, { ref: false });
    if (store.refuseMail) return refuse(context, "Error sending email.");
    store.mails.push(mail);
    onMail(mail);
    return context.body(null, 204);
  });

  app.delete("/api/invitation/:id", (context) => {
    const id = context.req.param("id").toLowerCase();
    const at = store.rows.findIndex((row) => row.id === id);
    // Not 404: Trieve does not distinguish a missing row from a failed query.
    if (at < 0) return refuse(context, "Error getting invitation.");
    store.rows.splice(at, 1);
    return context.body(null, 204);
  });

  return app;
}

function refuse(context: Context, message: string, status: 400 | 401 | 403 | 404 = 400): Response {
  return context.json({ message }, status);
}

function malformed(id: string): string {
  const at = id.search(/[^0-9a-f-]/i);
  const reason =
    at < 0
      ? "invalid length"
      : `invalid character: expected an optional prefix of \`urn:uuid:\` followed by [0-9a-fA-F-], found \`${id[at]}\` at ${at + 1}`;
  return `Path deserialize error: UUID parsing failed: ${reason}`;
}

function readData(body: string): InvitationData | undefined {
  let data: Partial<Record<keyof InvitationData, unknown>> | null;
  try {
    data = JSON.parse(body);
  } catch {
    return undefined;
  }
  const { email, user_role, app_url, redirect_uri } = data ?? {};
  if (typeof email !== "string" || typeof user_role !== "number") return undefined;
  if (typeof app_url !== "string" || typeof redirect_uri !== "string") return undefined;
  return { email, user_role, app_url, redirect_uri };
}

// Like Trieve, compares addresses case-sensitively everywhere.
function reasonAgainst(
  store: Store,
  { email, user_role }: InvitationData,
  key: Key,
): string | undefined {
  if (!EMAIL.test(email)) return "Invalid email";
  if (email === key.person) return "Can not invite yourself";
  if (user_role > key.role) return "Can not invite user with higher role than yours";
  if (store.members.has(email)) return `User with email ${email} is already in the organization`;
  if (store.accounts.has(email)) return undefined;
  if (store.rows.some((row) => row.email === email)) {
    return `User with email ${email} has already been invited`;
  }
  return email.length > MOST_EMAIL_CHARS ? "Error inserting invitation." : undefined;
}

function join(store: Store, { email, user_role, redirect_uri }: InvitationData): Mail {
  addMember(store, { email, role: user_role });
  return { to: email, kind: "added", link: redirect_uri.replace("?", "org?") };
}

function invite(store: Store, { email, user_role, app_url, redirect_uri }: InvitationData): Mail {
  // Date.now() has no microseconds, which the rows of a real server have.
  const at = Date.now() + (performance.now() % 1);
  const { id, organization_id } = insertRow(store, { email, role: user_role, at });
  // Like Trieve, concatenates the link without encoding anything.
  const link = `${app_url}/auth?inv_code=${id}&organization_id=${organization_id}&redirect_uri=${redirect_uri}`;
  return { to: email, kind: "invitation", link };
}
