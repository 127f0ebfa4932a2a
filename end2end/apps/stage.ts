// A panel for real web UIs, and how they are started and stopped there.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { test as base } from "@playwright/test";
import { expect, ownPanel, type Panel } from "../tests/panel.ts";
import type { App } from "./catalogue.ts";

const here = dirname(fileURLToPath(import.meta.url));

export const test = base.extend<object, { panel: Panel }>({
  panel: [ownPanel, { scope: "worker", timeout: 300_000 }],
});

test.setTimeout(1_200_000);

/** The script an app is made from. */
export function script(app: App): string {
  return readFileSync(join(app.stock ? join(here, "../../blueprints") : join(here, "blueprints"), `${app.blueprint ?? app.name}.sh`), "utf8");
}

/** Installs and starts an app; downloads make the first start slow. `prepare` may put files beside its script. */
export async function start(panel: Panel, app: App, prepare = app.prepare): Promise<number> {
  if (!app.stock) {
    mkdirSync(join(panel.dataDir, "blueprints"), { recursive: true });
    writeFileSync(join(panel.dataDir, "blueprints", `${app.name}.sh`), script(app));
  }
  const free = (await (await panel.api("GET", "/system/available-ports")).json()) as { available_ports: number[] };
  const instance = await panel.create(app.name, app.blueprint ?? app.name, { public_port: free.available_ports[0] });
  prepare?.(join(panel.dataDir, "instances", (instance as unknown as { dir: string }).dir));
  const { id } = instance;
  await panel.api("POST", `/instances/${id}/start`);
  const status = async () => (await panel.get(id)).status;
  await expect.poll(status, { timeout: 600_000, intervals: [500] }).toMatch(/started|error|stalled/);
  expect(await status(), await (await panel.api("GET", `/instances/${id}/logs`)).text()).toBe("started");
  return id;
}

/** Stops an instance, and deletes it so that its name is free. */
export async function stop(panel: Panel, id: number): Promise<void> {
  const { name } = await panel.get(id);
  await panel.api("POST", `/instances/${id}/stop`);
  await expect.poll(async () => (await panel.get(id)).status).toBe("stopped");
  await panel.api("DELETE", `/instances/${id}`, { mode: "permanent", confirm: name });
}
