// Starts a real panel with an empty data directory for each worker, and logs the pages in.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AxeBuilder } from "@axe-core/playwright";
import { test as base, expect, type Locator, type Page } from "@playwright/test";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const program = process.env.AIKORE ?? join(root, "target/debug/aikore");

export const password = "correct horse";

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** What the journeys read of an instance. */
export interface Instance {
  id: number;
  name: string;
  status: string;
  pid: number;
  started_at: number;
  row_version: number;
  internal_port: number;
  public_port: number;
  open_url: string;
}

/** One panel process and its data directory; the directory outlives the process. */
export class Panel {
  readonly dataDir = mkdtempSync(join(tmpdir(), "aikore-journey-"));
  url = "";
  /** What the program printed. */
  output = "";
  /** The session cookie once a password was chosen. */
  session = "";
  /** Whether it was ended while pages were open, whose browser then reports lost connections. */
  wasEnded = false;
  private child?: ChildProcess;
  /** More options of the program, and variables of its environment. */
  private readonly options: string[];
  private readonly variables: Record<string, string>;
  private port = 0;
  private ports = "";

  constructor(options: string[] = [], variables: Record<string, string> = {}) {
    this.options = options;
    this.variables = variables;
  }

  /** Starts the program; returns when it answers. */
  async start(): Promise<void> {
    if (!this.port) {
      this.port = await freePort();
      // Workers run side by side, and perhaps other checkouts: each has its own range of public ports.
      const first = Number(process.env.AIKORE_JOURNEY_PORTS ?? 21000) + 40 * Number(process.env.TEST_PARALLEL_INDEX ?? 0);
      this.ports = `${first}-${first + 39}`;
    }
    this.url = `http://127.0.0.1:${this.port}`;
    const child = spawn(
      program,
      [
        ...["--addr", `127.0.0.1:${this.port}`, "--data-dir", this.dataDir],
        ...["--instance-port-range", this.ports, "--stop-instances-on-exit"],
        ...this.options,
      ],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NO_COLOR: "1", ...this.variables } },
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

  /** The one-time link of the first start; the program may answer before what it printed has come. */
  async setupLink(): Promise<string> {
    const printed = (): string | undefined => /http:\/\/\S+\/setup\?token=\S+(?=\s)/.exec(this.output)?.[0];
    await expect.poll(printed, { message: "the setup link" }).toBeTruthy();
    return printed() ?? "";
  }

