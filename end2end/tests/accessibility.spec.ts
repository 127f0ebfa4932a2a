// Every page and open dialog: axe, focus, keys, and people who want no motion.
import type { Page } from "@playwright/test";
import { type Instance, expect, expectAccessible, expectRow, openDashboard, row, test } from "./panel.ts";

/** Every address that shows something of its own. */
function addresses({ id }: Pick<Instance, "id">): string[] {
  const tools = ["view", "terminal", "environment", "wheels", "script", "welcome"];
  return [
    ...["/", "/monitoring", "/alerts", "/alerts?rule=new", "/alerts?hook=new", "/?new=1", "/?jobs=1", "/?show=running"],
    ...["open", "delete", "clone", "satellite", "blueprint"].map((key) => `/?${key}=${id}`),
    ...tools.map((tool) => `/?log=${id}&tool=${tool}`),
    ...[`/instances/${id}/logs`, `/instances/${id}/script`],
    ...["/blueprints", "/blueprints?new=1", "/blueprints?open=Gradio.sh", "/trash", "/trash?empty=1"],
  ];
}

/** The page with everything it fetches later. */
async function settled(page: Page, address: string): Promise<void> {
  await page.goto(address);
  await page.waitForLoadState("networkidle");
}

test("axe finds nothing on any page", async ({ page, panel }) => {
  const instance = await panel.create("Seen", "test-logs");
  for (const address of addresses(instance)) {
    await test.step(address, async () => {
      await settled(page, address);
      await expectAccessible(page);
    });
  }
  await page.goto("about:blank");
  await page.context().clearCookies({ name: "aikore_session" });
  await page.goto("/login");
  await expectAccessible(page);
});

test("who wants no motion gets none", async ({ page, panel }) => {
  panel.blueprint("Waits", "sleep 600", "http");
  const { id } = await panel.create("Waits", "Waits");
  await page.emulateMedia({ reducedMotion: "reduce" });
  await openDashboard(page, `/?log=${id}`);
  await panel.api("POST", `/instances/${id}/start`);
  await expectRow(page, "Waits", "Starting");
  const moving = await page.evaluate(() =>
    document.getAnimations().filter((one) => one.playState === "running" && Number(one.effect?.getComputedTiming().activeDuration ?? 0) > 50).length,
  );
  expect(moving).toBe(0);
});

test("the focus is seen wherever Tab leads on the dashboard", async ({ page, panel }) => {
  await panel.create("Seen", "test-logs");
  await openDashboard(page);
  const unseen: string[] = [];
  const reached = new Set<string>();
  for (let step = 0; step < 60; step++) {
    await page.keyboard.press("Tab");
    const [where, isSeen] = await page.evaluate(() => {
      const one = document.activeElement;
      if (!one || one === document.body) return ["", true] as const;
      const marks = [one, one.parentElement, one.closest("label"), one.closest("tr")];
      const marked = marks.some((mark) => {
        const style = mark && getComputedStyle(mark);
        return style && ((style.outlineStyle !== "none" && style.outlineWidth !== "0px") || style.boxShadow !== "none");
      });
      return [one.outerHTML.slice(0, 120), marked] as const;
    });
    if (where) reached.add(where);
    if (!isSeen) unseen.push(where);
  }
  expect(unseen).toEqual([]);
  expect(reached.size).toBeGreaterThan(20);
});

test("menus are walked by keys and give the focus back", async ({ page, panel }) => {
  await panel.create("Seen", "test-logs");
  await openDashboard(page);
  for (const button of [page.getByLabel("Account", { exact: true }), row(page, "Seen").getByLabel("More for Seen"), row(page, "Seen").getByLabel(/access of Seen/)]) {
    await button.focus();
    await page.keyboard.press("Enter");
    const items = button.locator("xpath=..").locator(".menu__item:visible:not([disabled])");
    await expect(items.first()).toBeVisible();
    const count = await items.count();
    for (let place = 0; place < count; place++) {
      await page.keyboard.press("ArrowDown");
      await expect(items.nth(place)).toBeFocused();
    }
    await page.keyboard.press("ArrowDown");
    await expect(items.first(), "after the last comes the first").toBeFocused();
    await page.keyboard.press("ArrowUp");
    await expect(items.nth(count - 1)).toBeFocused();
    await page.keyboard.press("Escape");
    await expect(items.first()).toBeHidden();
    await expect(button).toBeFocused();
  }
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true });

  test("axe finds nothing on any page either", async ({ page, panel }) => {
    for (const address of addresses(await panel.create("Seen", "test-logs"))) {
      await test.step(address, async () => {
        await settled(page, onPhone(address));
        await expectAccessible(page);
      });
    }
  });

  test("nothing runs out of the side, and everything is large enough for a finger", async ({ page, panel }) => {
    const { id } = await panel.create("Seen", "test-logs");
    await panel.run(id);
    for (const address of addresses({ id })) {
      await test.step(address, async () => {
        await settled(page, onPhone(address));
        expect.soft(await page.evaluate(() => document.documentElement.scrollWidth), address).toBeLessThanOrEqual(390);
        expect.soft(await page.evaluate(tooSmall, FINGER), address).toEqual([]);
      });
    }
  });
});

/** CSS pixels, in both directions. */
const FINGER = 36;

/** On a phone the tools are a page of their own. */
function onPhone(address: string): string {
  return address.includes("log=") ? `${address}#tools` : address;
}

/** What can be pressed, and answers on less than `finger` pixels; links within a sentence are as high as it is. Runs in the page. */
function tooSmall(finger: number): string[] {
  const pressed = "a[href], button, input, select, textarea, summary, [role=button], [role=separator][tabindex]";
  const answers = (one: Element, x: number, y: number): boolean => {
    const hit = document.elementFromPoint(x, y);
    const label = hit?.closest("label");
    return !!hit && (one.contains(hit) || (!!label && label.control === one));
  };
  const reach = (one: Element, x: number, y: number, [dx, dy]: [number, number]): number => {
    let steps = 0;
    while (steps < finger && answers(one, x + dx * (steps + 1), y + dy * (steps + 1))) steps++;
    return steps;
  };
  const isInText = (one: Element): boolean => {
    const around = one.parentElement?.textContent?.trim().length ?? 0;
    return one.matches("a") && getComputedStyle(one).display === "inline" && around > (one.textContent?.trim().length ?? 0);
  };
  const small: string[] = [];
  for (const one of document.querySelectorAll(pressed)) {
    const isThere = one.checkVisibility({ visibilityProperty: true }) && !one.matches(":disabled, .skip, .xterm *, .cm-editor *");
    if (!isThere || isInText(one)) continue;
    one.scrollIntoView({ block: "center", inline: "center" });
    const target = one instanceof HTMLInputElement && getComputedStyle(one).opacity === "0" ? (one.labels?.[0] ?? one) : one;
    const box = target.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    // Behind a dialog.
    if (!answers(one, x, y)) continue;
    const wide = reach(one, x, y, [-1, 0]) + reach(one, x, y, [1, 0]);
    const high = reach(one, x, y, [0, -1]) + reach(one, x, y, [0, 1]);
    if (Math.min(wide, high) < finger - 1) small.push(`${wide} × ${high}: ${one.outerHTML.slice(0, 160)}`);
  }
  return small;
}
