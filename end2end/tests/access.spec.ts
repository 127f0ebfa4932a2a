// Public ports: the product owner's acceptance protocol, step by step, and what belongs to it.
import type { Locator, Page } from "@playwright/test";
import { choose, expect, expectAccessible, expectRow, hasScripts, openDashboard, type Panel, row, test } from "./panel.ts";

/** An app that says whose it is. */
const page_of = `cd "$INSTANCE_CONF_DIR" && printf '<title>%s</title><h1>I am %s</h1>' "$INSTANCE_NAME" "$INSTANCE_NAME" > index.html
exec python3 -m http.server --bind "$WEBUI_HOST" "$WEBUI_PORT"`;

/** The first port of the range. */
async function firstPort(panel: Panel): Promise<number> {
  const answer = (await (await panel.api("GET", "/system/available-ports")).json()) as { available_ports: number[] };
  const [port] = answer.available_ports;
  if (port === undefined) throw new Error("no free port");
  return port;
}

async function createWithPort(page: Page, name: string, blueprint: string, port: number): Promise<void> {
  await page.goto("/?new=1");
  if (hasScripts()) await expect(page.getByTitle(/^Connected/)).toBeVisible();
  await page.getByLabel("Blueprint", { exact: true }).selectOption({ label: blueprint });
  await page.getByLabel("Name", { exact: true }).fill(name);
  const choice = page.getByLabel("Port", { exact: true });
  // The lowest free one is the default, and stands there as such.
  const own = await choice.locator(`option[value="${port}"]`).count();
  await choice.selectOption(own ? { value: String(port) } : { value: "" });
  await page.getByRole("button", { name: "Create" }).click();
  await expectRow(page, name, `Port ${port}`);
}

function switchOf(page: Page, name: string, verb: "Activate" | "Deactivate"): Locator {
  return row(page, name).getByRole("button", { name: new RegExp(`^${verb}`) });
}

test("public ports pass the acceptance protocol @no-js", async ({ page, panel, context }) => {
  panel.blueprint("who-am-i", page_of, "http");
  const port = await firstPort(panel);
  const address = `http://127.0.0.1:${port}`;

  // 1. Create.
  await createWithPort(page, "First", "who-am-i", port);
  await expect(switchOf(page, "First", "Activate")).toBeDisabled();

  // 2. Life and activation.
  await row(page, "First").getByRole("button", { name: "Start" }).click();
  await expectRow(page, "First", "Started");
  await expect(switchOf(page, "First", "Activate")).toBeEnabled();
  await switchOf(page, "First", "Activate").click();
  await expect(switchOf(page, "First", "Deactivate")).toBeVisible();
  await expectRow(page, "First", "active");
  await expectAccessible(page);
  const open = row(page, "First").getByRole("link", { name: "Open", exact: true });
  await expect(open).toHaveAttribute("href", new RegExp(`^${address}/?$`));
  const opening = context.waitForEvent("page");
  await open.click();
  const app = await opening;
  await expect(app.getByRole("heading")).toHaveText("I am First");
  await choose(page, "First", "View");
  const embedded = page.frameLocator("iframe[title^='First']");
  await expect(embedded.getByRole("heading")).toHaveText("I am First");
  await page.getByRole("link", { name: "Logs", exact: true }).first().click();
  await switchOf(page, "First", "Deactivate").click();
  await expect(switchOf(page, "First", "Activate")).toBeVisible();
  await expect(app.reload()).rejects.toThrow(/ERR_CONNECTION_REFUSED/);

  // 3. Conflict.
  await switchOf(page, "First", "Activate").click();
  await expectRow(page, "First", "active");
  await createWithPort(page, "Second", "who-am-i", port);
  await row(page, "Second").getByRole("button", { name: "Start" }).click();
  await expectRow(page, "Second", "Started");
  const before = await panel.api("GET", "/instances/").then((answer) => answer.json());
  await switchOf(page, "Second", "Activate").click();
  const question = page.getByRole("dialog", { name: `Port ${port} is in use by First` });
  await expect(question).toBeVisible();
  await expectAccessible(page);
  await question.getByRole("link", { name: "Cancel" }).click();
  await expect(question).toHaveCount(0);
  await expect(switchOf(page, "First", "Deactivate")).toBeVisible();
  await expect(switchOf(page, "Second", "Activate")).toBeVisible();
  await app.goto(address);
  await expect(app.getByRole("heading")).toHaveText("I am First");
  await switchOf(page, "Second", "Activate").click();
  await question.getByRole("button", { name: `Take over port ${port}` }).click();
  await expect(switchOf(page, "First", "Activate")).toBeVisible();
  await expect(switchOf(page, "Second", "Deactivate")).toBeVisible();
  await app.goto((await row(page, "Second").getByRole("link", { name: "Open", exact: true }).getAttribute("href")) ?? "");
  // The browser may have kept the page of the first app a moment ago under this very address.
  await app.reload();
  await expect(app.getByRole("heading")).toHaveText("I am Second");
  const pids = (list: unknown) => (list as Array<{ pid: number }>).map(({ pid }) => pid);
  expect(pids(await panel.api("GET", "/instances/").then((answer) => answer.json()))).toEqual(pids(before));
});

