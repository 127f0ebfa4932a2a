// GPUs: choosing them by name, and the question before a start that does not fit. Each with and without scripts.
import { expect, expectAccessible, expectRow, hasScripts, openDashboard, type Panel, row } from "./panel.ts";
import { gpus, test, untilHeld } from "./nvml.ts";

const GIB = 1024 ** 3;

test.beforeEach(async ({ nvml, panel }) => {
  nvml.says("");
  panel.blueprint("Large", "while true; do sleep 1; done", "process", ["min_vram_mb = 12288"]);
  await expect.poll(async () => (await gpus(panel)).map(({ free }) => free / GIB)).toEqual([24, 24]);
});

/** “Holder” runs and holds 18 GiB of GPU 0; “Wanting” needs 12 there. */
async function crowded(panel: Panel, says: (state: string) => void): Promise<{ holder: number; wanting: number }> {
  const holder = await panel.create("Holder", "Large", { gpu_ids: "0" });
  const wanting = await panel.create("Wanting", "Large", { gpu_ids: "0" });
  await panel.run(holder.id);
  says(`process 0 ${(await panel.get(holder.id)).pid} 18432 50\n`);
  await untilHeld(panel, 0, "Holder");
  return { holder: holder.id, wanting: wanting.id };
}

test("a start that does not fit asks, and another GPU is one click away @no-js", async ({ page, panel, nvml }) => {
  const { wanting } = await crowded(panel, (state) => nvml.says(state));
  await openDashboard(page);
  await row(page, "Wanting").getByRole("button", { name: "Start" }).click();
  const dialog = page.getByRole("dialog", { name: "Wanting may not find enough GPU memory" });
  await expect(dialog).toContainText("“Wanting” needs 12.0 GiB of GPU memory; GPU 0 has 6.0 GiB free (“Holder” holds 18.0 GiB).");
  await expect(page).toHaveURL(new RegExp(`[?&]start=${wanting}$`));
  expect((await panel.get(wanting)).status).toBe("stopped");
  await expectAccessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(dialog.getByRole("button", { name: "Start on GPU 1 instead" })).toBeInViewport();
  await expectAccessible(page);
  await page.setViewportSize({ width: 1440, height: 900 });
  await dialog.getByRole("button", { name: "Start on GPU 1 instead" }).click();
  await expect(dialog).toHaveCount(0);
  await expectRow(page, "Wanting", "Started");
  expect(await panel.get(wanting)).toMatchObject({ gpu_ids: "1" });
});

test("who holds the memory is stopped first where that is wanted @no-js", async ({ page, panel, nvml }) => {
  const { holder, wanting } = await crowded(panel, (state) => nvml.says(state));
  await openDashboard(page);
  await row(page, "Wanting").getByRole("button", { name: "Start" }).click();
  const dialog = page.getByRole("dialog", { name: "Wanting may not find enough GPU memory" });
  const stop = dialog.getByRole("button", { name: "Stop Holder, then start" });
  await expect(stop).toBeVisible();
  // Its memory is back as soon as it has ended.
  nvml.says("");
  await stop.click();
  await expect(dialog).toHaveCount(0);
  await expectRow(page, "Holder", "Stopped");
  await expectRow(page, "Wanting", "Started");
  expect((await panel.get(holder)).status).toBe("stopped");
  expect(await panel.get(wanting)).toMatchObject({ gpu_ids: "0" });
});

test("it starts as it is where a person insists, and not where nobody does @no-js", async ({ page, panel, nvml }) => {
  const { wanting } = await crowded(panel, (state) => nvml.says(state));
  await openDashboard(page);
  await row(page, "Wanting").getByRole("button", { name: "Start" }).click();
  const dialog = page.getByRole("dialog", { name: "Wanting may not find enough GPU memory" });
  await dialog.getByRole("link", { name: "Cancel" }).click();
  await expect(dialog).toHaveCount(0);
  await expectRow(page, "Wanting", "Stopped");
  await row(page, "Wanting").getByRole("button", { name: "Start" }).click();
  await dialog.getByRole("button", { name: "Start anyway" }).click();
  await expect(dialog).toHaveCount(0);
  await expectRow(page, "Wanting", "Started");
  expect(await panel.get(wanting)).toMatchObject({ gpu_ids: "0" });
});

test("GPUs are ticked by name, with what is free and who uses the rest @no-js", async ({ page, panel, nvml }) => {
  const { wanting } = await crowded(panel, (state) => nvml.says(state));
  await openDashboard(page, `/?open=${wanting}`);
  const drawer = page.getByRole("dialog", { name: "Wanting" });
  const field = drawer.getByRole("group", { name: "GPUs" });
  const [first, second] = [field.getByLabel("0 · Stub RTX 0"), field.getByLabel("1 · Stub RTX 1")];
  await expect(first).toBeChecked();
  await expect(second).not.toBeChecked();
  await expect(field).toContainText("GPU 0: 6.0 GiB free of 24.0 GiB");
  await expect(field).toContainText("Holder 18.0 GiB");
  await expect(field).toContainText("Nobody uses it.");
  await expectAccessible(page);
  await second.check({ force: true });
  await first.uncheck({ force: true });
  if (hasScripts()) await expect(field).toContainText("was 0");
  await drawer.getByRole("button", { name: "Save" }).click();
  await expect.poll(async () => ((await panel.get(wanting)) as unknown as { gpu_ids: string }).gpu_ids).toBe("1");
  // None means all of them.
  await openDashboard(page, `/?open=${wanting}`);
  await second.uncheck({ force: true });
  await drawer.getByRole("button", { name: "Save" }).click();
  await expect.poll(async () => ((await panel.get(wanting)) as unknown as { gpu_ids: null }).gpu_ids).toBe(null);
});

test("what names GPUs that are not there stays a text", async ({ page, panel }) => {
  const { id } = await panel.create("Elsewhere", "Large", { gpu_ids: "7" });
  await openDashboard(page, `/?open=${id}`);
  await expect(page.getByRole("dialog", { name: "Elsewhere" }).getByRole("textbox", { name: "GPUs" })).toHaveValue("7");
});

test("a new instance chooses its GPU by name @no-js", async ({ page, panel, nvml }) => {
  await crowded(panel, (state) => nvml.says(state));
  await openDashboard(page, "/?new=1");
  const choice = page.getByRole("combobox", { name: "GPUs" });
  await expect(choice.getByRole("option")).toHaveText(["All", /^0 · Stub RTX 0 · 6.0 GiB free \(Holder 18.0 GiB\)$/, /^1 · Stub RTX 1 · 24.0 GiB free$/]);
  await page.getByRole("textbox", { name: "Name" }).first().fill("Chosen");
  await page.getByRole("combobox", { name: "Blueprint" }).first().selectOption({ label: "Large" });
  await choice.selectOption("1");
  await page.getByRole("button", { name: "Create" }).click();
  await expect(row(page, "Chosen")).toBeVisible();
  const list = (await (await panel.api("GET", "/instances/")).json()) as Array<{ name: string; gpu_ids: string }>;
  expect(list.find(({ name }) => name === "Chosen")?.gpu_ids).toBe("1");
});
