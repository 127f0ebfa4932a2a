// Measures desktops: how long until one is seen, how long until a key shows, what one costs that nobody looks at. The
// release build, the real stream, a headless Chromium as viewer, all on this machine. `make bench-desktops` runs it.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { built, cpuMs, median, pause, quantile, root, startPanel, until } from "./panel.mjs";

const STARTS = 3;
const PRESSES = Number(process.env.PRESSES ?? 60);
const SECONDS = Number(process.env.SECONDS ?? 20);
/** Where Tk demo shows its text a second time: unlike in its field, no cursor blinks there. */
const SHOWN = { x: 240, y: 185, width: 240, height: 44 };

const program = built("release");
const tools = join(root, "target/tmp/desktop");
// At once where it is there already.
execFileSync(program, ["desktop", "install", "--desktop-dir", tools], { stdio: "ignore" });
const data = mkdtempSync(join(tmpdir(), "aikore-bench-"));
const { api, end } = await startPanel(data, program, "--desktop-dir", tools);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });

/** Whether the stream shows something; a screen without a window is of one colour. Runs in the page. */
function shows() {
  const video = document.querySelector("video");
  if (!video?.videoWidth) return false;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [64, 36];
  const drawing = canvas.getContext("2d");
  drawing.drawImage(video, 0, 0, 64, 36);
  const greens = drawing.getImageData(0, 0, 64, 36).data.filter((_, index) => index % 4 === 1);
  return Math.max(...greens) - Math.min(...greens) > 64;
}

/**
 * Notes for each key how long it took from its event until the region was another: `took`, and the gaps between two
 * looks, `gaps`. A look is taken at each repaint of the page, so a change is seen up to one gap late. Runs in the page.
 */
function observe({ x, y, width, height }) {
  const seen = { took: [], gaps: [] };
  window.aikoreBench = seen;
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const drawing = canvas.getContext("2d", { willReadFrequently: true });
  const greens = () => {
    drawing.drawImage(video, x, y, width, height, 0, 0, width, height);
    return drawing.getImageData(0, 0, width, height).data.filter((_, index) => index % 4 === 1);
  };
  window.addEventListener("keydown", () => {
    const began = performance.now();
    const before = greens();
    let last = began;
    const look = () => {
      const now = performance.now();
      if (last !== began) seen.gaps.push(now - last);
      last = now;
      // A text, and not what the codec mends of a still picture.
      const changed = greens().filter((green, index) => Math.abs(green - before[index]) > 64).length;
      if (changed > 20) seen.took.push(now - began);
      else if (now - began < 5000) requestAnimationFrame(look);
      else seen.took.push(NaN);
    };
    requestAnimationFrame(look);
  }, true);
}

const statusOf = async (id) => (await api("GET", `/instances/${id}`)).status;
async function stop(id) {
  await api("POST", `/instances/${id}/stop`);
  await until("the stop", 60, async () => (await statusOf(id)) === "stopped");
}

/** Starts an instance and opens its desktop at once, as *Open* does; milliseconds until its window is seen, and the page. */
async function start(id) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  const began = performance.now();
  await api("POST", `/instances/${id}/start`);
  const address = await until("an address", 30, async () => {
    const { open_url: url } = await api("GET", `/instances/${id}`);
    return url.includes("/desktop/") && url;
  });
  // Until the desktop is there, a page says so and turns into it.
  await page.goto(address);
  await page.waitForFunction(shows, null, { polling: "raf", timeout: 120_000 });
  return { ms: performance.now() - began, page };
}

/** Presses keys on a desktop, one after the other was seen. */
async function keys(page) {
  await page.mouse.click(360, 150);
  await page.evaluate(observe, SHOWN);
  for (let press = 0; press < PRESSES; press++) {
    await page.keyboard.press(press % 2 ? "Backspace" : "m", { delay: 20 });
    await page.waitForFunction((wanted) => window.aikoreBench.took.length >= wanted, press + 1);
    // Not in step with the stream's pictures.
    await pause(0.2 + Math.random() * 0.2);
  }
  return page.evaluate(() => window.aikoreBench);
}