  /** Chooses the password as the setup form does. */
  async setUp(): Promise<void> {
    const token = new URL(await this.setupLink()).searchParams.get("token") ?? "";
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

  /** Creates an instance through the REST API. */
  async create(name: string, blueprint: string, more: object = {}): Promise<Instance> {
    const answer = await this.api("POST", "/instances/", { name, base_blueprint: blueprint, ...more });
    if (!answer.ok) throw new Error(`creating ${name}: ${await answer.text()}`);
    return (await answer.json()) as Instance;
  }

  /** One instance as the REST API shows it. */
  async get(id: number): Promise<Instance> {
    return (await (await this.api("GET", `/instances/${id}`)).json()) as Instance;
  }

  /** Starts an instance and waits until it is ready. */
  async run(id: number): Promise<void> {
    await this.api("POST", `/instances/${id}/start`);
    await expect.poll(async () => (await this.get(id)).status).toBe("started");
  }

  /** Adds a blueprint of the test's own, by default ready as soon as it runs. */
  blueprint(name: string, script: string, ready = "process", more: string[] = []): void {
    const head = [
      "#!/bin/bash",
      "### AIKORE-METADATA-START ###",
      `# aikore.name = ${name}`,
      "# aikore.category = Journeys",
      `# aikore.ready = ${ready}`,
      "# aikore.subpath = strip",
      "# aikore.stop_grace = 2",
      ...more.map((line) => `# aikore.${line}`),
      "### AIKORE-METADATA-END ###",
    ];
    mkdirSync(join(this.dataDir, "blueprints"), { recursive: true });
    writeFileSync(join(this.dataDir, "blueprints", `${name}.sh`), `${head.join("\n")}\n${script}\n`);
  }

  /** Stops and deletes every instance. */
  async clear(): Promise<void> {
    const list = async () => (await (await this.api("GET", "/instances/")).json()) as Instance[];
    // Satellites stand after their parent, and go before it.
    for (const { id, name } of (await list()).reverse()) {
      await this.api("POST", `/instances/${id}/stop`);
      const idle = ["stopped", "error"];
      await expect.poll(async () => idle.includes((await this.get(id)).status)).toBe(true);
      await this.api("DELETE", `/instances/${id}`, { mode: "permanent", confirm: name });
      // A parent is not deleted as long as there is a satellite.
      await expect.poll(async () => (await list()).some((one) => one.id === id)).toBe(false);
    }
    expect(await list()).toEqual([]);
  }

  /** The panel's pid. */
  get pid(): number {
    return this.child?.pid ?? 0;
  }

  /** Ends the panel with `signal` and waits until it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    this.wasEnded = true;
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

/** What the browser reports about refusals and waiting pages (the page says them in words), and about a panel that is gone. */
const refusal = /Refused to (display|frame)|status of (4(04|09|22)[^]*\/(fn\/|lite\/|script\?|api\/(blueprints|wheels)\/)|503[^]*\/instance\/|404[^]*\/pkg\/(split_|chunk_|terminal-))|HTTP status code is not ok/;
const lostConnection = /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket connection/;

/** Starts a panel and gives it a password, for as long as it is used. */
export async function lend(panel: Panel, use: (panel: Panel) => Promise<void>): Promise<void> {
  await panel.start();
  await panel.setUp();
  await use(panel);
  await panel.remove();
}

/** A started panel with a password, for a worker of its own. */
export async function ownPanel({}: object, use: (panel: Panel) => Promise<void>): Promise<void> {
  await lend(new Panel(), use);
}

/** `page` is logged in to `panel`; an error on the page's console or a hydration mismatch fails the test. */
export const test = base.extend<{ page: Page; emptied: void }, { panel: Panel }>({
  panel: [ownPanel, { scope: "worker", timeout: 120_000 }],
  baseURL: async ({ panel }, use) => use(panel.url),
  page: async ({ page, panel }, use) => {
    await page.context().addCookies([{ name: "aikore_session", value: panel.session, url: panel.url }]);
    const errors: string[] = [];
    panel.wasEnded = false;
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (line) => {
      const text = `${line.text()} ${line.location().url}`;
      const expected = refusal.test(text) || (panel.wasEnded && lostConnection.test(text));
      if ((line.type() === "error" && !expected) || /hydrat/i.test(text)) errors.push(text);
    });
    await use(page);
    expect(errors).toEqual([]);
  },
  // The panel serves all tests of a worker; each finds it empty.
  emptied: [
    async ({ panel }, use) => {
      await use();
      await panel.clear();
    },
    { auto: true },
  ],
});

export { expect };

/** Whether the pages of this test run scripts. */
export function hasScripts(): boolean {
  return base.info().project.use.javaScriptEnabled !== false;
}

/** No violation that axe knows on the present page; axe itself is a script. */
export async function expectAccessible(page: Page): Promise<void> {
  if (!hasScripts()) return;
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`)).toEqual([]);
}

/** The table row of an instance. */
export function row(page: Page, name: string): Locator {
  return page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
}

/** News come by themselves with scripts, and by reloading without. */
export async function expectSoon(page: Page, check: (timeout: number) => Promise<void>): Promise<void> {
  if (hasScripts()) return check(30_000);
  await expect(async () => {
    await page.reload();
    await check(1_000);
  }).toPass({ timeout: 60_000 });
}

/** The row of an instance says this. */
export async function expectRow(page: Page, name: string, text: string | RegExp): Promise<void> {
  await expectSoon(page, (timeout) => expect(row(page, name)).toContainText(text, { timeout }));
}

/** Chooses an entry of the row's menu. */
export async function choose(page: Page, name: string, entry: string): Promise<void> {
  const menu = row(page, name).getByLabel(`More for ${name}`);
  await menu.click();
  await row(page, name).getByRole(/^(Restart|Stop|Move)/.test(entry) ? "button" : "link", { name: entry }).click();
}

/** Opens the dashboard and waits until its socket is open: from then on it is alive. */
export async function openDashboard(page: Page, address = "/"): Promise<void> {
  await page.goto(address);
  await expect(page.getByRole("heading", { name: "Instances", exact: true })).toBeVisible();
  if (hasScripts()) await expect(page.getByTitle(/^Connected/)).toBeVisible();
}

/** Whether a process with this pid lives (a zombie does not). */
export function lives(pid: number): boolean {
  try {
    // What has ended and was not waited for is still listed.
    return !readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ");
  } catch {
    return false;
  }
}
