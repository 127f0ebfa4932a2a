// Desktops with many viewers, bad ones and full disks: `make test-desktops`. They take minutes, so this is no part of `make test`.
import { defineConfig } from "@playwright/test";
import journeys from "../playwright.config.ts";

export default defineConfig({
  ...journeys,
  testDir: ".",
  // One after the other: memory is measured, and five browsers are enough for a small machine.
  workers: 1,
  timeout: 600_000,
  outputDir: "../test-results/desktops",
  projects: [{ name: "desktops" }],
});
