import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { build, type Plugin, transform } from "esbuild";
import ts from "typescript";

const MISSING = 'class { constructor() { throw new Error("left out of the bundle"); } }';

/**
 * Leaves out what the SDKs import and this program never runs: ajv (consent checks the answers to
 * forms), zod 3 and its JSON Schema converter (for old schemas in the SDK), and zod 4's own JSON
 * Schema converter (tools/list is generated) and handling of circular data, which JSON cannot have.
 */
const leaveOut: Plugin = {
  name: "leave-out",
  setup({ onResolve, onLoad }) {
    const unused =
      /^zod\/v3$|^zod-to-json-schema$|\/ajv-provider\.js$|^@modelcontextprotocol\/server\/_shims$/;
    onResolve({ filter: unused }, ({ path }) => ({ path, namespace: "left-out" }));
    onLoad({ filter: /.*/, namespace: "left-out" }, () => ({
      contents: `
        export const process = globalThis.process;
        const Missing = ${MISSING};
        export { Missing as AjvJsonSchemaValidator, Missing as DefaultJsonSchemaValidator };
        export const zodToJsonSchema = () => new Missing();
        export const object = () => new Missing();
        export class ZodFirstPartyTypeKind {}
      `,
    }));
    const inZod = /zod.v4.core.(memoizer|to-json-schema|json-schema-processors)\.js$/;
    onLoad({ filter: inZod }, async ({ path }) => {
      const exported = (await readFile(path, "utf8")).matchAll(/^export \w+ (\$?\w+)/gm);
      const names = [...exported].map(([, name]) => `nothing as ${name}`);
      return { contents: `function nothing() {} export { ${names} };` };
    });
  },
};

/**
 * Builds each message schema of the SDKs on its first use instead of at startup: of hundreds, a connection that lists
 * and calls tools uses about forty. Leaves out classes that this program does not use, and the registration of all
 * schemas, which would build every one of them. docs/performance.md says what that saves.
 */
const trimSdks: Plugin = {
  name: "trim-sdks",
  setup({ onLoad }) {
    // A dot matches the separator of folders, which is another character on Windows.
    const sdks =
      /@modelcontextprotocol.(sdk.dist.esm.types\.js|core.dist.*\.mjs|server.dist.*\.mjs)$/;
    onLoad({ filter: sdks }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
      let contents = "";
      let copied = 0;
      const replace = (old: ts.Node, by: string) => {
        contents += text.slice(copied, old.getStart()) + by;
        copied = old.end;
      };
      const visit = (node: ts.Node): void => {
        const isNamed = ts.isVariableDeclaration(node) || ts.isPropertyAssignment(node);
        const value = isNamed && node.initializer;
        if (value && isSchema(node.name.getText(), value)) {
          replace(value, `/* @__PURE__ */ onUse(() => ${value.getText()})`);
        } else if (value && ts.isClassExpression(value) && UNUSED.test(node.name.getText())) {
          replace(value, MISSING);
        } else if (ts.isForOfStatement(node) && /^register\(/.test(node.statement.getText())) {
          replace(node, "");
        } else {
          ts.forEachChild(node, visit);
        }
      };
      visit(file);
      return { contents: `${contents}${text.slice(copied)}\n${ON_USE}` };
    });
  },
};

const UNUSED =
  /^(McpServer|PerRequestHTTPServerTransport|LegacyInputRequiredShim|StdioServerTransport)$/;

/** Whether this expression builds a schema, or a set of the keys of one. */
function isSchema(name: string, value: ts.Expression): boolean {
  const isKeySet = /^(new Set\(.*Schema\.shape\b|shapeKeys\()/s.test(value.getText());
  return isKeySet || (ts.isCallExpression(value) && /^[A-Z]\w*Schema(\$\d+)?$/.test(name));
}

const ON_USE = `
function onUse(build) {
  let built;
  const real = () => (built ??= build());
  // The methods of a Set do not work on a Proxy.
  const own = (value) => (real() instanceof Set && value?.bind ? value.bind(real()) : value);
  return new Proxy({}, {
    get: (_, key) => own(real()[key]),
    has: (_, key) => key in real(),
  });
}`;

/**
 * Puts everything that each start needs into one chunk, since each file takes time to find: esbuild would make a chunk
 * for each set of entry points that share modules.
 */
const oneChunkForStart: Plugin = {
  name: "one-chunk-for-start",
  setup({ onLoad }) {
    const loadedLater =
      /src.(mcp.(legacy|modern|call)|doctor.doctor|consent.(browser|page-server)|sandbox.start)\.ts$/;
    onLoad({ filter: loadedLater }, async ({ path }) => ({
      contents: `import "../cli.ts";\n${await readFile(path, "utf8")}`,
      loader: "ts",
    }));
  },
};

const shared = { platform: "node", target: "node20.19", legalComments: "none" } as const;

const { metafile, outputFiles } = await build({
  ...shared,
  entryPoints: ["src/main.ts"],
  outdir: "dist",
  bundle: true,
  splitting: true,
  chunkNames: "chunks/[name]-[hash]",
  format: "esm",
  plugins: [leaveOut, trimSdks, oneChunkForStart],
  metafile: true,
  write: false,
  logLevel: "warning",
});
await rm("dist", { recursive: true, force: true });
await mkdir("dist/chunks", { recursive: true });
for (const { path, text } of outputFiles) await writeFile(path, await asCommonJs(text));
await writeFile("dist/package.json", '{ "type": "commonjs" }\n');
await writeFile("dist/THIRD-PARTY-NOTICES.txt", await notices(Object.keys(metafile.inputs)));
await chmod("dist/main.js", 0o755);

/**
 * Translates a chunk to CommonJS, which starts sooner: Node loads it in one go, and fewer of its own modules than for
 * ES modules. esbuild can split ES modules only, so each chunk is translated afterwards.
 */
async function asCommonJs(text: string): Promise<string> {
  const { code } = await transform(text, {
    ...shared,
    format: "cjs",
    minify: true,
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "__url" },
  });
  const url = 'const __url=require("node:url").pathToFileURL(__filename).href;';
  return code.includes("__url") ? url + code : code;
}

/** The licence texts of the packages whose files are in the bundle. Throws if a package has none. */
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
