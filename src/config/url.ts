import { BlockList, isIP } from "node:net";
import { check, type ParseContext, wordsOf } from "./parse.ts";

/**
 * An address that the key may be sent to, without a trailing slash: https, or http to this machine, or http to any
 * host if `isInsecure`. Throws SettingError.
 */
export function parseUrl(value: string, { isInsecure }: ParseContext): string {
  check(!/^["'`]|["'`]$/.test(value), "must be written without quotes");
  check(/^https?:|:\/\//i.test(value), "has no scheme; write https:// before it (or http://)");
  check(!/[?#]/.test(value), "must not contain ? or #");
  // `https:/host` and `https:host` can only mean `https://host`.
  const text = value.replace(/^(https?):\/*/i, "$1://");
  check(URL.canParse(text), "must be a URL like https://trieve.example.com");
  const { protocol, username, password, href } = new URL(text);
  check(username === "" && password === "", "must not contain a user or password");
  const isHttp = protocol === "http:";
  check(isHttp || protocol === "https:", "must start with https:// (or http:// to this machine)");
  check(
    !isHttp || isInsecure || isLocal(text),
    "must use https (or set TRIEVE_ALLOW_INSECURE_HTTP=true and accept that the key can be read on the way)",
  );
  return href.replace(/\/+$/, "");
}

/**
 * The proxy in the variable `name` that requests to `address` go through: none to this machine or to a host that
 * NO_PROXY exempts. Unusable entries of NO_PROXY are added to `warnings`. Throws SettingError.
 */
export function findProxy(
  environment: NodeJS.ProcessEnv,
  name: "HTTPS_PROXY" | "HTTP_PROXY",
  address: string,
  warnings: string[],
): string | undefined {
  const get = (name: string) =>
    [name.toLowerCase(), name].map((one) => environment[one]?.trim()).find(Boolean);
  const given = get(name);
  if (given === undefined || isLocal(address)) return undefined;
  const { hostname, protocol, port } = new URL(address);
  const host = hostname.replace(/[[\]]/g, "");
  const portNumber = port || (protocol === "https:" ? "443" : "80");
  for (const [at, entry] of wordsOf(get("NO_PROXY") ?? "").entries()) {
    const isExempt = matchesHost(entry, host, portNumber);
    if (isExempt) return undefined;
    if (isExempt === undefined) {
      warnings.push(
        `NO_PROXY cannot be used in its entry ${at + 1}: each must be a name like example.com or .example.com, an address, or a range like 10.0.0.0/8`,
      );
    }
  }
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  check(
    URL.canParse(url) && /^https?:/i.test(url),
    "must be the address of a proxy, like http://proxy.example.com:8080",
  );
  return url;
}

/** Whether an entry of NO_PROXY matches: `*`, a name, `.suffix`, an address or a range; undefined for anything else. */
function matchesHost(entry: string, host: string, port: string): boolean | undefined {
  if (entry === "*") return true;
  // A bare IPv6 address contains colons itself, so a port can only follow a name or brackets.
  const [, named = entry, ownPort = port] = /^(\[.+\]|[^:]+):(\d+)$/.exec(entry) ?? [];
  // An address with a zone, as in fe80::1%eth0, is not matched: no URL has one.
  const [, network = "", prefix] = /^\[?([^/\]%]+)\]?(?:\/(\d{1,3}))?$/.exec(named) ?? [];
  const family = isIP(network);
  if (family !== 0) {
    const [type, maxBits] = family === 4 ? (["ipv4", 32] as const) : (["ipv6", 128] as const);
    const bits = Number(prefix ?? maxBits);
    if (bits > maxBits) return undefined;
    const range = new BlockList();
    range.addSubnet(network, bits, type);
    return ownPort === port && isIP(host) === family && range.check(host, type);
  }
  const [, name] = /^\*?\.?([\w.-]+)$/.exec(named) ?? [];
  if (name === undefined) return undefined;
  return ownPort === port && (host === name || host.endsWith(`.${name}`));
}

/** Whether a URL is on this machine: `localhost`, 127.0.0.0/8 or `[::1]`, as URL normalises them. */
export function isLocal(url: string): boolean {
  return /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(new URL(url).hostname);
}