/** Processes below one, itself included. */
function below(pid) {
  const parents = new Map();
  for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      parents.set(Number(name), Number(readFileSync(`/proc/${name}/stat`, "utf8").split(") ").at(-1).split(" ")[1]));
    } catch {
      // It has ended.
    }
  }
  const found = [pid];
  for (const one of found) found.push(...[...parents].filter(([, parent]) => parent === one).map(([child]) => child));
  return found;
}

/** Memory of a process, what it shares with others shared out; MB. */
const pss = (pid) => (Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1]) * 1024) / 1e6;
const words = (pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8");
const sum = (values) => values.reduce((total, value) => total + value, 0);

/** The processes of an instance, and which of them are its app. */
async function parts(id) {
  const pids = below((await api("GET", `/instances/${id}`)).pid);
  return pids.map((pid) => ({ pid, isApp: words(pid).includes("tk_demo.py") }));
}

/** The share of one core that an instance takes, per cent; and its app's part. */
async function share(id) {
  const all = await parts(id);
  const before = all.map(({ pid }) => cpuMs(pid));
  const began = performance.now();
  await pause(SECONDS);
  const passed = performance.now() - began;
  const shares = all.map(({ pid }, index) => ((cpuMs(pid) - before[index]) / passed) * 100);
  return [sum(shares), sum(shares.filter((_, index) => all[index].isApp))];
}

/** The memory of an instance's desktop, MB; its app is not counted. */
const memory = async (id) => sum((await parts(id)).filter(({ isApp }) => !isApp).map(({ pid }) => pss(pid)));

let failed = null;
try {
  const { id } = await api("POST", "/instances/", { name: "bench", base_blueprint: "TkDemo" });
  const starts = [];
  let page;
  // The first one reads the programs from the disk.
  for (let number = 0; number <= STARTS; number++) {
    if (number) await stop(id);
    await page?.close();
    const started = await start(id);
    page = started.page;
    if (number) starts.push(started.ms);
  }
  const { took, gaps } = await keys(page);
  if (took.some(Number.isNaN)) throw new Error(`keys that did not show within 5 s: ${took.filter(Number.isNaN).length}`);
  await page.close();
  // Selkies waits for a page to come back before it rests.
  await pause(10);
  const [cpu, ownCpu] = await share(id);
  const alone = await memory(id);
  // What programs have in common counts once.
  const other = await api("POST", "/instances/", { name: "other", base_blueprint: "TkDemo" });
  await api("POST", `/instances/${other.id}/start`);
  await until("another", 60, async () => (await api("GET", `/v1/instances/${other.id}/desktop`))?.state === "ready");
  const beside = (await memory(id) + await memory(other.id)) / 2;

  const ms = (value) => `${Math.round(value)} ms`;
  const row = (what, here, wanted) => console.log(`| ${what} | ${here} | ${wanted} |`);
  console.log("| A desktop with a Tk window, 1280x720, H.264 by software | Here | Wanted |\n|---|---|---|");
  row(`start request → its window in the viewer (median of ${STARTS}, warm)`, `${(median(starts) / 1000).toFixed(2)} s`, "≤ 5 s");
  row(`key press → changed pixel in the viewer, p50 of ${took.length}`, ms(median(took)), "≤ 120 ms");
  row(`the same, p95 (looked at every ${ms(median(gaps))})`, ms(quantile(took, 0.95)), "");
  row(`CPU of all its processes, nobody looking, ${SECONDS} s (${ownCpu.toFixed(1)} % is the app's)`, `${cpu.toFixed(1)} % of one core`, "≤ 2 %");
  row("memory (PSS), without the app, one desktop alone", `${alone.toFixed(0)} MB`, "≤ 180 MB");
  row("the same, each of two", `${beside.toFixed(0)} MB`, "");
} catch (error) {
  failed = error;
} finally {
  await browser.close();
  await end();
  rmSync(data, { recursive: true, force: true });
}
if (failed) console.error(failed);
// Timers that nobody waits for any more would keep it.
process.exit(failed ? 1 : 0);
