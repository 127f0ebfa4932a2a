// Measures the release build on this machine and prints the README's table. `make bench` runs it; wrk is needed.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = process.env.AIKORE ?? join(root, "target/release/aikore");
const port = 9377;
const url = `http://127.0.0.1:${port}`;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1];
const rows = [];
const report = (what, figure, target) => {
  rows.push(`| ${what} | ${figure} | ${target} |`);
  console.error(`${what}: ${figure} (target ${target})`);
};

// A blueprint whose moments are known: it writes down when it began to listen, and prints the time in each line.
const blueprint = `### AIKORE-METADATA-START ###
# aikore.name = Bench
# aikore.category = Bench
# aikore.venv_type = none
### AIKORE-METADATA-END ###
exec python3 -u -c '
import http.server, os, threading, time
time.sleep(float(os.environ.get("BENCH_WAIT", "0")))
server = http.server.ThreadingHTTPServer((os.environ["WEBUI_HOST"], int(os.environ["WEBUI_PORT"])), http.server.SimpleHTTPRequestHandler)
print("listening", time.time() * 1000)
threading.Thread(target=server.serve_forever, daemon=True).start()
rate = float(os.environ.get("BENCH_RATE", "0.2"))
while True:
    print("bench", time.time() * 1000)
    time.sleep(1 / rate)
'
`;

function get(path) {
  return new Promise((resolve, reject) => {
    http.get(url + path, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.statusCode));
    }).on("error", reject);
  });
}

