import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/seed.ts"],
    // Only against what hangs: a busy machine takes ten times as long as an idle one.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // Some tests hold the program to a time of its own, and a busy machine stalls for longer than that. What
    // is wrong fails every time: random tests play the same cases in each run.
    retry: Number(process.env["TEST_RETRY"] ?? 4),
    // More than the two cores of a small machine: most tests wait for a child process or for time to pass.
    maxWorkers: 4,
  },
});
