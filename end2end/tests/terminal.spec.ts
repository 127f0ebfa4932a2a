// Shells in the browser: typed into, resized, left, found again, cut off and ended.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Locator, Page } from "@playwright/test";
import { type Instance, type Panel, expect, expectAccessible, hasScripts, lives, openDashboard, test } from "./panel.ts";

/** The screen's text, as xterm.js draws it. */
function screen(page: Page): Locator {
  return page.locator(".xterm-rows");
}

/** Types a command; the quotes keep its echo from looking like its answer. */
async function run(page: Page, command: string): Promise<void> {
  await page.getByRole("textbox", { name: /^Terminal of/ }).focus();
  await page.keyboard.type(command);
  await page.keyboard.press("Enter");
}

async function openTerminal(page: Page, instance: Instance): Promise<void> {
  // The fragment brings the pane up on phones.
  await openDashboard(page, `/?log=${instance.id}&tool=terminal#tools`);
  await expect(page.getByRole("navigation", { name: "Terminals" }).getByRole("button", { name: "1" })).toBeVisible();
  await expect(screen(page)).toContainText(/[$#]/);
}

/** The numbers a terminal has printed, as the API counts them. */
async function terminals(panel: Panel, instance: Instance): Promise<{ id: string; printed: number; size: { cols: number; rows: number } }[]> {
  return (await (await panel.api("GET", `/instances/${instance.id}/terminals`)).json()) as never;
}

test("a terminal has the instance's directory and environment, and what it printed is there after a reload", async ({ page, panel }) => {
  const instance = (await panel.create("Shelled", "test-logs")) as Instance & { dir: string };
  const dir = join(panel.dataDir, "instances", instance.dir);
  mkdirSync(join(dir, "env/bin"), { recursive: true });
  writeFileSync(join(dir, "env/bin/activate"), `export VIRTUAL_ENV=${dir}/env PS1='(env) $ '\n`);
  await openTerminal(page, instance);
  await expectAccessible(page);
  await run(page, "basename $PWD; basename $VIRTUAL_ENV; echo 'um'laut-ä-$((6*7))");
  await expect(screen(page)).toContainText("umlaut-ä-42");
  await expect(screen(page)).toContainText("(env) $");
  await expect(screen(page)).toContainText(instance.dir);
  await page.reload();
  await expect(screen(page)).toContainText("umlaut-ä-42");
  expect((await terminals(panel, instance)).length).toBe(1);
  // What the screen answers by itself is not typed again when its question is shown again.
  await run(page, "printf '\\033[c'; read -t 1 -s -n 99 answer; echo 'got'-${#answer}");
  await expect(screen(page)).toContainText(/got-[1-9]/);
  await page.reload();
  await expect(screen(page)).toContainText(/got-[1-9]/);
  await run(page, "echo 'still'-clean");
  await expect(screen(page)).toContainText("still-clean");
  await expect(screen(page)).not.toContainText("?1;2c");
});

test("a terminal is as large as its screen, and follows it", async ({ page, panel }) => {
  const instance = await panel.create("Sized", "test-logs");
  await openTerminal(page, instance);
  const size = async () => (await terminals(panel, instance))[0]?.size;
  await expect.poll(async () => (await size())?.cols).not.toBe(80);
  const before = await size();
  await page.setViewportSize({ width: 1200, height: 800 });
  await expect.poll(async () => (await size())?.cols).not.toBe(before?.cols);
  const now = await size();
  await run(page, "stty size | tr ' ' 'x'");
  await expect(screen(page)).toContainText(`${now?.rows}x${now?.cols}`);
});

test("a cut connection comes back by itself without a byte lost", async ({ page, panel }) => {
  const instance = await panel.create("Cut", "test-logs");
  let made = 0;
  await page.routeWebSocket(/\/ws\/terminals\//, (client) => {
    const server = client.connectToServer();
    const mine = ++made;
    let messages = 0;
    server.onMessage((message) => {
      if (mine < 8 && ++messages > 12) {
        void client.close({ code: 1001 });
        void server.close({ code: 1001 });
        return;
      }
      client.send(message);
    });
  });
  await openTerminal(page, instance);
  await run(page, "for n in $(seq 400); do echo line-$n; sleep 0.01; done; echo 'al'l-of-it");
  await expect(screen(page)).toContainText("all-of-it", { timeout: 60_000 });
  expect(made).toBeGreaterThan(3);
  // The rows in sight follow each other without a gap.
  const text = await screen(page).innerText();
  const seen = [...text.matchAll(/line-(\d+)/g)].map(([, number]) => Number(number));
  expect(seen.at(-1)).toBe(400);
  expect(seen).toEqual(seen.map((_, index) => 400 - seen.length + 1 + index));
});

test("what is typed while the connection is cut again and again arrives once", async ({ page, panel }) => {
  const instance = (await panel.create("Typed", "test-logs")) as Instance & { dir: string };
  const file = join(panel.dataDir, "instances", instance.dir, "typed");
  // Every other connection ends with keys that never arrive, and the rest with keys of which nobody says that they did.
  let made = 0;
  await page.routeWebSocket(/\/ws\/terminals\//, (client) => {
    const server = client.connectToServer();
    const mine = ++made;
    const cut = () => {
      void client.close({ code: 1001 });
      void server.close({ code: 1001 });
    };
    let keys = 0;
    client.onMessage((message) => {
      if (typeof message !== "string") keys++;
      if (mine % 2 || mine > 20 || keys <= 10) server.send(message);
      if (mine <= 20 && keys > 14) cut();
    });
    server.onMessage((message) => {
      if (mine > 20 || keys <= 10) client.send(message);
    });
  });
  await openTerminal(page, instance);
  await run(page, "cat >typed");
  const lines = Array.from({ length: 25 }, (_, line) => `${line}: the quick brown fox`);
  for (const line of lines) {
    await page.keyboard.type(line);
    await page.keyboard.press("Enter");
  }
  await page.keyboard.press("Control+d");
  await run(page, "echo 'all'-of-it");
  await expect(screen(page)).toContainText("all-of-it", { timeout: 60_000 });
  expect(made).toBeGreaterThan(10);
  expect(readFileSync(file, "utf8")).toBe(lines.map((line) => `${line}\n`).join(""));
});

