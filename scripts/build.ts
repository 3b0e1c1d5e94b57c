import { chmod, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { build, type Plugin } from "esbuild";
import ts from "typescript";

/**
 * Leaves out what the SDKs import and this program never reaches: ajv (consent.ts checks the answers
 * of elicitations), zod 3 and its JSON Schema writer (the SDK's path for old schemas).
 */
const leaveOut: Plugin = {
  name: "leave-out",
  setup({ onResolve, onLoad }) {
    const unused =
      /^zod\/v3$|^zod-to-json-schema$|\/ajv-provider\.js$|^@modelcontextprotocol\/server\/_shims$/;
    onResolve({ filter: unused }, ({ path }) => ({ path, namespace: "left-out" }));
    onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
      contents: `
        export { default as process } from "node:process";
        class Missing { constructor() { throw new Error("left out of the bundle"); } }
        export { Missing as AjvJsonSchemaValidator, Missing as DefaultJsonSchemaValidator };
        export const zodToJsonSchema = () => new Missing();
        export const object = () => new Missing();
        export class ZodFirstPartyTypeKind {}
      `,
    }));
  },
};

/**
 * Builds each of the SDK's message schemas when it is first used and not when the program starts: of
 * two hundred, a connection that lists and calls tools uses thirty. See docs/performance.md for what
 * that saves.
 */
const buildSchemasOnUse: Plugin = {
  name: "build-schemas-on-use",
  setup({ onLoad }) {
    onLoad({ filter: /@modelcontextprotocol\/sdk\/dist\/esm\/types\.js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext);
      let contents = "";
      let done = 0;
      for (const { name, initializer } of file.statements
        .filter(ts.isVariableStatement)
        .flatMap(({ declarationList }) => [...declarationList.declarations])) {
        if (initializer === undefined || !name.getText(file).endsWith("Schema")) continue;
        const [start, end] = [initializer.getStart(file), initializer.end];
        contents += `${text.slice(done, start)}onUse(() => ${text.slice(start, end)})`;
        done = end;
      }
      return { contents: `${contents}${text.slice(done)}\n${ON_USE}` };
    });
  },
};

const ON_USE = `
function onUse(build) {
  let schema;
  const real = () => (schema ??= build());
  return new Proxy({}, {
    get: (_, key) => real()[key],
    has: (_, key) => key in real(),
  });
}`;

// undici is CommonJS and asks for parts of Node with `require`, which a module does not have.
const REQUIRE =
  'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);';

await rm("dist", { recursive: true, force: true });
const { metafile } = await build({
  entryPoints: ["src/main.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  format: "esm",
  platform: "node",
  target: "node20.19",
  minify: true,
  legalComments: "none",
  banner: { js: `#!/usr/bin/env node\n${REQUIRE}` },
  plugins: [leaveOut, buildSchemasOnUse],
  metafile: true,
  logLevel: "warning",
});
await writeFile("dist/THIRD-PARTY-NOTICES.txt", await notices(Object.keys(metafile.inputs)));
await chmod("dist/main.js", 0o755);

/** The licence texts of the packages whose files are in the bundle. Throws when one has none. */
async function notices(inputs: readonly string[]): Promise<string> {
  const folders = inputs.flatMap(
    (input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.slice(1, 2) ?? [],
  );
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const { name, version, license } = JSON.parse(await readFile(`${folder}/package.json`, "utf8"));
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined) throw new Error(`${folder} has no licence file`);
    const text = await readFile(`${folder}/${file}`, "utf8");
    return `${name} ${version} (${license})\n\n${text.trim()}\n`;
  });
  const rule = `\n${"-".repeat(80)}\n\n`;
  return `This program contains the following packages.\n${rule}${(await Promise.all(texts)).join(rule)}`;
}
