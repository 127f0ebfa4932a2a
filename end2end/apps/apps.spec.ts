// Each app through each way of access, in a real browser, beside what the check of the ways says of it.
import type { BrowserContext } from "@playwright/test";
import { expect } from "../tests/panel.ts";
import { type App, apps } from "./catalogue.ts";
import { script, start, stop, test } from "./stage.ts";
import { home, open, verdict, type Way, ways } from "./ways.ts";

/** What a page complains about, without the addresses that differ from way to way. */
function complaints(context: BrowserContext): string[] {
  const errors: string[] = [];
  const plain = (text: string) => text.replace(/(https?|wss?):\/\/[^/\s"']+/g, "").replace(/\/instance\/[\w-]+/g, "");
  context.on("weberror", (error) => errors.push(plain(String(error.error()))));
  context.on("console", (line) => line.type() === "error" && errors.push(plain(`${line.text()} ${line.location().url}`)));
  return errors;
}

/** Opens the address and uses the app; an empty text when all was well. */
async function attempt(context: BrowserContext, app: App, address: string, isKnown: (error: string) => boolean): Promise<string> {
  const errors = complaints(context);
  const page = await context.newPage();
  try {
    await page.goto(address);
    if (app.query) await page.goto(new URL(app.query, page.url()).href);
    await app.use(page);
  } catch (error) {
    await page.screenshot({ path: test.info().outputPath(`${app.name}.png`) });
    return String(error).split("\n").slice(0, 4).join(" ") + errors.join(" ");
  } finally {
    await page.close({ runBeforeUnload: false });
  }
  const own = errors.filter((error) => !isKnown(error));
  return own.join(" | ");
}

for (const app of apps) {
  test(`${app.name} works on every way, and the check of the ways knows`, async ({ panel, browser }) => {
    const id = await start(panel, app);
    const { internal_port } = await panel.get(id);

    // What an app complains about without us is its own affair.
    const direct = await browser.newContext();
    const own = complaints(direct);
    const prefix = /subpath = yes/.test(script(app)) ? `/instance/${app.name.toLowerCase()}/` : "/";
    const alone = await attempt(direct, app, `http://127.0.0.1:${internal_port}${prefix}`, () => true);
    expect(alone, "directly").toBe("");
    await direct.close();

    const table: Array<{ way: Way; browser: string; check: string }> = [];
    for (const way of ways) {
      const address = await open(panel, id, way);
      const said = await verdict(panel, id, way);
      const context = await browser.newContext();
      await context.addCookies([{ name: "aikore_session", value: panel.session, url: home(panel), sameSite: "Strict", httpOnly: true }]);
      // People have the panel open when they follow its links.
      const dashboard = await context.newPage();
      await dashboard.goto(home(panel));
      const lacks = way === "path" ? app.lacksBelow : undefined;
      if (lacks) expect.soft(said.why, "the check names what does not arrive").toContain(lacks);
      const wrong = await attempt(context, app, address, (error) => own.includes(error) || (!!lacks && error.includes(lacks)));
      table.push({ way, browser: wrong ? `broken: ${wrong}` : "works", check: said.verdict });
      await context.close();
      console.log(`${app.name.padEnd(12)} ${way.padEnd(11)} browser: ${wrong || "works"}; check: ${said.verdict} ${said.why}`);
    }
    for (const { way, browser: seen, check } of table) {
      const works = !app.brokenOn?.includes(way);
      expect.soft(seen.startsWith("works"), `${way}: ${seen}`).toBe(works);
      expect.soft(seen.startsWith(check), `the check says “${check}” of the ${way}, the browser “${seen}”`).toBe(true);
    }
    await stop(panel, id);
  });
}
