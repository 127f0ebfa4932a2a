// Measures what measuring costs: the release build with 20 instances of 10 processes and two GPUs of a stand-in for
// NVIDIA's library, one viewer at 1 Hz, beside glances and nvitop's exporter (from PyPI, where they install) in the same
// run on this machine. `make bench-telemetry` runs it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import WebSocket from "ws";
import { dashboard, rendered } from "./bench-dashboard.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = process.env.AIKORE ?? join(root, "target/release/aikore");
const INSTANCES = 20;
const PROCESSES = 10;
const SECONDS = Number(process.env.SECONDS ?? 60);

const seconds = (count) => new Promise((resolve) => setTimeout(resolve, count * 1000));

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

async function until(what, condition) {
  const deadline = Date.now() + 180_000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited too long for: ${what}`);
    await seconds(0.1);
  }
}

const home = mkdtempSync(join(tmpdir(), "aikore-bench-"));
const children = [];
function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: "ignore", ...options });
  children.push(child);
  return child;
}

/** Processor time of a process and all its threads, milliseconds. */
function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The share of one core that processes take, per cent, each over the same time. */
async function shares(pids) {
  const before = pids.map(cpuMs);
  const began = Date.now();
  await seconds(SECONDS);
  const passed = Date.now() - began;
  return pids.map((pid, index) => ((cpuMs(pid) - before[index]) / passed) * 100);
}

// Two GPUs whose answers do not change: reading them from a file would be the stand-in's cost.
const library = join(home, "libnvidia-ml.so.1");
const state = join(home, "state");
writeFileSync(state, "");
execFileSync("cc", ["-shared", "-fPIC", "-O2", "-DFIXED", `-DSTATE="${state}"`, "-o", library,
  join(root, "server/engine/tests/nvml/nvml.c")]);

const data = join(home, "data");
mkdirSync(join(data, "blueprints"), { recursive: true });
writeFileSync(join(data, "blueprints/herd.sh"), `#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Herd
# aikore.ready = process
### AIKORE-METADATA-END ###
for _ in $(seq ${PROCESSES - 1}); do sleep 100000 & done
wait
`);
// 10,000 lines a second, a hundred at a time.
writeFileSync(join(data, "blueprints/loud.sh"), `#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Loud
# aikore.ready = process
### AIKORE-METADATA-END ###
exec python3 -u -c '
import time
number = 0
while True:
    print("\\n".join(f"step {number + line} of a training that prints every step, loss 0.123" for line in range(100)))
    number += 100
    time.sleep(0.01)
'
`);
const port = await freePort();
const panel = run(program, ["--addr", `127.0.0.1:${port}`, "--data-dir", data, "--auth", "off", "--nvml-library", library,
  "--stop-instances-on-exit"], { env: { ...process.env, RUST_LOG: "warn" } });
const api = async (method, path, body) => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { "content-type": "application/json", origin: `http://127.0.0.1:${port}` },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

let failed = null;
try {
  await until("the panel", () => fetch(`http://127.0.0.1:${port}/api/health`).then((answer) => answer.ok, () => false));
  for (let number = 1; number <= INSTANCES; number++) {
    const { id } = await api("POST", "/api/instances/", { name: `herd ${number}`, base_blueprint: "herd" });
    await api("POST", `/api/instances/${id}/start`, {});
  }
  const isFull = ({ instances }) =>
    instances.length === INSTANCES && instances.every((one) => one.processes >= PROCESSES);
  await until("all processes", async () => isFull(await api("GET", "/api/v1/telemetry/now")));

  const [unwatched] = await shares([panel.pid]);
  const viewer = new WebSocket(`ws://127.0.0.1:${port}/ws`, { origin: `http://127.0.0.1:${port}` });
  await once(viewer, "open");
  let readings = 0;
  viewer.on("message", (_, isBinary) => { if (isBinary) readings++; });
  viewer.send(JSON.stringify({ readings: true }));
  const { instances } = await api("GET", "/api/v1/telemetry/now");
  const processes = instances.reduce((sum, one) => sum + one.processes, 0);

  // The others look at the same machine at the same pace.
  const others = [];
  const venv = join(home, "venv");
  try {
    execFileSync("python3", ["-m", "venv", venv], { stdio: "ignore" });
    execFileSync(join(venv, "bin/pip"), ["install", "--quiet", "glances", "nvitop-exporter"], { stdio: "ignore", timeout: 240_000 });
    const env = { ...process.env, LD_LIBRARY_PATH: home, HOME: home };
    others.push(["glances --stdout, 1 s", run(join(venv, "bin/glances"), ["--stdout", "cpu.user,mem.used", "-t", "1"], { env })]);
    others.push(["nvitop-exporter, 1 s", run(join(venv, "bin/nvitop-exporter"), ["--interval", "1", "--port", String(await freePort())], { env })]);
    await seconds(10);
  } catch (error) {
    console.log(`not beside others: ${String(error).split("\n")[0]}`);
  }
  const alive = others.filter(([, child]) => child.exitCode === null);
  const seen = readings;
  const [watched, ...theirs] = await shares([panel.pid, ...alive.map(([, child]) => child.pid)]);
  const pace = (readings - seen) / SECONDS;

  // A block of the finest level is written every five minutes; the first one is from before all of them ran.
  const sql = "SELECT samples, LENGTH(bytes) FROM blocks WHERE level = 0 ORDER BY samples DESC LIMIT 1";
  const script = "import sqlite3,sys;print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone() or (0,0))";
  const largest = () => execFileSync("python3", ["-c", script, join(data, "telemetry.db"), sql], { encoding: "utf8" })
    .trim().split(" ").map(Number);
  let [samples, bytes] = largest();
  for (const deadline = Date.now() + 620_000; samples < 10_000 && Date.now() < deadline; [samples, bytes] = largest()) await seconds(2);

  viewer.close();
  // One of them prints as fast as a careless progress bar, while somebody looks at its log.
  const loud = await api("POST", "/api/instances/", { name: "loud", base_blueprint: "loud" });
  await api("POST", `/api/instances/${loud.id}/start`, {});
  await until("its log", async () => (await api("GET", `/api/instances/${loud.id}/logs?offset=0`)).size > 100_000);
  const browser = await dashboard(`http://127.0.0.1:${port}`, loud.id, Math.min(SECONDS, 30));
  await api("POST", `/api/instances/${loud.id}/stop`, {});
  for (let number = INSTANCES + 2; number <= 100; number++) {
    await api("POST", "/api/instances/", { name: `idle ${number}`, base_blueprint: "loud" });
  }
  const page = await rendered(`http://127.0.0.1:${port}/`, 200);

  const row = (what, here, wanted) => console.log(`| ${what} | ${here} | ${wanted} |`);
  console.log(`\n| ${INSTANCES} instances, ${processes} processes, 2 GPUs (stand-in), ${SECONDS} s each | Here | Wanted |\n|---|---|---|`);
  row(`CPU of the whole panel, one viewer (${pace.toFixed(2)} readings a second)`, `${watched.toFixed(2)} % of one core`, "≤ 0.5 %");
  row("CPU of the whole panel, nobody looking", `${unwatched.toFixed(2)} % of one core`, "");
  alive.forEach(([name], index) => row(`CPU of ${name}, same time`, `${theirs[index].toFixed(2)} % of one core`, ""));
  row(`bytes for each stored value (${samples} values)`, samples >= 10_000 ? (bytes / samples).toFixed(2) : "no whole block", "≤ 2");
  for (const [what, here, wanted] of browser) row(what, here, wanted);
  row("the dashboard of 100 instances, rendered and sent (p50)", `${page.toFixed(1)} ms`, "≤ 10 ms");
} catch (error) {
  failed = error;
} finally {
  for (const child of children.slice(1)) child.kill("SIGTERM");
  panel.kill("SIGTERM");
  if (panel.exitCode === null) await Promise.race([once(panel, "exit"), seconds(60)]);
  rmSync(home, { recursive: true, force: true });
}
if (failed) {
  console.error(failed);
  process.exit(1);
}
