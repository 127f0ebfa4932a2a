// What Lighthouse (fetched from npm) says of the dashboard: part of `make bench-telemetry` (bench-telemetry.mjs).
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { median, root } from "./panel.mjs";

const TURNS = 3;
const WANTED = { performance: 95, accessibility: 100, "best-practices": 100 };

/** Rows of a table: what, here, wanted; medians of some turns, as a desktop's browser. */
export function lighthouse(url) {
  const home = join(root, "target/bench-lighthouse");
  if (!existsSync(join(home, "node_modules/lighthouse"))) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{"private":true}\n');
    execFileSync("npm", ["install", "lighthouse@12", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: home, stdio: "inherit" });
  }
  const report = join(home, "report.json");
  const turns = Array.from({ length: TURNS }, () => {
    const flags = "--headless=new --no-sandbox --disable-background-networking --disable-component-update";
    const options = ["--quiet", "--preset=desktop", "--output=json", `--output-path=${report}`, `--chrome-flags=${flags}`];
    const env = { ...process.env, CHROME_PATH: process.env.CHROMIUM ?? "/usr/bin/chromium" };
    execFileSync(join(home, "node_modules/.bin/lighthouse"), [url, ...options, `--only-categories=${Object.keys(WANTED)}`], { env });
    return JSON.parse(readFileSync(report, "utf8"));
  });
  for (const { id, title, score } of Object.values(turns[0].audits)) {
    if (score !== null && score < 0.9) console.error(`Lighthouse: ${id} ${score}: ${title}`);
  }
  return Object.entries(WANTED).map(([name, least]) => {
    const scores = turns.map(({ categories }) => Math.round(categories[name].score * 100));
    return [`Lighthouse, ${name.replace("-", " ")}`, String(median(scores)), `≥ ${least}`];
  });
}
