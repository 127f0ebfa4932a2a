// The trash: what was deleted comes back, or goes for good. The same steps with and without scripts.
import { existsSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import {
  choose,
  expect,
  expectAccessible,
  expectSoon,
  hasScripts,
  openDashboard,
  type Panel,
  row,
  test,
} from "./panel.ts";

/** Deletes into the trash by the API, and waits until it lies there. */
async function discard(panel: Panel, name: string): Promise<{ id: number; dir: string }> {
  const made = (await panel.create(name, "test-logs")) as unknown as { id: number; dir: string };
  await panel.api("DELETE", `/instances/${made.id}`, { mode: "trash" });
  await expect.poll(() => existsSync(join(panel.dataDir, "trash", made.dir, ".aikore-instance.json"))).toBe(true);
  // Its size is the last that is written down.
  const size = async () => {
    const { entries } = (await (await panel.api("GET", "/trash/")).json()) as { entries: Array<{ entry: string; bytes: number }> };
    return entries.find(({ entry }) => entry === made.dir)?.bytes;
  };
  await expect.poll(size).toBeGreaterThan(0);
  return made;
}

/** Removes everything from the trash, so that the next test finds it empty. */
async function cleared(panel: Panel): Promise<void> {
  await panel.api("PUT", "/trash/settings", { purge_days: null });
  const list = async () =>
    ((await (await panel.api("GET", "/trash/")).json()) as { entries: Array<{ entry: string; name: string }> }).entries;
  for (const { entry, name } of await list()) {
    await panel.api("DELETE", `/trash/entries/${encodeURIComponent(entry)}`, { confirm: name });
  }
  await expect.poll(async () => (await list()).length).toBe(0);
}

function lying(page: Page, name: string): Locator {
  return page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });
}

test.beforeEach(async ({ panel }) => cleared(panel));

