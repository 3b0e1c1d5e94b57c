import { X509Certificate } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";

// What a fault may come of on this machine. It is looked at when there is one, so that what is said is so by then.

/** Whether this process runs in a container, whose localhost is not that of its host. */
export function isContainer(): boolean {
  return existsSync("/.dockerenv") || existsSync("/run/.containerenv");
}

/** What is wrong with a file of certificate authorities; Node only warns of it. `other`: nothing that shows in the file. */
export function faultOfCaFile(path: string): "unreadable" | "no PEM" | "other" {
  let text: string;
  try {
    // Reading a pipe would wait for somebody to write to it.
    if (!statSync(path).isFile()) return "unreadable";
    text = readFileSync(path, "utf8");
  } catch {
    return "unreadable";
  }
  try {
    // Node takes no other form, as a certificate alone may have.
    if (!text.includes("-----BEGIN")) return "no PEM";
    new X509Certificate(text);
    return "other";
  } catch {
    return "no PEM";
  }
}
