import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import packageJson from "../../package.json" with { type: "json" };
import { exampleLaunch } from "../../scripts/publishing.ts";
import type { Setup } from "./scenario.ts";

const page = readFileSync(new URL("../../docs/clients.md", import.meta.url), "utf8");
const example = exampleLaunch(packageJson);

/** The code blocks under a heading of docs/clients.md, in order. */
function blocksOf(heading: string): string[] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/```\w+\n(.*?)```/gs)].map(([, text = ""]) => text);
}

/** A configuration under a heading, by default the first, as it stands there, filled in for `setup`. */
export function configurationOf(heading: string, setup: Setup, which = 0): string {
  const text = blocksOf(heading)[which];
  if (text === undefined) throw new Error(`docs/clients.md shows too little for ${heading}`);
  return fillIn(text, setup);
}

/** `text` with the program, the organization, the key file and the Trieve of `setup`. */
export function fillIn(text: string, { command, args, env, more = {}, home }: Setup): string {
  const keyFile = join(home, "trieve-key");
  writeFileSync(keyFile, env["TRIEVE_API_KEY"] ?? "", { mode: 0o600 });
  const organization = env["TRIEVE_ORGANIZATION_ID"] ?? "";
  const url = env["TRIEVE_BASE_URL"] ?? "";
  const inJson = (words: readonly string[]) => words.map((word) => JSON.stringify(word)).join(", ");
  return text
    .replace([example.command, ...example.args].join(" "), [command, ...args].join(" "))
    .replace(JSON.stringify(example.command), JSON.stringify(command))
    .replace(new RegExp(example.args.map((arg) => JSON.stringify(arg)).join(",\\s*")), inJson(args))
    .replaceAll(example.env["TRIEVE_API_KEY_FILE"] ?? "", keyFile)
    .replaceAll("https://trieve.example.com", url)
    .replaceAll("https://dashboard.example.com", "http://localhost:5173")
    .replace(/(")?TRIEVE_ORGANIZATION_ID"?( = |: |=)"?0{8}[0-9-]+"?/, (line, quote, is) =>
      [line, ...Object.entries(more).map((entry) => oneMore(entry, quote, is))].join(
        quote ? ", " : is === "=" ? " -e " : "\n",
      ),
    )
    .replaceAll(example.env["TRIEVE_ORGANIZATION_ID"] ?? "", organization);
}

/** One more variable, in the manner of the text: of JSON, TOML or a command. */
function oneMore([name, value]: [string, string], quote: string | undefined, is: string): string {
  const said = is === "=" ? value : JSON.stringify(value);
  return quote ? `${JSON.stringify(name)}${is}${said}` : `${name}${is}${said}`;
}
