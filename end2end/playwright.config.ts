import { defineConfig } from "@playwright/test";

const chromium = {
  browserName: "chromium" as const,
  launchOptions: {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Debian's build asks the network for updates and field trials; nothing here may leave the machine.
    args: [
      "--no-sandbox",
      "--disable-quic",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--no-first-run",
    ],
  },
};

export default defineConfig({
  testDir: "tests",
  // Installing a real web UI is part of some journeys; nothing waits this long when all is well.
  timeout: 240_000,
  expect: { timeout: 30_000, toHaveScreenshot: { maxDiffPixelRatio: 0.002 } },
  snapshotPathTemplate: "{testDir}/../looks/{arg}{ext}",
  workers: 2,
  fullyParallel: false,
  forbidOnly: !!process.env.CI,
  // A journey that needs its second try is listed as flaky, and is a defect to be found.
  retries: process.env.CI ? 1 : 0,
  reporter: [["list"]],
  use: { ...chromium, viewport: { width: 1440, height: 900 }, screenshot: "only-on-failure", trace: "retain-on-failure" },
  // Pictures are made by `npm run pictures`, and compared by `make looks`.
  projects: [
    { name: "chromium", grepInvert: /@(pictures|looks)/ },
    { name: "no-js", grep: /@no-js/, use: { javaScriptEnabled: false } },
    ...["pictures", "looks"].filter((name) => process.env.PICTURES === name).map((name) => ({ name, grep: new RegExp(`@${name}`) })),
  ],
});
