// Starts a real panel with an empty data directory for each worker, and logs the pages in.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Locator, type Page } from "@playwright/test";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const program = process.env.AIKORE ?? join(root, "target/debug/aikore");

export const password = "correct horse";

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** One panel process and its data directory; the directory outlives the process. */
export class Panel {
  readonly dataDir = mkdtempSync(join(tmpdir(), "aikore-journey-"));
  url = "";
  /** What the program printed. */
  output = "";
  /** The session cookie once a password was chosen. */
  session = "";
  private child?: ChildProcess;
  private port = 0;
  private ports = "";

  /** Starts the program; returns when it answers. */
  async start(): Promise<void> {
    if (!this.port) {
      this.port = await freePort();
      // Workers run side by side: each has its own range of public ports.
      const first = 21000 + 40 * Number(process.env.TEST_PARALLEL_INDEX ?? 0);
      this.ports = `${first}-${first + 39}`;
    }
    this.url = `http://127.0.0.1:${this.port}`;
    const child = spawn(
      program,
      [
        ...["--addr", `127.0.0.1:${this.port}`, "--data-dir", this.dataDir],
        ...["--instance-port-range", this.ports, "--stop-instances-on-exit"],
      ],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1" } },
    );
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => (this.output += data));
    await expect
      .poll(async () => {
        if (child.exitCode !== null) throw new Error(`the panel ended:\n${this.output}`);
        return fetch(`${this.url}/api/health`).then((answer) => answer.status, () => 0);
      })
      .toBe(200);
  }

  /** The one-time link of the first start. */
  setupLink(): string {
    const link = /http:\/\/\S+\/setup\?token=\S+/.exec(this.output)?.[0];
    if (!link) throw new Error(`no setup link in:\n${this.output}`);
    return link;
  }

  /** Chooses the password as the setup form does. */
  async setUp(): Promise<void> {
    await expect.poll(() => this.output).toContain("/setup?token=");
    const token = new URL(this.setupLink()).searchParams.get("token") ?? "";
    const answer = await fetch(`${this.url}/setup`, {
      method: "POST",
      redirect: "manual",
      headers: { origin: this.url },
      body: new URLSearchParams({ token, password, again: password }),
    });
    const cookie = /aikore_session=([^;]+)/.exec(answer.headers.get("set-cookie") ?? "");
    if (!cookie?.[1]) throw new Error(`no session after set-up: ${answer.status} ${await answer.text()}`);
    this.session = cookie[1];
  }

  /** Asks the REST API. */
  async api(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.url}/api${path}`, {
      method,
      headers: { cookie: `aikore_session=${this.session}`, origin: this.url, "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  }

  /** The panel's pid. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Ends the panel with `signal` and waits until it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill(signal);
    await gone;
  }

  /** Ends the panel and its instances and removes its data. */
  async remove(): Promise<void> {
    await this.end("SIGTERM");
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** `page` is logged in to `panel`; an error on the page's console or a hydration mismatch fails the test. */
export const test = base.extend<{ page: Page }, { panel: Panel }>({
  panel: [
    async ({}, use) => {
      const panel = new Panel();
      await panel.start();
      await panel.setUp();
      await use(panel);
      await panel.remove();
    },
    { scope: "worker", timeout: 120_000 },
  ],
  baseURL: async ({ panel }, use) => use(panel.url),
  page: async ({ page, panel }, use) => {
    await page.context().addCookies([{ name: "aikore_session", value: panel.session, url: panel.url }]);
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (line) => {
      if (line.type() === "error" || /hydrat/i.test(line.text())) errors.push(line.text());
    });
    await use(page);
    expect(errors).toEqual([]);
  },
});

export { expect };

/** No violation that axe knows on the present page. */
export async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
}

/** The table row of an instance. */
export function row(page: Page, name: string): Locator {
  return page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
}

/** Whether a process with this pid lives (a zombie does not). */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
