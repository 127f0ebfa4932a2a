// A satellite: a second instance on the files of the first, with what is its own.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { choose, expect, expectAccessible, expectRow, hasScripts, lives, openDashboard, row, test } from "./panel.ts";

test("a satellite stands under its parent and both run at once @no-js", async ({ page, panel }) => {
  panel.blueprint("beacon", 'echo "in $PWD as $INSTANCE_NAME"; exec sleep 600');
  const parent = (await panel.create("Beacon", "beacon")) as unknown as { id: number; dir: string };
  await panel.create("Other", "test-logs");
  await page.goto("/");
  await choose(page, "Beacon", "Add satellite…");
  const dialog = page.getByRole("dialog", { name: "Add a satellite to Beacon" });
  await expectAccessible(page);
  await dialog.getByLabel("Name", { exact: true }).fill("other");
  await dialog.getByRole("button", { name: "Add satellite" }).click();
  await expect(dialog.getByRole("alert")).toContainText("already an instance called “Other”");
  await expect(dialog.getByLabel("Name", { exact: true })).toHaveValue("other");
  await dialog.getByLabel("Name", { exact: true }).fill("Second beacon");
  await dialog.getByLabel("GPUs").fill("1");
  await dialog.getByRole("button", { name: "Add satellite" }).click();
  await expect(row(page, "Second beacon")).toContainText("Stopped");
  const names = page.locator("tbody tr .app-name__name");
  await expect(names).toHaveText(["Beacon", "Second beacon", "Other"]);
  await expectAccessible(page);

  for (const name of ["Beacon", "Second beacon"]) {
    await row(page, name).getByRole("button", { name: "Start" }).click();
    await expectRow(page, name, "Started");
  }
  const all = (await (await panel.api("GET", "/instances/")).json()) as Array<{ id: number; name: string; pid: number; gpu_ids: string }>;
  const second = all.find((one) => one.name === "Second beacon");
  expect(second?.gpu_ids).toBe("1");
  expect(all.filter((one) => lives(one.pid)).map((one) => one.name)).toEqual(["Beacon", "Second beacon"]);
  const log = (await (await panel.api("GET", `/instances/${second?.id}/logs?offset=0`)).json()) as { content: string };
  expect(log.content).toContain(`instances/${parent.dir} as Second beacon`);

  for (const name of ["Beacon", "Second beacon"]) {
    await row(page, name).getByRole("button", { name: "Stop" }).click();
    await expectRow(page, name, "Stopped");
  }
  await choose(page, "Beacon", "Delete…");
  const question = page.getByRole("dialog", { name: "Delete Beacon" });
  await expect(question).toContainText("These satellites stand on it: Second beacon");
  await question.getByRole("link", { name: "Close" }).click();
  await choose(page, "Second beacon", "Delete…");
  await page.getByRole("dialog").getByRole("button", { name: hasScripts() ? "Move to the trash" : "Delete" }).click();
  await expect(row(page, "Beacon")).toBeVisible();
  expect(existsSync(join(panel.dataDir, "instances", parent.dir, "launch.sh"))).toBe(true);
});

test("a satellite offers neither clone nor satellite, and families move together", async ({ page, panel }) => {
  const parent = await panel.create("Sun", "test-logs");
  await panel.create("Comet", "test-logs");
  await panel.api("POST", `/instances/${parent.id}/instantiate`, { new_name: "Moon" });
  await openDashboard(page);
  await row(page, "Moon").getByLabel("More for Moon").click();
  await expect(row(page, "Moon").getByRole("link", { name: "Details" })).toBeVisible();
  await expect(row(page, "Moon").getByRole("link", { name: /Clone|satellite/ })).toHaveCount(0);
  await page.keyboard.press("Escape");
  const names = page.locator("tbody tr .app-name__name");
  await expect(names).toHaveText(["Sun", "Moon", "Comet"]);
  await choose(page, "Sun", "Move down");
  await expect(names).toHaveText(["Comet", "Sun", "Moon"]);
  await page.reload();
  await expect(names).toHaveText(["Comet", "Sun", "Moon"]);
});

test("a satellite's script is its parent's: it can be read, and says whose it is; while it runs, the parent's stays @no-js", async ({
  page,
  panel,
}) => {
  panel.blueprint("lighthouse", "exec sleep 600");
  const parent = (await panel.create("Tower", "lighthouse")) as unknown as { id: number; dir: string };
  const made = await panel.api("POST", `/instances/${parent.id}/instantiate`, { new_name: "Lamp" });
  const { id } = (await made.json()) as { id: number };
  await openScript(id);
  await expect(page.getByText("“Lamp” is a satellite and runs with the files of “Tower”; edit them there.").first()).toBeVisible();
  const text = page.getByRole("textbox", { name: "launch.sh" });
  if (hasScripts()) {
    await expect(text).toContainText("exec sleep 600");
    await text.click();
    await page.keyboard.type("# not mine to change");
    await expect(text).not.toContainText("not mine");
  } else {
    await expect(text).toHaveAttribute("readonly", "");
  }
  await expect(page.getByRole("button", { name: "Save", exact: true })).toHaveCount(0);
  await expectAccessible(page);

  await panel.run(id);
  await openScript(parent.id);
  await expect(page.getByText("“Tower” cannot be changed while a satellite runs from its directory; stop Lamp first.").first()).toBeVisible();
  // What the page does not offer, the API refuses too, and says who is in the way.
  for (const [method, path, body] of [
    ["PUT", "file", { content: "exec other\n" }],
    ["POST", "rebuild", {}],
    ["POST", "copy", {}],
    ["DELETE", "", { mode: "trash" }],
  ] as const) {
    const refused = await panel.api(method, `/instances/${parent.id}${path && "/"}${path}`, body);
    expect(refused.status, path).toBe(409);
    expect(await refused.text(), path).toContain("Lamp");
  }
  const again = await panel.api("POST", `/instances/${id}/instantiate`, { new_name: "Third" });
  expect(again.status).toBe(409);
  expect(existsSync(join(panel.dataDir, "instances", parent.dir, "launch.sh"))).toBe(true);

  async function openScript(of: number): Promise<void> {
    if (hasScripts()) await openDashboard(page, `/?log=${of}&tool=script`);
    else await page.goto(`/instances/${of}/script`);
  }
});
