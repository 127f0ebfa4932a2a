// Editing in the table and in the drawer, while the panel goes on.
import { choose, expect, expectAccessible, expectRow, type Instance, openDashboard, row, test } from "./panel.ts";

test("a field keeps what is typed while the status changes", async ({ page, panel }) => {
  const { id } = await panel.create("Steady", "test-logs");
  await openDashboard(page);
  await choose(page, "Steady", "Edit");
  const edited = page.getByRole("row").filter({ has: page.getByLabel("Name", { exact: true }) });
  const name = edited.getByLabel("Name", { exact: true });
  await expect(name).toBeFocused();
  await name.fill("Steady as");
  await panel.run(id);
  await expect(edited).toContainText("Started");
  await expect(name).toHaveValue("Steady as");
  await expect(name).toBeFocused();
  await page.keyboard.type(" a rock");
  await panel.api("POST", `/instances/${id}/stop`);
  await expect(edited).toContainText("Stopped");
  await expect(name).toHaveValue("Steady as a rock");
  await expect(edited).toContainText("was Steady");
  await page.keyboard.press("Enter");
  await expect(row(page, "Steady as a rock")).toBeVisible();
  expect((await panel.get(id)).name).toBe("Steady as a rock");
});

test("saving several rows says first which restart", async ({ page, panel }) => {
  const running = await panel.create("Running", "test-logs");
  const idle = await panel.create("Idle", "test-logs");
  await panel.run(running.id);
  const { pid } = await panel.get(running.id);
  await openDashboard(page);
  for (const name of ["Running", "Idle"]) {
    await row(page, name).getByRole("button", { name: `Change the GPUs of ${name}` }).click();
    await row(page, name).getByLabel("GPUs").fill("0");
  }
  await page.getByRole("button", { name: "Save changes (2)" }).click();
  const preview = page.getByRole("dialog", { name: "One instance needs a restart" });
  await expect(preview).toContainText("Running: GPUs. It runs, and needs a restart for this.");
  await expect(preview).toContainText("Idle: GPUs. Nothing restarts.");
  await expectAccessible(page);
  await preview.getByRole("button", { name: "Save and restart Running" }).click();
  await expect(preview).toHaveCount(0);
  await expect.poll(async () => (await panel.get(running.id)).pid).not.toBe(pid);
  await expectRow(page, "Running", "Started");
  await expectRow(page, "Idle", "Stopped");
  await expect(page.getByRole("button", { name: /^Save changes/ })).toHaveCount(0);
  expect((await panel.get(idle.id)).row_version).toBeGreaterThan(idle.row_version);
});

test("a row changed elsewhere is a sentence and loses nothing", async ({ page, panel }) => {
  const { id, row_version } = await panel.create("Shared", "test-logs");
  await openDashboard(page);
  await choose(page, "Shared", "Edit");
  const name = page.getByLabel("Name", { exact: true });
  await name.fill("Mine");
  await panel.api("PUT", `/instances/${id}`, { row_version, gpu_ids: "1" });
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("Somebody else changed “Shared” meanwhile. GPUs is now 1.");
  await expect(name).toHaveValue("Mine");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(row(page, "Mine")).toContainText("1");
});

test("undo puts a row back", async ({ page, panel }) => {
  await panel.create("Wavering", "test-logs");
  await openDashboard(page);
  await choose(page, "Wavering", "Edit");
  await page.getByLabel("Name", { exact: true }).fill("Decided");
  await page.getByRole("button", { name: "Undo", exact: true }).first().click();
  await expect(row(page, "Wavering")).toBeVisible();
  await expect(page.getByRole("button", { name: /^Save/ })).toHaveCount(0);
});

test("the focus goes into the field that opens, and back", async ({ page, panel }) => {
  await panel.create("Keyed", "test-logs");
  await openDashboard(page);
  const name = page.getByRole("link", { name: "Keyed", exact: true });
  await page.getByRole("button", { name: "Change the GPUs of Keyed" }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("GPUs", { exact: true })).toBeFocused();
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await expect(name).toBeFocused();
  for (const leave of ["Escape", "Enter"]) {
    await page.keyboard.press("F2");
    await expect(page.getByLabel("Name", { exact: true })).toBeFocused();
    await page.keyboard.press(leave);
    await expect(name).toBeFocused();
  }
  await row(page, "Keyed").getByLabel(/access of Keyed/).click();
  await row(page, "Keyed").getByRole("button", { name: "Change the port" }).click();
  await expect(page.getByLabel("Port", { exact: true })).toBeFocused();
});

test("another kind of link is no conflict with what is typed", async ({ page, panel }) => {
  await panel.create("Both", "test-logs");
  await openDashboard(page);
  await choose(page, "Both", "Edit");
  const edited = page.getByRole("row").filter({ has: page.getByLabel("Name", { exact: true }) });
  await edited.getByLabel("Name", { exact: true }).fill("Both of them");
  await edited.getByLabel("More for Both").click();
  await edited.getByRole("link", { name: "Details" }).click();
  const drawer = page.getByRole("dialog", { name: "Both" });
  await drawer.getByText("Path", { exact: true }).click();
  await expect(drawer.getByRole("radio", { name: "Path" })).toBeChecked();
  await drawer.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("dialog", { name: "Both of them" })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveCount(0);
});

