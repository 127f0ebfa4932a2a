// The environment of a real app: versions, an update that is undone, one that stays, installing, rebuilding.
import { expect, test } from "./panel.ts";

test.setTimeout(600_000);

test("a broken update is undone, a good one stays, and the environment can be made anew", async ({ page, panel }) => {
  const row = await panel.create("Tables", "Datasette");
  await panel.api("POST", `/instances/${row.id}/start`);
  await expect.poll(async () => (await panel.get(row.id)).status, { timeout: 300_000 }).toBe("started");
  await panel.api("POST", `/instances/${row.id}/stop`);
  await expect.poll(async () => (await panel.get(row.id)).status, { timeout: 60_000 }).toBe("stopped");

  await page.goto(`${panel.url}/?log=${row.id}&tool=environment`);
  const versions = page.getByRole("region", { name: "Versions" });
  await expect(versions.getByRole("cell", { name: "datasette", exact: true }).first()).toBeVisible();
  await expect(versions.getByText("All packages fit together.")).toBeVisible();

  // Jinja 2.x is what Datasette needs: an old release of it breaks the app.
  const update = page.locator("form").filter({ has: page.getByRole("button", { name: "Update safely" }) });
  await update.getByLabel("Requirements to update").fill("jinja2==2.7");
  await update.getByRole("button", { name: "Update safely" }).click();
  const newest = page.getByRole("list", { name: "Jobs" }).getByRole("listitem").first();
  await expect(newest).toContainText("The environment is as it was before.", { timeout: 240_000 });
  await expect(newest).toContainText("failed");
  await expect(versions.getByText("rolled back")).toBeVisible();
  await expect(page.getByRole("table", { name: "Packages the last update changed" })).toContainText("2.7");

  await update.getByLabel("Requirements to update").fill("click-default-group");
  await update.getByRole("button", { name: "Update safely" }).click();
  await expect(newest).toContainText("Kept", { timeout: 240_000 });
  expect((await panel.get(row.id)).status).toBe("stopped");

  const install = page.locator("form").filter({ has: page.getByRole("button", { name: "Install", exact: true }) });
  await install.getByLabel("Requirements to install").fill("--index-url=x");
  await install.getByRole("button", { name: "Install", exact: true }).click();
  await expect(install.getByRole("alert")).toContainText("options and paths are not taken");
  // Who looks for something goes on looking while the list changes.
  await versions.getByText(/\d+ packages/).click();
  const find = versions.getByLabel("Find a package");
  await find.fill("six");
  await expect(versions.getByRole("cell", { name: "six", exact: true })).toHaveCount(0);
  await install.getByLabel("Requirements to install").fill("six");
  await install.getByRole("button", { name: "Install", exact: true }).click();
  await expect(newest).toContainText("Installed.", { timeout: 120_000 });
  await expect(find).toHaveValue("six");
  await expect(versions.getByRole("cell", { name: "six", exact: true })).toBeVisible();

  await page.getByRole("button", { name: "Rebuild the environment" }).click();
  await expect(newest).toContainText("The environment was made anew", { timeout: 300_000 });
});