test("a deleted instance comes back as it was @no-js", async ({ page, panel }) => {
  const { id } = await panel.create("Lamp", "test-logs", { gpu_ids: "0", launch_args: "--bright" });
  await page.goto("/");
  await choose(page, "Lamp", "Delete…");
  const dialog = page.getByRole("dialog", { name: "Delete Lamp" });
  await dialog.getByRole("button", { name: hasScripts() ? "Move to the trash" : "Delete" }).click();
  await expectSoon(page, (timeout) => expect(row(page, "Lamp")).toHaveCount(0, { timeout }));

  await page.goto("/trash");
  await expect(page.getByRole("heading", { name: "Trash" })).toBeVisible();
  await expect(lying(page, "Lamp")).toContainText(/just now|ago/);
  await expectSoon(page, (timeout) => expect(lying(page, "Lamp")).toContainText(/\d (bytes|kB)/, { timeout }));
  await expectAccessible(page);
  await lying(page, "Lamp").getByRole("button", { name: "Restore Lamp" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Lamp is back" })).toBeVisible();
  await expect(page.getByText("The trash is empty")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Show the instances" }).first().click();
  await expect(row(page, "Lamp")).toBeVisible();
  expect(await panel.get(id)).toMatchObject({ id, name: "Lamp", gpu_ids: "0", launch_args: "--bright" });
});

test("a name that is taken by now is asked for @no-js", async ({ page, panel }) => {
  await discard(panel, "Twin");
  await panel.create("Twin", "test-logs");
  await page.goto("/trash");
  await lying(page, "Twin").getByRole("link", { name: "Restore Twin" }).click();
  const dialog = page.getByRole("dialog", { name: "Restore Twin" });
  await expect(dialog).toContainText("Another instance is called Twin");
  await expect(dialog.getByLabel("Name", { exact: true })).toHaveValue("Twin 2");
  await expectAccessible(page);
  await dialog.getByLabel("Name", { exact: true }).fill("twin");
  await dialog.getByRole("button", { name: "Restore" }).click();
  await expect(dialog.getByRole("alert")).toContainText("already an instance called “Twin”");
  await expect(dialog.getByLabel("Name", { exact: true })).toHaveValue("twin");
  await dialog.getByLabel("Name", { exact: true }).fill("Triplet");
  await dialog.getByRole("button", { name: "Restore" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Triplet is back" })).toBeVisible();
  await page.goto("/");
  await expect(row(page, "Triplet")).toBeVisible();
});

test("removing for good asks for the name and leaves alone what links point at @no-js", async ({ page, panel }) => {
  const precious = join(panel.dataDir, "models", "precious");
  mkdirSync(precious, { recursive: true });
  writeFileSync(join(precious, "big.safetensors"), "precious");
  const { dir } = await discard(panel, "Old one");
  symlinkSync(precious, join(panel.dataDir, "trash", dir, "models"));
  await page.goto("/trash");
  await lying(page, "Old one").getByRole("link", { name: "Remove Old one for good" }).click();
  const dialog = page.getByRole("dialog", { name: "Remove Old one for good" });
  await expect(dialog).toContainText(/\d+ bytes/);
  await expectAccessible(page);
  const button = dialog.getByRole("button", { name: "Remove for good" });
  await dialog.getByLabel(/type its name/).fill("old one");
  if (hasScripts()) {
    await expect(button).toBeDisabled();
  } else {
    await button.click();
    await expect(dialog.getByRole("alert")).toContainText("does not match");
  }
  await dialog.getByLabel(/type its name/).fill("Old one");
  await button.click();
  await expectSoon(page, (timeout) => expect(page.getByText("The trash is empty")).toBeVisible({ timeout }));
  expect(readdirSync(join(panel.dataDir, "trash"))).toEqual([]);
  expect(readFileSync(join(precious, "big.safetensors"), "utf8")).toBe("precious");
});

test("emptying asks for a word and leaves alone what others put there @no-js", async ({ page, panel }) => {
  await discard(panel, "One");
  await discard(panel, "Two");
  mkdirSync(join(panel.dataDir, "trash", "my backup"));
  await page.goto("/trash");
  await expect(lying(page, "my backup")).toContainText("Not put here by AiKore");
  await expect(lying(page, "my backup").getByRole("button", { name: /Restore/ })).toHaveCount(0);
  await page.getByRole("link", { name: "Empty the trash…" }).click();
  const dialog = page.getByRole("dialog", { name: "Empty the trash" });
  await expect(dialog).toContainText("of 2 things");
  await dialog.getByLabel(/type the word/).fill("empty");
  await dialog.getByRole("button", { name: "Remove for good" }).click();
  await expectSoon(page, (timeout) => expect(lying(page, "One")).toHaveCount(0, { timeout }));
  await expectSoon(page, (timeout) => expect(lying(page, "Two")).toHaveCount(0, { timeout }));
  await expect(lying(page, "my backup")).toBeVisible();
  await expect(page.getByRole("link", { name: "Empty the trash…" })).toHaveCount(0);
});

test("days after which things go by themselves are chosen here @no-js", async ({ page, panel }) => {
  const { dir } = await discard(panel, "Ancient");
  await discard(panel, "Fresh");
  const record = join(panel.dataDir, "trash", dir, ".aikore-instance.json");
  const old = JSON.parse(readFileSync(record, "utf8")) as { deleted_at: number };
  old.deleted_at -= 40 * 24 * 3600 * 1000;
  writeFileSync(record, JSON.stringify(old));
  await page.goto("/trash");
  const days = page.getByLabel("Remove by itself after so many days");
  await expect(days).toHaveValue("");
  await expect(page.getByText("Off: everything stays")).toBeVisible();
  await days.fill("30");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(days).toHaveValue("30");
  await expectSoon(page, (timeout) => expect(lying(page, "Ancient")).toHaveCount(0, { timeout }));
  await expect(lying(page, "Fresh")).toBeVisible();
  // The page may just be taking over what the removal left behind.
  await expect(async () => {
    await days.fill("");
    await expect(days).toHaveValue("", { timeout: 1000 });
  }).toPass();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Off: everything stays")).toBeVisible();
});

test("a deletion is taken back from the message about it", async ({ page, panel }) => {
  await panel.create("Oops", "test-logs");
  await openDashboard(page);
  await choose(page, "Oops", "Delete…");
  const dialog = page.getByRole("dialog", { name: "Delete Oops" });
  await dialog.getByRole("button", { name: "Move to the trash" }).click();
  await expect(row(page, "Oops")).toHaveCount(0);
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(row(page, "Oops")).toBeVisible();
  expect(readdirSync(join(panel.dataDir, "trash"))).toEqual([]);
});

test("the trash is reached from every page @no-js", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("navigation", { name: "Main", exact: true }).getByRole("link", { name: "Trash" }).click();
  await expect(page).toHaveURL(/\/trash$/);
  await expect(page.getByText("The trash is empty")).toBeVisible();
});
