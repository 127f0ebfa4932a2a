// Alerts: rules, what they find, who is told. The same steps with and without scripts.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Locator, Page } from "@playwright/test";
import { expect, expectAccessible, expectSoon, hasScripts, openDashboard, type Panel, test } from "./panel.ts";

interface Rule {
  id: number;
  name: string;
  condition: { kind: string; metric?: string; threshold?: number };
  for_s: number;
  enabled: boolean;
}

/** A receiver of messages. */
class Receiver {
  readonly heard: Array<{ path: string; body: string }> = [];
  answer = 204;
  private readonly server: Server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", () => {
      this.heard.push({ path: request.url ?? "", body });
      response.writeHead(this.answer).end();
    });
  });

  async begin(): Promise<string> {
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/hook/s3cret`;
  }

  end(): void {
    this.server.close();
  }
}

async function rules(panel: Panel): Promise<Rule[]> {
  return (await (await panel.api("GET", "/v1/alerts/rules")).json()) as Rule[];
}

/** Rules as a new panel has them, nobody who is told. */
async function fresh(panel: Panel): Promise<void> {
  for (const { id } of (await rules(panel)).slice(4)) await panel.api("DELETE", `/v1/alerts/rules/${id}`);
  for (const { id } of await rules(panel)) await panel.api("POST", `/v1/alerts/rules/${id}/silence`, { seconds: 0 });
  const hooks = (await (await panel.api("GET", "/v1/alerts/webhooks")).json()) as Array<{ id: number }>;
  for (const { id } of hooks) await panel.api("DELETE", `/v1/alerts/webhooks/${id}`);
}

/** An instance that was killed. */
async function crashed(panel: Panel, name: string): Promise<number> {
  panel.blueprint("Studio", "while true; do sleep 1; done");
  const { id } = await panel.create(name, "Studio");
  await panel.run(id);
  process.kill((await panel.get(id)).pid, "SIGKILL");
  await expect.poll(async () => (await panel.get(id)).status).toBe("error");
  return id;
}

function listed(page: Page, table: string, name: string): Locator {
  return page.getByRole("table", { name: table }).getByRole("row").filter({ hasText: name });
}

test.beforeEach(async ({ panel }) => fresh(panel));

test("a new panel watches what everybody wants to know, and has said nothing @no-js", async ({ page }) => {
  await page.goto("/");
  await page.getByRole("banner").getByRole("link", { name: "Alerts" }).click();
  await expect(page).toHaveURL(/\/alerts$/);
  await expect(page.getByRole("heading", { name: "Alerts", exact: true })).toBeVisible();
  await expect(listed(page, "Rules", "A disk is nearly full")).toContainText("Free space below 5 %");
  await expect(listed(page, "Rules", "A GPU is hot")).toContainText("Temperature above 90 °C");
  await expect(page.getByText("Nobody is told outside of this panel.")).toBeVisible();
  await expectAccessible(page);
  await page.setViewportSize({ width: 390, height: 844 });
  await expectAccessible(page);
  await expect(listed(page, "Rules", "A GPU is hot").getByRole("link", { name: "Change A GPU is hot" })).toBeVisible();
});

test("a rule is added, refused, changed and deleted @no-js", async ({ page, panel }) => {
  await page.goto("/alerts");
  await page.getByRole("link", { name: "Add a rule…" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a rule" });
  await dialog.getByRole("textbox", { name: "Name" }).fill("Busy");
  await dialog.getByRole("combobox", { name: "Fires when" }).selectOption("above");
  await dialog.getByRole("combobox", { name: "Number" }).selectOption("temperature");
  await dialog.getByRole("combobox", { name: "Of", exact: true }).selectOption("machine");
  await dialog.getByRole("textbox", { name: "Threshold, in its unit" }).fill("99,5");
  await dialog.getByRole("spinbutton", { name: "For so many seconds" }).fill("300");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Add the rule" }).click();
  await expect(dialog.getByRole("alert")).toContainText("has no temperature");
  await expect(dialog.getByRole("textbox", { name: "Name" })).toHaveValue("Busy");
  await dialog.getByRole("combobox", { name: "Number" }).selectOption("cpu_percent");
  await dialog.getByRole("button", { name: "Add the rule" }).click();
  await expect(listed(page, "Rules", "Busy")).toContainText("CPU load above 99.5 % · The machine, for 5 min");
  await listed(page, "Rules", "Busy").getByRole("link", { name: "Change Busy" }).click();
  const change = page.getByRole("dialog", { name: "Change the rule “Busy”" });
  await expect(change.getByRole("textbox", { name: "Threshold, in its unit" })).toHaveValue("99.5");
  await change.getByRole("combobox", { name: "Number" }).selectOption("memory");
  await change.getByRole("textbox", { name: "Threshold, in its unit" }).fill("2.5");
  await change.getByRole("checkbox", { name: "Watch" }).uncheck();
  await change.getByRole("button", { name: "Save the rule" }).click();
  await expect(listed(page, "Rules", "Busy")).toContainText("Memory in use above 2.5 GB");
  await expect(listed(page, "Rules", "Busy")).toContainText("Off");
  const kept = (await rules(panel)).find(({ name }) => name === "Busy");
  expect(kept).toMatchObject({ condition: { kind: "above", metric: "memory", threshold: 2.5e9 }, for_s: 300, enabled: false });
  await listed(page, "Rules", "Busy").getByRole("link", { name: "Delete Busy" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete the rule" }).click();
  await expect(listed(page, "Rules", "Busy")).toHaveCount(0);
  expect(await rules(panel)).toHaveLength(4);
});

test("a crash is on the page, silenced, told to nobody else, and over when it runs again @no-js", async ({ page, panel }) => {
  const id = await crashed(panel, "Portrait");
  await page.goto("/alerts");
  const now = page.getByRole("region", { name: "Now" });
  await expect(now).toContainText("“Portrait” was ended by SIGKILL, not by AiKore.");
  await expect(page.getByRole("banner").getByRole("link", { name: "Alerts 1" })).toBeVisible();
  await expect(listed(page, "Rules", "An instance crashed")).toContainText("Fires");
  await expectAccessible(page);
  await now.getByLabel("Silence An instance crashed").click();
  await now.getByRole("button", { name: "Silence until it is over" }).click();
  await expect(now).toContainText("Silent until it is over");
  await expect(page.getByRole("banner").getByRole("link", { name: "Alerts", exact: true })).toBeVisible();
  await panel.run(id);
  await expectSoon(page, (timeout) => expect(now).toContainText("No rule has anything to say.", { timeout }));
  await expect(listed(page, "Before", "Portrait").first()).toContainText("silenced");
  // The silence ended with what it was for.
  await expectSoon(page, (timeout) => expect(page.getByText("Silent until it is over")).toHaveCount(0, { timeout }));
  await listed(page, "Rules", "An app does not answer").getByLabel("Silence An app does not answer").click();
  await listed(page, "Rules", "An app does not answer").getByRole("button", { name: "Silence for 8 hours" }).click();
  await expect(listed(page, "Rules", "An app does not answer")).toContainText(/Silent for (8 h|7 h 59 min) more/);
  await listed(page, "Rules", "An app does not answer").getByLabel("Silence An app does not answer").click();
  await listed(page, "Rules", "An app does not answer").getByRole("button", { name: "End the silence" }).click();
  await expect(listed(page, "Rules", "An app does not answer")).not.toContainText("Silent");
});

test("every open tab hears of an alert", async ({ page, panel }) => {
  // Without any, the dashboard has no table.
  await panel.create("Beside", "test-logs");
  const other = await page.context().newPage();
  await openDashboard(page);
  await other.goto("/trash");
  await expect(other.getByTitle(/^Connected/)).toBeAttached();
  const id = await crashed(panel, "Landscape");
  for (const tab of [page, other]) {
    const toast = tab.getByRole("status").getByRole("alert").filter({ hasText: "“Landscape” was ended by SIGKILL" });
    await expect(toast).toBeVisible();
    await expect(tab.getByRole("banner").getByRole("link", { name: "Alerts 1" })).toBeVisible();
  }
  await other.close();
  await page.getByRole("banner").getByRole("link", { name: "Alerts 1" }).click();
  await expect(page.getByRole("region", { name: "Now" })).toContainText("“Landscape” was ended by SIGKILL");
  await page.getByRole("region", { name: "Now" }).getByRole("link", { name: "Details" }).click();
  await expect(page.getByRole("dialog", { name: "Landscape" }).getByRole("heading", { name: "Ended by SIGKILL" })).toBeVisible();
  await panel.run(id);
  await expect(page.getByRole("banner").getByRole("link", { name: "Alerts", exact: true })).toBeVisible();
});

test("a webhook is told, its address stays concealed, and a test says what became of it @no-js", async ({ page, panel }) => {
  const receiver = new Receiver();
  const url = await receiver.begin();
  await page.goto("/alerts");
  await page.getByRole("link", { name: "Add a webhook…" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a webhook" });
  await dialog.getByRole("textbox", { name: "Name" }).fill("My script");
  await dialog.getByRole("textbox", { name: "Address" }).fill("ftp://nowhere");
  await expectAccessible(page);
  await dialog.getByRole("button", { name: "Add the webhook" }).click();
  await expect(dialog.getByRole("alert")).toContainText("begins with https:// or http://");
  await expect(dialog.getByRole("textbox", { name: "Name" })).toHaveValue("My script");
  await dialog.getByRole("textbox", { name: "Address" }).fill(url);
  await dialog.getByRole("button", { name: "Add the webhook" }).click();
  const hook = listed(page, "Webhooks", "My script");
  await expect(hook).toContainText("None so far");
  await expect(hook).toContainText(/JSON · http:\/\/127\.0\.0\.1:\d+\/…/);
  expect(await page.content()).not.toContain("s3cret");
  await hook.getByRole("button", { name: "Test My script" }).click();
  await expect(hook).toContainText("Taken");
  expect(receiver.heard[0]?.path).toBe("/hook/s3cret");
  expect(JSON.parse(receiver.heard[0]?.body ?? "")).toMatchObject({ source: "aikore", alert: { phase: "firing" } });
  receiver.answer = 404;
  await hook.getByRole("button", { name: "Test My script" }).click();
  await expect(hook).toContainText("Not taken");
  await expect(hook).toContainText("It answered 404.");
  await expectAccessible(page);
  // Changed without its address being typed again, it is told of a real one.
  receiver.answer = 200;
  await hook.getByRole("link", { name: "Change My script" }).click();
  const change = page.getByRole("dialog", { name: "Change the webhook “My script”" });
  await expect(change.getByRole("textbox", { name: "Address" })).toHaveValue(/…$/);
  await change.getByRole("combobox", { name: "Speaks" }).selectOption("ntfy");
  await change.getByRole("button", { name: "Save the webhook" }).click();
  await expect(hook).toContainText("ntfy");
  await crashed(panel, "Seascape");
  await expect.poll(() => receiver.heard.some(({ body }) => body.startsWith("“Seascape” was ended by SIGKILL"))).toBe(true);
  expect(receiver.heard.at(-1)?.path).toContain("/hook/s3cret?title=Alert%3A+An+instance+crashed");
  await page.goto("/alerts");
  await hook.getByRole("link", { name: "Delete My script" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete the webhook" }).click();
  await expect(page.getByText("Nobody is told outside of this panel.")).toBeVisible();
  receiver.end();
  expect(hasScripts() || (await page.content()).includes("Webhooks")).toBe(true);
});
