// Real web UIs through every way of access: `make test-apps`. They are downloaded, so this is no part of `make test`.
import { defineConfig } from "@playwright/test";
import journeys from "../playwright.config.ts";

const launch = journeys.use?.launchOptions;

export default defineConfig({
  ...journeys,
  testDir: ".",
  // One after the other: some need a gigabyte, and figures are taken.
  workers: 1,
  outputDir: "../test-results/apps",
  // Names of an app's own lead to this machine.
  use: { ...journeys.use, actionTimeout: 60_000, navigationTimeout: 60_000, launchOptions: { ...launch, args: [...(launch?.args ?? []), "--host-resolver-rules=MAP *.test 127.0.0.1"] } },
  projects: [{ name: "apps" }],
});
