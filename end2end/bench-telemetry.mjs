// Measures what measuring costs: the release build with 20 instances of 10 processes and two GPUs of a stand-in for
// NVIDIA's library, one viewer at 1 Hz, beside glances and nvitop's exporter (from PyPI, where they install) in the same
// run on this machine. `make bench-telemetry` runs it.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import WebSocket from "ws";
import { dashboard, rendered } from "./bench-dashboard.mjs";
import { lighthouse } from "./bench-lighthouse.mjs";
import { built, cpuMs, freePort, pause, root, startPanel, until } from "./panel.mjs";

const INSTANCES = 20;
const PROCESSES = 10;
const SECONDS = Number(process.env.SECONDS ?? 60);

const home = mkdtempSync(join(tmpdir(), "aikore-bench-"));
const children = [];
function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: "ignore", ...options });
  children.push(child);
  return child;
}

/** The share of one core that processes take, per cent, each over the same time. */
async function shares(pids) {
  const before = pids.map(cpuMs);
  const began = Date.now();
  await pause(SECONDS);
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
const { url, pid, api, end } = await startPanel(data, built("release"), "--nvml-library", library);

let failed = null;
try {
  for (let number = 1; number <= INSTANCES; number++) {
    const { id } = await api("POST", "/instances/", { name: `herd ${number}`, base_blueprint: "herd" });
    await api("POST", `/instances/${id}/start`, {});
  }
  const isFull = ({ instances }) =>
    instances.length === INSTANCES && instances.every((one) => one.processes >= PROCESSES);
  await until("all processes", 180, async () => isFull(await api("GET", "/v1/telemetry/now")));

  const [unwatched] = await shares([pid]);
  const viewer = new WebSocket(`${url.replace("http", "ws")}/ws`, { origin: url });
  await once(viewer, "open");
  let readings = 0;
  viewer.on("message", (_, isBinary) => { if (isBinary) readings++; });
  viewer.send(JSON.stringify({ readings: true }));
  const { instances } = await api("GET", "/v1/telemetry/now");
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
    await pause(10);
  } catch (error) {
    console.log(`not beside others: ${String(error).split("\n")[0]}`);
  }
  const alive = others.filter(([, child]) => child.exitCode === null);
  const seen = readings;
  const [watched, ...theirs] = await shares([pid, ...alive.map(([, child]) => child.pid)]);
  const pace = (readings - seen) / SECONDS;

  // A block of the finest level is written every five minutes; the first one is from before all of them ran.
  const sql = "SELECT samples, LENGTH(bytes) FROM blocks WHERE level = 0 ORDER BY samples DESC LIMIT 1";
  const script = "import sqlite3,sys;print(*sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone() or (0,0))";
  const largest = () => execFileSync("python3", ["-c", script, join(data, "telemetry.db"), sql], { encoding: "utf8" })
    .trim().split(" ").map(Number);
  let [samples, bytes] = largest();
  for (const deadline = Date.now() + 620_000; samples < 10_000 && Date.now() < deadline; [samples, bytes] = largest()) await pause(2);

  viewer.close();
  // One of them prints as fast as a careless progress bar, while somebody looks at its log.
  const loud = await api("POST", "/instances/", { name: "loud", base_blueprint: "loud" });
  await api("POST", `/instances/${loud.id}/start`, {});
  await until("its log", 180, async () => (await api("GET", `/instances/${loud.id}/logs?offset=0`)).size > 100_000);
  const browser = await dashboard(url, loud.id, Math.min(SECONDS, 30));
  await api("POST", `/instances/${loud.id}/stop`, {});
  const scores = [];
  try {
    scores.push(...lighthouse(url));
  } catch (error) {
    console.log(`not seen by Lighthouse: ${String(error).split("\n")[0]}`);
  }
  for (let number = INSTANCES + 2; number <= 100; number++) {
    await api("POST", "/instances/", { name: `idle ${number}`, base_blueprint: "loud" });
  }
  const page = await rendered(`${url}/`, "identity", 200);
  const compressed = await rendered(`${url}/`, "br", 200);

  const row = (what, here, wanted) => console.log(`| ${what} | ${here} | ${wanted} |`);
  console.log(`\n| ${INSTANCES} instances, ${processes} processes, 2 GPUs (stand-in), ${SECONDS} s each | Here | Wanted |\n|---|---|---|`);
  row(`CPU of the whole panel, one viewer (${pace.toFixed(2)} readings a second)`, `${watched.toFixed(2)} % of one core`, "≤ 0.5 %");
  row("CPU of the whole panel, nobody looking", `${unwatched.toFixed(2)} % of one core`, "");
  alive.forEach(([name], index) => row(`CPU of ${name}, same time`, `${theirs[index].toFixed(2)} % of one core`, ""));
  row(`bytes for each stored value (${samples} values)`, samples >= 10_000 ? (bytes / samples).toFixed(2) : "no whole block", "≤ 2");
  for (const [what, here, wanted] of [...browser, ...scores]) row(what, here, wanted);
  row("the dashboard of 100 instances, rendered and sent (p50)", `${page.toFixed(1)} ms`, "≤ 10 ms");
  row("the same, compressed with brotli", `${compressed.toFixed(1)} ms`, "");
} catch (error) {
  failed = error;
} finally {
  for (const child of children) child.kill("SIGTERM");
  await end();
  rmSync(home, { recursive: true, force: true });
}
if (failed) {
  console.error(failed);
  process.exit(1);
}
