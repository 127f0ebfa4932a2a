// The window itself: panes, drawer and dialogs, phones, and what an idle or an offline tab does.
import type { Locator } from "@playwright/test";
import { choose, expect, expectAccessible, lives, openDashboard, row, test } from "./panel.ts";

async function share(gutter: Locator): Promise<number> {
  return Number(await gutter.getAttribute("aria-valuenow"));
}

test("panes are resized by keys and by mouse, and stay so", async ({ page, panel }) => {
  await panel.create("Any", "test-logs");
  await openDashboard(page);
  const height = page.getByRole("separator", { name: "Height of the instances pane" });
  const width = page.getByRole("separator", { name: "Width of the tools pane" });
  await expect.poll(() => share(height)).toBeGreaterThan(0);
  const [tall, wide] = [await share(height), await share(width)];
  await height.focus();
  for (let times = 0; times < 3; times++) await page.keyboard.press("Shift+ArrowUp");
  await expect.poll(() => share(height)).toBeLessThan(tall);
  const box = await width.boundingBox();
  if (!box) throw new Error("the gutter is not visible");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x - 200, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  await expect.poll(() => share(width)).toBeLessThan(wide);
  const sizes = [await share(height), await share(width)];
  await page.reload();
  await expect.poll(async () => [await share(height), await share(width)]).toEqual(sizes);
});

test("Escape closes the drawer and the focus goes back to the row", async ({ page, panel }) => {
  await panel.create("Focused", "test-logs");
  await openDashboard(page);
  const link = page.getByRole("link", { name: "Focused", exact: true });
  await link.focus();
  await page.keyboard.press("Enter");
  const drawer = page.getByRole("dialog", { name: "Focused" });
  await expect(drawer).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(drawer).toHaveCount(0);
  await expect(link).toBeFocused();
});

test("unsaved changes in the drawer are asked about", async ({ page, panel }) => {
  await panel.create("Unsure", "test-logs");
  await openDashboard(page);
  await page.getByRole("link", { name: "Unsure", exact: true }).click();
  const drawer = page.getByRole("dialog", { name: "Unsure", exact: true });
  await drawer.getByLabel("Launch arguments").fill("--maybe");
  await page.keyboard.press("Escape");
  const question = page.getByRole("dialog", { name: "Unsure has unsaved changes" });
  await question.getByRole("button", { name: "Go on editing" }).click();
  await expect(drawer.getByLabel("Launch arguments")).toHaveValue("--maybe");
  await page.keyboard.press("Escape");
  await question.getByRole("button", { name: "Discard the changes" }).click();
  await expect(drawer).toHaveCount(0);
  await expect(page.getByRole("button", { name: /^Save changes/ })).toHaveCount(0);
});

test("a dialog keeps the focus inside and gives it back", async ({ page, panel }) => {
  await panel.create("Modal", "test-logs");
  await openDashboard(page);
  await choose(page, "Modal", "Delete…");
  const dialog = page.getByRole("dialog", { name: "Delete Modal" });
  await expect(dialog).toContainText("bytes");
  await expectAccessible(page);
  for (let times = 0; times < 12; times++) {
    await page.keyboard.press("Tab");
    // The browser's own bar is the one other stop of a modal dialog's ring.
    expect(await page.evaluate(() => !!document.activeElement?.closest("dialog") || document.activeElement === document.body)).toBe(true);
  }
  const opener = page.getByLabel("More for Modal");
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(opener).toBeFocused();
  await choose(page, "Modal", "Delete…");
  await dialog.getByRole("link", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(opener).toBeFocused();
});

test("a phone scrolls in one direction and reaches Stop", async ({ page, panel }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const { id } = await panel.create("An instance with a rather long name for a phone", "test-logs");
  await panel.run(id);
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  for (const address of ["/", `/?open=${id}`, `/?delete=${id}`, "/?new=1", `/instances/${id}/logs`]) {
    await page.goto(address);
    await expect(page.getByTitle(/^Connected/)).toBeAttached();
    expect(await overflow(), address).toBeLessThanOrEqual(0);
    await expectAccessible(page);
  }
  await page.goto(`/?open=${id}`);
  const drawer = page.getByRole("dialog");
  const [status, cross] = [drawer.getByText("Started", { exact: true }), drawer.getByRole("link", { name: "Close" })];
  const right = async () => (await status.boundingBox().then((box) => box && box.x + box.width)) ?? Infinity;
  expect(await right()).toBeLessThanOrEqual((await cross.boundingBox())?.x ?? 0);
  await page.goto("/");
  const { pid } = await panel.get(id);
  await page.getByRole("button", { name: "Stop" }).first().click();
  await expect(page.getByText("Stopped", { exact: true }).first()).toBeVisible();
  expect(lives(pid)).toBe(false);
});

test("the light theme is kept and reads as well @no-js", async ({ page, panel }) => {
  const { id } = await panel.create("Bright", "test-logs");
  await panel.run(id);
  await openDashboard(page);
  await page.getByRole("button", { name: "Switch between dark and light theme" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  await expectAccessible(page);
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "light");
  await page.goto(`/instances/${id}/logs`);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Switch between dark and light theme" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await expect(page).toHaveURL(/\/logs$/);
});

test("an idle tab asks nothing", async ({ page, panel }) => {
  const { id } = await panel.create("Idle", "test-logs");
  await panel.run(id);
  await page.clock.install();
  // The panel's answers to this tab's pings; the test's own clock waits for them.
  let pongs = 0;
  page.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => void (pongs += Number(payload === '"pong"'))));
  await openDashboard(page);
  await expect(row(page, "Idle")).toContainText("Started");
  await page.waitForLoadState("networkidle");
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  // Five minutes in steps between two pings: a tab that hears nothing for longer takes its connection for lost.
  for (let step = 0; step < 12; step++) {
    const before = pongs;
    await page.clock.runFor(25_000);
    await expect.poll(() => pongs).toBeGreaterThan(before);
  }
  expect(asked).toEqual([]);
  await expect(page.getByText(/^Connection lost/)).toHaveCount(0);
});

test("a lost connection is said, and mended by itself", async ({ page, panel }) => {
  const { id } = await panel.create("Lasting", "test-logs");
  await openDashboard(page);
  await panel.end("SIGKILL");
  await expect(page.getByText(/^Connection lost · reconnecting/)).toBeVisible();
  await expectAccessible(page);
  await panel.start();
  await expect(page.getByText(/^Connection lost/)).toHaveCount(0);
  await panel.run(id);
  await expect(row(page, "Lasting")).toContainText("Started");
});

test("every tool's tab is in sight beside a log, and a phone scrolls to it", async ({ page, panel }) => {
  const { id } = await panel.create("Tabbed", "test-logs");
  await panel.run(id);
  await openDashboard(page, `/?log=${id}`);
  const tabs = page.getByRole("navigation", { name: "Tools", exact: true });
  const hidden = () => tabs.evaluate((nav) => nav.scrollWidth - nav.clientWidth);
  await expect(page.getByRole("button", { name: "Search the log" })).toBeInViewport();
  expect(await hidden()).toBe(0);
  for (const tab of await tabs.getByRole("link").all()) await expect(tab).toBeInViewport({ ratio: 0.9 });
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto(`/?log=${id}#tools`);
  await expect(tabs).toBeVisible();
  expect(await hidden()).toBeGreaterThan(0);
  const last = tabs.getByRole("link", { name: "Welcome" });
  await expect(last).not.toBeInViewport();
  await last.scrollIntoViewIfNeeded();
  await expect(last).toBeInViewport({ ratio: 0.9 });
});
