import { expect, test } from "vitest";
import { findBrowser } from "../src/config/browser.ts";
import { loadSettings } from "../src/config/load.ts";

// Whether this machine has a browser for a page, as far as its environment tells.

const machine = (platform: string, more: { release?: string; container?: boolean } = {}) => ({
  platform,
  release: more.release ?? "6.8.0-generic",
  isContainer: () => more.container ?? false,
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

test("BROWSER overrides that, unless it is blank or a placeholder", () => {
  const read = (BROWSER: string) =>
    loadSettings(
      {
        ...SSH,
        BROWSER,
        TRIEVE_API_KEY: "k",
        TRIEVE_ORGANIZATION_ID: "5a4db0c5-7a0b-4d0e-9c61-0123456789ab",
        TRIEVE_BASE_URL: "http://localhost:8090",
      },
      () => ({ text: "", open: false }),
    ).config?.browser;
  expect(read(" /usr/bin/firefox %s ")).toEqual({ command: "/usr/bin/firefox %s" });
  for (const unset of ["", "  ", "$BROWSER"]) expect(read(unset)).toHaveProperty("missing");
});
