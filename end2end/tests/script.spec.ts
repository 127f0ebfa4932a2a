// Editing the files of an instance: nothing that anybody typed is ever lost.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { expect, expectAccessible, expectRow, hasScripts, openDashboard, type Panel, test } from "./panel.ts";

const script = "echo first words\nexec sleep infinity";

/** An instance whose script is the test's own. */
async function make(panel: Panel, name: string): Promise<{ id: number; path: string }> {
  panel.blueprint("edited", script);
  const { id, dir } = (await panel.create(name, "edited")) as unknown as { id: number; dir: string };
  return { id, path: join(panel.dataDir, "instances", dir, "launch.sh") };
}

/** The text of a file in the editor, ready for the keyboard. */
async function openEditor(page: Page, id: number, file = "launch.sh"): Promise<Locator> {
  await openDashboard(page, `/?log=${id}&tool=script&file=${file}`);
  const text = page.getByRole("textbox", { name: file });
  await expect(text).toBeVisible();
  return text;
}

async function addLine(page: Page, text: Locator, line: string): Promise<void> {
  await text.click();
  await page.keyboard.press("Control+End");
  await page.keyboard.type(`\n${line}`);
  await expect(page.getByText("Unsaved changes")).toBeVisible();
}

const read = (path: string): string => readFileSync(path, "utf8");

test("a script is edited, found in, and saved with Ctrl+S", async ({ page, panel }) => {
  const { id, path } = await make(panel, "Edited");
  await panel.api("PUT", `/instances/${id}/file`, { content: `${read(path)}# grüße\n` });
  const text = await openEditor(page, id);
  await expect(text).toContainText("# grüße");
  await expectAccessible(page);
  await addLine(page, text, "# typed");
  await page.keyboard.press("Control+s");
  await expect(page.getByText("launch.sh is saved.")).toBeVisible();
  await expect(page.getByText("Unsaved changes")).toBeHidden();
  expect(read(path)).toContain("# grüße\n\n# typed");
  await page.getByRole("button", { name: "Find in the file" }).click();
  await page.getByRole("textbox", { name: "Find" }).pressSequentially("first");
  await page.keyboard.press("Enter");
  await expect(text.locator(".cm-searchMatch-selected")).toHaveText("first");
  await expectAccessible(page);
  // Requirements are made by their first save.
  const file = join(path, "../requirements.txt");
  expect(existsSync(file)).toBe(false);
  await page.getByLabel("File", { exact: true }).selectOption("requirements.txt");
  await expect(page).toHaveURL(/file=requirements.txt/);
  const requirements = page.getByRole("textbox", { name: "requirements.txt" });
  await addLine(page, requirements, "numpy");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("requirements.txt is saved.")).toBeVisible();
  expect(read(file)).toBe("\nnumpy");
  // The arguments are the instance's field.
  await page.getByLabel("File", { exact: true }).selectOption("launch_args.txt");
  const args = page.getByRole("textbox", { name: "launch_args.txt" });
  await addLine(page, args, "--one");
  await page.keyboard.press("Control+s");
  await expect(page.getByText("launch_args.txt is saved.")).toBeVisible();
  await expect.poll(async () => (await panel.get(id)) as unknown).toMatchObject({ launch_args: "\n--one" });
});

test("saving and restarting really restarts", async ({ page, panel }) => {
  const { id, path } = await make(panel, "Restarted");
  await panel.run(id);
  const before = (await panel.get(id)).pid;
  await openEditor(page, id);
  await page.getByRole("textbox", { name: "launch.sh" }).getByText("first words").click();
  await page.keyboard.press("End");
  await page.keyboard.type("; echo second words");
  await page.getByRole("button", { name: "Save & restart" }).click();
  await expect(page.getByText("launch.sh is saved; the instance starts anew.")).toBeVisible();
  expect(read(path)).toContain("echo first words; echo second words\n");
  await expectRow(page, "Restarted", "Started");
  await expect.poll(async () => (await panel.get(id)).pid).not.toBe(before);
  await page.getByRole("link", { name: "Logs", exact: true }).first().click();
  await expect(page.getByRole("region", { name: "Log of Restarted" })).toContainText("second words");
});

