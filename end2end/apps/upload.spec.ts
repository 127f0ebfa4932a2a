// A file of 200 MB through Gradio's upload: it arrives whole, and the panel holds none of it in memory.
import { createHash, randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "@playwright/test";
import { expect, type Panel } from "../tests/panel.ts";
import { start, stop, test } from "./stage.ts";
import { apps } from "./catalogue.ts";
import { home, open, type Way } from "./ways.ts";

const megabytes = 200;

/** Tells what it was sent. */
const receiver = (root: string) => `
import hashlib, os
import gradio as gr

def tell(path):
    if path is None:
        return ""
    with open(path, "rb") as file:
        return f"{os.path.getsize(path)} {hashlib.file_digest(file, 'sha256').hexdigest()}"

with gr.Blocks() as app:
    file = gr.File(label="File")
    told = gr.Textbox(label="Told")
    file.change(tell, file, told)

app.launch(server_name=os.environ["WEBUI_HOST"], server_port=int(os.environ["WEBUI_PORT"]),
           root_path=${root})
`;

/** Noise in a file, and what it must be when it arrives. */
function noise(path: string): string {
  const hash = createHash("sha256");
  const file = openSync(path, "w");
  for (let written = 0; written < megabytes; written++) {
    const block = randomBytes(1_000_000);
    hash.update(block);
    writeSync(file, block);
  }
  closeSync(file);
  return `${megabytes * 1_000_000} ${hash.digest("hex")}`;
}

/** Memory of the panel that is no file's, kB. */
function held(panel: Panel): number {
  const line = /RssAnon:\s+(\d+) kB/.exec(readFileSync(`/proc/${panel.pid}/status`, "utf8"));
  return Number(line?.[1]);
}

async function send(browser: Browser, panel: Panel, address: string, path: string, expected: string): Promise<number> {
  const context = await browser.newContext();
  await context.addCookies([{ name: "aikore_session", value: panel.session, url: home(panel) }]);
  const page = await context.newPage();
  await page.goto(address);
  await expect(page.getByText("Drop File Here").first()).toBeVisible();
  const before = held(panel);
  let most = before;
  const watching = setInterval(() => (most = Math.max(most, held(panel))), 20);
  try {
    await page.locator("input[type=file]").setInputFiles(path);
    await expect(page.getByLabel("Told")).toHaveValue(expected, { timeout: 300_000 });
  } finally {
    clearInterval(watching);
  }
  await context.close();
  return most - before;
}

for (const way of ["path", "login port"] satisfies Way[]) {
  test(`${megabytes} MB go up whole through the ${way}, and the panel stays small`, async ({ panel, browser }) => {
    const gradio = apps.find(({ name }) => name === "Gradio");
    if (!gradio) throw new Error("no Gradio");
    const id = await start(panel, gradio, (directory) => {
      // Gradio is told where it is, and that is one place only.
      const root = way === "path" ? 'os.environ["SUBFOLDER"].rstrip("/")' : '""';
      writeFileSync(join(directory, "app.py"), receiver(root));
    });
    const path = test.info().outputPath("noise.bin");
    const expected = noise(path);
    const address = await open(panel, id, way);
    const grown = await send(browser, panel, address, path, expected);
    console.log(`${way}: ${megabytes} MB arrived whole, the panel held ${grown} kB more at most`);
    expect(grown).toBeLessThan(16 * 1024);
    await stop(panel, id);
  });
}
