// Desktops with the real stream: what is typed into one in a browser arrives, and is there after every tab was closed.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Panel, expect, openDashboard, row, test as base } from "./panel.ts";

const tools = join(import.meta.dirname, "../../target/tmp/desktop");

const test = base.extend<object, { panel: Panel }>({
  panel: [
    async ({}, use) => {
      const program = process.env.AIKORE ?? join(import.meta.dirname, "../../target/debug/aikore");
      // At once where it is there already.
      execFileSync(program, ["desktop", "install", "--desktop-dir", tools], { stdio: "ignore" });
      const panel = new Panel(["--desktop-dir", tools]);
      await panel.start();
      await panel.setUp();
      await use(panel);
      await panel.remove();
    },
    { scope: "worker", timeout: 300_000 },
  ],
});

/** What stands in the field of Tk demo, which prints it. */
async function typed(panel: Panel, id: number): Promise<string> {
  const log = await (await panel.api("GET", `/instances/${id}/logs/download`)).text();
  return log.split("text: ").at(-1)?.split("\n")[0] ?? "";
}

test("what is typed into a desktop stays when the tab is closed", async ({ page, panel }) => {
  const { id } = await panel.create("Window", "TkDemo");
  await openDashboard(page);
  await row(page, "Window").getByRole("button", { name: "Start" }).click();
  await expect.poll(async () => (await panel.get(id)).open_url).toContain("/instance/window/desktop/");
  const state = async () => ((await (await panel.api("GET", `/v1/instances/${id}/desktop`)).json()) as { state: string }).state;
  await expect.poll(state, { timeout: 60_000 }).toBe("ready");
  const { open_url: address } = await panel.get(id);
  const viewer = await page.context().newPage();
  await viewer.goto(address);
  const screen = viewer.locator("canvas, video").first();
  await expect(screen).toBeVisible();
  await expect(async () => {
    await viewer.mouse.click(360, 150);
    await viewer.keyboard.type("x", { delay: 30 });
    expect(await typed(panel, id)).toContain("x");
  }).toPass({ timeout: 60_000 });
  await viewer.keyboard.type("still here", { delay: 30 });
  await expect.poll(() => typed(panel, id)).toContain("still here");
  await viewer.close();

  const picture = await panel.api("GET", `/v1/instances/${id}/desktop/screenshot`);
  expect(picture.headers.get("content-type")).toBe("image/png");
  const again = await page.context().newPage();
  await again.goto(address);
  await expect(again.locator("canvas, video").first()).toBeVisible();
  expect((await panel.api("POST", `/v1/instances/${id}/desktop/input`, { kind: "text", text: " and again" })).status).toBe(204);
  await expect.poll(() => typed(panel, id)).toContain("still here and again");
  await again.close();

  // Nobody else sees it.
  const stranger = await fetch(address, { redirect: "manual", headers: { accept: "text/html" } });
  expect([302, 303, 307, 401]).toContain(stranger.status);
  await page.goto(`/?log=${id}&tool=view`);
  await expect(page.locator("iframe.embedded__app")).toHaveAttribute("src", /\/instance\/window\/desktop\//);
});