test("Ctrl+C ends a flood, and the page stays quick under it", async ({ page, panel }) => {
  const instance = await panel.create("Flooded", "test-logs");
  await openTerminal(page, instance);
  await run(page, "yes flood");
  await expect(screen(page)).toContainText("flood\n".trim());
  await expect.poll(async () => (await terminals(panel, instance))[0]?.printed ?? 0, { timeout: 60_000 }).toBeGreaterThan(3_000_000);
  await page.keyboard.press("Control+c");
  await run(page, "echo 'sur'vived");
  await expect(screen(page)).toContainText("survived");
});

for (const [what, fill] of [
  ["a file of a gigabyte", (file: string) => truncateSync(file, 2 ** 30)],
  ["binary garbage", (file: string) => writeFileSync(file, randomBytes(2 ** 24))],
] as const) {
  test(`Ctrl+C ends a flood of ${what}, under which the page can be used`, async ({ page, panel }) => {
    const instance = (await panel.create("Flooded", "test-logs")) as Instance & { dir: string };
    const file = join(panel.dataDir, "instances", instance.dir, "flood");
    writeFileSync(file, "");
    fill(file);
    await openTerminal(page, instance);
    await run(page, "while cat flood; do :; done");
    const printed = async () => (await terminals(panel, instance))[0]?.printed ?? 0;
    await expect.poll(printed, { timeout: 60_000 }).toBeGreaterThan(4_000_000);
    const tools = page.getByRole("navigation", { name: "Tools" });
    await tools.getByRole("link", { name: "Logs" }).click();
    await expect(screen(page)).toBeHidden();
    await tools.getByRole("link", { name: "Terminal" }).click();
    const before = await printed();
    await expect.poll(printed, { timeout: 60_000 }).toBeGreaterThan(before);
    await page.getByRole("textbox", { name: /^Terminal of/ }).focus();
    await page.keyboard.press("Control+c");
    // Garbage leaves a terminal in any state, and questions of its own that were answered, as it does everywhere.
    await expect(async () => {
      await page.keyboard.press("Control+c");
      await run(page, "printf '\\033c'; echo 'sur'vived");
      await expect(screen(page)).toContainText("survived", { timeout: 5_000 });
    }).toPass({ timeout: 60_000 });
    const after = await printed();
    await run(page, "echo 'and'-quiet");
    await expect(screen(page)).toContainText("and-quiet");
    expect((await printed()) - after).toBeLessThan(10_000);
  });
}

