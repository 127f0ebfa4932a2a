// Cloning: settings and files, not the environment; watched and cancelled. Interruption: the engine's tests.
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { choose, expect, expectAccessible, expectRow, expectSoon, hasScripts, openDashboard, row, test } from "./panel.ts";

interface Made {
  id: number;
  dir: string;
}

test("an instance is cloned with its files and without its environment @no-js", async ({ page, panel }) => {
  panel.blueprint("maker", 'test -d env && echo "found it" || mkdir env\necho ready; exec sleep 600', "log:ready");
  const source = (await panel.create("Maker", "maker", { launch_args: "--kept" })) as unknown as Made;
  const own = join(panel.dataDir, "instances", source.dir);
  mkdirSync(join(own, "env", "bin"), { recursive: true });
  writeFileSync(join(own, "env", "pyvenv.cfg"), "home = /usr/bin");
  writeFileSync(join(own, "notes.txt"), "mine");
  await page.goto("/");
  await choose(page, "Maker", "Clone…");
  const dialog = page.getByRole("dialog", { name: "Clone Maker" });
  await expect(dialog).toContainText("Its environment (env) is made anew");
  await expect(dialog.getByLabel("Name of the clone")).toHaveValue("Maker copy");
  await expectAccessible(page);
  await dialog.getByLabel("Name of the clone").fill("maker");
  await dialog.getByRole("button", { name: "Clone" }).click();
  await expect(dialog.getByRole("alert")).toContainText("already an instance called “Maker”");
  await dialog.getByLabel("Name of the clone").fill("Maker two");
  await dialog.getByRole("button", { name: "Clone" }).click();
  await expectRow(page, "Maker two", "Stopped");
  const all = (await (await panel.api("GET", "/instances/")).json()) as Array<Made & { name: string; launch_args: string }>;
  expect(all.map((one) => one.name)).toEqual(["Maker", "Maker two"]);
  const copy = join(panel.dataDir, "instances", all[1]?.dir ?? "");
  expect(all[1]?.launch_args).toBe("--kept");
  expect(existsSync(join(copy, "notes.txt"))).toBe(true);
  expect(existsSync(join(copy, "env"))).toBe(false);
  await row(page, "Maker two").getByRole("button", { name: "Start" }).click();
  await expectRow(page, "Maker two", "Started");
  expect(existsSync(join(copy, "env"))).toBe(true);
});

test("a running instance is not cloned @no-js", async ({ page, panel }) => {
  panel.blueprint("steady", "exec sleep 600");
  const { id } = await panel.create("Steady", "steady");
  await panel.run(id);
  await page.goto(`/?clone=${id}`);
  const dialog = page.getByRole("dialog", { name: "Clone Steady" });
  await expect(dialog).toContainText("Stop what runs first");
  await expect(dialog.getByRole("button", { name: "Clone" })).toBeDisabled();
});

test("a clone shows how far it is, and goes when it is cancelled @no-js", async ({ page, panel }) => {
  const source = (await panel.create("Large", "test-logs")) as unknown as Made;
  const own = join(panel.dataDir, "instances", source.dir);
  // Many names cost time and no room: the copy is under way for seconds, a click later than its row is too soon for it.
  const names = 60_000;
  mkdirSync(join(own, "many"));
  for (let number = 0; number < names; number++) closeSync(openSync(join(own, "many", `${number}`), "w"));
  if (hasScripts()) await openDashboard(page);
  const copied = await panel.api("POST", `/instances/${source.id}/copy`, { new_name: "Large copy" });
  expect(copied.status).toBe(202);
  if (!hasScripts()) await page.goto("/");
  const copy = row(page, "Large copy");
  await expect(copy).toContainText("Installing");
  if (hasScripts()) await expect(copy).toContainText(/copied/);
  await copy.getByRole("button", { name: "Cancel the copy" }).click();
  await expectSoon(page, (timeout) => expect(copy).toHaveCount(0, { timeout }));
  await expect.poll(() => readdirSync(join(panel.dataDir, "instances"))).toEqual([source.dir]);
  await expectRow(page, "Large", "Stopped");
});
