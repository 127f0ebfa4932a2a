// The plain pages: everything a person does, without a line of script.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { type Browser, type Page } from "@playwright/test";
import { expect, test } from "./panel.ts";

test.use({ javaScriptEnabled: false });

/** No violation that axe knows. It is a script itself, so it looks at a copy of the page where scripts run. */
async function expectAccessible(page: Page, browser: Browser): Promise<void> {
  const context = await browser.newContext({ javaScriptEnabled: true, viewport: page.viewportSize() });
  const copy = await context.newPage();
  const html = await page.content();
  // Its policy allows no script.
  await copy.route("**/*", (route) => route.fulfill({ contentType: "text/html", body: html }));
  await copy.goto("http://127.0.0.1/");
  const { violations } = await new AxeBuilder({ page: copy }).analyze();
  await context.close();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
}

/** Nothing of the page is wider than the screen. */
async function expectFits(page: Page): Promise<void> {
  const wide = await page.evaluate(() => {
    const parts = [...document.querySelectorAll("header, nav a, main, section, pre, form, input, textarea, select, .bt")];
    return parts.filter((part) => part.getBoundingClientRect().right > innerWidth + 1).map((part) => part.outerHTML.slice(0, 120));
  });
  expect(wide).toEqual([]);
}

/** Loads the page again until it says so. */
async function expectOnReload(page: Page, text: string | RegExp): Promise<void> {
  await expect(async () => {
    await page.reload();
    await expect(page.locator("main")).toContainText(text, { timeout: 1_000 });
  }).toPass({ timeout: 60_000 });
}

for (const width of [1440, 390]) {
  test(`an instance lives its whole life on plain pages, ${width} px wide`, async ({ page, panel, browser }) => {
    test.slow(); // axe looks at a dozen pages.
    await page.setViewportSize({ width, height: 900 });
    const looksWell = async () => {
      await expectAccessible(page, browser);
      await expectFits(page);
    };
    const name = `Lamp ${width}`;
    await page.goto("/lite");
    await expect(page.getByText("There is no instance yet")).toBeVisible();
    await looksWell();

    await page.getByLabel(/^Name/).fill(name);
    await page.getByLabel("Blueprint").selectOption("test-logs.sh");
    await page.getByRole("button", { name: "Create" }).click();
    await expect(page.getByRole("status")).toContainText("It is created.");
    await looksWell();
    // A name that is taken keeps what was typed.
    await page.getByRole("link", { name: "New", exact: true }).click();
    await looksWell();
    await page.getByLabel(/^Name/).fill(name);
    await page.getByLabel("Blueprint").selectOption("test-logs.sh");
    await page.getByLabel("Launch arguments").fill("--bright");
    await page.getByRole("button", { name: "Create" }).click();
    await expect(page.getByRole("alert")).toContainText("Choose another name");
    await expect(page.getByLabel("Launch arguments")).toHaveValue("--bright");
    await looksWell();

    await page.getByRole("link", { name: "Instances", exact: true }).click();
    await page.getByRole("button", { name: `Start ${name}` }).click();
    await expectOnReload(page, "● Started");
    await looksWell();
    await page.getByRole("link", { name, exact: true }).click();
    await looksWell();
    await page.getByRole("link", { name: "Log", exact: true }).click();
    await expectOnReload(page, "Download all of it");
    await expect(page.getByLabel("Log", { exact: true })).not.toBeEmpty();
    await looksWell();
    await page.getByRole("link", { name: "every 5 s" }).click();
    await expect(page.locator("meta[http-equiv=refresh]")).toHaveAttribute("content", "5");
    await page.getByRole("link", { name: "never" }).click();
    await expect(page.locator("meta[http-equiv=refresh]")).toHaveCount(0);

    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("link", { name: "Edit" }).click();
    await looksWell();
    await page.getByLabel("GPUs").fill("0");
    await page.getByLabel("Variables").fill("A=1\nB=2");
    await page.getByRole("button", { name: "Save changes" }).click();
    await expect(page.getByRole("status")).toContainText("saved");
    const all = (await (await panel.api("GET", "/instances/")).json()) as Array<{ id: number; name: string }>;
    const { id } = all.find((one) => one.name === name)!;
    expect(await panel.get(id)).toMatchObject({ gpu_ids: "0", env_vars: "A=1\nB=2" });

    await page.getByRole("link", { name: "launch.sh" }).click();
    await looksWell();
    const script = page.getByLabel("launch.sh");
    const before = await script.inputValue();
    await script.fill(`${before}\n# mine <b>&amp;</b>\n`);
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await expect(page.getByRole("status")).toContainText("It is saved.");
    await expect(script).toHaveValue(`${before}\n# mine <b>&amp;</b>\n`);
    const { dir } = (await panel.get(id)) as unknown as { dir: string };
    expect(readFileSync(join(panel.dataDir, "instances", dir, "launch.sh"), "utf8")).toContain("# mine <b>&amp;</b>");
    await looksWell();

    await page.getByRole("link", { name, exact: true }).click();
    await page.getByRole("button", { name: `Stop ${name}` }).click();
    await expectOnReload(page, "□ Stopped");
    await page.getByRole("link", { name: "Delete…" }).click();
    await expect(page.locator("main")).toContainText(/\([\d,]+ bytes\)/);
    await looksWell();
    await page.getByLabel("Delete for good").check();
    await page.getByRole("button", { name: "Delete" }).click();
    await expect(page.getByRole("alert")).toContainText("Type the name exactly");
    await expect(page.getByLabel("Delete for good")).toBeChecked();
    await page.getByLabel("Move to the trash").check();
    await page.getByRole("button", { name: "Delete" }).click();
    await expect(page.getByRole("status")).toContainText("trash");
    await expect.poll(() => existsSync(join(panel.dataDir, "trash", dir, ".aikore-instance.json"))).toBe(true);

    await page.getByRole("link", { name: "Jobs" }).click();
    await looksWell();
    await page.getByRole("link", { name: "Machine" }).click();
    await looksWell();
    await page.getByRole("link", { name: "Trash" }).click();
    await looksWell();
    await page.getByRole("button", { name: `Restore ${name}` }).click();
    await expect(page.getByRole("status")).toContainText("It is back.");
    expect(await panel.get(id)).toMatchObject({ name, gpu_ids: "0" });
  });
}

