import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));

/** Installs the clients beside this file, unless `names` are there in the versions of package.json. */
export function installClients(names: readonly string[]): void {
  const { dependencies } = JSON.parse(readFileSync(`${here}package.json`, "utf8"));
  const isThere = (name: string) => versionIn(here, name) === dependencies[name];
  if (names.filter((name) => name in dependencies).every(isThere)) return;
  // npm ci would want builds for every platform.
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefer-offline"];
  execFileSync("npm", args, { cwd: here, stdio: "inherit" });
}

/** Packs the program and installs it as its users do. Returns the path of its main file. */
export function installProgram(): string {
  const home = mkdtempSync(join(tmpdir(), "clients-"));
  const pack = ["pack", "--ignore-scripts", "--pack-destination", home];
  const tarball = execFileSync("npm", pack, { cwd: root, encoding: "utf8" }).trim().split("\n");
  const install = ["install", "--prefix", home, "--no-save", join(home, tarball.at(-1) ?? "")];
  execFileSync("npm", install, { cwd: home, stdio: "inherit" });
  return join(home, "node_modules/trieve-invitations-mcp/dist/main.js");
}

/** The version of an installed client; undefined where it could not be installed. */
export function versionOf(name: string): string | undefined {
  // The SDKs' own clients are the ones the tests use.
  return versionIn(root, name) ?? versionIn(here, name);
}

function versionIn(folder: string, name: string): string | undefined {
  const file = `${folder}node_modules/${name}/package.json`;
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).version : undefined;
}
