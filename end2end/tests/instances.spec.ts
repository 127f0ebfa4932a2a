// The life of an instance, by the same steps with and without scripts.
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import {
  choose,
  expect,
  expectAccessible,
  expectRow,
  expectSoon,
  hasScripts,
  lives,
  openDashboard,
  row,
  test,
} from "./panel.ts";

/** Fills the inline row and sends it. */
async function create(page: Page, name: string, blueprint: string): Promise<void> {
  await page.goto("/?new=1");
  if (hasScripts()) await expect(page.getByTitle(/^Connected/)).toBeVisible();
  await page.getByLabel("Blueprint", { exact: true }).selectOption({ label: blueprint });
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByRole("button", { name: "Create" }).click();
}

test("an instance is created, started, read, stopped and moved to the trash @no-js", async ({ page, panel }) => {
  await page.goto("/");
  await expectAccessible(page);
  await page.getByRole("link", { name: "Create an instance of test-logs" }).click();
  await page.getByLabel("Name", { exact: true }).fill("First steps");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Create" }).click();
  await expect(row(page, "First steps")).toContainText("Stopped");

  await row(page, "First steps").getByRole("button", { name: "Start" }).click();
  await expectRow(page, "First steps", "Started");
  await expectAccessible(page);
  const [running] = (await (await panel.api("GET", "/instances/")).json()) as Array<{ id: number; pid: number }>;
  expect(lives(running?.pid ?? 0)).toBe(true);

  await choose(page, "First steps", "Logs");
  await expect(page).toHaveURL(/\/logs$/);
  const log = page.getByRole("region", { name: "Log" });
  await expectSoon(page, (timeout) => expect(log).toContainText("reading model.safetensors", { timeout }));
  await expectAccessible(page);
  await page.getByRole("link", { name: "Back to the instances" }).click();

  await row(page, "First steps").getByRole("button", { name: "Stop" }).click();
  await expectRow(page, "First steps", "Stopped");
  expect(lives(running?.pid ?? 0)).toBe(false);

  await choose(page, "First steps", "Delete…");
  const dialog = page.getByRole("dialog", { name: "Delete First steps" });
  await expect(dialog).toContainText(/\d+ bytes/);
  await expectAccessible(page);
  await dialog.getByLabel(/^Move to the trash/).check();
  await dialog.getByRole("button", { name: hasScripts() ? "Move to the trash" : "Delete" }).click();
  await expectSoon(page, (timeout) => expect(row(page, "First steps")).toHaveCount(0, { timeout }));
  const trash = join(panel.dataDir, "trash");
  await expect.poll(() => existsSync(trash) && readdirSync(trash).some((entry) => entry.includes("first-steps"))).toBe(true);
});

test("deleting for good asks for the name @no-js", async ({ page, panel }) => {
  await panel.create("Precious", "test-logs");
  await page.goto("/");
  await choose(page, "Precious", "Delete…");
  const dialog = page.getByRole("dialog", { name: "Delete Precious" });
  await dialog.getByLabel(/^Delete for good/).check();
  await dialog.getByLabel(/type its name/).fill("precious");
  const button = dialog.getByRole("button", { name: /^Delete/ });
  if (hasScripts()) {
    await expect(button).toBeDisabled();
  } else {
    await button.click();
    await expect(dialog.getByRole("alert")).toContainText("does not match");
    await expect(page.getByRole("alert")).toHaveCount(1);
    await expect(dialog.getByLabel(/^Delete for good/)).toBeChecked();
  }
  await dialog.getByLabel(/type its name/).fill("Precious");
  await button.click();
  await expectSoon(page, (timeout) => expect(row(page, "Precious")).toHaveCount(0, { timeout }));
  const trash = join(panel.dataDir, "trash");
  expect(existsSync(trash) ? readdirSync(trash).filter((entry) => entry.includes("precious")) : []).toEqual([]);
});

