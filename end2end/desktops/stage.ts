// A panel whose desktops are streamed for real, and what is asked of them.
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "@playwright/test";
import { type Instance, Panel, expect, lend, test as base } from "../tests/panel.ts";

const tools = join(import.meta.dirname, "../../target/tmp/desktop");
const program = process.env.AIKORE ?? join(import.meta.dirname, "../../target/debug/aikore");
export const desktops = ["--desktop-dir", tools];
export const MIB = 1024 * 1024;

export const test = base.extend<object, { panel: Panel }>({
  panel: [
    async ({}, use) => {
      // At once where it is there already.
      execFileSync(program, ["desktop", "install", ...desktops], { stdio: "ignore" });
      await lend(new Panel(desktops), use);
    },
    { scope: "worker", timeout: 300_000 },
  ],
});

/** A started instance whose desktop shows a picture. */
export async function started(panel: Panel, name: string, blueprint = "TkDemo"): Promise<Instance> {
  const { id } = await panel.create(name, blueprint);
  expect((await panel.api("POST", `/instances/${id}/start`)).ok).toBe(true);
  const state = async () => ((await (await panel.api("GET", `/v1/instances/${id}/desktop`)).json()) as { state: string } | null)?.state;
  await expect.poll(state, { timeout: 120_000 }).toBe("ready");
  await expect.poll(async () => (await panel.get(id)).open_url).toContain("/desktop/");
  return panel.get(id);
}

/** What stands in the field of Tk demo, which prints it. */
export async function typed(panel: Panel, id: number): Promise<string> {
  const log = await (await panel.api("GET", `/instances/${id}/logs/download`)).text();
  return log.split("text: ").at(-1)?.split("\n")[0] ?? "";
}

/** A page that shows a desktop, once it shows a picture. */
export async function look(context: BrowserContext, panel: Panel, address: string): Promise<Page> {
  await context.addCookies([{ name: "aikore_session", value: panel.session, url: panel.url }]);
  const viewer = await context.newPage();
  await viewer.goto(address);
  await expect.poll(() => painted(viewer), { timeout: 60_000 }).toBeGreaterThan(0);
  return viewer;
}

/** How many pictures of the stream a page has shown. */
export function painted(viewer: Page): Promise<number> {
  return viewer.evaluate(() => document.querySelector("video")?.getVideoPlaybackQuality().totalVideoFrames ?? 0);
}

/** Types into the field of the demo until it arrives; answers what stands there then. */
export async function reach(viewer: Page, panel: Panel, id: number): Promise<string> {
  const before = await typed(panel, id);
  await expect(async () => {
    await viewer.mouse.click(360, 150);
    await viewer.keyboard.type("x", { delay: 30 });
    await expect.poll(() => typed(panel, id), { timeout: 2_000 }).not.toBe(before);
  }).toPass({ timeout: 60_000 });
  return typed(panel, id);
}

/** Living processes below one, itself included, with their command lines. */
function below(pid: number): Map<number, string> {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const [state, parent] = read(`/proc/${entry}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    if (state !== "Z" && parent) parents.set(Number(entry), Number(parent));
  }
  const found = new Set(parents.has(pid) ? [pid] : []);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const [child, parent] of parents) if (found.has(parent)) found.add(child);
  }
  return new Map([...found].map((one) => [one, read(`/proc/${one}/cmdline`).replaceAll("\0", " ")]));
}

export function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** What streams the desktop of an instance. */
export function selkies({ pid }: Instance): number {
  const [found] = [...below(pid)].find(([, words]) => words.includes("selkies --unix-socket")) ?? [];
  if (found === undefined) throw new Error(`no Selkies below ${pid}: ${JSON.stringify([...below(pid)])}`);
  return found;
}

export const files = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;
/** Memory of a process, MiB. */
export const memory = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;

export async function stop(panel: Panel, { id, pid }: Instance): Promise<void> {
  const were = [...below(pid)];
  expect(were.length).toBeGreaterThan(4);
  await panel.api("POST", `/instances/${id}/stop`);
  await expect.poll(async () => (await panel.get(id)).status, { timeout: 60_000 }).toBe("stopped");
  // A number may be somebody else's by now, its words are not.
  expect(were.filter(([one, words]) => below(one).get(one) === words)).toEqual([]);
}
