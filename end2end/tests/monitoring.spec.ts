// The whole machine on one page, and what the dashboard says of the load: with two GPUs that a stand-in makes up.
import type { Page } from "@playwright/test";
import { type Nvml, test } from "./nvml.ts";
import { expect, expectAccessible, expectSoon, hasScripts, openDashboard, type Panel, row } from "./panel.ts";

test.beforeEach(({ nvml }) => nvml.says(""));

/** An instance that runs and uses a GPU. */
async function working(panel: Panel, nvml: Nvml, name: string, more = ""): Promise<number> {
  panel.blueprint("Worker", "while true; do sleep 0.2; done");
  const { id } = await panel.create(name, "Worker");
  await panel.run(id);
  nvml.says(`process 0 ${(await panel.get(id)).pid} 12288 40\nprocess 0 1 1024 1\nhot 0 91 64\n${more}`);
  await expect.poll(async () => JSON.stringify(await (await panel.api("GET", "/v1/telemetry/now")).json())).toContain(`"instance":${id}`);
  return id;
}

/** Values that are drawn: points of all stretches of the first line with this sentence. */
async function points(page: Page, name: RegExp): Promise<number> {
  const line = page.getByRole("img", { name }).first().locator("path.spark__line").first();
  return ((await line.getAttribute("d")) ?? "").split(/[ML]/).length - 1;
}

async function expectNoSidewaysScrolling(page: Page): Promise<void> {
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (hasScripts()) expect(await overflow()).toBeLessThanOrEqual(0);
}

test("the page shows the GPUs with who holds their memory, the machine and every instance @no-js", async ({ page, panel, nvml }) => {
  await working(panel, nvml, "Painter", "xid 1 79\n");
  await page.goto("/monitoring");
  await expect(page.getByRole("heading", { name: "Monitoring", level: 1 })).toBeVisible();
  const first = page.getByRole("region", { name: "GPU 0" });
  await expectSoon(page, (timeout) => expect(first).toContainText("Painter", { timeout }));
  await expect(first).toContainText("12.0 GiB");
  await expect(first).toContainText("Outside AiKore");
  await expect(first).toContainText("123 of 350 W");
  await expect(first).toContainText("Slowed down: temperature (hardware)");
  await expect(first.getByRole("img", { name: /^Compute: .* in this time\. VRAM: / })).toBeVisible();
  await expect(page.getByRole("region", { name: "GPU 1" })).toContainText("71 %");
  await expectSoon(page, (timeout) => expect(page.getByText("reported Xid 79")).toBeVisible({ timeout }));
  for (const name of ["CPU", "RAM", "Disk", "Network"]) {
    await expect(page.getByRole("region", { name })).toBeVisible();
  }
  const usage = page.getByRole("row").filter({ has: page.getByRole("link", { name: "Painter" }) });
  await expect(usage).toContainText("Started");
  await expect(usage).toContainText(/\d+ %/);
  await expectSoon(page, (timeout) => expect(page.getByText("Painter started")).toBeVisible({ timeout }));
  await expectSoon(page, async () => expect(await points(page, /^CPU load: \d+ % now/)).toBeGreaterThan(0));
  await expectAccessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectNoSidewaysScrolling(page);
  await expectAccessible(page);
});

test("another time of the charts is a link, and the page says which it is @no-js", async ({ page }) => {
  await page.goto("/monitoring");
  const times = page.getByRole("navigation", { name: "Time span" });
  await expect(times.getByRole("link", { name: "1 h", exact: true })).toHaveAttribute("aria-current", "true");
  await times.getByRole("link", { name: "24 h" }).click();
  await expect(page).toHaveURL(/range=24h/);
  await expect(times.getByRole("link", { name: "24 h" })).toHaveAttribute("aria-current", "true");
  await expect(page.getByRole("region", { name: "CPU" })).toContainText("24 h ago");
  // What was measured lately is in the longest time, too.
  await times.getByRole("link", { name: "30 days" }).click();
  await expect(page.getByRole("region", { name: "CPU" })).toContainText("30 days ago");
  await expectSoon(page, async () => expect(await points(page, /^CPU load: \d+ % now/)).toBeGreaterThan(0));
});

test("how often the page refreshes is kept @no-js", async ({ page }) => {
  await page.goto("/monitoring");
  await expect(page.getByRole("button", { name: "Refresh more often" })).toBeDisabled();
  // Until it is alive, a click would send the form: that works as well.
  await page.getByRole("button", { name: "Refresh less often" }).click();
  await expect(page.getByText("every 2 s")).toBeVisible();
  await page.getByRole("button", { name: "Refresh less often" }).click();
  await expect(page.getByText("every 5 s")).toBeVisible();
  await page.reload();
  await expect(page.getByText("every 5 s")).toBeVisible();
  await page.context().clearCookies({ name: "aikore_interval" });
});

