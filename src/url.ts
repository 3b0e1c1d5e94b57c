/** What keeps this from being the address of a server that the key may be sent to, if anything does. */
export function urlProblem(value: string, insecure: boolean): string | undefined {
  if (!URL.canParse(value)) return "must be a URL like https://trieve.example.com";
  const url = new URL(value);
  if (UNUSABLE_PORTS.has(url.port)) {
    return "has a port that is never used for HTTP (fetch refuses it); serve Trieve at another";
  }
  if (url.username !== "" || url.password !== "") return "must not contain a user or password";
  if (/[?#]/.test(value)) return "must not contain ? or #";
  if (url.protocol === "https:") return undefined;
  if (url.protocol !== "http:") return "must start with https://";
  if (insecure || isLoopback(url.hostname)) return undefined;
  return "must use https (or set TRIEVE_ALLOW_INSECURE_HTTP=true and accept that the key can be read on the way)";
}

// The ports that fetch refuses, from the Fetch standard ("bad port").
const UNUSABLE_PORTS = new Set(
  `0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113 115
  117 119 123 135 137 139 143 161 179 389 427 465 512 513 514 515 526 530 531 532 540 548 554 556 563 587
  601 636 989 990 993 995 1719 1720 1723 2049 3659 4045 4190 5060 5061 6000 6566 6665 6666 6667 6668 6669
  6679 6697 10080`.split(/\s+/),
);

/** Whether NO_PROXY, in the form that curl takes, leaves this address out. */
export function isExempt(address: string, noProxy: string): boolean {
  const { hostname, host, port, protocol } = new URL(address);
  const names = [hostname, port === "" ? `${host}:${protocol === "https:" ? 443 : 80}` : host];
  return noProxy
    .toLowerCase()
    .split(/[\s,]+/)
    .filter(Boolean)
    .map((entry) => entry.replace(/^\*?\./, ""))
    .some(
      (entry) => entry === "*" || names.some((one) => one === entry || one.endsWith(`.${entry}`)),
    );
}

/** Whether a host, as URL spells it, is this machine: `localhost`, 127.0.0.0/8 or `[::1]`. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Whether a mailed link works on this machine only, because an address in it is on loopback. */
export function isLinkLocal(link: { appUrl: string; dashboardUrl: string | undefined }): boolean {
  const addresses = [link.appUrl, link.dashboardUrl].filter((url) => url !== undefined);
  return addresses.some(isLocal);
}

/** Whether an address is on this machine. */
export function isLocal(url: string): boolean {
  return isLoopback(new URL(url).hostname);
}

/** The same address with no slash at its end. */
export function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "");
}

/** Whether an address is that of the hosted Trieve, which has ended. */
export function isHosted(url: string): boolean {
  return URL.canParse(url) && /(^|\.)trieve\.ai$/.test(new URL(url).hostname);
}
