import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// Starts the program as a client starts it, and writes down whether the key reached it and how long it took
// from the start of the process until the first answer.
const [, , main, file, digest] = process.argv;
const keyFile = process.env["TRIEVE_API_KEY_FILE"];
const key = process.env["TRIEVE_API_KEY"] ?? (keyFile ? readFileSync(keyFile, "utf8") : "");
const hasKey = createHash("sha256").update(key).digest("hex") === digest;
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (...given) => {
  process.stdout.write = write;
  writeFileSync(file, JSON.stringify({ hasKey, ms: Math.round(performance.now()) }));
  return write(...given);
};
process.argv = [process.argv[0], main];
await import(pathToFileURL(main).href);
