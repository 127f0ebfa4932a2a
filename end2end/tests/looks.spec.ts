// How pages look, compared with end2end/looks: `make looks` says what is different, `make looks UPDATE=1` takes the
// pictures anew. What changes from run to run is hidden by looks.css.
import { join } from "node:path";
import type { Page } from "@playwright/test";
import { type Panel, expect, test } from "./panel.ts";

// The sheet that hides is put into the page.
test.use({ bypassCSP: true });

const widths = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };

async function filled(panel: Panel): Promise<number> {
  await panel.create("Portraits", "test-logs", { autostart: true, gpu_ids: "0" });
  const { id } = await panel.create("Landscapes of the north", "JupyterLab");
  await panel.create("Scratch", "Gradio");
  return id;
}

async function look(page: Page, address: string, name: string): Promise<void> {
  await page.goto(address);
  await page.waitForLoadState("networkidle");
  await page.evaluate(() => document.fonts.ready);
  await expect.soft(page).toHaveScreenshot(`${name}.png`, { stylePath: join(import.meta.dirname, "looks.css") });
}

for (const [place, viewport] of Object.entries(widths)) {
  for (const theme of ["dark", "light"] as const) {
    test(`pages look as they did: ${place}, ${theme} @looks`, async ({ page, panel }) => {
      test.setTimeout(600_000);
      await page.setViewportSize(viewport);
      await page.context().addCookies([{ name: "aikore_theme", value: theme, url: panel.url }]);
      const at = (name: string) => `${name}-${place}-${theme}`;
      await look(page, "/", at("empty"));
      const id = await filled(panel);
      const addresses = {
        dashboard: "/",
        "new-row": "/?new=1",
        drawer: `/?open=${id}`,
        delete: `/?delete=${id}`,
        clone: `/?clone=${id}`,
        welcome: `/?log=${id}&tool=welcome#tools`,
        alerts: "/alerts",
        "alert-rule": "/alerts?rule=new",
        blueprints: "/blueprints",
        monitoring: "/monitoring",
        trash: "/trash",
        lite: "/lite",
      };
      for (const [name, address] of Object.entries(addresses)) await look(page, address, at(name));
      await page.goto("about:blank");
      await page.context().clearCookies({ name: "aikore_session" });
      await look(page, "/login", at("login"));
    });
  }
}
