// Pictures for people: the README shows them. `npm run pictures` makes them anew.
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { type Panel, expect, openDashboard, row, test } from "./panel.ts";

const pictures = join(import.meta.dirname, "..", "screenshots");

async function take(page: Page, name: string): Promise<void> {
  await page.evaluate(() => document.fonts.ready);
  await page.screenshot({ path: join(pictures, `${name}.png`), animations: "disabled" });
}

async function theme(page: Page, panel: Panel, name: "dark" | "light"): Promise<void> {
  await page.context().addCookies([{ name: "aikore_theme", value: name, url: panel.url }]);
}

/** The charts begin empty with every page and get a reading a second; a picture of them needs some. */
async function filled(page: Page): Promise<void> {
  const line = page.getByRole("img", { name: /^CPU load/ }).locator("path").last();
  const readings = async () => ((await line.getAttribute("d")) ?? "").split("L").length;
  await expect.poll(readings, { timeout: 120_000 }).toBeGreaterThan(25);
}

/** Looks like a training; the end of it, or the middle. */
const training = String.raw`
source "$SD_INSTALL_DIR/functions.sh"
begin
set +u
printf '\033[2m09:12:40\033[0m reading 128 images from \033[36mdatasets/portraits\033[0m\n'
printf '\033[2m09:12:41\033[0m base model: \033[1mmodels/base-v2.safetensors\033[0m (6.9 GB)\n'
printf '\033[2m09:12:44\033[0m \033[32mready\033[0m: rank 16, batch 2, 1500 steps\n'
for step in $(seq 50 50 600); do
  printf '\033[2m09:%02d:%02d\033[0m step \033[36m%4d\033[0m  loss 0.%d  lr 1e-4\n' $((13 + step / 60)) $((step % 60)) $step $((1900 - step))
done
printf '\033[33mWARNING\033[0m gradient norm 8.41 was clipped to 1.00\n'
printf '\033[2m09:24:02\033[0m saved \033[35moutputs/portraits/step-600.safetensors\033[0m\n'
if [ -n "$FAILS" ]; then
  printf '\033[1;31mERROR\033[0m out of GPU memory at step 612: wanted 2.4 GiB, 1.1 GiB free\n'
  exit 1
fi
while true; do
  for done in $(seq 1 60); do
    printf '\rtraining  %3d%%|          | %d/1500 [11:20<16:40,  1.38it/s]' $((40 + done / 4)) $((600 + done * 4))
    sleep 0.5
  done
done`;

test("the panel at work @pictures", async ({ page, panel }) => {
  test.setTimeout(600_000);
  panel.blueprint("Trainer", training);
  const datasette = await panel.create("Datasette", "Datasette", { autostart: true });
  const gradio = await panel.create("Image demo", "Gradio", { gpu_ids: "0" });
  const logs = await panel.create("Portrait style", "Trainer", { gpu_ids: "1", autostart: true });
  const failed = await panel.create("Landscape style", "Trainer", { gpu_ids: "0", env_vars: "FAILS=1" });
  await panel.create("Notes", "JupyterLab");
  await panel.create("Scratch", "test-logs");
  await panel.api("POST", `/instances/${datasette.id}/start`);
  await panel.api("POST", `/instances/${gradio.id}/start`);
  await panel.api("POST", `/instances/${failed.id}/start`);
  await panel.run(logs.id);
  for (const { id } of [datasette, gradio]) {
    await expect.poll(async () => (await panel.get(id)).status, { timeout: 400_000 }).toBe("started");
  }
  await expect.poll(async () => (await panel.get(failed.id)).status).toBe("error");

  for (const name of ["dark", "light"] as const) {
    const suffix = name === "light" ? "-light" : "";
    await theme(page, panel, name);
    await page.setViewportSize({ width: 1440, height: 900 });
    await openDashboard(page, `/?log=${logs.id}`);
    await filled(page);
    await expect(row(page, "Portrait style")).toContainText("Started");
    await expect(page.getByRole("region", { name: "Log of Portrait style" })).toContainText("step-600.safetensors");
    await take(page, `dashboard-1440${suffix}`);
    await openDashboard(page, `/?log=${logs.id}&open=${failed.id}`);
    await expect(page.getByRole("dialog", { name: "Landscape style" })).toBeVisible();
    await take(page, `drawer-1440${suffix}`);
    await page.goto(`/instances/${logs.id}/logs`);
    await expect(page.getByRole("region", { name: "Log" })).toContainText("step-600.safetensors");
    await take(page, `logs-1440${suffix}`);
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto("/");
    await expect(page.getByTitle(/^Connected/)).toBeAttached();
    await take(page, `dashboard-390${suffix}`);
  }
  await page.setViewportSize({ width: 1440, height: 900 });
  await page.goto("about:blank");
  await page.context().clearCookies({ name: "aikore_session" });
  for (const name of ["dark", "light"] as const) {
    await theme(page, panel, name);
    await page.goto("/login");
    await expect(page.getByLabel("Password", { exact: true })).toBeVisible();
    await take(page, name === "light" ? "login-1440-light" : "login-1440");
  }
});