test("after a panel that was killed the page says that the terminal ended, and nothing is left of it", async ({ page, panel }) => {
  const instance = (await panel.create("Killed", "test-logs")) as Instance & { dir: string };
  const dir = join(panel.dataDir, "instances", instance.dir);
  await openTerminal(page, instance);
  // One that leaves the session and minds no hanging up, as daemons do.
  await run(page, "setsid sh -c 'trap \"\" HUP TERM; echo $$ >stray; while :; do sleep 1; done' & echo $$ >own");
  const pid = (name: string) => Number(existsSync(join(dir, name)) && readFileSync(join(dir, name), "utf8"));
  await expect.poll(() => pid("stray") && pid("own")).toBeGreaterThan(1);
  const [stray, own] = [pid("stray"), pid("own")];
  await panel.end("SIGKILL");
  await expect(page.getByText("The connection is lost. Trying again…")).toBeVisible();
  await expect.poll(() => lives(own)).toBe(false);
  expect(lives(stray)).toBe(true);
  await panel.start();
  await expect(page.getByText("This terminal has ended. Open another one.")).toBeVisible();
  await expect.poll(() => lives(stray)).toBe(false);
  const tabs = page.getByRole("navigation", { name: "Terminals" }).getByRole("button");
  await expect(tabs).toHaveCount(0);
  await page.getByRole("button", { name: "New terminal" }).click();
  await expect(tabs).toHaveText(["1"]);
  await run(page, "echo 'a'-new-one");
  await expect(screen(page)).toContainText("a-new-one");
});

test("terminals are searched, copied from, opened beside each other and ended", async ({ page, panel, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const instance = await panel.create("Several", "test-logs");
  await openTerminal(page, instance);
  await run(page, "seq 1000 | sed 's/^/row /'; echo 'https:'//panel.example/docs");
  await expect(screen(page)).toContainText("https://panel.example/docs");
  await page.getByRole("button", { name: "Search the terminal" }).click();
  await page.getByRole("searchbox", { name: "Search the terminal" }).fill("row 777");
  await expect(screen(page)).toContainText("row 777");
  await expect(page.getByRole("search")).toContainText("1/1");
  await page.keyboard.press("Enter");
  await page.getByRole("textbox", { name: /^Terminal of/ }).focus();
  await page.keyboard.press("Control+Shift+C");
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe("row 777");
  await page.getByRole("button", { name: "Paste" }).click();
  await page.keyboard.press("Control+c");
  const tabs = page.getByRole("navigation", { name: "Terminals" });
  await page.getByRole("button", { name: "New terminal" }).click();
  await expect(tabs.getByRole("button", { name: "2" })).toHaveAttribute("aria-current", "true");
  await expect(screen(page)).not.toContainText("row");
  await run(page, "echo 'se'cond");
  await expect(screen(page)).toContainText("second");
  await tabs.getByRole("button", { name: "1" }).click();
  await expect(screen(page)).toContainText("https://panel.example/docs");
  await page.getByRole("button", { name: /^End this terminal/ }).click();
  await expect(tabs.getByRole("button")).toHaveText(["2"]);
  await expect(screen(page)).toContainText("second");
  await run(page, "exit 3");
  await expect(page.getByRole("status").filter({ hasText: "The shell ended with code 3." })).toBeVisible();
});

test("the keyboard reaches and leaves a terminal, and its log is one click away and back", async ({ page, panel }) => {
  const instance = await panel.create("Keyed", "test-logs");
  await openTerminal(page, instance);
  await run(page, "echo 'kep't");
  await expect(screen(page)).toContainText("kept");
  await page.keyboard.press("F6");
  await expect(page.getByRole("button", { name: "New terminal" })).toBeFocused();
  const tools = page.getByRole("navigation", { name: "Tools" });
  await tools.getByRole("link", { name: "Logs" }).click();
  await expect(screen(page)).toBeHidden();
  await tools.getByRole("link", { name: "Terminal" }).click();
  await expect(screen(page)).toContainText("kept");
});

test("touch screens get the keys they lack", async ({ page, panel }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const instance = await panel.create("Touched", "test-logs");
  await openTerminal(page, instance);
  const keys = page.getByRole("toolbar", { name: "Keys" });
  await run(page, "echo 'twi'ce");
  await expect(screen(page)).toContainText("twice");
  await keys.getByRole("button", { name: "Up" }).click();
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await screen(page).innerText()).match(/twice/g)?.length).toBe(2);
  await run(page, "sleep 1000");
  await keys.getByRole("button", { name: /^Control/ }).click();
  await expect(keys.getByRole("button", { name: /^Control/ })).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.type("c");
  await run(page, "echo 'no'-sleep");
  await expect(screen(page)).toContainText("no-sleep");
  await keys.getByRole("button", { name: "Tab" }).click();
  await keys.getByRole("button", { name: "Escape" }).click();
});

test("without scripts a sentence says what a terminal needs @no-js", async ({ page, panel }) => {
  test.skip(hasScripts(), "this is about browsers without scripts");
  const instance = await panel.create("Plain", "test-logs");
  await page.goto(`/?log=${instance.id}&tool=terminal`);
  await expect(page.getByText("A terminal needs scripts.")).toBeVisible();
});
