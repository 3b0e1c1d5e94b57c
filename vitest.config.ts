import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/seed.ts"],
    testTimeout: 180_000,
    // Some tests hold the program to a time of its own, and a busy machine stalls for longer than that. What
    // is wrong fails every time: random tests play the same cases in each run.
    retry: 2,
    hookTimeout: 30_000,
    // Most tests wait for a child process or for time to pass.
    maxWorkers: 2,
  },
});