test("a port to choose has its holder's present name", async ({ page, panel }) => {
  const { id } = await panel.create("Holder", "test-logs");
  const { public_port } = await panel.get(id);
  await openDashboard(page);
  await page.getByRole("link", { name: "New instance" }).click();
  const port = page.getByLabel("Port", { exact: true });
  await port.selectOption(String(public_port));
  await expect(port).toContainText(`${public_port}, also Holder`);
  await panel.api("PUT", `/instances/${id}`, { name: "Renamed" });
  await expect(port).toContainText(`${public_port}, also Renamed`);
  await expect(port).toHaveValue(String(public_port));
});

test("the drawer edits everything @no-js", async ({ page, panel }) => {
  const { id } = await panel.create("Deep", "test-logs");
  await openDashboard(page);
  await row(page, "Deep").getByRole("link", { name: "Deep", exact: true }).click();
  const drawer = page.getByRole("dialog", { name: "Deep" });
  await expectAccessible(page);
  await drawer.getByLabel("Launch arguments").fill("--one\n--two");
  await drawer.getByLabel("Variables").fill("TEST_LOGS_RATE=9");
  await drawer.getByRole("button", { name: "Save" }).click();
  await expect.poll(async () => (await panel.get(id)) as unknown).toMatchObject({
    launch_args: "--one\n--two",
    env_vars: "TEST_LOGS_RATE=9",
  });
});

test("a tab with unsaved edits asks before it closes", async ({ page, panel }) => {
  await panel.create("Fragile", "test-logs");
  await openDashboard(page);
  await choose(page, "Fragile", "Edit");
  await page.getByLabel("Name", { exact: true }).fill("Broken");
  const asked = page.waitForEvent("dialog");
  await page.close({ runBeforeUnload: true });
  const question = await asked;
  expect(question.type()).toBe("beforeunload");
  await question.dismiss();
  await page.getByRole("button", { name: "Undo", exact: true }).first().click();
  await expect(row(page, "Fragile")).toBeVisible();
  let again = false;
  page.on("dialog", () => (again = true));
  const closed = page.waitForEvent("close");
  await page.close({ runBeforeUnload: true });
  await closed;
  expect(again).toBe(false);
});

test("rows are dragged by the mouse", async ({ page, panel }) => {
  const names = ["One", "Two", "Three"];
  for (const name of names) await panel.create(name, "test-logs");
  await openDashboard(page);
  const order = () => page.getByRole("checkbox", { name: /^Select (?!all)/ }).evaluateAll((boxes) => boxes.map((box) => box.ariaLabel));
  const drag = async (from: string, to: string) => {
    await page.getByRole("button", { name: new RegExp(`^Move ${from}`) }).hover();
    await page.mouse.down();
    const box = await row(page, to).boundingBox();
    if (!box) throw new Error(`${to} is not visible`);
    await page.mouse.move(box.x + 100, box.y + box.height / 2, { steps: 8 });
  };
  await drag("Three", "One");
  await page.mouse.up();
  await expect.poll(order).toEqual(["Select Three", "Select One", "Select Two"]);
  await expect(page.getByText("Three is now row 1 of 3.")).toBeAttached();
  const saved = async () => ((await (await panel.api("GET", "/instances/")).json()) as Instance[]).map(({ name }) => name);
  await expect.poll(saved).toEqual(["Three", "One", "Two"]);
  await drag("Three", "Two");
  await expect.poll(order).toEqual(["Select One", "Select Two", "Select Three"]);
  await page.mouse.up();
  await expect.poll(saved).toEqual(["One", "Two", "Three"]);
});

test("rows are moved by keys", async ({ page, panel }) => {
  for (const name of ["One", "Two", "Three"]) await panel.create(name, "test-logs");
  await openDashboard(page);
  const order = () => page.getByRole("checkbox", { name: /^Select (?!all)/ }).evaluateAll((boxes) => boxes.map((box) => box.ariaLabel));
  await page.getByRole("button", { name: /^Move Three/ }).focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(order).toEqual(["Select One", "Select Three", "Select Two"]);
  await expect(page.getByText("Three is now row 2 of 3.")).toBeAttached();
  await page.getByRole("link", { name: "One", exact: true }).focus();
  await page.keyboard.press("Alt+ArrowDown");
  await expect.poll(order).toEqual(["Select Three", "Select One", "Select Two"]);
  await expect(page.getByRole("link", { name: "One", exact: true })).toBeFocused();
  await expect
    .poll(async () => ((await (await panel.api("GET", "/instances/")).json()) as Array<{ name: string }>).map(({ name }) => name))
    .toEqual(["Three", "One", "Two"]);
});

test("tabs filter by status, and say how many there are @no-js", async ({ page, panel }) => {
  const { id } = await panel.create("Up", "test-logs");
  await panel.create("Down", "test-logs");
  await panel.run(id);
  await openDashboard(page);
  const tabs = page.getByRole("navigation", { name: "Filter by status" });
  await expect(tabs.getByRole("link", { name: "All 2" })).toBeVisible();
  await tabs.getByRole("link", { name: "Running 1" }).click();
  await expect(row(page, "Up")).toBeVisible();
  await expect(row(page, "Down")).toHaveCount(0);
  await tabs.getByRole("link", { name: "Attention 0" }).click();
  await expect(page.getByText("Nothing needs attention. Good.")).toBeVisible();
  await page.getByRole("link", { name: "Show all 2" }).click();
  await expect(row(page, "Down")).toBeVisible();
});

test("the link is copied whole", async ({ page, panel }) => {
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  const { id } = await panel.create("Linked", "test-logs");
  await openDashboard(page);
  await page.getByRole("button", { name: "Copy the link of Linked" }).click();
  await expect(page.getByText("The link is on the clipboard.")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe((await panel.get(id)).open_url);
});
