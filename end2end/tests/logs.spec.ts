// The log as people read it.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { choose, expect, expectAccessible, expectRow, expectSoon, openDashboard, type Panel, row, test } from "./panel.ts";

const talk = String.raw`
printf '<b>not bold</b> & <img src=x onerror=alert(1)>\n'
printf '\033[31mred words\033[0m plain words\n'
for number in $(seq 1 40); do echo "needle $number in the hay"; done
printf '\rsampling  10%%|█         | 1/10'
printf '\rsampling  50%%|█████     | 5/10'
exec sleep infinity`;

/** An instance with its log open as a page. */
async function openLog(page: Page, panel: Panel, name: string, script: string): Promise<number> {
  const blueprint = name.toLowerCase().replaceAll(" ", "-");
  panel.blueprint(blueprint, script);
  const { id } = await panel.create(name, blueprint);
  await panel.run(id);
  await page.goto(`/instances/${id}/logs`);
  return id;
}

test("a log is text with its colours, and a progress bar stands only at the foot @no-js", async ({ page, panel }) => {
  await openLog(page, panel, "Talker", talk);
  const log = page.getByRole("region", { name: "Log" });
  await expectSoon(page, (timeout) => expect(log).toContainText("needle 40 in the hay", { timeout }));
  await log.evaluate((element) => element.scrollTo(0, 0));
  await expect(log).toContainText("<b>not bold</b> & <img src=x onerror=alert(1)>");
  await expect(log.getByRole("img")).toHaveCount(0);
  const colour = (text: string) => log.getByText(text, { exact: true }).evaluate((element) => getComputedStyle(element).color);
  expect(await colour("red words")).not.toBe(await log.evaluate((element) => getComputedStyle(element).color));
  await expect(page.getByRole("progressbar", { name: "sampling" })).toHaveAttribute("aria-valuenow", "50");
  await expect(log).not.toContainText("sampling");
  // Scripts or not, it is a plain link.
  await expect(page.getByRole("link", { name: "Download the whole log" })).toBeVisible();
  await expectAccessible(page);
});

test("a search counts, and Enter goes from hit to hit", async ({ page, panel }) => {
  await openLog(page, panel, "Haystack", talk);
  const log = page.getByRole("region", { name: "Log" });
  await expect(log).toContainText("needle 40");
  const field = page.getByLabel("Search the log");
  await field.fill("NEEDLE");
  await expect(page.getByText("40 of 40", { exact: true })).toBeVisible();
  await field.press("Enter");
  await expect(page.getByText("1 of 40", { exact: true })).toBeVisible();
  await expect(log).toContainText("needle 1 in the hay");
  await field.press("Shift+Enter");
  await expect(page.getByText("40 of 40", { exact: true })).toBeVisible();
  await field.fill("not there");
  await expect(page.getByText(/^(No hits|0 of 0|None)$/i)).toBeVisible();
});

test("the run before stays to be read, and the download holds every line", async ({ page, panel }) => {
  const id = await openLog(page, panel, "Twice", 'echo "this is run $(date +%N)"\nexec sleep infinity');
  const log = page.getByRole("region", { name: "Log" });
  await expect(log).toContainText(/this is run \d+/);
  const first = /this is run \d+/.exec(await log.innerText())?.[0] ?? "";
  await panel.api("POST", `/instances/${id}/restart`);
  await expect(page.getByRole("link", { name: /^Run 2 · now/ })).toBeVisible();
  await expect(log).not.toContainText(first);
  await expect(log).toContainText(/this is run \d+/);
  await page.getByRole("link", { name: /^Run 1\b/ }).click();
  await expect(page).toHaveURL(/run=1$/);
  await expect(log).toContainText(first);
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "Download the whole log" }).click(),
  ]);
  expect(readFileSync(await download.path(), "utf8")).toContain(first);
});

test("120,000 lines stay light, and scrolling up stops following", async ({ page, panel }) => {
  const go = join(panel.dataDir, "go");
  const id = await openLog(
    page,
    panel,
    "Flood",
    `echo ready\nwhile [ ! -e "${go}" ]; do sleep 0.1; done\nseq -f 'line %.0f of a flood' 1 120000\nexec sleep infinity`,
  );
  const log = page.getByRole("region", { name: "Log" });
  await expect(page.getByTitle(/^Connected/)).toBeVisible();
  await expect(log).toContainText("ready");
  writeFileSync(go, "");
  await expect(log).toContainText("line 120000 of a flood", { timeout: 60_000 });
  expect(await log.locator("div").count()).toBeLessThan(300);

  const follow = page.getByRole("button", { name: "Follow" });
  await expect(follow).toHaveAttribute("aria-pressed", "true");
  await log.hover();
  await page.mouse.wheel(0, -4000);
  await expect(follow).toHaveAttribute("aria-pressed", "false");
  await expect(log).not.toContainText("line 120000 of a flood");
  await follow.click();
  await expect(log).toContainText("line 120000 of a flood");
  await page.getByLabel("Search the log").fill("line 60000 of");
  await expect(page.getByText("1 of 1", { exact: true })).toBeVisible();
  await expect(log).toContainText("line 60000 of a flood");
  expect(await log.locator("div").count()).toBeLessThan(300);
  await panel.api("POST", `/instances/${id}/stop`);
});

test("the tools pane follows the chosen instance live", async ({ page, panel }) => {
  const { id } = await panel.create("Ticker", "test-logs");
  await panel.create("Quiet", "test-logs");
  await openDashboard(page);
  await page.getByLabel("Instance whose log is shown").selectOption("Ticker");
  await expect(page).toHaveURL(new RegExp(`log=${id}`));
  await row(page, "Ticker").getByRole("button", { name: "Start" }).click();
  await expectRow(page, "Ticker", "Started");
  await expect(page.getByRole("region", { name: "Log of Ticker" })).toContainText("step done in 41 ms");
  await choose(page, "Ticker", "Logs");
  await expect(page.getByRole("heading", { name: "Ticker" })).toBeVisible();
});
