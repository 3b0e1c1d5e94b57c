import { compare, type Running, ready } from "./measure.ts";
import { peersAt } from "./peers.ts";
import type { Measure } from "./report.ts";

const ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";
const headers = { authorization: "key", "tr-organization": ORGANIZATION };

interface Request {
  method: string;
  path: string;
}

interface Row {
  id: string;
  used: boolean;
}

/** One of the Trieves of trieve.mjs, and this server on it. */
async function open(url: string) {
  const [ours] = peersAt(url);
  if (ours === undefined) throw new Error("this server is the first of its peers");
  const { server } = await ready(ours);
  const listPath = `/api/invitations/${ORGANIZATION}`;
  const request = async ({ method, path }: Request, email?: string) => {
    const body = method === "POST" ? { body: JSON.stringify({ email }) } : {};
    await (await fetch(`${url}${path}`, { method, headers, ...body })).text();
  };
  return {
    server,
    list: () => request({ method: "GET", path: listPath }),
    post: (email: string) => request({ method: "POST", path: "/api/invitation" }, email),
    delete: (id: string) => request({ method: "DELETE", path: `/api/invitation/${id}` }),
    request,
    rows: async () => (await (await fetch(`${url}${listPath}`, { headers })).json()) as Row[],
    /** The requests since the last such question. */
    requests: async () => (await (await fetch(`${url}/requests`)).json()) as Request[],
  };
}

/** A call, and once more with the confirmation where it asks for one. Throws when nothing was done. */
async function call(server: Running, name: string, args: object): Promise<void> {
  const once = async (more: object) => {
    const result = await server.request("tools/call", { name, arguments: { ...args, ...more } });
    if (result.isError) throw new Error(result.content[0].text);
    return result.structuredContent;
  };
  const { confirmation } = await once({});
  if (confirmation === undefined) return;
  const { outcome } = await once({ confirmation });
  if (outcome !== "done") throw new Error(`${name}: ${outcome}`);
}

/** What calls of the other tools cost: one target against the same requests, many against bare loops. */
export async function measureWrites(
  origin: string,
  rounds: (count: number) => number,
): Promise<[Measure, number][]> {
  return [
    [
      "members",
      await measureOne(`${origin}/1000-members`, "list_members", rounds(100), () => ({})),
    ],
    ["send", await measureOne(`${origin}/10-send`, "send_invitation", rounds(20), invite)],
    ["resend", await measureOne(`${origin}/40-resend`, "resend_invitation", rounds(20), nthAsUser)],
    ["delete", await measureOne(`${origin}/40-delete`, "delete_invitation", rounds(20), nth)],
    ["send50", await measureSends(`${origin}/10-slow-sends`, rounds(5), rounds(50))],
    ["resend20", await measureResends(`${origin}/500-slow-resends`, rounds(5), rounds(20))],
  ];
}

const invite = (round: number) => ({ emails: [`one${round}@example.com`] });
const nth = (round: number) => ({ invitations: [pending(round)] });
/** Some were invited as owner, as which this server resends nothing. */
const nthAsUser = (round: number) => ({ ...nth(round), role: "user" });

/** The addresses of the pending invitations of trieve.mjs: every fourth is used. */
function pending(n: number): string {
  return `firstname.lastname${Math.floor(n / 3) * 4 + 1 + (n % 3)}@department.example.com`;
}

/** Calls with one target, against the requests that each made, one after the other. */
async function measureOne(
  url: string,
  tool: string,
  rounds: number,
  argsOf: (round: number) => object,
): Promise<number> {
  const place = await open(url);
  const ratio = await compare(
    rounds,
    (round) => call(place.server, tool, argsOf(round)),
    async (round) => {
      for (const one of await place.requests())
        await place.request(one, `bare${round}@example.com`);
    },
  );
  place.server.stop();
  return ratio;
}

/** Sends in one call, against a loop of two at a time between as many lists. */
async function measureSends(url: string, rounds: number, count: number): Promise<number> {
  const place = await open(url);
  const emailsOf = (name: string) =>
    Array.from({ length: count }, (_, n) => `${name}n${n}@example.com`);
  const ratio = await compare(
    rounds,
    (round) => call(place.server, "send_invitation", { emails: emailsOf(`r${round}`) }),
    async (round) => {
      const left = emailsOf(`bare${round}`);
      const loop = async () => {
        for (let email = left.pop(); email; email = left.pop()) await place.post(email);
      };
      await place.list();
      await place.list();
      await Promise.all([loop(), loop()]);
      await place.list();
    },
  );
  place.server.stop();
  return ratio;
}

/** Resends in one call, against a loop that deletes and sends one after the other. */
async function measureResends(url: string, rounds: number, count: number): Promise<number> {
  const place = await open(url);
  const ratio = await compare(
    rounds,
    (round) => {
      const names = Array.from({ length: count }, (_, n) => pending(round * count + n));
      return call(place.server, "resend_invitation", { invitations: names, role: "user" });
    },
    async (round) => {
      const rows = (await place.rows()).filter(({ used }) => used);
      for (const { id } of rows.slice(0, count)) {
        await place.delete(id);
        await place.post(`bare${round}${id}@example.com`);
      }
    },
  );
  place.server.stop();
  return ratio;
}
