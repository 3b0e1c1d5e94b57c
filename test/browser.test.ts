import { basename, dirname } from "node:path";
import { expect, test } from "vitest";
import { commandsOf, findBrowser, isProgramThere } from "../src/config/browser.ts";
import { loadSettings } from "../src/config/load.ts";
import { missingForPage } from "../src/consent/page.ts";

// Whether this machine has a browser for a page, as far as its environment tells.

const machine = (
  platform: string,
  more: { release?: string; container?: boolean; programs?: string[] } = {},
) => ({
  platform,
  release: more.release ?? "6.8.0-generic",
  isContainer: () => more.container ?? false,
  isThere: (command: string) => (more.programs ?? ["xdg-open"]).includes(command),
});
const WSL = "5.15.153.1-microsoft-standard-WSL2";
const SSH = { SSH_CONNECTION: "192.0.2.1 50000 192.0.2.2 22" };

test("macOS, Windows, WSL and a Linux with a display open the system's browser", () => {
  expect(findBrowser({}, undefined, machine("darwin"))).toBe("system");
  expect(findBrowser({}, undefined, machine("win32"))).toBe("system");
  expect(findBrowser({}, undefined, machine("linux", { release: WSL }))).toBe("system");
  expect(findBrowser({ DISPLAY: ":0" }, undefined, machine("linux"))).toBe("system");
  expect(findBrowser({ WAYLAND_DISPLAY: "wayland-0" }, undefined, machine("linux"))).toBe("system");
});

test("a remote shell has none, a Linux or a container without a display neither", () => {
  const remote = { missing: expect.stringContaining("remote shell") };
  const dark = { missing: expect.stringContaining("no display") };
  expect(findBrowser(SSH, undefined, machine("darwin"))).toEqual(remote);
  expect(findBrowser({ ...SSH, DISPLAY: ":0" }, undefined, machine("linux"))).toEqual(remote);
  expect(findBrowser({}, undefined, machine("linux"))).toEqual(dark);
  expect(findBrowser({ DISPLAY: "" }, undefined, machine("linux"))).toEqual(dark);
  const inWsl = machine("linux", { release: WSL, container: true });
  expect(findBrowser({}, undefined, inWsl)).toEqual(dark);
});

test("a Linux with a display, but without what opens addresses, says so", () => {
  const bare = machine("linux", { programs: [] });
  expect(findBrowser({ DISPLAY: ":0" }, undefined, bare)).toEqual({
    missing: expect.stringContaining("no xdg-open"),
  });
});

test("BROWSER may be none, and begin at the home folder", () => {
  const HOME = "/home/ann";
  const of = (command: string) => findBrowser({ HOME }, command, machine("linux"));
  for (const none of ["none", "NONE"]) expect(of(none)).toEqual({ missing: "BROWSER is none" });
  expect(of("~/bin/firefox %s")).toEqual({ command: "/home/ann/bin/firefox %s" });
  expect(of('x-www-browser:"~/a b"')).toEqual({ command: 'x-www-browser:"/home/ann/a b"' });
  expect(of("a~/b --profile=~/c")).toEqual({ command: "a~/b --profile=~/c" });
});

test("BROWSER may be a list of programs, each with arguments", () => {
  expect(commandsOf("x-www-browser:firefox")).toEqual([["x-www-browser"], ["firefox"]]);
  expect(commandsOf(`a -b '%s':"/opt/c:d/e" "f: g":`)).toEqual([
    ["a", "-b", "%s"],
    ["/opt/c:d/e", "f: g"],
  ]);
  const [here, nowhere] = [process.execPath, "/no/such/browser"];
  const folder = dirname(here);
  for (const list of [
    `${nowhere}:${here}`,
    `${here} %s:${nowhere}`,
    `firefoxx:${basename(here)}`,
  ]) {
    expect(isProgramThere(list, folder)).toBe(true);
    expect(missingForPage({ command: list }, folder)).toBeUndefined();
  }
  for (const list of [`${nowhere}:firefoxx`, folder, import.meta.filename]) {
    expect(isProgramThere(list, folder)).toBe(false);
    expect(missingForPage({ command: list }, folder)).toContain("BROWSER was not found");
    expect(missingForPage({ command: list })).toBeUndefined();
  }
});

test("BROWSER overrides that, unless it is blank or a placeholder", () => {
  const read = (BROWSER: string) =>
    loadSettings({
      ...SSH,
      BROWSER,
      TRIEVE_API_KEY: "k",
      TRIEVE_ORGANIZATION_ID: "5a4db0c5-7a0b-4d0e-9c61-0123456789ab",
      TRIEVE_BASE_URL: "http://localhost:8090",
    }).config?.browser;
  expect(read(" /usr/bin/firefox %s ")).toEqual({ command: "/usr/bin/firefox %s" });
  for (const unset of ["", "  ", "$BROWSER"]) expect(read(unset)).toHaveProperty("missing");
});
