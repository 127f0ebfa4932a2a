// Measures every text and background pair of style/tokens.css in both themes (WCAG 2.2: 4.5 for text, 3 for
// controls and data lines). Ends with 1 when a pair is too weak.
import { readFileSync } from "node:fs";

const css = readFileSync(new URL("../style/tokens.css", import.meta.url), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
const colours = (block) =>
  Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map((match) => [match[1], match[2]]));
const lightBegins = css.indexOf("[data-theme");
const dark = colours(css.slice(0, lightBegins));
const light = { ...dark, ...colours(css.slice(lightBegins, css.indexOf("@media (max"))) };

const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
function luminance(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) => channel(parseInt(hex.slice(at, at + 2), 16) / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function contrast(one, other) {
  const [brighter, darker] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (brighter + 0.05) / (darker + 0.05);
}

const pairs = [];
const need = (ratio, fronts, backs) => {
  for (const front of fronts) for (const back of backs) pairs.push([front, back, ratio]);
};
const surfaces = ["canvas", "surface-1", "surface-2", "surface-over", "well", "row-selected"];
const texts = ["text", "text-2", "text-3"];
const states = ["ok", "warn", "err", "accent"];
need(4.5, [...texts, "accent", "ok", "warn", "err", "idle"], surfaces);
need(4.5, [...texts, "accent"], ["surface-3"]);
for (const state of [...states, "idle"]) need(4.5, [state], [`${state}-bg`]);
for (const state of states) need(4.5, texts, [`${state}-bg`]);
need(4.5, ["on-accent"], ["accent-fill", "accent-fill-2"]);
need(4.5, ["on-err"], ["err-fill"]);
need(4.5, ["on-mark"], ["mark"]);
need(4.5, ["on-mark-now"], ["mark-now"]);
const ansi = ["red", "green", "yellow", "blue", "magenta", "cyan", "white"].map((name) => `ansi-${name}`);
need(4.5, ansi, ["well", "err-bg", "warn-bg"]);
need(3, ["ansi-black"], ["well"]);
need(3, ["line-control"], ["canvas", "surface-1", "surface-2", "surface-over"]);
const lines = ["focus", "data-compute", "data-memory", "data-3", "data-4", "data-5"];
need(3, lines, ["canvas", "surface-1", "surface-2"]);

let failures = 0;
for (const [name, theme] of Object.entries({ dark, light })) {
  let weakest = Infinity;
  for (const [front, back, ratio] of pairs) {
    if (!theme[front] || !theme[back]) throw new Error(`style/tokens.css lacks --${theme[front] ? back : front}`);
    const measured = contrast(theme[front], theme[back]);
    if (ratio === 4.5) weakest = Math.min(weakest, measured);
    if (measured < ratio) {
      failures += 1;
      console.log(`${name}: ${front} on ${back} is ${measured.toFixed(2)}, needs ${ratio}`);
    }
  }
  console.log(`${name}: ${pairs.length} pairs, weakest text pair ${weakest.toFixed(2)}`);
}
process.exit(failures ? 1 : 0);
