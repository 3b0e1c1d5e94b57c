#!/usr/bin/env node
// Only syntax that an old Node can parse: everything else is loaded after the check of its version.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 20 || (major === 20 && minor >= 19)) {
  import("./cli.ts");
} else {
  process.stderr.write(
    `trieve-invitations-mcp needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer one, or name its full path in the client's configuration.\n`,
  );
  process.exitCode = 1;
}
