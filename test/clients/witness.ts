import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Setup } from "./scenario.ts";

const PROGRAM = fileURLToPath(new URL("witness.mjs", import.meta.url));

const fileOf = ({ home }: Setup) => `${home}/witness.json`;

/** The same setup with a witness around the program. */
export function watched(setup: Setup): Setup {
  const { TRIEVE_API_KEY = "" } = setup.env;
  const digest = createHash("sha256").update(TRIEVE_API_KEY).digest("hex");
  const [main = ""] = setup.args;
  return { ...setup, args: [PROGRAM, main, fileOf(setup), digest] };
}

/** What the witness saw; undefined when the program never answered anything. */
export function readWitness(setup: Setup): { hasKey: boolean; ms: number } | undefined {
  const file = fileOf(setup);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}
