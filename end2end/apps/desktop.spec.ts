// A real web UI in the kiosk browser of a desktop: what was typed there stays when every tab is closed, and can be
// reached without scripts, too.
import { test } from "../desktops/stage.ts";
import { expect } from "../tests/panel.ts";

test.setTimeout(1_200_000);

// Where they are in the app, as a window of this size shows it.
const prompt = { x: 400, y: 163 };
const generate = { x: 258, y: 464 };

test("Gradio on a desktop keeps a prompt that nobody looks at", async ({ page, panel, browser }) => {
  const { id } = await panel.create("Persistent", "Gradio", { persistent_mode: true });
  await panel.api("POST", `/instances/${id}/start`);
  await expect.poll(async () => (await panel.get(id)).status, { timeout: 600_000 }).toBe("started");
  await expect.poll(async () => (await panel.get(id)).open_url).toContain("/desktop/");
  const log = async () => (await panel.api("GET", `/instances/${id}/logs/download`)).text();
  const { open_url: address } = await panel.get(id);

  const viewer = await page.context().newPage();
  await viewer.goto(address);
  await expect(viewer.locator("canvas, video").first()).toBeVisible();
  // The kiosk browser has loaded the app once its button does what it says.
  await expect(async () => {
    await viewer.mouse.click(prompt.x, prompt.y);
    await viewer.keyboard.press("Control+a");
    await viewer.keyboard.type("a red fox", { delay: 30 });
    await viewer.mouse.click(generate.x, generate.y);
    await expect.poll(log, { timeout: 10_000 }).toContain("'a red fox': step 20/20");
  }).toPass({ timeout: 180_000 });
  await viewer.mouse.click(prompt.x, prompt.y);
  await viewer.keyboard.press("End");
  await viewer.keyboard.type(" in the snow", { delay: 30 });
  await viewer.close();

  const again = await page.context().newPage();
  await again.goto(address);
  await expect(again.locator("canvas, video").first()).toBeVisible();
  await expect(async () => {
    await again.mouse.click(generate.x, generate.y);
    await expect.poll(log, { timeout: 10_000 }).toContain("'a red fox in the snow': step 20/20");
  }).toPass();
  await again.close();

  const plain = await browser.newContext({ javaScriptEnabled: false });
  await plain.addCookies([{ name: "aikore_session", value: panel.session, url: panel.url }]);
  const lite = await plain.newPage();
  await lite.goto(`${panel.url}/lite/instances/${id}/desktop`);
  const click = async ({ x, y }: { x: number; y: number }) => {
    const shown = lite.getByRole("button", { name: "What the desktop shows. Choose a place to click on it." });
    const width = (await shown.boundingBox())?.width ?? 0;
    const scale = width / (page.viewportSize()?.width ?? width);
    await shown.click({ position: { x: x * scale, y: y * scale } });
  };
  await click(prompt);
  await lite.getByRole("button", { name: "End", exact: true }).click();
  await lite.getByLabel("Text", { exact: true }).fill(" at night");
  await lite.getByRole("button", { name: "Type it" }).click();
  await click(generate);
  await expect.poll(log).toContain("'a red fox in the snow at night': step 20/20");
  await lite.screenshot({ path: test.info().outputPath("lite.png"), fullPage: true });
  await plain.close();
});
