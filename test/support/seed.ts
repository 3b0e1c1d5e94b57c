import fc from "fast-check";

// Random tests play the same cases in every run, so that a red run is about the change at hand.
// Another TEST_SEED plays others.
fc.configureGlobal({ seed: Number(process.env["TEST_SEED"] ?? 1) });
