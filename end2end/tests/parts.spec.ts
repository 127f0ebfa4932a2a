// What browsers load later: dialogs, the new row, other pages.
import { expect, openDashboard, row, test } from "./panel.ts";

const isPart = (url: string) => /\/pkg\/(split|chunk)_/.test(url);

test("the dashboard comes without what opens over it, which is loaded once when it is needed", async ({ page, panel }) => {
  await panel.create("Seen", "test-logs");
  const loaded: string[] = [];
  page.on("request", (request) => {
    if (isPart(request.url())) loaded.push(request.url());
  });
  await openDashboard(page);
  expect(loaded).toEqual([]);
  await page.getByRole("link", { name: "Seen", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Seen" })).toBeVisible();
  expect(loaded.length).toBeGreaterThan(0);
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog", { name: "Seen" })).toHaveCount(0);
  const before = loaded.length;
  await page.getByRole("link", { name: "Seen", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Seen" })).toBeVisible();
  expect(loaded.length).toBe(before);
  expect(new Set(loaded).size).toBe(before);
});

test("a tab that outlived an update of the panel says so instead of running a stranger's part", async ({ page, panel }) => {
  await panel.create("Seen", "test-logs");
  await openDashboard(page);
  // A newer panel knows the parts under other names.
  await page.route((url) => isPart(url.href), (route) => route.fulfill({ status: 404, body: "" }));
  await page.getByRole("link", { name: "New instance" }).click();
  await expect(page.getByText("Load the page again")).toBeVisible();
  await expect(row(page, "Seen")).toBeVisible();
  await page.unrouteAll();
  await page.reload();
  await expect(page.getByRole("textbox", { name: "Name" }).first()).toBeVisible();
});

test("a tab that outlived an update says so when a terminal's script is another one now", async ({ page, panel }) => {
  const instance = await panel.create("Seen", "test-logs");
  const script = /\/pkg\/terminal-[0-9a-f]{12}\.js$/;
  await page.route(script, (route) => route.fulfill({ status: 404, body: "" }));
  await openDashboard(page, `/?log=${instance.id}&tool=terminal`);
  await expect(page.getByText("The terminal’s program could not be loaded.")).toBeVisible();
  await expect(page.getByText("Load the page again")).toBeVisible();
  await page.unrouteAll();
  const answer = page.waitForResponse(script);
  await page.reload();
  expect((await answer).headers()["cache-control"]).toContain("immutable");
  await expect(page.locator(".xterm-rows")).toContainText(/[$#]/);
});