test("of two people who edit one file, neither loses a word", async ({ page, panel, browser }) => {
  const { id, path } = await make(panel, "Shared");
  const context = await browser.newContext({ baseURL: panel.url });
  await context.addCookies([{ name: "aikore_session", value: panel.session, url: panel.url }]);
  const other = await context.newPage();
  const mine = await openEditor(page, id);
  const theirs = await openEditor(other, id);
  await addLine(page, mine, "# mine");
  await addLine(other, theirs, "# theirs");
  await other.keyboard.press("Control+s");
  await expect(other.getByText("launch.sh is saved.")).toBeVisible();
  await page.keyboard.press("Control+s");
  const question = page.getByRole("dialog", { name: "launch.sh was changed meanwhile" });
  await expect(question).toContainText("# theirs");
  await expect(question).toContainText("# mine");
  await expectAccessible(page);
  expect(read(path)).toContain("# theirs");
  await question.getByRole("button", { name: "Keep mine" }).click();
  await expect(page.getByText("launch.sh is saved.")).toBeVisible();
  expect(read(path)).toContain("# mine");
  expect(read(path)).not.toContain("# theirs");

  // The other one goes on, and now takes what is there.
  await addLine(other, theirs, "# more of theirs");
  await other.keyboard.press("Control+s");
  const again = other.getByRole("dialog", { name: "launch.sh was changed meanwhile" });
  await again.getByRole("button", { name: "Take theirs" }).click();
  await expect(theirs).toContainText("# mine");
  await expect(theirs).not.toContainText("# more of theirs");
  expect(read(path)).not.toContain("# more of theirs");
  // Both texts that lost are in the history.
  const kept = await Promise.all(
    ((await (await panel.api("GET", `/instances/${id}/file/versions`)).json()) as { number: number }[]).map(
      async ({ number }) => (await panel.api("GET", `/instances/${id}/file/versions/${number}`)).text(),
    ),
  );
  for (const words of ["# mine", "# theirs", "# more of theirs"]) {
    expect(kept.some((version) => version.includes(words)), words).toBe(true);
  }
  await context.close();
});

test("unsaved text survives other tools and other instances, and the browser asks before the page is left", async ({ page, panel }) => {
  const { id, path } = await make(panel, "Kept");
  const { id: second } = await make(panel, "Second");
  const text = await openEditor(page, id);
  await addLine(page, text, "# precious");
  await page.getByRole("link", { name: "Logs", exact: true }).first().click();
  await expect(text).toBeHidden();
  await page.getByLabel("Instance whose log is shown").selectOption("Second");
  await expect(page).toHaveURL(new RegExp(`log=${second}`));
  await page.getByRole("navigation", { name: "Tools" }).getByRole("link", { name: "Script" }).click();
  await expect(text).not.toContainText("# precious");
  await page.getByLabel("Instance whose log is shown").selectOption("Kept");
  await expect(text).toContainText("# precious");
  await expect(page.getByText("Unsaved changes")).toBeVisible();
  const asked = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  const question = await asked;
  expect(question.type()).toBe("beforeunload");
  await question.dismiss();
  // Undo knows what was typed, too: back to the saved text, nobody asks.
  expect(read(path)).not.toContain("# precious");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("launch.sh is saved.")).toBeVisible();
  expect(read(path)).toContain("# precious");
  let again = false;
  page.on("dialog", () => (again = true));
  const closed = page.waitForEvent("close");
  await page.close({ runBeforeUnload: true });
  await closed;
  expect(again).toBe(false);
});

