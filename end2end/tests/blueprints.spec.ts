// The blueprint manager: looked through, made, changed, compared, given back.
import type { Locator, Page } from "@playwright/test";
import { choose, expect, expectAccessible, hasScripts, openDashboard, type Panel, test } from "./panel.ts";

const script = (name: string, more = "") => `#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = ${name}
# aikore.category = Tests
# aikore.description = Made by a journey.
# aikore.ready = process
${more}### AIKORE-METADATA-END ###
exec sleep 600
`;

/** Where the script is written: an editor with scripts, a text area without. */
function field(page: Page): Locator {
  return hasScripts() ? page.getByRole("textbox", { name: /^Script of/ }) : page.getByLabel("Script", { exact: true });
}

async function write(page: Page, text: string): Promise<void> {
  if (!hasScripts()) return field(page).fill(text);
  await field(page).click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

async function expectWritten(page: Page, words: string): Promise<void> {
  if (hasScripts()) await expect(field(page)).toContainText(words);
  else await expect(field(page)).toHaveValue(new RegExp(words));
}

async function put(panel: Panel, filename: string, content: string): Promise<void> {
  const answer = await panel.api("POST", "/blueprints/", { filename, content });
  expect(answer.status).toBe(201);
}

async function remove(panel: Panel, ...filenames: string[]): Promise<void> {
  for (const filename of filenames) await panel.api("DELETE", `/blueprints/${encodeURIComponent(filename)}`);
}

test("the catalogue is looked through by search, category and source @no-js", async ({ page }) => {
  await page.goto("/blueprints");
  await expect(page.getByRole("heading", { level: 1, name: "Blueprints" })).toBeVisible();
  await expect(page.getByRole("article")).not.toHaveCount(0);
  const all = await page.getByRole("article").count();
  expect(all).toBeGreaterThanOrEqual(30);
  await expect(page.getByRole("article").filter({ hasText: "FluxGym" })).toContainText("12 GB");
  await expect(page.getByRole("article").filter({ hasText: "LM Studio" })).toContainText("Desktop");
  await expectAccessible(page);
  await page.getByLabel("Find a blueprint").fill("lora");
  if (!hasScripts()) await page.getByLabel("Find a blueprint").press("Enter");
  await expect(page.getByRole("article").filter({ hasText: "FluxGym", visible: true })).toBeVisible();
  if (hasScripts()) await expect(page.getByRole("article").filter({ hasText: "Datasette" })).toBeHidden();
  await page.goto("/blueprints");
  await page.getByRole("navigation", { name: "Categories" }).getByRole("link", { name: /^Training/ }).click();
  await expect(page.getByRole("article").filter({ hasText: "Kohya ss" })).toContainText("Older");
  await expect(page.getByRole("article").filter({ hasText: "JupyterLab" })).toHaveCount(0);
});

test("a blueprint is made from an instance, changed, renamed, exported and deleted @no-js", async ({ page, panel }) => {
  await remove(panel, "Journey.sh", "Journey two.sh", "Copied.sh");
  panel.blueprint("source", "exec sleep 600", "process");
  await panel.create("Origin", "source");
  await page.goto("/blueprints?new=1");
  await expectAccessible(page);
  const form = page.locator("form").filter({ hasText: "Make a blueprint" });
  await form.getByLabel("Instance").selectOption({ label: "Origin" });
  await form.getByLabel("Name").fill("Journey");
  await form.getByRole("button", { name: "Make a blueprint" }).click();
  await expect(page.locator(".note")).toContainText("This blueprint is yours now");
  await expectWritten(page, "sleep 600");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Journey");

  await write(page, script("Journey", "# aikore.start_timeout = soon\n"));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.locator(".note")).toContainText("Saved");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Journey");
  await expect(page.getByRole("region", { name: "What checkers say" })).toContainText("Line 7");
  await expectAccessible(page);

  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Export" }).click()]);
  expect(download.suggestedFilename()).toBe("Journey.sh");

  const rename = page.locator("form").filter({ has: page.getByRole("button", { name: "Rename" }) });
  await rename.getByLabel("Name").fill("../escape");
  await rename.getByRole("button", { name: "Rename" }).click();
  await expect(page.getByRole("alert")).toContainText("letters, digits");
  await rename.getByLabel("Name").fill("Journey two");
  await rename.getByRole("button", { name: "Rename" }).click();
  await expect(page.getByText("Journey two.sh")).toBeVisible();
  await page.getByRole("button", { name: "Delete" }).click();
  await expect(page.locator(".note")).toContainText("removed from the catalogue");
});

test("a shipped script is changed, compared and given back @no-js", async ({ page, panel }) => {
  await remove(panel, "test-logs.sh");
  await page.goto("/blueprints?open=test-logs.sh");
  await expect(page.getByRole("button", { name: "Delete" })).toHaveCount(0);
  const text = ((await (await panel.api("GET", "/blueprints/test-logs.sh")).json()) as { content: string }).content;
  if (!hasScripts()) expect(await field(page).inputValue()).toBe(text);
  await write(page, `${text}# a line of mine\n`);
  await page.getByRole("button", { name: "Save as your own" }).click();
  await expect(page.getByText("Against the shipped one: 1 added, 0 removed")).toBeVisible();
  await expect(page.getByText("+ # a line of mine")).toBeVisible();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Reset to the shipped one" }).click();
  await expect(page.locator(".note")).toContainText("shipped script again");
  await expect(page.getByRole("button", { name: "Save as your own" })).toBeVisible();
});