test("a port in use is left alone when another is taken instead @no-js", async ({ page, panel }) => {
  panel.blueprint("who-am-i", page_of, "http");
  const port = await firstPort(panel);
  const [first, second] = [await panel.create("First", "who-am-i", { public_port: port }), await panel.create("Second", "who-am-i", { public_port: port })];
  for (const { id } of [first, second]) await panel.run(id);
  await panel.api("POST", `/instances/${first.id}/activate`);
  const free = await firstPort(panel);
  await openDashboard(page, "/?show=running");
  await switchOf(page, "Second", "Activate").click();
  const question = page.getByRole("dialog", { name: `Port ${port} is in use by First` });
  await expectAccessible(page);
  await question.getByRole("button", { name: `Use port ${free} instead` }).click();
  await expect(question).toHaveCount(0);
  await expect(page).toHaveURL(/\/\?show=running$/);
  await expectRow(page, "Second", `Port ${free}`);
  await expectRow(page, "Second", "active");
  await expect(switchOf(page, "First", "Deactivate")).toBeVisible();
  const link = row(page, "Second").getByRole("link", { name: "Open", exact: true });
  await expect(link).toHaveAttribute("href", new RegExp(`:${free}/?$`));
});

test("a host name of its own makes the link @no-js", async ({ page, panel }) => {
  const { id } = await panel.create("Named", "test-logs");
  await openDashboard(page, `/?open=${id}`);
  const drawer = page.getByRole("dialog", { name: "Named" });
  const field = drawer.getByLabel("Host name of its own");
  const name = async (text: string) => {
    await field.fill(text);
    if (hasScripts()) await field.press("Enter");
    else await drawer.getByRole("button", { name: "Change the access" }).click();
  };
  await name("apps.lan/one");
  await expect(drawer.getByRole("alert")).toContainText("leave out what follows");
  await expect(field).toHaveValue("apps.lan/one");
  await expectAccessible(page);
  await name("Apps.lan:9000");
  await expect(drawer.getByRole("link", { name: "Apps.lan:9000" })).toHaveAttribute("href", "http://Apps.lan:9000");
  await expect(drawer.getByRole("alert")).toHaveCount(0);
  await expect(drawer.getByText("The host name below overrides this.")).toBeVisible();
  await name("");
  await expect(drawer.getByRole("link", { name: /\/instance\/named\/$/ })).toBeVisible();
});

test("the link follows the access pattern at once", async ({ page, panel, context }) => {
  panel.blueprint("who-am-i", page_of, "http");
  const port = await firstPort(panel);
  const { id } = await panel.create("Named", "who-am-i", { public_port: port });
  await panel.run(id);
  await panel.api("POST", `/instances/${id}/activate`);
  const { port: own } = new URL(panel.url);
  const home = `http://panel.localhost:${own}`;
  await context.addCookies([{ name: "aikore_session", value: panel.session, url: home }]);
  await openDashboard(page, `${home}/`);
  const open = row(page, "Named").getByRole("link", { name: "Open", exact: true });
  const pick = async (pattern: string) => {
    await row(page, "Named").getByLabel(/access of Named/).click();
    await row(page, "Named").getByRole("button", { name: pattern, exact: true }).click();
  };
  await expect(open).toHaveAttribute("href", new RegExp(`^http://panel.localhost:${port}/?$`));
  await pick("Subdomain");
  await expect(open).toHaveAttribute("href", new RegExp(`^http://named.panel.localhost:${own}/?$`));
  await pick("Path");
  await expect(open).toHaveAttribute("href", `${home}/instance/named/`);
  await pick("Hostname:Port");
  await expect(open).toHaveAttribute("href", new RegExp(`^http://panel.localhost:${port}/?$`));
});

test("a phone gets the link as a picture, and everybody the port only when that is said", async ({ page, panel }) => {
  panel.blueprint("who-am-i", page_of, "http");
  const port = await firstPort(panel);
  const { id } = await panel.create("Shown", "who-am-i", { public_port: port });
  await panel.run(id);
  await panel.api("POST", `/instances/${id}/activate`);
  await openDashboard(page, `/?open=${id}`);
  const drawer = page.getByRole("dialog", { name: "Shown" });
  const code = drawer.getByRole("img", { name: /^QR code of http/ });
  await expect.poll(() => code.evaluate((image: HTMLImageElement) => image.complete && image.naturalWidth)).toBeGreaterThan(0);
  const stranger = () => fetch(`http://127.0.0.1:${port}/`, { redirect: "manual" }).then((answer) => answer.status);
  expect(await stranger()).not.toBe(200);
  await drawer.getByText("Everybody", { exact: true }).click();
  await expect(drawer.getByText(/does not ask for a login/)).toBeVisible();
  await expect.poll(stranger).toBe(200);

  await drawer.getByRole("button", { name: "Check which ways work" }).click();
  const ways = drawer.getByRole("listitem").filter({ hasText: /: (works|broken|not available)/ });
  await expect(ways.filter({ hasText: "Path: works" })).toHaveCount(1);
  await expect(ways.filter({ hasText: "Hostname:Port: works" })).toHaveCount(1);
  await expectAccessible(page);
  // The report is kept, and read without scripts too.
  await page.reload();
  await expect(drawer.getByText("Path: works")).toBeVisible();
});

