import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

// A Trieve for measuring. Each /PLACE/api/... is one of its own, and begins with as many invitations and members as
// the number that PLACE begins with; with `slow` in its name a mail takes 300 ms. /PLACE/requests tells the methods
// and paths of this server's requests since the last such question.
const ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";
const MAIL_MS = 300;

function row(n, email = `firstname.lastname${n}@department.example.com`) {
  const at = new Date(Date.UTC(2026, 0, 1) - n * 60_000).toISOString().replace("Z", "123");
  return {
    id: randomUUID(),
    email,
    organization_id: ORGANIZATION,
    used: n % 4 === 0,
    created_at: at,
    updated_at: at,
    role: n % 3,
    scopes: null,
  };
}

function member(n) {
  return {
    id: randomUUID(),
    email: `member${n}@example.com`,
    name: `Member ${n}`,
    user_orgs: [{ organization_id: ORGANIZATION, role: n % 3 }],
  };
}

const places = new Map();
function open(name) {
  const known = places.get(name);
  if (known) return known;
  const size = Number.parseInt(name, 10);
  const rows = Array.from({ length: size }, (_, n) => row(n));
  const members = JSON.stringify(Array.from({ length: size }, (_, n) => member(n)));
  const place = { rows, body: undefined, members, requests: [], mailMs: 0 };
  if (name.includes("slow")) place.mailMs = MAIL_MS;
  places.set(name, place);
  return place;
}

createServer(async (request, response) => {
  const [, name, ...path] = new URL(request.url, "http://localhost").pathname.split("/");
  const place = open(name);
  const { requests } = place;
  if (path[0] === "requests") {
    place.requests = [];
    return response.end(JSON.stringify(requests));
  }
  if (/^trieve-invitations-mcp/.test(request.headers["user-agent"])) {
    requests.push({ method: request.method, path: `/${path.join("/")}` });
  }
  if (request.method === "GET") {
    response.setHeader("content-type", "application/json");
    if (path.includes("users")) return response.end(place.members);
    place.body ??= Buffer.from(JSON.stringify(place.rows));
    return response.end(place.body);
  }
  let body = "";
  for await (const chunk of request) body += chunk;
  place.body = undefined;
  if (request.method === "DELETE") place.rows = place.rows.filter(({ id }) => id !== path.at(-1));
  else {
    await sleep(place.mailMs);
    place.rows.push({ ...row(1, JSON.parse(body).email), role: 0 });
  }
  response.writeHead(204).end();
}).listen(0, "127.0.0.1", function listening() {
  process.stdout.write(`${this.address().port}\n`);
});
