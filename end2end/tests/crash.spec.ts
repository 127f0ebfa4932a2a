// The crash card: why an instance ended by itself, and the bundle to pass on. With and without scripts.
import { execFileSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, expectAccessible, expectRow, hasScripts, openDashboard, type Panel, row } from "./panel.ts";
import { test, untilHeld } from "./nvml.ts";

/** Runs until the file is there, then ends as a training does whose GPU is full. */
const training = `
echo "token is $HF_TOKEN"
echo "step 1184 of 2000"
until [ -e "$INSTANCE_CONF_DIR/full" ]; do sleep 0.1; done
echo "Traceback (most recent call last):"
echo "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 24.00 GiB of which 1.07 GiB is free."
exit 1`;

/** Starts it, waits until its memory was measured, and lets it end. */
async function crash(panel: Panel, says: (state: string) => void): Promise<number> {
  panel.blueprint("Trainer", training);
  panel.blueprint("Studio", "while true; do sleep 1; done");
  const studio = await panel.create("Studio", "Studio", { gpu_ids: "0" });
  const trainer = await panel.create("Portrait", "Trainer", { gpu_ids: "0", env_vars: "HF_TOKEN=plainword" });
  await panel.run(studio.id);
  await panel.run(trainer.id);
  const [held, own] = [(await panel.get(studio.id)).pid, (await panel.get(trainer.id)).pid];
  says(`process 0 ${held} 6144 20\nprocess 0 ${own} 17000 80\n`);
  await untilHeld(panel, 0, "Portrait");
  const { dir } = (await panel.get(trainer.id)) as unknown as { dir: string };
  const folder = join(panel.dataDir, "instances", dir);
  expect(existsSync(folder)).toBe(true);
  writeFileSync(join(folder, "full"), "");
  await expect.poll(async () => (await panel.get(trainer.id)).status).toBe("error");
  says(`process 0 ${held} 6144 20\n`);
  // The next reading has seen it go: until then its memory counts as taken.
  const holders = async () => ((await (await panel.api("GET", "/v1/gpus")).json()) as { gpus: Array<{ holders: Array<{ name: string }> }> }).gpus[0]?.holders;
  await expect.poll(async () => (await holders())?.map(({ name }) => name)).toEqual(["Studio"]);
  return trainer.id;
}

test("why it ended is told with numbers, a curve, and whom to blame @no-js", async ({ page, panel, nvml }) => {
  const id = await crash(panel, (state) => nvml.says(state));
  await openDashboard(page);
  await row(page, "Portrait").getByRole("link", { name: "Why" }).click();
  await expect(page).toHaveURL(new RegExp(`open=${id}$`));
  const drawer = page.getByRole("dialog", { name: "Portrait" });
  await expect(drawer.getByRole("heading", { name: "Ran out of GPU memory" })).toBeVisible();
  await expect(drawer).toContainText("exit code 1");
  await expect(drawer).toContainText("It asked GPU 0 of those it sees for 2.50 GiB, and 1.07 GiB was free.");
  await expect(drawer).toContainText("“Studio” held 6.0 GiB of GPU memory.");
  await expect(drawer.getByRole("img", { name: /^VRAM of GPU 0: from .* then it ended$/ })).toBeVisible();
  await expect(drawer.getByRole("img", { name: /^RAM it held: from / })).toBeVisible();
  await expect(drawer.getByRole("region", { name: "Last lines of the log" })).toContainText("torch.OutOfMemoryError");
  await expectAccessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectAccessible(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth).catch(() => 390);
  expect(wide).toBeLessThanOrEqual(390);
});

test("the bundle holds what helps, and no secret @no-js", async ({ page, panel, nvml }) => {
  const id = await crash(panel, (state) => nvml.says(state));
  await openDashboard(page, `/?open=${id}`);
  const coming = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download bundle" }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe("portrait-crash.tar.gz");
  const path = await download.path();
  const names = execFileSync("tar", ["-tzf", path], { encoding: "utf8" });
  for (const name of ["crash.json", "log.txt", "instance.json", "launch.sh", "machine.json"]) expect(names).toContain(name);
  const text = execFileSync("tar", ["-xzOf", path], { encoding: "utf8" });
  expect(text).toContain("torch.OutOfMemoryError");
  expect(text).not.toContain("plainword");
});

test("the next step is one click away: another GPU with room @no-js", async ({ page, panel, nvml }) => {
  const id = await crash(panel, (state) => nvml.says(state));
  await openDashboard(page, `/?open=${id}`);
  const drawer = page.getByRole("dialog", { name: "Portrait" });
  await expect(drawer.getByRole("button", { name: "Stop Studio, then start" })).toBeVisible();
  await expect(drawer.getByRole("button", { name: "Start again" })).toBeVisible();
  await drawer.getByRole("button", { name: "Start on GPU 1 instead" }).click();
  await expect.poll(async () => ((await panel.get(id)) as unknown as { gpu_ids: string }).gpu_ids).toBe("1");
  // The file is there still, so it ends at once.
  await expectRow(page, "Portrait", "Error");
});

test("an end by a signal is told as one, and nothing is made up about memory @no-js", async ({ page, panel }) => {
  panel.blueprint("Studio", "while true; do sleep 1; done");
  const studio = await panel.create("Killed", "Studio");
  await panel.run(studio.id);
  process.kill((await panel.get(studio.id)).pid, "SIGKILL");
  await expect.poll(async () => (await panel.get(studio.id)).status).toBe("error");
  await openDashboard(page, `/?open=${studio.id}`);
  const drawer = page.getByRole("dialog", { name: "Killed" });
  await expect(drawer.getByRole("heading", { name: "Ended by SIGKILL" })).toBeVisible();
  await expect(drawer).not.toContainText("GPU memory.");
  await drawer.getByRole("button", { name: "Start again" }).click();
  await expectRow(page, "Killed", "Started");
  if (hasScripts()) await expect(drawer.getByRole("heading", { name: "Ended by SIGKILL" })).toHaveCount(0);
});
