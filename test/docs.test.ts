import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import packageJson from "../package.json" with { type: "json" };
import { exampleEntry, exampleLaunch, launchBlocks } from "../scripts/publishing.ts";
import { bareConfirmation, confirmationText, randomSecret } from "../src/consent/code.ts";
import { createForm } from "../src/consent/form.ts";
import { ERRORS } from "../src/errors.ts";
import { formatAction } from "../src/tools/action.ts";
import { actionInDocs } from "./support/pages.ts";

const root = new URL("../", import.meta.url);
const readText = (path: string) => readFileSync(new URL(path, root), "utf8");

/** The pages of text, by their paths. */
function documents(): string[] {
  const folders = ["./", "docs/"];
  const files = folders.flatMap((folder) =>
    readdirSync(new URL(folder, root)).map((file) => `${folder.replace("./", "")}${file}`),
  );
  return files.filter((file) => file.endsWith(".md"));
}

test("the demo plays the whole job", async () => {
  const tsx = fileURLToPath(new URL("node_modules/tsx/dist/cli.mjs", root));
  const demo = spawn(process.execPath, [tsx, "scripts/demo.ts"], {
    cwd: fileURLToPath(root),
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  demo.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  const code = await new Promise((resolve) => demo.on("close", resolve));
  expect(code).toBe(0);
  const inOrder = [
    "2 pending matched",
    "would mail ann@example.com (invitation)",
    "done: 1 invited",
    "would mail grace@example.com (added)",
    "done: 1 added",
    "the client asks:",
    "E-mail: bob@example.com",
    "the demo answers by itself",
    "done: 1 deleted",
    "Send 2 invitations?",
    "Left out: ines@example.com (already invited)",
    "send 2",
    "done: 2 invited, 1 already_invited",
    "mail_unconfirmed: ",
    "Resend 2 invitations, 1 as admin?",
    "done: 2 resent",
    "would mail Omar@example.com (invitation)",
    "ambiguous: ",
    "E-mail: Omar@example.com",
    "done: 1 deleted",
    "Who is left",
    "0 ann@example.com",
    "grace@example.com",
  ];
  let from = 0;
  for (const line of inOrder) {
    const at = out.indexOf(line, from);
    expect(at, `${line} in\n${out}`).toBeGreaterThanOrEqual(from);
    from = at;
  }
  const end = out.slice(out.indexOf("Who is left"));
  for (const gone of ["bob@example.com", "Omar@example.com"]) expect(end).not.toContain(gone);

  // The screen in the README is part of it, but for dates, ages and ports.
  const withoutNumbers = (text: string) => text.replaceAll(/\d+/g, "0");
  const [, screen = ""] = readText("README.md").split("```\n");
  expect(screen.split("\n").length).toBeGreaterThan(10);
  for (const line of screen.split("\n")) {
    expect(withoutNumbers(out)).toContain(withoutNumbers(line));
  }
});

test("nothing that is shown starts an unpublished package, but the text for the day after", () => {
  const pages = [...documents(), "mcp.json.example"];
  expect(pages.length).toBeGreaterThan(10);
  const showing = pages.filter((page) => /npx -y|"npx"/.test(readText(page)));
  const isPublished = "repository" in JSON.parse(readText("package.json"));
  if (!isPublished) expect(showing).toEqual(["docs/releasing.md"]);
  // The key stands in a file.
  for (const page of pages) expect(readText(page)).not.toMatch(/API_KEY=\S|tr-your-key/);
});

test("docs/confirmation.md shows the question as it is put", async () => {
  const action = await actionInDocs(["bob@example.com"]);
  const { choices, title } = action;
  const { decision } = createForm(action).requestedSchema.properties;
  const page = readText("docs/confirmation.md");
  expect(page).toContain(formatAction(action));
  const field = [decision.title, decision.description, choices.join(" / ")];
  expect(page).toContain(field.join("\n"));
  expect(page).toContain(`confirmation: ${title} `);
});

test("a question shows every domain, and its code is accepted, however long the addresses are", async () => {
  const domain = (letter: string) => `${letter.repeat(30)}.example.com`;
  const emails = ["a", "b", "c", "d"].map((letter) => `${"_".repeat(50)}@${domain(letter)}`);
  const action = await actionInDocs(emails);
  for (const letter of "abcd") expect(formatAction(action)).toContain(domain(letter));
  for (const letter of "abc") expect(action.title).toContain(domain(letter));
  const text = confirmationText(action, randomSecret());
  expect(bareConfirmation(`"${text.replaceAll(" ", "  ")}".`)).toBe(text);
  const [like = ""] = ["8f14e45f-ceea-467f-a9d8-0123456789ab@relay.example.com"];
  expect((await actionInDocs([like])).title).toContain(like);
});

test("the README shows how to run it within 30 lines", () => {
  const start = readText("README.md").split("\n").slice(0, 30).join("\n");
  expect(start).toContain("npm ci && npm run demo");
});

test("the README has at most 1,600 words, and its parts in the order in which they are needed", () => {
  const readme = readText("README.md");
  expect(readme.split(/\s+/).length).toBeLessThanOrEqual(1_600);
  expect([...readme.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)).toEqual([
    "Run it",
    "With a Trieve of your own",
    "Tools",
    "How a person is asked",
    "What it guarantees, and what it does not",
    "Settings",
    "Development",
  ]);
  expect(readme).toContain("not affiliated with Trieve");
  expect(readme.match(/!\[|<img /g)).toHaveLength(1);
});

test("docs/errors.md explains every error code", () => {
  const page = readText("docs/errors.md");
  const codes = Object.keys(ERRORS);
  expect(codes.length).toBeGreaterThan(20);
  for (const code of codes) expect(page).toContain(`\`${code}\``);
});

test("every configuration in docs/clients.md starts the server as the switch says", () => {
  const page = readText("docs/clients.md");
  const { command, args } = exampleLaunch(packageJson);
  const blocks = [...page.matchAll(/```json\n(.*?)```/gs)];
  expect(blocks.length).toBeGreaterThanOrEqual(6);
  const all = new RegExp([command, ...args].map((word) => `"${word}"`).join("[^{}]*"));
  for (const [, text = ""] of blocks) {
    JSON.parse(text);
    expect(text).toMatch(all);
  }
  expect(readText("mcp.json.example")).toBe(`${exampleEntry(packageJson)}\n`);
});

test("docs/clients.md says of each client whether it was run or read", () => {
  const [table = ""] = /\| client \| can ask.*?\n\n/s.exec(readText("docs/clients.md")) ?? [];
  const rows = table.trim().split("\n").slice(2);
  expect(rows.length).toBeGreaterThanOrEqual(5);
  for (const row of rows) expect(row).toMatch(/\| (run|read in its documentation) \|$/);
});

test("no shell takes a placeholder of a command for a redirection", () => {
  for (const page of documents()) {
    for (const [, command] of readText(page).matchAll(/```sh\n(.*?)```/gs)) {
      expect(command).not.toMatch(/<\w+>/);
    }
  }
});

test("every block that is generated stands in some page, and every mark has its end", () => {
  const pages = documents().map(readText);
  for (const name of Object.keys(launchBlocks(packageJson))) {
    expect(
      pages.some((page) => page.includes(`<!-- ${name} -->`)),
      name,
    ).toBe(true);
  }
  for (const page of pages) {
    for (const [, name] of page.matchAll(/<!-- (\w+) -->/g))
      expect(page).toContain(`<!-- /${name} -->`);
  }
});

test("every link of the docs leads to a file that is there", () => {
  for (const page of documents()) {
    const links = [...readText(page).matchAll(/(?:\]\(|src="|srcset=")([^)"#:]+)(?:#[^)]*)?[)"]/g)];
    for (const [, link = ""] of links) {
      const file = new URL(link, new URL(page, root));
      expect(existsSync(file), `${link} in ${page}`).toBe(true);
    }
  }
});

test("CONTRIBUTING gives the reason for every dependency", () => {
  const { devDependencies } = JSON.parse(readText("package.json"));
  const table = readText("CONTRIBUTING.md").split("## Dependencies")[1] ?? "";
  for (const name of Object.keys(devDependencies)) expect(table).toContain(`\`${name}\``);
});
