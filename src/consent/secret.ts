import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** 128 random bits as 22 characters that survive any copying: letters, digits, `-` and `_`. */
export function randomSecret(): string {
  return randomBytes(16).toString("base64url");
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
