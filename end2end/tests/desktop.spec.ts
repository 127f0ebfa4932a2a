// Desktops with the real stream: what is typed into one in a browser arrives, and is there after every tab was closed.
import { get } from "node:http";
import type { Browser, Page } from "@playwright/test";
import { started, test, typed } from "../desktops/stage.ts";
import { type Panel, expect, openDashboard, password, row } from "./panel.ts";

test("what is typed into a desktop stays when the tab is closed", async ({ page, panel }) => {
  const { id } = await panel.create("Window", "TkDemo");
  await openDashboard(page);
  await row(page, "Window").getByRole("button", { name: "Start" }).click();
  await expect.poll(async () => (await panel.get(id)).open_url).toContain("/instance/window/desktop/");
  const state = async () => ((await (await panel.api("GET", `/v1/instances/${id}/desktop`)).json()) as { state: string }).state;
  await expect.poll(state, { timeout: 60_000 }).toBe("ready");
  const { open_url: address } = await panel.get(id);
  const viewer = await page.context().newPage();
  await viewer.goto(address);
  const screen = viewer.locator("canvas, video").first();
  await expect(screen).toBeVisible();
  await expect(async () => {
    await viewer.mouse.click(360, 150);
    await viewer.keyboard.type("x", { delay: 30 });
    expect(await typed(panel, id)).toContain("x");
  }).toPass({ timeout: 60_000 });
  await viewer.keyboard.type("still here", { delay: 30 });
  await expect.poll(() => typed(panel, id)).toContain("still here");
  await viewer.close();

  const picture = await panel.api("GET", `/v1/instances/${id}/desktop/screenshot`);
  expect(picture.headers.get("content-type")).toBe("image/png");
  const again = await page.context().newPage();
  await again.goto(address);
  await expect(again.locator("canvas, video").first()).toBeVisible();
  expect((await panel.api("POST", `/v1/instances/${id}/desktop/input`, { kind: "text", text: " and again" })).status).toBe(204);
  await expect.poll(() => typed(panel, id)).toContain("still here and again");
  await again.close();

  // Nobody else sees it.
  const stranger = await fetch(address, { redirect: "manual", headers: { accept: "text/html" } });
  expect([302, 303, 307, 401]).toContain(stranger.status);
  await page.goto(`/?log=${id}&tool=view`);
  await expect(page.locator("iframe.embedded__app")).toHaveAttribute("src", /\/instance\/window\/desktop\//);
});

/** Types into the field of the demo until it arrives. */
async function reach(viewer: Page, panel: Panel, id: number, text: string): Promise<void> {
  await expect(viewer.locator("canvas, video").first()).toBeVisible();
  await expect(async () => {
    await viewer.mouse.click(360, 150);
    await viewer.keyboard.type(text, { delay: 30 });
    expect(await typed(panel, id)).toContain(text);
  }).toPass({ timeout: 60_000 });
}

/** A browser of somebody else who knows the password. */
async function another(browser: Browser, panel: Panel): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${panel.url}/login`);
  await page.getByRole("textbox", { name: "Password" }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page).toHaveURL(`${panel.url}/`);
  return page;
}

test("one browser controls a desktop, others watch until they take it", async ({ page, panel, browser }) => {
  const { id, open_url: address } = await started(panel, "Shared");
  const first = await page.context().newPage();
  await first.goto(address);
  await reach(first, panel, id, "a");
  const other = await another(browser, panel);
  await other.goto(address);
  await expect(other.getByRole("heading", { name: "Somebody controls the desktop of Shared" })).toBeVisible();
  await other.getByRole("link", { name: "Only watch" }).click();
  await expect(other.locator("canvas, video").first()).toBeVisible();
  const before = await typed(panel, id);
  await other.mouse.click(360, 150);
  await other.keyboard.type("nobody hears this", { delay: 5 });
  // What comes after it on the same machine has come: so would have that.
  await first.keyboard.type("b", { delay: 30 });
  await expect.poll(() => typed(panel, id)).toBe(`${before}b`);

  await other.goto(address);
  await other.getByRole("button", { name: "Take control" }).click();
  await reach(other, panel, id, "c");
  const now = await typed(panel, id);
  await first.mouse.click(360, 150);
  await first.keyboard.type("nor this", { delay: 5 });
  await other.keyboard.type("d", { delay: 30 });
  await expect.poll(() => typed(panel, id)).toBe(`${now}d`);
  await other.context().close();
});

test("a link lets somebody without a login watch, until it is ended", async ({ page, panel, browser }) => {
  const { id, open_url: address } = await started(panel, "Linked");
  await openDashboard(page, `/?open=${id}`);
  const section = page.locator("#sec-desktop");
  await expect(section.getByRole("img", { name: "What the desktop shows now; opens it" })).toBeVisible();
  await section.getByLabel("How long the link is good").selectOption("for an hour");
  await section.getByRole("button", { name: "Make a link" }).click();
  const link = await section.getByLabel("The link", { exact: true }).inputValue();
  expect(link).toMatch(/\/instance\/linked\/desktop\/\?share=\w+#shared$/);
  await expect(section.getByRole("listitem")).toContainText(/A link that ends in (1 h|59 min)/);

  const stranger = await (await browser.newContext()).newPage();
  await stranger.goto(link);
  await expect(stranger.locator("canvas, video").first()).toBeVisible();
  expect(stranger.url()).toBe(`${address}#shared`);
  // A page that does not say that it only watches is not believed.
  await stranger.goto(address);
  await expect(stranger.locator("canvas, video").first()).toBeVisible();
  await stranger.mouse.click(360, 150);
  await stranger.keyboard.type("nobody hears this", { delay: 5 });
  const sent = await panel.api("POST", `/v1/instances/${id}/desktop/input`, { kind: "text", text: "x" });
  expect(sent.status).toBe(204);
  await expect.poll(() => typed(panel, id)).toBe("x");
  // It opens nothing else.
  const status = async (path: string, method = "GET") =>
    (await stranger.context().request.fetch(`${panel.url}${path}`, { method, headers: { origin: panel.url } })).status();
  expect(await status("/instance/linked/desktop/api/files/")).toBe(403);
  expect(await status("/instance/linked/desktop/api/upload", "POST")).toBe(403);
  expect(await status("/api/instances/")).toBe(401);
  expect(await status("/instance/linked/")).toBe(401);

  await section.getByRole("button", { name: "End it now" }).click();
  await expect(section.getByRole("listitem")).toHaveCount(0);
  // The page that watched loads itself again when it is cut, so another one is asked.
  const late = await stranger.context().newPage();
  await late.goto(link);
  await expect(late.getByRole("heading", { name: "This link shows nothing any more" })).toBeVisible();
  await late.context().close();
});