test("a version is compared and restored, and the blueprint brings the script back", async ({ page, panel }) => {
  const { id, path } = await make(panel, "Historic");
  const first = read(path);
  const text = await openEditor(page, id);
  await addLine(page, text, "# added");
  await page.keyboard.press("Control+s");
  await expect(page.getByText("launch.sh is saved.")).toBeVisible();
  await page.getByRole("button", { name: "Versions of this file" }).click();
  const versions = page.getByRole("list", { name: "Versions" });
  await expect(versions.getByRole("listitem")).toHaveCount(2);
  const difference = page.getByRole("region", { name: /^From version 1/ });
  await expect(difference).toContainText("# added");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Restore" }).click();
  await expect.poll(() => read(path)).toBe(first);
  await expect(text).not.toContainText("# added");

  await addLine(page, text, "# again");
  await page.keyboard.press("Control+s");
  await expect.poll(() => read(path)).toContain("# again");
  await page.getByRole("button", { name: "Compare with the blueprint" }).click();
  await expect(page.getByRole("region", { name: /^From edited.sh/ })).toContainText("# again");
  await page.getByRole("button", { name: "Reset to the blueprint" }).click();
  const question = page.getByRole("dialog", { name: "Reset launch.sh to the blueprint" });
  await expectAccessible(page);
  await question.getByRole("button", { name: "Reset" }).click();
  await expect.poll(() => read(path)).toBe(first);
  expect(readdirSync(join(path, "../.versions/launch.sh"))).toHaveLength(5);
});

test("bash and shellcheck mark what they find", async ({ page, panel }) => {
  const { id } = await make(panel, "Checked");
  const text = await openEditor(page, id);
  await addLine(page, text, "if true; then");
  const summary = page.getByText(/^\d+ errors?\b/);
  await expect(summary).toBeVisible();
  await expect(page.locator(".cm-lint-marker-error").first()).toBeVisible();
  await summary.click();
  const entry = page.getByRole("button", { name: /^error line \d+ syntax error.*bash/ });
  await entry.click();
  await expect(text).toBeFocused();
  await expectAccessible(page);
  await page.keyboard.press("Control+End");
  await page.keyboard.type(" rm $1; fi");
  await expect(page.locator(".cm-lint-marker-error")).toHaveCount(0);
  await expect(page.getByRole("button", { name: /SC2086/ })).toBeVisible();
});

test("a link in the place of a file is refused in words, and nothing is lost", async ({ page, panel }) => {
  const { id, path } = await make(panel, "Swapped");
  const text = await openEditor(page, id);
  await addLine(page, text, "# typed");
  const { renameSync, symlinkSync } = await import("node:fs");
  const aside = join(panel.dataDir, "aside.sh");
  renameSync(path, aside);
  symlinkSync(aside, path);
  await page.keyboard.press("Control+s");
  await expect(page.getByRole("alert")).toContainText("is a link, which the panel does not follow");
  await expect(text).toContainText("# typed");
  expect(read(aside)).not.toContain("# typed");
  await page.getByRole("link", { name: "Open the editor as a page" }).isVisible();
});

test("without scripts it is a form that keeps what was typed @no-js", async ({ page, panel }) => {
  test.skip(hasScripts(), "with scripts there is the editor");
  const { id, path } = await make(panel, "Plain");
  await page.goto(`/?log=${id}&tool=script`);
  await page.getByRole("link", { name: "Open the editor as a page" }).click();
  await expect(page.getByRole("heading", { name: "Plain" })).toBeVisible();
  const field = page.getByRole("textbox", { name: "launch.sh" });
  const first = read(path);
  expect(await field.inputValue()).toBe(first);
  writeFileSync(path, `${first}# theirs\n`);
  await field.fill(`${first}# mine\n`);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("Somebody else saved");
  expect(await field.inputValue()).toBe(`${first}# mine\n`);
  await expect(page.getByRole("region", { name: "From theirs to yours" })).toContainText("# theirs");
  await page.getByRole("button", { name: "Save mine over theirs" }).click();
  await expect(page.getByText("It is saved.")).toBeVisible();
  expect(read(path)).toBe(`${first}# mine\n`);
  await page.getByRole("listitem").filter({ hasText: "Version 1" }).getByRole("button", { name: "Restore" }).click();
  await expect(page.getByText("It is saved.")).toBeVisible();
  expect(read(path)).toBe(`${first}# theirs\n`);
  await field.fill("if true; then\n");
  await page.getByRole("button", { name: "Check" }).click();
  await expect(page.getByText(/syntax error/).first()).toBeVisible();
  expect(await field.inputValue()).toBe("if true; then\n");
  await page.getByRole("link", { name: "Compare with the blueprint" }).click();
  await expect(page.getByRole("region", { name: /^From the blueprint/ })).toContainText("# theirs");
  await page.getByRole("button", { name: "Reset to the blueprint" }).click();
  await expect.poll(() => read(path)).toBe(first);
});
