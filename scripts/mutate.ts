import { readdirSync, readFileSync } from "node:fs";
import { Stryker } from "@stryker-mutator/core";

// npm run mutate -- src/consent/consent.ts test/consent*.test.ts: changes the code in many small ways, and says
// which changes no test notices. Without a file of src: all that decides what is asked, done and told. Without a
// test: every one that has the code in its own process, for the built program stays as it is.

const CODE = ["src/{consent,tools,trieve}/*.ts", "!src/**/*.gen.ts"];

const given = process.argv.slice(2);
const code = given.filter((file) => file.startsWith("src/"));
const tests = given.filter((file) => file.startsWith("test/"));

function inProcess(): string[] {
  const isInProcess = /from "(\.\.\/src\/|\.\/support\/(app|faces|memory)\.ts)/;
  return readdirSync("test")
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `test/${file}`)
    .filter((file) => isInProcess.test(readFileSync(file, "utf8")));
}

// A change that is noticed fails every time, so nothing is tried again.
process.env["TEST_RETRY"] = "0";

const stryker = new Stryker({
  mutate: code.length > 0 ? code : CODE,
  testRunner: "vitest",
  testFiles: tests.length > 0 ? tests : inProcess(),
  // What runs once at import would need every test for each change: tables of words, which have tests as a whole.
  ignoreStatic: true,
  ignorePatterns: ["/build", "/test/clients"],
  concurrency: 2,
  timeoutMS: 20_000,
  dryRunTimeoutMinutes: 60,
  reporters: ["clear-text", "progress-append-only", "json"],
  jsonReporter: { fileName: "build/mutation.json" },
  clearTextReporter: { allowColor: false, logTests: false },
  tempDirName: "build/stryker",
});
await stryker.runMutationTest();
