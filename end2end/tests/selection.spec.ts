// Several rows at once: the bar at the foot of the table.
import type { Page } from "@playwright/test";
import { expect, expectAccessible, expectRow, lives, openDashboard, type Panel, row, test } from "./panel.ts";

/** Three instances, the first two ticked. */
async function tickTwo(page: Page, panel: Panel): Promise<number[]> {
  const ids: number[] = [];
  for (const name of ["One", "Two", "Other"]) ids.push((await panel.create(name, "test-logs")).id);
  await openDashboard(page);
  for (const name of ["One", "Two"]) await page.getByRole("checkbox", { name: `Select ${name}` }).check();
  return ids;
}

test("ticked rows are started, restarted and stopped together", async ({ page, panel }) => {
  const [one = 0, two = 0, other = 0] = await tickTwo(page, panel);
  const bar = page.getByRole("toolbar", { name: "Selected instances" });
  await expect(bar).toContainText("2 selected");
  await expect(bar.getByRole("button", { name: "Stop" })).toBeDisabled();
  await expect(bar.getByRole("button", { name: "Restart" })).toBeDisabled();
  await expectAccessible(page);
  await bar.getByRole("button", { name: "Start 2", exact: true }).click();
  for (const name of ["One", "Two"]) await expectRow(page, name, "Started");
  await expectRow(page, "Other", "Stopped");

  const before = [await panel.get(one), await panel.get(two)].map(({ pid }) => pid);
  await expect(bar.getByRole("button", { name: "Delete…" })).toBeDisabled();
  await bar.getByRole("button", { name: "Restart 2" }).click();
  const isNew = async (id: number, index: number) => {
    const { status, pid } = await panel.get(id);
    return status === "started" && pid !== before[index];
  };
  await expect.poll(async () => (await Promise.all([one, two].map(isNew))).every(Boolean)).toBe(true);
  const after = [await panel.get(one), await panel.get(two)].map(({ pid }) => pid);

  await bar.getByRole("button", { name: "Stop 2" }).click();
  for (const name of ["One", "Two"]) await expectRow(page, name, "Stopped");
  expect([...before, ...after].filter(lives)).toEqual([]);
  expect((await panel.get(other)).status).toBe("stopped");
});

test("a verb counts only the rows it touches", async ({ page, panel }) => {
  const [one = 0] = await tickTwo(page, panel);
  await panel.run(one);
  const bar = page.getByRole("toolbar", { name: "Selected instances" });
  await expect(bar.getByRole("button", { name: "Start 1", exact: true })).toBeEnabled();
  await expect(bar.getByRole("button", { name: "Stop 1" })).toBeEnabled();
  await bar.getByRole("button", { name: "Delete…" }).click();
  const question = page.getByRole("dialog", { name: "Move one instance to the trash" });
  await expect(question).toContainText("Two");
  await question.getByRole("button", { name: "Cancel" }).click();
  await expect(question).toHaveCount(0);
  // What the filter hides is left alone.
  await page.getByRole("link", { name: /^Running/ }).click();
  await expect(bar).toContainText("1 selected");
  await expect(bar.getByRole("button", { name: "Start", exact: true })).toBeDisabled();
  await page.getByRole("link", { name: /^All/ }).click();
  await expect(bar).toContainText("2 selected");
  await bar.getByRole("button", { name: "Clear selection" }).click();
  await expect(bar).toHaveCount(0);
  await page.getByRole("checkbox", { name: "Select all" }).check();
  await expect(bar).toContainText("3 selected");
});

test("ticked rows move to the trash after a question", async ({ page, panel }) => {
  await tickTwo(page, panel);
  const bar = page.getByRole("toolbar", { name: "Selected instances" });
  await bar.getByRole("button", { name: "Delete…" }).click();
  const question = page.getByRole("dialog", { name: "Move 2 instances to the trash" });
  await expect(question).toContainText("One, Two");
  await expectAccessible(page);
  await question.getByRole("button", { name: "Move to the trash" }).click();
  await expect(row(page, "One")).toHaveCount(0);
  await expect(row(page, "Two")).toHaveCount(0);
  await expect(row(page, "Other")).toBeVisible();
  await expect(bar).toHaveCount(0);
});

test("a family moves to the trash at once", async ({ page, panel }) => {
  const parent = await panel.create("Parent", "test-logs");
  await panel.api("POST", `/instances/${parent.id}/instantiate`, { new_name: "Moon" });
  await openDashboard(page);
  for (const name of ["Parent", "Moon"]) await page.getByRole("checkbox", { name: `Select ${name}` }).check();
  await page.getByRole("toolbar", { name: "Selected instances" }).getByRole("button", { name: "Delete…" }).click();
  const question = page.getByRole("dialog", { name: "Move 2 instances to the trash" });
  await question.getByRole("button", { name: "Move to the trash" }).click();
  for (const name of ["Parent", "Moon"]) await expect(row(page, name)).toHaveCount(0);
});
