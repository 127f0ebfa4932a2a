// Keys, the command palette, right click, and the size of panes.
import { expect, expectAccessible, expectRow, openDashboard, row, test } from "./panel.ts";

test("the palette finds instances and actions by typing", async ({ page, panel }) => {
  await panel.create("Painter", "test-logs");
  await panel.create("Reader", "test-logs");
  await openDashboard(page);
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog", { name: "Find or run" });
  const field = palette.getByRole("combobox");
  await expect(field).toBeFocused();
  await expectAccessible(page);
  await field.fill("reader sta");
  await expect(palette.getByRole("option")).toHaveText([/Start Reader/]);
  await page.keyboard.press("Enter");
  await expect(palette).toHaveCount(0);
  await expectRow(page, "Reader", "Started");
  await expectRow(page, "Painter", "Stopped");

  await page.getByRole("button", { name: "Find or run" }).click();
  await field.fill("nothing like this");
  await expect(palette.getByRole("status")).toContainText("Nothing fits");
  await field.fill("painter");
  await page.keyboard.press("ArrowDown");
  await expect(palette.getByRole("option", { selected: true })).toHaveText(/Details of Painter/);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/open=\d+/);
});

test("keys work on the row that has the focus, and are listed", async ({ page, panel }) => {
  const { id } = await panel.create("Keyed", "test-logs");
  await openDashboard(page);
  await row(page, "Keyed").getByRole("checkbox", { name: "Select Keyed" }).focus();
  await page.keyboard.press("s");
  await expectRow(page, "Keyed", "Started");
  await page.keyboard.press("l");
  await expect(page).toHaveURL(new RegExp(`log=${id}`));
  await page.keyboard.press("/");
  const search = page.getByRole("searchbox").or(page.getByPlaceholder(/search/i)).first();
  await expect(search).toBeVisible();
  await search.focus();
  await page.keyboard.press("?");
  const keys = page.getByRole("dialog", { name: "Keyboard shortcuts" });
  await expect(keys, "a question mark that is typed is text").toHaveCount(0);
  await row(page, "Keyed").getByRole("checkbox", { name: "Select Keyed" }).focus();
  await page.keyboard.press("?");
  await expect(keys).toContainText("Ctrl K");
  await expectAccessible(page);
  await page.keyboard.press("Escape");
  await expect(keys).toHaveCount(0);
});

test("what was pressed before the keys were loaded happens once they are", async ({ page, panel }) => {
  await panel.create("Early", "test-logs");
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/\/pkg\/(split|chunk)_.*\.wasm/, async (route) => {
    await held;
    await route.continue();
  });
  await openDashboard(page);
  for (let step = 0; step < 20; step++) await page.mouse.move(300 + step, 300);
  await page.keyboard.press("Control+k");
  release();
  await expect(page.getByRole("dialog", { name: "Find or run" })).toBeVisible();
});

test("a right click opens the row's menu within the window", async ({ page, panel }) => {
  await panel.create("Clicked", "test-logs");
  await openDashboard(page);
  const status = row(page, "Clicked").locator(".c-status");
  await status.click({ button: "right" });
  const item = row(page, "Clicked").getByRole("link", { name: "Details" });
  await expect(item).toBeVisible();
  const box = await row(page, "Clicked").locator(".c-act .menu").boundingBox();
  const size = page.viewportSize();
  expect(box && size && box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width && box.y + box.height <= size.height).toBe(true);
  await page.keyboard.press("Escape");
  await expect(item).toBeHidden();
  await status.click({ button: "right" });
  await item.click();
  await expect(page.getByRole("dialog", { name: "Clicked" }).or(page.getByRole("heading", { name: "Clicked" })).first()).toBeVisible();
});

test("the menu of a row opens within the window, wherever the row is and at any size of its pane", async ({ page, panel }) => {
  const names = Array.from({ length: 9 }, (_, number) => `Row ${number + 1}`);
  for (const name of names) await panel.create(name, "test-logs");
  for (const [width, height, zoom] of [[1440, 900, 100], [1440, 900, 150], [390, 844, 100], [900, 420, 100]] as const) {
    await page.context().addCookies([{ name: "aikore_zoom", value: `${zoom}-100-100`, url: panel.url }]);
    await page.setViewportSize({ width, height });
    await openDashboard(page);
    for (const name of ["Row 1", "Row 5", "Row 9"]) {
      const menu = row(page, name).locator(".c-act .menu");
      await row(page, name).getByLabel(`More for ${name}`).click();
      await expect(menu).toBeVisible();
      const isWithin = () =>
        menu.evaluate((element) => {
          const { left, top, right, bottom } = element.getBoundingClientRect();
          const [first, last] = [element.firstElementChild, element.lastElementChild].map((entry) => {
            entry?.scrollIntoView({ block: "nearest" });
            const box = entry?.getBoundingClientRect() ?? new DOMRect();
            // Nothing covers it, and no pane cuts it off.
            return document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)?.closest(".menu") === element;
          });
          return left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight && first && last;
        });
      await expect.poll(isWithin, { message: `${name} at ${width}x${height}, ${zoom} %` }).toBe(true);
      await page.keyboard.press("Escape");
      await expect(menu).toBeHidden();
      await expect(row(page, name).getByLabel(`More for ${name}`)).toBeFocused();
    }
  }
  // Where the pane is scrolled, its button would go and the menu stay.
  await row(page, "Row 1").getByLabel("More for Row 1").click();
  await expect(row(page, "Row 1").locator(".c-act .menu")).toBeVisible();
  await page.mouse.move(20, 300);
  await page.mouse.wheel(0, 200);
  await expect(row(page, "Row 1").locator(".c-act .menu")).toBeHidden();
});