test("the login leads back, and foreign visitors get no further", async ({ page, panel }) => {
  await page.context().clearCookies();
  await page.goto("/lite/machine");
  await expect(page).toHaveURL(/\/login\?next=/);
  await page.getByLabel("Password", { exact: true }).fill("correct horse");
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${panel.url}/lite/machine`);
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page).toHaveURL(/\/login$/);
});

test("the full panel leads to the plain pages without scripts", async ({ page }) => {
  await page.goto("/");
  await page.getByLabel("Account").click();
  await page.getByRole("link", { name: "Plain pages", exact: true }).click();
  await expect(page.getByRole("heading", { name: "Instances" })).toBeVisible();
  await page.goto("/");
  await page.getByRole("link", { name: "Use the plain pages" }).click();
  await expect(page).toHaveURL(/\/lite$/);
});

test.describe("with scripts", () => {
  test.use({ javaScriptEnabled: true });

  for (const [what, files] of [["cannot be loaded", "**/frontend_bg.wasm"], ["has no glue", "**/frontend.js"]] as const) {
    test(`a program that ${what} leads to the plain pages`, async ({ context, page: { url } }) => {
      void url; // Logs the context in; its own console stays without errors.
      const page = await context.newPage();
      await page.route(files, (route) => route.abort("connectionreset"));
      await page.goto("/");
      const hint = page.getByRole("complementary", { name: "Hint" });
      await expect(hint).toContainText("does not come alive");
      await hint.getByRole("link", { name: "Use the plain pages" }).click();
      await expect(page).toHaveURL(/\/lite$/);
    });
  }

  test("a panel that comes alive shows no hint", async ({ page }) => {
    await page.goto("/");
    await expect(page.getByTitle(/^Connected/)).toBeVisible();
    await expect(page.locator("html")).toHaveAttribute("data-alive");
    await expect(page.getByText("does not come alive")).toBeHidden();
  });
});
