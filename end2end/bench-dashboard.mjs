// What the dashboard costs a browser while everything moves: part of `make bench-telemetry` (bench-telemetry.mjs).
import { chromium } from "playwright-core";
import { quantile } from "./panel.mjs";

/** Counts frames and how long clicks and keys take until the screen shows them. Runs in the page. */
function observe() {
  const seen = { events: new Map(), frames: [], began: performance.now() };
  window.aikoreBench = seen;
  new PerformanceObserver((list) => {
    for (const { interactionId, duration } of list.getEntries()) {
      if (interactionId) seen.events.set(interactionId, Math.max(duration, seen.events.get(interactionId) ?? 0));
    }
  }).observe({ type: "event", durationThreshold: 16 });
  const frame = (now) => {
    seen.frames.push(now);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

function told() {
  const { events, frames, began } = window.aikoreBench;
  const gaps = frames.slice(1).map((at, index) => at - frames[index]);
  return { events: [...events.values()], gaps, seconds: (performance.now() - began) / 1000 };
}

/**
 * The longest task of the page's thread, from what the browser noted: milliseconds until it was over, and milliseconds of
 * the processor. Where other programs have the processor too, only the second is the page's own.
 */
function longest(trace) {
  const { traceEvents } = JSON.parse(trace);
  const pages = new Set(traceEvents.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain").map(({ pid, tid }) => `${pid} ${tid}`));
  const tasks = traceEvents.filter(({ name, pid, tid }) => name === "ThreadControllerImpl::RunTask" && pages.has(`${pid} ${tid}`));
  const { dur, tdur } = tasks.reduce((one, other) => (other.dur > one.dur ? other : one));
  return { passed: Math.round(dur / 1000), worked: Math.round(tdur / 1000) };
}

/**
 * Opens the dashboard with the log of one instance for some seconds, and clicks and types meanwhile.
 * Answers rows of a table: what, here, wanted.
 */
export async function dashboard(url, log, seconds) {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(`${url}/?log=${log}`);
    await page.getByTitle(/^Connected/).waitFor();
    await page.locator(".c-load path[d^=M]").first().waitFor({ state: "attached" });
    await page.evaluate(observe);
    await browser.startTracing(page, { categories: ["toplevel"] });
    const until = Date.now() + seconds * 1000;
    let presses = 0;
    while (Date.now() < until) {
      await page.getByRole("link", { name: /^Running/ }).click();
      await page.getByRole("link", { name: /^All/ }).click();
      await page.locator(".gpu-tag--button").nth(presses % 5).click();
      await page.keyboard.type("0,1", { delay: 60 });
      await page.keyboard.press("Escape");
      presses += 6;
      await page.waitForTimeout(200);
    }
    const { events, gaps, seconds: passed } = await page.evaluate(told);
    const { passed: task, worked } = longest((await browser.stopTracing()).toString());
    const slow = gaps.filter((gap) => gap > 34).length;
    return [
      [`dashboard INP (p98 of ${presses} clicks and keys)`, `${Math.round(quantile([16, ...events], 0.98))} ms`, "≤ 100 ms"],
      ["dashboard, longest task", `${task} ms, ${worked} ms of it at work`, "≤ 50 ms"],
      ["dashboard, frames", `${(gaps.length / passed).toFixed(1)} a second, ${slow} of ${gaps.length} late`, "60 a second"],
    ];
  } finally {
    await browser.close();
  }
}

/** How long the server takes for the dashboard in an encoding; milliseconds. */
export async function rendered(url, encoding, times) {
  const taken = [];
  for (let number = 0; number < times; number++) {
    const began = performance.now();
    const answer = await fetch(url, { headers: { accept: "text/html", "accept-encoding": encoding } });
    await answer.text();
    taken.push(performance.now() - began);
  }
  return quantile(taken, 0.5);
}