async function start(dataDir) {
  const began = performance.now();
  const child = spawn(program, ["--addr", `127.0.0.1:${port}`, "--data-dir", dataDir, "--auth", "off", "--instance-port-range", "23001-23200", "--stop-instances-on-exit"], {
    stdio: "ignore",
  });
  process.once("exit", () => child.kill("SIGTERM")); // also when something below fails
  for (;;) {
    try {
      if ((await get("/api/health")) === 200) break;
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (child.exitCode !== null) throw new Error(`the panel ended with ${child.exitCode}`);
  }
  return { child, ms: performance.now() - began };
}

async function stop({ child }) {
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}

const kib = (pid, file, field) =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(readFileSync(`/proc/${pid}/${file}`, "utf8"))[1]);
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function api(method, path, body) {
  const answer = await fetch(`${url}/api${path}`, {
    method,
    headers: { origin: url, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

async function until(what, condition) {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited too long for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const create = (name, env_vars = "") => api("POST", "/instances/", { name, base_blueprint: "bench", env_vars });
const status = async (id) => (await api("GET", `/instances/${id}`)).status;

const dataDir = mkdtempSync(join(tmpdir(), "aikore-bench-"));
mkdirSync(join(dataDir, "blueprints"), { recursive: true });
writeFileSync(join(dataDir, "blueprints/bench.sh"), blueprint);

// 1. Cold start and idle memory.
const starts = [];
const idle = [];
for (let turn = 0; turn < 5; turn++) {
  const panel = await start(dataDir);
  starts.push(panel.ms);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  idle.push(kib(panel.child.pid, "status", "VmRSS") / 1024);
  await stop(panel);
}
report("cold start to the first 200", `${median(starts).toFixed(0)} ms`, "≤ 100 ms");
report("memory, idle (RSS)", `${median(idle).toFixed(1)} MB`, "≤ 30 MB");

const panel = await start(dataDir);
const pid = panel.child.pid;

// 2. The list of 100 instances.
for (let index = 0; index < 100; index++) await create(`bench ${index}`);
const rates = [];
const costs = [];
for (let turn = 0; turn < 5; turn++) {
  const before = cpuMs(pid);
  const output = execFileSync("wrk", ["-t1", "-c16", "-d4s", `${url}/api/instances/`], { encoding: "utf8" });
  const requests = Number(/(\d+) requests in/.exec(output)[1]);
  rates.push(Number(/Requests\/sec:\s+([\d.]+)/.exec(output)[1]));
  costs.push((cpuMs(pid) - before) / requests);
}
report("list of 100 instances over REST, 16 connections", `${median(rates).toFixed(0)} req/s`, "≥ 4,000 req/s");
report("CPU per such request", `${median(costs).toFixed(3)} ms`, "≤ 0.35 ms");

// 3. Ten running instances.
const all = await api("GET", "/instances/");
const ten = all.slice(0, 10);
for (const { id } of ten) await api("POST", `/instances/${id}/start`);
await until("ten started", async () => (await api("GET", "/instances/")).filter((i) => i.status === "started").length >= 10);
await new Promise((resolve) => setTimeout(resolve, 3000));
const shims = readdirSync("/proc").filter((entry) => {
  try {
    const words = readFileSync(`/proc/${entry}/cmdline`, "utf8").split("\0");
    return words[1] === "shim" && words.some((word) => word.includes(dataDir));
  } catch {
    return false;
  }
});
report("memory with 10 running instances (RSS)", `${(kib(pid, "status", "VmRSS") / 1024).toFixed(1)} MB`, "≤ 35 MB");
const pss = shims.map((shim) => kib(shim, "smaps_rollup", "Pss") / 1024);
report(`memory per shim (PSS, ${shims.length} shims)`, `${median(pss).toFixed(2)} MB`, "≤ 2 MB");
for (const { id } of ten) await api("POST", `/instances/${id}/stop`);
await until("all stopped", async () => (await api("GET", "/instances/")).every((i) => i.status === "stopped"));
for (const { id } of all.slice(1)) await api("DELETE", `/instances/${id}`, { mode: "trash" });
await until("the rest deleted", async () => (await api("GET", "/instances/")).length === 1);

// 4. What a browser shows, and when.
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-quic", "--disable-background-networking"] });
const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
const cdp = await page.context().newCDPSession(page);
let bytes = 0;
const kinds = new Map();
await cdp.send("Network.enable");
cdp.on("Network.responseReceived", ({ requestId, response }) => kinds.set(requestId, response.url));
cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => kinds.has(requestId) && (bytes += encodedDataLength));

const app = await create("watched", "BENCH_WAIT=1");
await page.goto(url);
await page.waitForLoadState("networkidle");
report("first load of the dashboard, all of it", `${(bytes / 1000).toFixed(0)} kB`, "≤ 300 kB");

let requests = 0;
page.on("request", () => requests++);
await new Promise((resolve) => setTimeout(resolve, 15_000));
report("HTTP requests of an idle tab in 15 s", `${requests}`, "0");

/** When the row of `app` first shows `word`, by the page's clock. */
const shown = (word) =>
  page.evaluate(
    (word) =>
      new Promise((resolve) => {
        const there = () => [...document.querySelectorAll("tr")].some((row) => row.textContent.includes("watched") && row.textContent.includes(word));
        if (there()) return resolve(Date.now());
        const observer = new MutationObserver(() => {
          if (!there()) return;
          observer.disconnect();
          resolve(Date.now());
        });
        observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      }),
    word,
  );
const toStarted = [];
const toDeath = [];
for (let turn = 0; turn < 5; turn++) {
  const started = shown("Started");
  await api("POST", `/instances/${app.id}/start`);
  const at = await started;
  const { content } = await api("GET", `/instances/${app.id}/logs?offset=0`);
  toStarted.push(at - Number(/listening ([\d.]+)/.exec(content)[1]));
  const { pid: victim } = await api("GET", `/instances/${app.id}`);
  const dead = shown("Error");
  await page.evaluate(() => 0);
  const killed = Date.now();
  process.kill(victim, "SIGKILL");
  toDeath.push((await dead) - killed);
  await until("error", async () => (await status(app.id)) === "error");
}
report("app listening → *Started* on the screen", `${median(toStarted).toFixed(0)} ms`, "≤ 150 ms");
report("process death → shown", `${median(toDeath).toFixed(0)} ms`, "≤ 100 ms");

const chatty = await create("chatty", "BENCH_RATE=50");
await api("POST", `/instances/${chatty.id}/start`);
await page.goto(`${url}/?log=${chatty.id}`);
await page.waitForSelector("text=/bench \\d+/");
const delays = await page.evaluate(
  () =>
    new Promise((resolve) => {
      const seen = new Set();
      const delays = [];
      const look = (first) => {
        for (const [line, at] of document.body.innerText.matchAll(/bench (\d+\.\d+)/g)) {
          if (seen.has(line)) continue;
          seen.add(line);
          if (!first) delays.push(Date.now() - Number(at));
        }
        if (delays.length >= 500) resolve(delays);
        else requestAnimationFrame(() => look(false));
      };
      look(true);
    }),
);
report("log line written → on the screen, p50 / p99 of 500", `${quantile(delays, 0.5).toFixed(0)} / ${quantile(delays, 0.99).toFixed(0)} ms`, "p99 ≤ 100 ms");

await browser.close();
await stop(panel);
rmSync(dataDir, { recursive: true, force: true });
const table = `| Measured | Here | Wanted |\n|---|---|---|\n${rows.join("\n")}\n`;
console.log(table);
if (process.argv.includes("--write")) {
  const readme = join(root, "README.md");
  const text = readFileSync(readme, "utf8").replace(/(<!-- bench:begin -->\n)[\s\S]*(<!-- bench:end -->)/, `$1${table}$2`);
  writeFileSync(readme, text);
}