test("a page that stays open shows what happens, and a value for every moment", async ({ page, panel, nvml }) => {
  await page.goto("/monitoring");
  await expect(page.getByTitle(/^Connected/)).toBeVisible();
  await expect(page.getByText("No instance runs.")).toBeVisible();
  const id = await working(panel, nvml, "Late");
  await expect(page.getByRole("row").filter({ hasText: "Late" })).toContainText("12.0 GiB");
  await expect(page.getByRole("region", { name: "GPU 0" })).toContainText("91 °C");
  await expect(page.getByText("Late started")).toBeVisible();
  await panel.api("POST", `/instances/${id}/stop`);
  await expect(page.getByText("Late stopped")).toBeVisible();
  await expect(page.getByText("No instance runs.")).toBeVisible();

  const cursor = page.getByRole("slider", { name: "Value of CPU load at a time" });
  await cursor.hover();
  await expect(cursor).toContainText(/\d\d:\d\d:\d\d · (\d+ %|nothing measured)/);
  await page.mouse.move(0, 0);
  await expect(cursor).not.toContainText(/\d\d:\d\d/);
  await cursor.focus();
  await page.keyboard.press("End");
  await expect(cursor).toHaveAttribute("aria-valuetext", /\d\d:\d\d:\d\d · \d+ %/);
  const last = Number(await cursor.getAttribute("aria-valuenow"));
  await page.keyboard.press("ArrowLeft");
  await expect(cursor).toHaveAttribute("aria-valuenow", String(last - 1));
  await page.keyboard.press("Home");
  await expect(cursor).toHaveAttribute("aria-valuenow", "0");
  await page.keyboard.press("Escape");
  await expect(cursor).not.toContainText(/\d\d:\d\d/);
});

test("a GPU that fell off the bus, or was unplugged, says so until it is back", async ({ page, nvml }) => {
  await page.goto("/monitoring");
  const gpu = page.getByRole("region", { name: "GPU 1" });
  await expect(gpu).toBeVisible();
  await expect(page.getByTitle(/^Connected/)).toBeVisible();
  nvml.says("gpu 1 15\n");
  await expect(gpu).toContainText("fallen off the bus");
  nvml.says("count 0\n");
  await expect(gpu).toContainText("This GPU is not there any more");
  nvml.says("");
  await expect(gpu).toContainText("71 %");
});

test("a running row says what it uses, and draws the last minutes @no-js", async ({ page, panel, nvml }) => {
  const id = await working(panel, nvml, "Painter");
  await panel.create("Idle", "Worker");
  await openDashboard(page);
  await expectSoon(page, (timeout) => expect(row(page, "Painter")).toContainText(/CPU \d+ %.*VRAM 12.0 GiB/, { timeout }));
  await expect(row(page, "Idle")).toContainText("–");
  await expect(page.getByRole("heading", { name: "GPU 0 · Stub RTX 0" })).toBeVisible();
  await expect(page.getByText("VRAM 13.0 of 24.0 GiB")).toBeVisible();
  if (!hasScripts()) return;
  const line = row(page, "Painter").getByRole("img", { name: /^VRAM in the last two minutes/ }).locator("path.spark__line");
  await expect(line).toHaveAttribute("d", /^M/);
  // Neither the lines nor a field being edited disturb each other.
  await row(page, "Painter").getByRole("button", { name: "Change the GPUs of Painter" }).click();
  const field = row(page, "Painter").getByRole("textbox", { name: "GPUs" });
  await field.fill("1");
  nvml.says(`process 0 ${(await panel.get(id)).pid} 2048 40\n`);
  await expect(row(page, "Painter")).toContainText("VRAM 2.0 GiB");
  await expect(field).toHaveValue("1");
  await expect(field).toBeFocused();
  await expectAccessible(page);
  await panel.api("POST", `/instances/${id}/stop`);
  await expect(row(page, "Painter").getByRole("img", { name: /^CPU in/ })).toHaveCount(0);
});

test("the drawer shows the last hour of an instance @no-js", async ({ page, panel, nvml }) => {
  const id = await working(panel, nvml, "Painter");
  await page.goto(`/?open=${id}`);
  const drawer = page.getByRole("dialog", { name: "Painter" });
  await expectSoon(page, (timeout) => expect(drawer.getByRole("img", { name: /^CPU load: \d+ %/ })).toBeVisible({ timeout }));
  await expectSoon(page, (timeout) => expect(drawer.getByRole("img", { name: /^VRAM: 12.0 GiB/ })).toBeVisible({ timeout }));
  await expectAccessible(page);
});

test("the navigation leads to the monitoring, on phones too @no-js", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("navigation", { name: "Main", exact: true }).getByRole("link", { name: "Monitoring" }).click();
  await expect(page.getByRole("heading", { name: "Monitoring", level: 1 })).toBeVisible();
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/");
  await page.getByRole("navigation", { name: "Main, at the foot" }).getByRole("link", { name: "Monitoring" }).click();
  await expect(page.getByRole("heading", { name: "Monitoring", level: 1 })).toBeVisible();
  await expectNoSidewaysScrolling(page);
});
