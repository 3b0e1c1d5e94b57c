import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

// A Trieve for measuring: /SIZE/api/... lists that many invitations, made before the clock runs. At
// /SIZE-slow/ a mail takes 300 ms.
const ORGANIZATION = "5a4db0c5-7a0b-4d0e-9c61-0123456789ab";
const bodies = new Map();

function row(n) {
  const at = new Date(Date.UTC(2026, 0, 1) - n * 60_000).toISOString().replace("Z", "123");
  return {
    id: randomUUID(),
    email: `firstname.lastname${n}@department.example.com`,
    organization_id: ORGANIZATION,
    used: n % 4 === 0,
    created_at: at,
    updated_at: at,
    role: n % 3,
    scopes: null,
  };
}

for (const size of [10, 1_000, 10_000, 100_000])
  bodies.set(
    size,
    Array.from({ length: size }, (_, n) => row(n)),
  );
const texts = new Map([...bodies].map(([size, rows]) => [size, Buffer.from(JSON.stringify(rows))]));
const sent = new Map();

createServer(async (request, response) => {
  const [, place] = request.url.split("/");
  const size = Number.parseInt(place, 10);
  if (request.method === "GET") {
    response.setHeader("content-type", "application/json");
    if (!sent.has(size)) return response.end(texts.get(size));
    return response.end(JSON.stringify([...bodies.get(size), ...sent.get(size)]));
  }
  let body = "";
  for await (const chunk of request) body += chunk;
  const { email } = JSON.parse(body);
  if (place.endsWith("-slow")) await sleep(300);
  sent.set(size, [...(sent.get(size) ?? []), { ...row(0), email, used: false }]);
  response.writeHead(204).end();
}).listen(0, "127.0.0.1", function listening() {
  process.stdout.write(`${this.address().port}\n`);
});