test("a right click opens the menu where the pointer is, at any size of its pane", async ({ page, panel }) => {
  await panel.create("Zoomed", "test-logs");
  await page.context().addCookies([{ name: "aikore_zoom", value: "150-100-100", url: panel.url }]);
  await openDashboard(page);
  const status = (await row(page, "Zoomed").locator(".c-status").boundingBox()) ?? { x: 0, y: 0 };
  await page.mouse.click(status.x + 5, status.y + 5, { button: "right" });
  const box = await row(page, "Zoomed").locator(".c-act .menu").boundingBox();
  expect(Math.abs((box?.x ?? 0) - status.x - 5)).toBeLessThan(3);
});

test("the palette leads to copies of an instance", async ({ page, panel }) => {
  const { id } = await panel.create("Painter", "test-logs");
  await panel.api("POST", `/instances/${id}/instantiate`, { new_name: "Moon" });
  await openDashboard(page);
  const palette = page.getByRole("dialog", { name: "Find or run" });
  for (const [typed, dialog] of [
    ["clone painter", "Clone Painter"],
    ["add satellite painter", "Add a satellite to Painter"],
    ["painter as a blueprint", "Save Painter as a blueprint"],
  ] as const) {
    await page.keyboard.press("Control+k");
    await palette.getByRole("combobox").fill(typed);
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog", { name: dialog })).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
  // A satellite has no files of its own to be copied.
  await page.keyboard.press("Control+k");
  await palette.getByRole("combobox").fill("clone moon");
  await expect(palette.getByRole("status")).toContainText("Nothing fits");
});

test("the size of a pane is chosen and kept", async ({ page, panel }) => {
  await panel.create("Sized", "test-logs");
  await openDashboard(page);
  const zoom = () => page.locator(".pane--right").evaluate((pane) => getComputedStyle(pane).zoom);
  expect(await zoom()).toBe("1");
  await page.locator("#machine").getByRole("button", { name: "Size of this pane" }).click();
  const dialog = page.getByRole("dialog", { name: "Size of the machine pane" });
  await dialog.getByRole("button", { name: "Larger" }).click();
  await dialog.getByRole("button", { name: "Larger" }).click();
  await expect(dialog).toContainText("120 %");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Done" }).click();
  expect(await zoom()).toBe("1.2");
  await openDashboard(page);
  await expect.poll(zoom).toBe("1.2");
});

test("the welcome tool says where to begin, what runs and what is new", async ({ page, panel }) => {
  const { id } = await panel.create("First", "test-logs");
  await openDashboard(page, `/?log=${id}&tool=welcome`);
  const tools = page.locator("#tools");
  await expect(tools.getByRole("link", { name: /^Start it/ })).toBeVisible();
  await expect(tools).toContainText("Nothing runs now.");
  await expect(tools.getByRole("heading", { name: "What is new" })).toBeVisible();
  await expectAccessible(page);
  await tools.getByRole("button", { name: "Keyboard shortcuts" }).click();
  await expect(page.getByRole("dialog", { name: "Keyboard shortcuts" })).toContainText("Ctrl K");
  await page.keyboard.press("Escape");
  await panel.run(id);
  await expect(tools.getByRole("link", { name: "Done: Start it, and watch it install in its log" })).toBeVisible();
  await expect(tools.getByRole("link", { name: "First", exact: true })).toBeVisible();
});

test("the menu of a row leads on without scripts, too, and closes again @no-js", async ({ page, panel }) => {
  await panel.create("Plain", "test-logs");
  await openDashboard(page, "/?show=stopped");
  const button = row(page, "Plain").getByLabel("More for Plain");
  const details = row(page, "Plain").getByRole("link", { name: "Details" });
  await button.click();
  await expect(details).toBeVisible();
  await button.click();
  await expect(details).toBeHidden();
  await button.click();
  await details.click();
  await expect(page.getByRole("dialog", { name: "Plain" })).toBeVisible();
  await expect(page).toHaveURL(/show=stopped/);
});
