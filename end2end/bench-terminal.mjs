// Measures terminals of the release build beside wetty's, in one run on this machine. `make bench-terminal` runs it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import WebSocket from "ws";
import { built, cpuMs, freePort, median, pause, quantile, root, startPanel, until } from "./panel.mjs";

const BULK = 100 << 20;
const TURNS = 5;
const KEYS = 300;
const BREAKS = 7;
/** Bytes a second that a slow browser draws; xterm.js says 5 to 35 million of itself. */
const SLOW = 5e6;
const IDLE = 50;
const IDLE_SECONDS = 30;

const dataDir = mkdtempSync(join(tmpdir(), "aikore-bench-"));
// Lines as programs print them, some of them coloured, some not of one byte a character.
const text = join(dataDir, "bulk.txt");
{
  let line = 0;
  const lines = [];
  for (let bytes = 0; bytes < BULK; ) {
    const one = `\x1b[32m${String(++line).padStart(8)}\x1b[0m ${line % 10 ? "the quick brown fox jumps over the lazy dog" : "größer als für möglich gehalten"} ${"-".repeat(line % 30)}\n`;
    bytes += Buffer.byteLength(one);
    lines.push(one);
  }
  writeFileSync(text, lines.join(""));
}
// A terminal makes two characters of a line's end.
const content = readFileSync(text);
const printed = content.length + content.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 0);

const children = [];
function run(command, args, options) {
  const child = spawn(command, args, { stdio: "ignore", ...options });
  children.push(child);
  return child;
}
process.once("exit", () => {
  for (const child of children) child.kill("SIGTERM");
  rmSync(dataDir, { recursive: true, force: true });
});

/** What both kinds of terminal offer to the measurements: typing, and a function that is told how many bytes came. */
class Meter {
  count = 0;
  tail = "";
  waiting = null;
  heard(bytes, last) {
    this.count += bytes;
    this.tail = (this.tail + last).slice(-200);
    if (this.waiting?.condition()) {
      this.waiting.resolve(performance.now());
      this.waiting = null;
    }
  }
  until(condition) {
    if (condition()) return Promise.resolve(performance.now());
    return new Promise((resolve) => (this.waiting = { condition, resolve }));
  }
}

/** Shows bytes at some rate, one message after the other, and says so then; without a rate at once. */
class Eyes {
  free = 0;
  constructor(rate) {
    this.rate = rate;
  }
  see(bytes, done) {
    if (!this.rate) return done();
    const now = performance.now();
    this.free = Math.max(now, this.free) + (bytes * 1000) / this.rate;
    setTimeout(done, this.free - now);
  }
}

async function panel() {
  const { url, pid, api } = await startPanel(join(dataDir, "data"), built("release"));
  const instance = await api("POST", "/instances/", { name: "bench", base_blueprint: "test-logs" });
  const open = async (rate) => {
    const { id } = await api("POST", `/instances/${instance.id}/terminals`, {});
    const socket = new WebSocket(`${url.replace("http", "ws")}/ws/terminals/${id}`, { origin: url, perMessageDeflate: false });
    const meter = new Meter();
    const eyes = new Eyes(rate);
    let next = 0;
    socket.on("message", (data, binary) => {
      if (!binary) return;
      const offset = Number(data.readBigUInt64BE(0));
      if (offset !== next) throw new Error(`byte ${offset} came instead of ${next}`);
      next += data.length - 8;
      const place = next;
      eyes.see(data.length - 8, () => {
        socket.send(JSON.stringify({ type: "shown", place }));
        meter.heard(data.length - 8, data.subarray(-200).toString("latin1"));
      });
    });
    await once(socket, "open");
    let typed = 0;
    const type = (keys) => {
      const message = Buffer.alloc(8 + Buffer.byteLength(keys));
      message.writeBigUInt64BE(BigInt(typed));
      typed += message.write(keys, 8);
      socket.send(message);
    };
    return { meter, type, close: () => socket.close() };
  };
  return { pid, open };
}

async function wetty() {
  const home = join(root, "target/bench-wetty");
  if (!existsSync(join(home, "node_modules/wetty"))) {
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, "package.json"), '{"private":true}\n');
    // Node's own headers, where they were installed with it: compiling then needs no download.
    const prefix = dirname(dirname(process.execPath));
    const env = existsSync(join(prefix, "include/node/node.h")) ? { ...process.env, npm_config_nodedir: prefix } : process.env;
    try {
      execFileSync("npm", ["install", "wetty", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: home, stdio: "inherit", env });
    } catch {
      console.error("wetty could not be installed here; it needs a compiler and the network.");
      return null;
    }
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const shell = ["--command", "bash --norc"];
  const { pid } = run("node", [join(home, "node_modules/wetty/build/main.js"), "--host", "127.0.0.1", "--port", String(port), "--base", "/", ...shell], {
    env: { ...process.env, NODE_ENV: "production" },
  });
  await until("wetty", 120, () => fetch(url).then((answer) => answer.ok, () => false));
  const { io } = await import(pathToFileURL(createRequire(join(home, "package.json")).resolve("socket.io-client")).href);
  const open = async (rate) => {
    const socket = io(url, { path: "/socket.io", transports: ["websocket"], forceNew: true });
    const meter = new Meter();
    const eyes = new Eyes(rate);
    socket.on("data", (data) => {
      const bytes = Buffer.byteLength(data);
      eyes.see(bytes, () => {
        socket.emit("commit", data.length);
        meter.heard(bytes, data.slice(-200));
      });
    });
    await new Promise((resolve, reject) => {
      socket.on("login", resolve);
      socket.on("connect_error", reject);
    });
    return { meter, type: (keys) => socket.emit("input", keys), close: () => socket.close() };
  };
  return { pid, open };
}

