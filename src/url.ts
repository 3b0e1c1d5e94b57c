/** What keeps this from being the address of a server that the key may be sent to, if anything does. */
export function urlProblem(value: string, insecure: boolean): string | undefined {
  if (!URL.canParse(value)) return "must be a URL like https://api.example.com";
  const url = new URL(value);
  if (url.username !== "" || url.password !== "") return "must not contain a user or password";
  if (/[?#]/.test(value)) return "must not contain ? or #";
  if (url.protocol === "https:") return undefined;
  if (url.protocol !== "http:") return "must start with https://";
  if (insecure || isLoopback(url.hostname)) return undefined;
  return "must use https (or set TRIEVE_ALLOW_INSECURE_HTTP=true and accept that the key can be read on the way)";
}

/** Whether a host, as URL spells it, is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Whether a mailed link works on this machine only, because an address in it is on loopback. */
export function isLinkLocal(link: { appUrl: string; dashboardUrl: string | undefined }): boolean {
  const addresses = [link.appUrl, link.dashboardUrl].filter((url) => url !== undefined);
  return addresses.some((url) => isLoopback(new URL(url).hostname));
}

/** The same address with no slash at its end. */
export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}
