// Real web UIs from first click to proven stop. Their packages come from the package index, so the first start is slow.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { type Panel, expect, lives, row, test } from "./panel.ts";

test.describe.configure({ mode: "serial" });
test.setTimeout(600_000);

const ready = { timeout: 400_000 };

/** Creates an instance by the inline row, starts it, waits until it is ready. */
async function createAndStart(page: Page, name: string, blueprint: string): Promise<void> {
  await page.goto("/");
  await page.getByRole("link", { name: new RegExp(`^(New instance|Create an instance of ${blueprint})$`) }).click();
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("Blueprint", { exact: true }).selectOption({ label: blueprint });
  await page.getByRole("button", { name: "Create" }).click();
  await row(page, name).getByRole("button", { name: "Start" }).click();
  await expect(row(page, name)).toContainText("Started", ready);
}

/** Opens the app through the panel in a tab of its own, whose console is the app's business. */
async function open(page: Page, name: string): Promise<Page> {
  const [tab] = await Promise.all([
    page.context().waitForEvent("page"),
    row(page, name).getByRole("link", { name: "Open" }).click(),
  ]);
  return tab;
}

/** Stops and checks with the system that nothing is left. */
async function stopWithProof(page: Page, panel: Panel, name: string): Promise<void> {
  const list = (await (await panel.api("GET", "/instances/")).json()) as Array<{
    name: string;
    pid: number;
    internal_port: number;
  }>;
  const before = list.find((instance) => instance.name === name);
  expect(before?.pid && lives(before.pid)).toBeTruthy();
  await row(page, name).getByRole("button", { name: "Stop" }).click();
  await expect(row(page, name)).toContainText("Stopped");
  expect(lives(before?.pid ?? 0)).toBe(false);
  await expect(fetch(`http://127.0.0.1:${before?.internal_port}/`)).rejects.toThrow();
}

test("Datasette shows its tables below the panel's address", async ({ page, panel }) => {
  await createAndStart(page, "Tables", "Datasette");
  const tab = await open(page, "Tables");
  await expect(tab).toHaveURL(`${panel.url}/instance/tables/`);
  await tab.getByRole("link", { name: /sample/i }).first().click();
  await expect(tab.locator("body")).toContainText(/rows|tables/i);
  await stopWithProof(page, panel, "Tables");
});

test("Gradio generates an image through its queue", async ({ page, panel }) => {
  await createAndStart(page, "Pictures", "Gradio");
  const tab = await open(page, "Pictures");
  await tab.getByRole("textbox").first().fill("a lighthouse at dusk");
  await tab.getByRole("button", { name: /generate/i }).click();
  await expect(tab.locator("img[src*='file=']").first()).toBeVisible({ timeout: 120_000 });
  const outputs = join(panel.dataDir, "outputs");
  await expect
    .poll(() => existsSync(outputs) && readdirSync(outputs, { recursive: true }).some((file) => /\.png$/.test(String(file))))
    .toBe(true);
  await stopWithProof(page, panel, "Pictures");
});

test("a JupyterLab cell runs through the proxied WebSocket", async ({ page, panel }) => {
  await createAndStart(page, "Notebooks", "JupyterLab");
  const tab = await open(page, "Notebooks");
  await tab.locator(".jp-LauncherCard[data-category='Notebook']").first().click({ timeout: 120_000 });
  // JupyterLab forgets a cell that is run before its kernel is there.
  await expect(tab.getByText("Python 3 (ipykernel) | Idle")).toBeVisible({ timeout: 120_000 });
  const cell = tab.locator(".jp-Notebook .jp-CodeCell .cm-content").first();
  await cell.click({ timeout: 120_000 });
  await tab.keyboard.type("print(6 * 7)");
  await tab.keyboard.press("Shift+Enter");
  await expect(tab.locator(".jp-OutputArea-output").first()).toHaveText(/42/, { timeout: 120_000 });
  await tab.close({ runBeforeUnload: false });
  await stopWithProof(page, panel, "Notebooks");
});
