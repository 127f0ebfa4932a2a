// The panel may be killed at any moment; what it started goes on and is found again.
import { expect, lives, row, test } from "./panel.ts";

test("killing the panel with -9 stops nothing, loses no log line, and starts no second copy", async ({ page, panel }) => {
  const created = await panel.api("POST", "/instances/", { name: "Survivor", base_blueprint: "test-logs" });
  const { id } = (await created.json()) as { id: number };
  await panel.api("POST", `/instances/${id}/start`);
  await page.goto(`/?log=${id}`);
  await expect(row(page, "Survivor")).toContainText("Started");
  const before = (await (await panel.api("GET", `/instances/${id}`)).json()) as { pid: number; started_at: number };

  await panel.end("SIGKILL");
  expect(lives(before.pid)).toBe(true);
  await expect(page.getByText(/reconnecting/i).first()).toBeVisible();

  await panel.start();
  await expect(page.getByText(/reconnecting/i)).toHaveCount(0);
  await expect(row(page, "Survivor")).toContainText("Started");
  const after = (await (await panel.api("GET", `/instances/${id}`)).json()) as { pid: number; started_at: number };
  expect(after.pid).toBe(before.pid);
  expect(after.started_at).toBe(before.started_at);

  // test-logs numbers its lines: the log holds each once, also those written while no panel ran.
  const numbers = async () => {
    const { content } = (await (await panel.api("GET", `/instances/${id}/logs?offset=0`)).json()) as { content: string };
    return [...content.matchAll(/^(\d{8}) /gm)].map((match) => Number(match[1]));
  };
  await expect.poll(async () => (await numbers()).length).toBeGreaterThan(20);
  const seen = await numbers();
  expect(seen).toEqual(seen.map((_, index) => index + 1));

  await row(page, "Survivor").getByRole("button", { name: "Stop" }).click();
  await expect(row(page, "Survivor")).toContainText("Stopped");
  expect(lives(before.pid)).toBe(false);
});
