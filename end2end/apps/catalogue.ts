// Real web UIs, and what a person does with each of them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, type Page } from "@playwright/test";
import type { Way } from "./ways.ts";

export interface App {
  name: string;
  /** The blueprint, where it is called otherwise. */
  blueprint?: string;
  /** Ways it cannot work on; the check of the ways must say so. */
  brokenOn?: Way[];
  /** Puts files beside its script before the first start. */
  prepare?(directory: string): void;
  /** Whether its blueprint is one of the program's own; otherwise it lies beside this file. */
  stock: boolean;
  /** What a page of it asks for beside the address of the instance. */
  query?: string;
  /** What does not arrive below the panel, and is done without: the check of the ways must name it. */
  lacksBelow?: string;
  /** Uses it, on its page that was just opened; fails when something does not work. */
  use(page: Page): Promise<void>;
}

const long = { timeout: 60_000 };

export const apps: App[] = [
  {
    name: "Datasette",
    stock: true,
    async use(page) {
      await page.getByRole("link", { name: "sample", exact: true }).first().click();
      await page.getByRole("link", { name: "planets", exact: true }).first().click();
      await page.getByRole("link", { name: "Saturn" }).first().click();
      await expect(page.getByText("120536").or(page.getByText("120,536")).first()).toBeVisible();
    },
  },
  {
    name: "Gradio",
    stock: true,
    // The picture comes through the queue, whose news are server-sent events.
    async use(page) {
      await page.getByRole("textbox").first().fill("a lighthouse at dusk");
      await page.getByRole("button", { name: "Generate" }).click();
      await expect(page.locator("img[src*='file=']").first()).toBeVisible(long);
      await expect(page.getByLabel("Status")).toHaveValue(/^Saved /, long);
    },
  },
  {
    // As people write them: it believes to be at the root, wherever it is.
    name: "Rooted",
    blueprint: "Gradio",
    stock: true,
    brokenOn: ["path"],
    prepare(directory) {
      const app = `import os
import gradio as gr
app = gr.Interface(lambda name: f"Hello {name}", "text", "text", api_name="greet")
app.launch(server_name=os.environ["WEBUI_HOST"], server_port=int(os.environ["WEBUI_PORT"]))
`;
      writeFileSync(join(directory, "app.py"), app);
    },
    async use(page) {
      await page.getByRole("textbox").first().fill("world");
      await page.getByRole("button", { name: "Submit" }).click();
      await expect(page.getByLabel("output")).toHaveValue("Hello world", { timeout: 20_000 });
    },
  },
  {
    name: "JupyterLab",
    stock: true,
    // As for the first time, whatever was open before.
    query: "lab?reset",
    // The kernel is behind a WebSocket.
    async use(page) {
      await page.locator(".jp-LauncherCard[data-category='Notebook']").first().click(long);
      // JupyterLab forgets a cell that is run before its kernel is there.
      await expect(page.getByText("Python 3 (ipykernel) | Idle")).toBeVisible(long);
      await page.locator(".jp-Notebook .jp-CodeCell .cm-content").first().click();
      await page.keyboard.type("print(6 * 7)");
      await page.keyboard.press("Shift+Enter");
      await expect(page.locator(".jp-OutputArea-output").first()).toHaveText(/42/, long);
    },
  },
  {
    name: "Marimo",
    stock: true,
    query: "?file=welcome.py",
    // Cells are run, and widgets told, over a WebSocket.
    async use(page) {
      const result = page.getByText(/\d+ times 7 is \d+/).first();
      const run = page.getByTestId("run-button").last();
      // Who comes second finds the session of who was there before.
      await expect(result.or(run).first()).toBeVisible(long);
      await expect(async () => {
        if (!(await result.isVisible())) await run.click({ timeout: 5_000 });
        await expect(result).toBeVisible({ timeout: 10_000 });
      }).toPass(long);
      const before = Number.parseInt((await result.textContent(long)) ?? "", 10);
      const after = before < 10 ? before + 1 : before - 1;
      await page.getByRole("slider").first().focus();
      await page.keyboard.press(before < after ? "ArrowRight" : "ArrowLeft");
      await expect(page.getByText(`${after} times 7 is ${after * 7}`).first()).toBeVisible(long);
    },
  },
  {
    name: "Streamlit",
    stock: false,
    // Everything it shows comes over a WebSocket.
    async use(page) {
      await expect(page.getByText("6 times 7 is 42.")).toBeVisible(long);
      await page.getByLabel("Number").fill("9");
      await page.keyboard.press("Enter");
      await expect(page.getByText("9 times 7 is 63.")).toBeVisible(long);
      await page.locator("input[type=file]").setInputFiles({ name: "a.bin", mimeType: "application/octet-stream", buffer: Buffer.alloc(3_000_000, 7) });
      await expect(page.getByText("a.bin has 3000000 bytes.")).toBeVisible(long);
    },
  },
  {
    name: "TensorBoard",
    stock: false,
    // Its fonts are asked for at the root, whatever it was told.
    lacksBelow: "/font-roboto/",
    async use(page) {
      await expect(page.getByText("loss").first()).toBeVisible(long);
      // The curve is drawn, point by point.
      const drawn = () => page.locator("line-chart svg path, line-chart canvas").count();
      await expect.poll(drawn, long).toBeGreaterThan(0);
      const chart = page.locator("scalar-card line-chart").first();
      await chart.hover();
      await expect(page.getByText("first").first()).toBeVisible();
    },
  },
  {
    name: "Node-RED",
    stock: false,
    // What the button sends comes back over a WebSocket.
    async use(page) {
      await page.locator("#red-ui-workspace .red-ui-flow-node").first().waitFor(long);
      await page.keyboard.press("Control+g");
      await page.keyboard.press("d");
      await page.locator(".red-ui-flow-node-button-button").first().click();
      await expect(page.locator(".red-ui-debug-msg").filter({ hasText: "six times seven" }).first()).toBeVisible(long);
    },
  },
];
