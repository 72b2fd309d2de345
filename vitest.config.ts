import { defineConfig } from "vitest/config";

// What every project has. Files run side by side, each in a process of its own, with a database of its own.
const shared = {
  pool: "forks" as const,
  testTimeout: 60_000,
  hookTimeout: 60_000,
  // What is waited for takes long where a machine has other work.
  expect: { poll: { timeout: 30_000 } },
  globalSetup: ["test/support/postgres.ts"],
};

const long = ["test/simulation/{million,mutations}.test.ts"];

// Vite would take graphql's ESM build for our code, while packages get its CommonJS one: two of them, that refuse each other.
const resolve = { alias: [{ find: /^graphql$/, replacement: "graphql/index.js" }] };

export default defineConfig({
  resolve,
  test: {
    maxWorkers: 2,
    projects: [
      {
        test: {
          ...shared,
          name: "parley",
          include: ["test/**/*.test.ts"],
          exclude: ["test/corpus/**", "test/browser/**", "test/kill/**", "test/mail-server/**", ...long],
        },
      },
      // Needs the corpora: PARLEY_TEST_DATA names their folder.
      {
        test: {
          ...shared,
          name: "corpus",
          include: ["test/corpus/**/*.test.ts"],
          globalSetup: ["test/support/require-corpus.ts", ...shared.globalSetup],
        },
      },
      // Takes minutes: processes are killed, cut off, restored and started again, time after time.
      { test: { ...shared, name: "kill", include: ["test/kill/**/*.test.ts"] } },
      // Takes minutes: a million steps, and whether each check of the code is needed for them.
      { test: { name: "simulation", include: long, maxConcurrency: 2 } },
      // Needs postfix, and root to start it.
      {
        test: {
          ...shared,
          name: "mail",
          include: ["test/mail-server/**/*.test.ts"],
          globalSetup: ["test/support/require-postfix.ts", ...shared.globalSetup],
        },
      },
      // Needs chromium.
      {
        test: {
          ...shared,
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          globalSetup: ["test/support/require-chromium.ts", ...shared.globalSetup],
        },
      },
    ],
  },
});