test("a dialog closes onto the rows it was opened over @no-js", async ({ page, panel }) => {
  await panel.create("Resting", "test-logs");
  await page.goto("/?show=stopped");
  await choose(page, "Resting", "Delete…");
  const dialog = page.getByRole("dialog", { name: "Delete Resting" });
  await dialog.getByRole("link", { name: "Close" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page).toHaveURL(/\/\?show=stopped$/);
  await choose(page, "Resting", "Delete…");
  await dialog.getByRole("button", { name: hasScripts() ? "Move to the trash" : "Delete" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page).toHaveURL(/\/\?show=stopped$/);
});

test("a running instance is not deleted", async ({ page, panel }) => {
  const { id } = await panel.create("Busy", "test-logs");
  await panel.run(id);
  await page.goto("/");
  await choose(page, "Busy", "Delete…");
  const dialog = page.getByRole("dialog", { name: "Delete Busy" });
  await expect(dialog).toContainText("Stop it first");
  await expect(dialog.getByRole("button", { name: "Move to the trash" })).toBeDisabled();
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
});

test("names that cannot be are refused with a sentence @no-js", async ({ page, panel }) => {
  await panel.create("a b", "test-logs");
  const refusals: Array<[string, RegExp]> = [
    ["../x", /may not hold '[./]'/],
    ["<img src=x>", /may not hold '<'/],
    ["🎨", /letter or digit|may not hold/],
    ["A B", /already an instance called “a b”/],
  ];
  for (const [name, sentence] of refusals) {
    await create(page, name, "test-logs");
    const refused = page.getByRole("row").filter({ has: page.getByRole("button", { name: "Create" }) });
    await expect(refused.getByRole("alert")).toContainText(sentence);
    await expect(refused.getByLabel("Name", { exact: true })).toHaveValue(name);
    await expect(refused.getByLabel("Blueprint", { exact: true })).toHaveValue("test-logs.sh");
  }
  await create(page, "a_b", "test-logs");
  await expect(row(page, "a_b")).toBeVisible();
  await expect(row(page, "a b")).toBeVisible();
  expect(await (await panel.api("GET", "/instances/")).json()).toHaveLength(2);
  expect(existsSync(join(panel.dataDir, "x"))).toBe(false);
});

test("a refused new row keeps everything that was chosen @no-js", async ({ page, panel }) => {
  await panel.create("Taken", "test-logs");
  await openDashboard(page);
  await page.getByRole("link", { name: "New instance" }).click();
  const fields = page.getByRole("row").filter({ has: page.getByRole("button", { name: "Create" }) });
  const port = fields.getByLabel("Port", { exact: true });
  await expect(port).toContainText("(next free)");
  const chosen = (await port.getByRole("option").nth(2).getAttribute("value")) ?? "";
  await port.selectOption(chosen);
  await fields.getByLabel("Blueprint", { exact: true }).selectOption({ label: "test-logs" });
  await fields.getByLabel("Name", { exact: true }).fill("taken");
  await fields.getByLabel("GPUs").fill("0,1");
  await fields.getByRole("switch").check();
  await fields.getByRole("button", { name: "Create" }).click();
  await expect(fields.getByRole("alert")).toContainText("already an instance called “Taken”");
  await expect(fields.getByLabel("GPUs")).toHaveValue("0,1");
  await expect(port).toHaveValue(chosen);
  await expect(fields.getByRole("switch")).toBeChecked();
  await expectAccessible(page);
  await fields.getByLabel("Name", { exact: true }).fill("Free");
  await fields.getByRole("button", { name: "Create" }).click();
  await expect(row(page, "Free")).toContainText(chosen);
  const all = (await (await panel.api("GET", "/instances/")).json()) as unknown[];
  expect(all[1]).toMatchObject({ name: "Free", gpu_ids: "0,1", autostart: true, public_port: Number(chosen) });
});

test("the page of a starting app shows its log and becomes the app @no-js", async ({ page, panel }) => {
  const go = join(panel.dataDir, "go-ahead");
  const script = `echo "loading the weights"
while [ ! -e "${go}" ]; do sleep 0.1; done
mkdir -p site && echo "<link rel=icon href=data:,><h1>The app itself</h1>" > site/index.html
exec python3 -m http.server --bind 127.0.0.1 --directory site "$WEBUI_PORT"`;
  panel.blueprint("late", script, "http");
  const { id, open_url } = await panel.create("Late riser", "late");
  await page.goto(open_url);
  await expect(page.getByRole("heading", { name: "Late riser is stopped" })).toBeVisible();
  await panel.api("POST", `/instances/${id}/start`);
  await page.goto(open_url);
  await expect(page.getByRole("heading", { name: "Late riser is starting" })).toBeVisible();
  await expect(page.getByText("loading the weights")).toBeVisible();
  writeFileSync(go, "");
  await expect(page.getByRole("heading", { name: "The app itself" })).toBeVisible();
  await expect(page).toHaveURL(open_url);
});

test("what failed says why", async ({ page, panel }) => {
  panel.blueprint("exits", "echo 'cannot find the model' >&2\nexit 3");
  await create(page, "Broken", "exits");
  await row(page, "Broken").getByRole("button", { name: "Start" }).click();
  await expectRow(page, "Broken", "Error");
  await row(page, "Broken").getByRole("link", { name: "Why" }).click();
  const drawer = page.getByRole("dialog", { name: "Broken" });
  await expect(drawer).toContainText(/exit code 3|code 3/);
  await expect(drawer).toContainText("cannot find the model");
  await expectAccessible(page);
});

test("a long table begins with what a screen shows, and comes whole @no-js", async ({ page, panel }) => {
  await Promise.all(Array.from({ length: 30 }, (_, number) => panel.create(`Long ${number + 1}`, "test-logs")));
  await openDashboard(page);
  const rows = page.locator("tr[data-id]");
  if (!hasScripts()) {
    await expect(rows).toHaveCount(16);
    await page.getByRole("link", { name: "Show all 30" }).click();
  }
  await expect(rows).toHaveCount(30);
  await expect(page.getByRole("link", { name: "Show all 30" })).toHaveCount(0);
  await page.getByRole("link", { name: /^Stopped/ }).click();
  await expect(page.getByRole("link", { name: /^Stopped/ })).toHaveAttribute("aria-current", "true");
  if (hasScripts()) await expect(rows).toHaveCount(30);
});
