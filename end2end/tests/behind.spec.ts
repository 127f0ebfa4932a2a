// The panel below a prefix of another host, behind Debian's nginx.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, type Page } from "@playwright/test";
import { choose, expect, expectAccessible, expectRow, freePort, hasScripts, Panel, password, row } from "./panel.ts";

const prefix = "/aikore";

/** nginx with one location that leads to the panel; what a person would write, nothing rewritten. */
class Nginx {
  readonly directory = mkdtempSync(join(tmpdir(), "aikore-nginx-"));
  url = "";
  private child?: ChildProcess;

  async start(panel: string): Promise<void> {
    const port = await freePort();
    this.url = `http://127.0.0.1:${port}`;
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((of) => `${of}_temp_path ${this.directory}/${of};`);
    const config = `
      daemon off; pid ${this.directory}/pid; error_log ${this.directory}/errors;
      events {}
      http {
        access_log off; ${temporary.join(" ")}
        map $http_upgrade $connection_upgrade { default upgrade; '' close; }
        server {
          listen 127.0.0.1:${port};
          location ${prefix}/ {
            proxy_pass ${panel};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Upgrade $http_upgrade;
            proxy_set_header Connection $connection_upgrade;
            proxy_set_header X-Forwarded-For $remote_addr;
            proxy_set_header X-Forwarded-Proto $scheme;
          }
        }
      }`;
    const file = join(this.directory, "nginx.conf");
    writeFileSync(file, config);
    const path = `${process.env.PATH}:/usr/sbin`;
    this.child = spawn("nginx", ["-c", file, "-e", join(this.directory, "errors")], { stdio: "inherit", env: { ...process.env, PATH: path } });
    await expect.poll(() => fetch(`${this.url}${prefix}/api/health`).then((answer) => answer.status, () => 0)).toBe(200);
  }

  async remove(): Promise<void> {
    if (this.child && this.child.exitCode === null) {
      const gone = once(this.child, "exit");
      this.child.kill("SIGTERM");
      await gone;
    }
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const test = base.extend<{ panel: Panel; nginx: Nginx; page: Page }>({
  panel: async ({}, use) => {
    const panel = new Panel(["--base-path", prefix, "--trusted-proxies", "127.0.0.1"]);
    await panel.start();
    await use(panel);
    await panel.remove();
  },
  nginx: async ({ panel }, use) => {
    const nginx = new Nginx();
    await nginx.start(panel.url);
    await use(nginx);
    await nginx.remove();
  },
  // An error on the console, a request that fails or one that leaves the prefix fails the test.
  page: async ({ page, nginx }, use) => {
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (line) => line.type() === "error" && errors.push(`${line.text()} ${line.location().url}`));
    page.on("request", (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(`${nginx.url}${prefix}/`)) errors.push(`outside: ${request.url()}`);
    });
    await use(page);
    expect(errors).toEqual([]);
  },
});

test("a panel below a prefix behind nginx is set up, runs an app and shows it @no-js", async ({ page, panel, nginx }) => {
  const home = `${nginx.url}${prefix}/`;
  await expect.poll(() => panel.output).toContain(`${prefix}/setup?token=`);
  const { search } = new URL(await panel.setupLink());
  await page.goto(`${home}setup${search}`);
  for (const field of await page.locator("input[type=password]").all()) await field.fill(password);
  await page.getByRole("button", { name: /^Set password/ }).click();
  await expect(page).toHaveURL(home);

  await page.getByRole("link", { name: "Create an instance of test-logs" }).click();
  await page.getByLabel("Name", { exact: true }).fill("Behind");
  await page.getByRole("button", { name: "Create" }).click();
  await row(page, "Behind").getByRole("button", { name: "Start" }).click();
  await expectRow(page, "Behind", "Started");
  await expectAccessible(page);

  const open = row(page, "Behind").getByRole("link", { name: "Open", exact: true });
  await expect(open).toHaveAttribute("href", `${home}instance/behind/`);
  const opening = page.context().waitForEvent("page");
  await open.click();
  const app = await opening;
  await expect(app.getByText(/Behind|test-logs/).first()).toBeVisible();
  await app.close();

  await choose(page, "Behind", "Logs");
  await expect(page).toHaveURL(/\/aikore\/instances\/\d+\/logs$/);
  if (hasScripts()) await expect(page.getByRole("region", { name: "Log" })).toContainText("reading model.safetensors");
  await page.getByRole("link", { name: "Back to the instances" }).click();
  await expect(page).toHaveURL(home);
  await row(page, "Behind").getByRole("button", { name: "Stop" }).click();
  await expectRow(page, "Behind", "Stopped");

  await page.getByLabel("Account").click();
  await page.getByRole("button", { name: "Log out" }).click();
  await expect(page).toHaveURL(new RegExp(`^${home}login`));
});
