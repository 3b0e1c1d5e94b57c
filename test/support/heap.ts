import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Collects garbage, at once. */
export const collectGarbage: () => void = runInNewContext("gc");

/** Bytes of this process's heap that are in use once garbage is collected. */
export function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
