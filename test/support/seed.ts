import fc from "fast-check";

// Random tests run the same cases every time, so that a failure is due to the current change; another TEST_SEED
// runs others.
fc.configureGlobal({ seed: Number(process.env["TEST_SEED"] ?? 1) });