/** Of a file on the screen: bytes a second, 10^6, and the server's processor time, milliseconds. */
async function bulk({ pid, open }) {
  const rates = [];
  const costs = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const { meter, type, close } = await open();
    await meter.until(() => /[$#] $/.test(meter.tail));
    const begun = meter.count;
    const spent = cpuMs(pid);
    const began = performance.now();
    type(`cat ${text}; echo 'do'ne\r`);
    const ended = await meter.until(() => meter.tail.includes("done\r\n"));
    const came = meter.count - begun;
    if (came < printed) throw new Error(`${came} bytes came of ${printed}`);
    rates.push(came / 1e3 / (ended - began));
    costs.push(cpuMs(pid) - spent);
    close();
  }
  return { rate: median(rates), cost: median(costs) };
}

/** Bytes a second that a pseudo-terminal of this machine passes to who only reads, 10^6. */
function ceiling() {
  const rates = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const began = performance.now();
    execFileSync("script", ["-q", "-c", `cat ${text}`, "/dev/null"], { stdio: ["ignore", "ignore", "inherit"] });
    rates.push(printed / 1e3 / (performance.now() - began));
  }
  return median(rates);
}

/** Milliseconds from a key to its echo. */
async function echo({ open }) {
  const { meter, type, close } = await open();
  await meter.until(() => /[$#] $/.test(meter.tail));
  type("cat >/dev/null\r");
  await meter.until(() => meter.tail.includes("null\r\n"));
  await pause(0.2);
  const times = [];
  for (let key = 0; key < KEYS; key++) {
    const before = meter.count;
    const began = performance.now();
    type("x");
    times.push((await meter.until(() => meter.count > before)) - began);
    await pause(0.005);
  }
  close();
  return times;
}

/** Milliseconds from Ctrl-C into a flood to the prompt on the screen. */
async function breaks({ open }, flood, rate) {
  const times = [];
  for (let turn = 0; turn < BREAKS; turn++) {
    const { meter, type, close } = await open(rate);
    await meter.until(() => /[$#] $/.test(meter.tail));
    type(`${flood}\r`);
    await meter.until(() => meter.count > 2 << 20);
    meter.tail = "";
    const began = performance.now();
    type("\x03");
    times.push((await meter.until(() => /[$#] $/.test(meter.tail))) - began);
    close();
  }
  return times;
}

async function idle({ pid, open }) {
  const open_ones = [];
  for (let turn = 0; turn < IDLE; turn++) {
    const terminal = await open();
    await terminal.meter.until(() => /[$#] $/.test(terminal.meter.tail));
    open_ones.push(terminal);
  }
  await pause(2);
  const before = cpuMs(pid);
  await pause(IDLE_SECONDS);
  const share = (cpuMs(pid) - before) / (IDLE_SECONDS * 10);
  for (const { close } of open_ones) close();
  return share;
}

const ours = await panel();
const theirs = await wetty();
const most = ceiling();
const bulks = [await bulk(ours), theirs && (await bulk(theirs))];
const echoes = [await echo(ours), theirs && (await echo(theirs))];
const floods = [
  ["yes", "yes", undefined],
  ["yes, drawn at 5 MB/s", "yes", SLOW],
  ["a file of 100 MiB", `cat ${text}`, undefined],
  ["a file of 100 MiB, drawn at 5 MB/s", `cat ${text}`, SLOW],
];
const broken = [];
for (const [what, flood, rate] of floods) {
  broken.push([what, [await breaks(ours, flood, rate), theirs && (await breaks(theirs, flood, rate))]]);
}
const share = await idle(ours);
const missing = "not installed";
const rows = [
  ["a file of 100 MiB to a client that reads as fast as it can, MB/s", bulks.map((bulk) => bulk?.rate.toFixed(0) ?? missing), "≥ 20, twice wetty"],
  ["the same, processor time of the server, ms", bulks.map((bulk) => bulk?.cost.toFixed(0) ?? missing), ""],
  ["the same read by script(1), which does nothing with it, MB/s", [most.toFixed(0), ""], ""],
  ["key to echo, p50, ms", echoes.map((times) => (times ? median(times).toFixed(2) : missing)), "≤ 5"],
  ["key to echo, p99, ms", echoes.map((times) => (times ? quantile(times, 0.99).toFixed(2) : missing)), ""],
  ...broken.map(([what, both]) => [
    `Ctrl-C to prompt under ${what}, p50 / worst of ${BREAKS}, ms`,
    both.map((times) => (times ? `${median(times).toFixed(0)} / ${Math.max(...times).toFixed(0)}` : missing)),
    "≤ 100",
  ]),
  [`${IDLE} idle terminals, processor time`, [`${share.toFixed(2)} %`, ""], "< 0.5 %"],
];
console.log("| terminals | AiKore | wetty | target |\n|---|---|---|---|");
for (const [what, figures, target] of rows) console.log(`| ${what} | ${figures.join(" | ")} | ${target} |`);
process.exit(0);