test("without scripts a desktop is a picture to click on and a line to type", async ({ panel, browser }) => {
  const { id } = await started(panel, "Plain");
  const context = await browser.newContext({ javaScriptEnabled: false });
  await context.addCookies([{ name: "aikore_session", value: panel.session, url: panel.url, sameSite: "Strict", httpOnly: true }]);
  const page = await context.newPage();
  await page.goto(`${panel.url}/lite/instances/${id}`);
  await page.getByRole("link", { name: "Desktop", exact: true }).click();
  await page.getByRole("link", { name: "480", exact: true }).click();
  const picture = page.getByRole("button", { name: "What the desktop shows. Choose a place to click on it." });
  const box = await picture.boundingBox();
  expect(box?.width).toBeCloseTo(480, 0);
  // The field of the demo is a little below the middle of its window, wherever that is.
  await expect(async () => {
    await picture.click({ position: { x: 120, y: 50 } });
    await page.getByLabel("Text", { exact: true }).fill("by hand");
    await page.getByRole("button", { name: "Type it" }).click();
    await expect(page).toHaveURL(/width=480/);
    expect(await typed(panel, id)).toContain("by hand");
  }).toPass();
  await page.getByRole("button", { name: "⌫" }).click();
  await expect.poll(() => typed(panel, id)).toMatch(/by han$/);
  await context.close();
});

test("who comes over plain http from elsewhere is told why there is no picture, and what there is instead", async ({ panel }) => {
  const { id } = await started(panel, "Far");
  const headers = { host: "192.0.2.7:9000", accept: "text/html", cookie: `aikore_session=${panel.session}` };
  const page = await new Promise<string>((resolve, reject) => {
    const asking = get(`${panel.url}/instance/far/desktop/`, { headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (part) => (text += part)).on("end", () => resolve(text));
    });
    asking.on("error", reject);
  });
  expect(page).toContain("The desktop of Far needs https");
  expect(page).toContain(`/lite/instances/${id}/desktop`);
});
