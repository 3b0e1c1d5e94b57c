import { Hono } from "hono";
import { insertRow, type Mail, type Store } from "./store.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
// Like Trieve's own check it is not anchored at the end, so it lets much through.
const EMAIL = /^[\w.+-]+@[\w-]+\.\w+/;
const ADMIN = 1;
const COLUMN = 100;

interface Variables {
  Variables: { role: number };
}

interface InvitationData {
  email: string;
  user_role: number;
  app_url: string;
  redirect_uri: string;
}

/** The three invitation routes of a Trieve, on `store`, with what surprises about them. */
export function createSandboxApp(
  store: Store,
  onMail: (mail: Mail) => void = () => {},
): Hono<Variables> {
  const app = new Hono<Variables>();

  app.use("/api/*", async (context, next) => {
    const organization = context.req.header("TR-Organization") ?? "";
    if (!UUID.test(organization)) {
      return context.json({ message: "Could not convert Organization to UUID" }, 400);
    }
    if (organization.toLowerCase() !== store.organizationId) {
      return context.json({ message: "Not Found: Organization not found" }, 404);
    }
    const key = store.keys.get(context.req.header("Authorization")?.replace(/^Bearer /, "") ?? "");
    if (key === undefined) return context.json({ message: "Unauthorized" }, 401);
    if (key.organizationId !== store.organizationId || key.role < ADMIN) {
      return context.json({ message: "Forbidden" }, 403);
    }
    context.set("role", key.role);
    return next();
  });

  app.get("/api/invitations/:organization", (context) => {
    const organization = context.req.param("organization");
    if (!UUID.test(organization)) return context.json({ message: "Invalid UUID" }, 400);
    return context.json(
      store.rows.filter(({ organization_id }) => organization_id === organization.toLowerCase()),
    );
  });

  app.post("/api/invitation", async (context) => {
    const data = readData(await context.req.text());
    if (data === undefined) {
      return context.json({ message: "Json Deserialization Error: invalid InvitationData" }, 400);
    }
    const refusal = refuse(store, data, context.get("role"));
    if (refusal !== undefined) return context.json({ message: refusal }, 400);
    // The link is pasted together as it comes, without encoding.
    const link = (code: string) =>
      `${data.app_url}/auth?${code}organization_id=${store.organizationId}&redirect_uri=${data.redirect_uri}`;
    if (store.accounts.has(data.email)) {
      store.members.add(data.email);
      deliver({ to: data.email, kind: "added", link: data.redirect_uri });
    } else {
      const { id } = insertRow(store, {
        email: data.email,
        role: data.user_role,
        at: Date.now(),
      });
      deliver({ to: data.email, kind: "invitation", link: link(`inv_code=${id}&`) });
    }
    return context.body(null, 204);
  });

  app.delete("/api/invitation/:invitation", (context) => {
    const invitation = context.req.param("invitation");
    if (!UUID.test(invitation)) return context.json({ message: "Invalid UUID" }, 400);
    const at = store.rows.findIndex(({ id }) => id === invitation.toLowerCase());
    // Not 404: Trieve does not tell a missing row from a failed query.
    if (at < 0) return context.json({ message: "Error getting invitation." }, 400);
    store.rows.splice(at, 1);
    return context.body(null, 204);
  });

  function deliver(mail: Mail): void {
    store.mails.push(mail);
    onMail(mail);
  }

  return app;
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

function refuse(
  store: Store,
  { email, user_role }: InvitationData,
  ownRole: number,
): string | undefined {
  if (!EMAIL.test(email)) return "Invalid email";
  if (user_role > ownRole) return "Can not invite user with higher role than yours";
  if (store.members.has(email)) return `User with email ${email} is already in the organization`;
  if (store.accounts.has(email)) return undefined;
  if (store.rows.some((row) => row.email === email)) {
    return `User with email ${email} has already been invited`;
  }
  return email.length > COLUMN ? "Error inserting invitation." : undefined;
}
