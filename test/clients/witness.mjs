import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

// Starts the program as a client starts it, and writes down whether the key reached it.
const [, , main, file, digest] = process.argv;
const key = process.env["TRIEVE_API_KEY"] ?? "";
const isThere = createHash("sha256").update(key).digest("hex") === digest;
writeFileSync(file, isThere ? "key filled in" : "key missing");
process.argv = [process.argv[0], main];
await import(pathToFileURL(main).href);