test("two people save the same blueprint, and neither loses a word @no-js", async ({ page, panel }) => {
  await remove(panel, "Both.sh", "Both-2.sh");
  await put(panel, "Both.sh", script("Both"));
  await page.goto("/blueprints?open=Both.sh");
  const opened = (await (await panel.api("GET", "/blueprints/Both.sh")).json()) as { version: string };
  const saved = await panel.api("PUT", "/blueprints/Both.sh", { content: `${script("Both")}# theirs\n`, version: opened.version });
  expect(saved.status).toBe(200);
  await write(page, `${script("Both")}# mine\n`);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.locator(".note")).toContainText("kept here, under another name");
  await expectWritten(page, "# mine");
  await page.goto("/blueprints?open=Both.sh");
  await expectWritten(page, "# theirs");
  await remove(panel, "Both.sh", "Both-2.sh");
});

test("a file is imported, and another one of its name is not overwritten @no-js", async ({ page, panel }) => {
  await remove(panel, "Imported.sh");
  const file = { name: "Imported.sh", mimeType: "text/x-shellscript", buffer: Buffer.from(script("Imported")) };
  for (const outcome of ["yours now", "already a blueprint"]) {
    await page.goto("/blueprints?new=1");
    await page.getByLabel("Script").first().setInputFiles(file);
    await page.getByRole("button", { name: "Import" }).click();
    await expect(page.locator(".note")).toContainText(outcome);
  }
  await remove(panel, "Imported.sh");
});

test("what is wrong with a block shows at its line while it is typed, and nothing typed is lost", async ({ page, panel }) => {
  await remove(panel, "Typed.sh");
  await put(panel, "Typed.sh", script("Typed"));
  await page.goto("/blueprints?open=Typed.sh");
  const remarks = page.getByRole("region", { name: "What checkers say" });
  await expect(remarks).toContainText("Nothing is wrong with it");
  await write(page, script("Typed", "# aikore.subpath = maybe\n"));
  await expect(page.locator(".cm-lint-marker-warning")).toBeVisible();
  await expectAccessible(page);
  await remarks.getByRole("button", { name: "Line 7" }).click();
  await expect(field(page)).toBeFocused();
  await page.keyboard.press("Shift+End");
  await page.keyboard.type("# aikore.subpath = strip");
  await expect(remarks).toContainText("Nothing is wrong with it");
  // The browser asks before the page is left, and not when it is saved.
  const asked = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  const question = await asked;
  expect(question.type()).toBe("beforeunload");
  await question.dismiss();
  // A refusal leaves all of it as it was typed.
  await panel.api("POST", "/blueprints/Typed.sh/rename", { filename: "Moved" });
  await page.keyboard.press("Control+s");
  await expect(page.getByRole("alert")).toContainText("There is no blueprint");
  await expectWritten(page, "aikore.subpath = strip");
  await panel.api("POST", "/blueprints/Moved.sh/rename", { filename: "Typed" });
  await page.keyboard.press("Control+s");
  await expect(page.locator(".note")).toContainText("Saved");
  await expectWritten(page, "aikore.subpath = strip");
  await remove(panel, "Typed.sh");
});

test("an instance is saved as a blueprint, from its row and from its editor @no-js", async ({ page, panel }) => {
  await remove(panel, "Kept way.sh");
  panel.blueprint("waymaker", "exec sleep 600");
  const { id } = await panel.create("Wäy kept", "waymaker");
  if (hasScripts()) await openDashboard(page);
  else await page.goto("/");
  await choose(page, "Wäy kept", "Save as a blueprint");
  const dialog = page.getByRole("dialog", { name: "Save Wäy kept as a blueprint" });
  const name = dialog.getByLabel("Name of the blueprint");
  await expect(name).toHaveValue("Wy kept");
  await expectAccessible(page);
  for (const [wrong, why] of [["../x", "letters, digits"], ["waymaker", "already a blueprint called"]] as const) {
    await name.fill(wrong);
    await dialog.getByRole("button", { name: "Save as a blueprint" }).click();
    await expect(dialog.getByRole("alert")).toContainText(why);
    await expect(name).toHaveValue(wrong);
  }
  await name.fill("Kept way");
  await dialog.getByRole("button", { name: "Save as a blueprint" }).click();
  if (hasScripts()) await expect(page.getByText("Kept way.sh is in the catalogue now")).toBeVisible();
  else await expect(page.locator(".note")).toContainText("This blueprint is yours now");
  await page.goto("/blueprints?open=Kept way.sh");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Kept way");
  await expectWritten(page, "# aikore.name = Kept way");
  if (hasScripts()) {
    await openDashboard(page, `/?log=${id}&tool=script`);
    await page.locator("#tools").getByRole("link", { name: "Save as a blueprint" }).click();
    await expect(dialog).toBeVisible();
    await expect(page.getByRole("textbox", { name: "launch.sh", includeHidden: true })).toBeVisible();
  } else {
    await page.goto(`/instances/${id}/script`);
    await page.getByRole("link", { name: "Save as a blueprint" }).click();
    await expect(dialog).toBeVisible();
  }
  await remove(panel, "Kept way.sh");
});

test("the bar at the foot of a phone leads to the catalogue", async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await page.goto("/");
  await page.getByRole("navigation", { name: "Main, at the foot" }).getByRole("link", { name: "Blueprints" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Blueprints" })).toBeVisible();
  await expect(page.getByRole("navigation", { name: "Main, at the foot" }).getByRole("link", { name: "Blueprints" })).toHaveAttribute("aria-current", "page");
});
