import { readdirSync, readFileSync } from "node:fs";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Stryker } from "@stryker-mutator/core";
import ts from "typescript";

// npm run mutate -- src/consent/questions.ts test/consent*.test.ts: changes the code in many small ways, and lists the
// changes that no test notices. Without a file of src, it takes FOLDERS; without a test, every test that loads the
// code into its own process, since the built program is not changed. --sample 8 changes only every eighth piece of
// the code, and --at-once 2 leaves capacity on a shared machine.

const FOLDERS = ["src/consent", "src/tools", "src/trieve"];
const PIECE_LINES = 10;

const { positionals: given, values } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: "string", default: "1" },
    "at-once": { type: "string", default: "8" },
  },
});
const code = given.filter((file) => file.startsWith("src/"));
const tests = given.filter((file) => file.startsWith("test/"));

function filesIn(folder: string, end: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(end) && !file.endsWith(".gen.ts"))
    .map((file) => `${folder}/${file}`);
}

function inProcessTests(): string[] {
  const isInProcess = /from "(\.\.\/src\/|\.\/support\/(app|memory|modern|protocols)\.ts)/;
  return filesIn("test", ".test.ts").filter((file) => isInProcess.test(readFileSync(file, "utf8")));
}

/** Every `step`th piece of the files, as line ranges. */
function piecesOf(files: readonly string[], step: number): string[] {
  const pieces = files.flatMap((file) => {
    const lines = readFileSync(file, "utf8").split("\n").length;
    const starts = Array.from(
      { length: Math.ceil(lines / PIECE_LINES) },
      (_, n) => n * PIECE_LINES,
    );
    return starts.map((start) => `${file}:${start + 1}-${start + PIECE_LINES}`);
  });
  return pieces.filter((_, at) => at % step === 0);
}

// A noticed change fails every time, so retries only cost time.
process.env["TEST_RETRY"] = "0";

const files = code.length > 0 ? code : FOLDERS.flatMap((folder) => filesIn(folder, ".ts"));
const step = Number(values.sample);
const stryker = new Stryker({
  mutate: step > 1 ? piecesOf(files, step) : files,
  testRunner: "vitest",
  vitest: { related: false },
  testFiles: tests.length > 0 ? tests : inProcessTests(),
  // A change to what runs at import would need every test: mostly tables of texts, which are tested as a whole.
  ignoreStatic: true,
  ignorePatterns: ["/build", "/test/clients"],
  // More than there are cores, since most tests spend their time waiting.
  concurrency: Number(values["at-once"]),
  timeoutMS: 40_000,
  dryRunTimeoutMinutes: 60,
  reporters: ["clear-text", "progress-append-only", "json"],
  jsonReporter: { fileName: "build/mutation.json" },
  clearTextReporter: { allowColor: false, logTests: false },
  tempDirName: "build/stryker",
});
const mutants = await stryker.runMutationTest();

type Mutant = (typeof mutants)[number];

/** Returns a function that applies one change to a file of src and says whether the result compiles. */
function createCompiler(): (mutant: Mutant) => boolean {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic() {} };
  const parsed = ts.getParsedCommandLineOfConfigFile("tsconfig.json", { noEmit: true }, host);
  if (parsed === undefined) throw new Error("tsconfig.json cannot be read");
  let changed = { file: "", text: "" };
  let version = 0;
  const { fileExists, readFile, readDirectory } = ts.sys;
  const service = ts.createLanguageService({
    fileExists,
    readFile,
    readDirectory,
    getCompilationSettings: () => parsed.options,
    getScriptFileNames: () => parsed.fileNames.filter((file) => file.includes("/src/")),
    getScriptVersion: (file) => (file === changed.file ? String(version) : "0"),
    getScriptSnapshot(file) {
      const text = file === changed.file ? changed.text : ts.sys.readFile(file);
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
    },
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    getCurrentDirectory: () => process.cwd(),
  });
  return ({ fileName, location: { start, end }, replacement = "" }) => {
    const source = readFileSync(fileName, "utf8");
    const lines = source.split("\n");
    const at = ({ line, column }: typeof start) =>
      lines.slice(0, line - 1).reduce((sum, { length }) => sum + length + 1, column - 1);
    version += 1;
    const text = source.slice(0, at(start)) + replacement + source.slice(at(end));
    changed = { file: resolve(fileName), text };
    const faults = [service.getSyntacticDiagnostics, service.getSemanticDiagnostics];
    return faults.every((find) => find(changed.file).length === 0);
  };
}

// Changes that do not compile count as noticed: they can never run.
const isCompiled = createCompiler();
const print = (line: string) => process.stdout.write(`${line}\n`);
const isUnnoticed = ({ status }: Mutant) => status === "Survived" || status === "NoCoverage";
const left = mutants.filter((one) => isUnnoticed(one) && isCompiled(one));
const noticed = mutants.filter(({ status }) => status === "Killed" || status === "Timeout");
for (const { fileName, location, replacement } of left) {
  const { line, column } = location.start;
  print(`${relative(".", fileName)}:${line}:${column} => ${replacement}`);
}
const score = (100 * noticed.length) / (noticed.length + left.length);
print(
  `${noticed.length} changes are noticed, and ${left.length} that compile are not: ${score.toFixed(1)} %`,
);