/** An app whose pages carry a header about frames. */
function framed(header: string, value: string): string {
  return `exec python3 -c '
import http.server, os
class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("${header}", """${value}""")
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<title>App</title><h1>Here</h1>")
http.server.HTTPServer(("127.0.0.1", int(os.environ["WEBUI_PORT"])), App).serve_forever()'`;
}

test("an app that forbids to be shown in a frame is said to", async ({ page, panel }) => {
  panel.blueprint("shy", framed("X-Frame-Options", "DENY"), "http");
  const { id } = await panel.create("Shy", "shy");
  await panel.run(id);
  await openDashboard(page);
  await choose(page, "Shy", "View");
  await expect(page.getByRole("link", { name: "Open it in a tab of its own" })).toBeVisible();
  await expect(page.getByRole("region", { name: "Tools" }).getByRole("status")).toContainText(/frame|embed/i);
});

test("an app that only its own host may frame is shown below the panel's address", async ({ page, panel }) => {
  panel.blueprint("homely", framed("X-Frame-Options", "SAMEORIGIN"), "http");
  const { id } = await panel.create("Homely", "homely", { public_port: await firstPort(panel) });
  await panel.run(id);
  await panel.api("POST", `/instances/${id}/activate`);
  await openDashboard(page);
  await choose(page, "Homely", "View");
  await expect(page.frameLocator("iframe[title^='Homely']").getByRole("heading")).toHaveText("Here");
});

test("View looks anew when the way to the app has changed", async ({ page, panel }) => {
  panel.blueprint("homely", framed("X-Frame-Options", "SAMEORIGIN"), "http");
  const { id } = await panel.create("Mover", "homely", { public_port: await firstPort(panel) });
  await panel.run(id);
  await openDashboard(page);
  await choose(page, "Mover", "View");
  const shown = page.frameLocator("iframe[title^='Mover']").getByRole("heading");
  await expect(shown).toHaveText("Here");
  const known = async () => ((await (await panel.api("GET", `/instances/${id}/autopsy`)).json()) as { report: unknown }).report;
  // The report on the closed port is there; the link then leads to the port.
  await expect.poll(known).not.toBeNull();
  await switchOf(page, "Mover", "Activate").click();
  await expectRow(page, "Mover", "active");
  await expect(page.locator("iframe[title^='Mover']")).toHaveAttribute("src", "/instance/mover/");
  await expect(shown).toHaveText("Here");
});

/** An app that answers with the cookies it was sent, and whose page and script set some, for its own host and for all. */
const cookieJar = `exec python3 -c '
import http.server, os
class App(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        name = os.environ["INSTANCE_NAME"]
        if self.path == "/set":
            self.send_header("Set-Cookie", name + "_wide=1; Domain=panel.localhost; Path=/")
            self.send_header("Set-Cookie", name + "_own=1; Path=/")
        self.end_headers()
        self.wfile.write(("<title>App</title><pre>" + self.headers.get("Cookie", "none") + "</pre>").encode())
    def log_message(self, *words):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["WEBUI_PORT"])), App).serve_forever()'`;

test("cookies of one app never reach another on sub-domains, and none hides the panel's", async ({ page, panel, context }) => {
  panel.blueprint("cookie-jar", cookieJar, "http");
  for (const name of ["One", "Two"]) await panel.run((await panel.create(name, "cookie-jar")).id);
  const { port } = new URL(panel.url);
  const home = `http://panel.localhost:${port}`;
  await context.addCookies([{ name: "aikore_session", value: panel.session, url: home }]);
  const app = await context.newPage();
  const cookies = async (name: string, path = "/") => {
    await app.goto(`http://${name}.panel.localhost:${port}${path}`);
    return app.locator("pre").textContent();
  };
  expect(await cookies("one", "/set")).toBe("none");
  // Cookies of a script may be for all hosts of the site: only what an app set by a header is given to it.
  await app.evaluate(() => {
    document.cookie = "script=1; Path=/";
    document.cookie = "spy=secret; Path=/; Domain=panel.localhost";
  });
  expect(await cookies("one")).toBe("One_wide=1; One_own=1");
  expect(await app.evaluate(() => document.cookie), "the mark is out of reach for scripts").not.toContain("aikore_mark");
  expect(await cookies("two")).toBe("none");
  expect(await app.evaluate(() => document.cookie), "the browser does send it").toContain("spy=secret");

  // Nor do they log anybody out.
  await cookies("one");
  await app.evaluate(() => {
    for (const name of ["aikore_session", "aikore_pass"]) {
      for (const path of ["/", "/ws", "/fn/", "/api/"]) document.cookie = `${name}=forged; Domain=panel.localhost; Path=${path}`;
    }
  });
  expect(await cookies("one")).toBe("One_wide=1; One_own=1");
  expect(await cookies("two")).toBe("none");
  await openDashboard(page, `${home}/`);
  await expect(row(page, "One")).toContainText("Started");
});
