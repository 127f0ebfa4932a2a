import { test as base } from "@playwright/test";
import { Panel, expect, expectAccessible, password } from "./panel.ts";

// The first start is part of these journeys, so each has a panel of its own.
const test = base.extend<{ panel: Panel }>({
  panel: async ({}, use) => {
    const panel = new Panel();
    await panel.start();
    await use(panel);
    await panel.remove();
  },
});

test("the printed link leads to a password, once, and the password opens the panel @no-js", async ({ page, panel }) => {
  const link = await panel.setupLink();
  await page.goto(link);
  await expectAccessible(page);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel(/again/i).fill(password);
  await page.getByRole("button", { name: /password/i }).last().click();
  await expect(page.getByRole("heading", { name: "Nothing is installed yet" })).toBeVisible();
  await expectAccessible(page);

  await page.context().clearCookies();
  await page.goto(link);
  await expect(page.getByLabel(/again/i)).toHaveCount(0);

  await page.goto(`${panel.url}/?log=1`);
  await expect(page).toHaveURL(/\/login/);
  await expectAccessible(page);
  await page.getByLabel("Password", { exact: true }).fill("wrong horse");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toContainText(/wrong|not right/i);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(`${panel.url}/?log=1`);
});

test("logging out closes the panel for this browser", async ({ page, panel }) => {
  await panel.setUp();
  await page.context().addCookies([{ name: "aikore_session", value: panel.session, url: panel.url }]);
  await page.goto(panel.url);
  await page.getByLabel(/account/i).click();
  await page.getByRole("button", { name: /log out/i }).click();
  await expect(page).toHaveURL(/\/login/);
  expect((await panel.api("GET", "/instances/")).status).toBe(401);
});
