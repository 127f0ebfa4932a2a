// Measures how long the server works on the plain pages: the release build with 20 running instances, one request after
// another over one connection, the client's part included. `make bench-lite` runs it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = process.env.AIKORE ?? join(root, "target/release/aikore");
const INSTANCES = 20;
const REQUESTS = Number(process.env.REQUESTS ?? 1000);
const WARM = 100;
/** What is wanted of the list, milliseconds. */
const WANTED = 2;

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

async function until(what, condition) {
  const deadline = Date.now() + 180_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited too long for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

const data = mkdtempSync(join(tmpdir(), "aikore-bench-"));
mkdirSync(join(data, "blueprints"), { recursive: true });
writeFileSync(join(data, "blueprints/idle.sh"), `#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Idle
# aikore.ready = process
### AIKORE-METADATA-END ###
exec sleep 100000
`);
const port = await freePort();
const options = ["--addr", `127.0.0.1:${port}`, "--data-dir", data, "--auth", "off", "--stop-instances-on-exit"];
const panel = spawn(program, options, { stdio: "ignore", env: { ...process.env, RUST_LOG: "warn" } });
const agent = new Agent({ keepAlive: true, maxSockets: 1 });

/** A page and the milliseconds until all of it was there. */
function ask(path) {
  return new Promise((resolve, reject) => {
    const began = process.hrtime.bigint();
    const asked = request({ port, path, agent, headers: { accept: "text/html" } }, (answer) => {
      let size = 0;
      answer.on("data", (piece) => (size += piece.length));
      answer.on("end", () => resolve({ status: answer.statusCode, size, ms: Number(process.hrtime.bigint() - began) / 1e6 }));
    });
    asked.on("error", reject).end();
  });
}

async function api(method, path, body) {
  const headers = { "content-type": "application/json", origin: `http://127.0.0.1:${port}` };
  const answer = await fetch(`http://127.0.0.1:${port}/api${path}`, { method, headers, body: body && JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

/** Processor time of the panel so far, milliseconds. */
function cpuMs() {
  const fields = readFileSync(`/proc/${panel.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

let failed = null;
try {
  await until("the panel", () => fetch(`http://127.0.0.1:${port}/api/health`).then((answer) => answer.ok, () => false));
  let last = 0;
  for (let number = 1; number <= INSTANCES; number++) {
    const { id } = await api("POST", "/instances/", { name: `idle ${number}`, base_blueprint: "idle" });
    await api("POST", `/instances/${id}/start`, {});
    last = id;
  }
  await until("all of them", async () => (await api("GET", "/v1/telemetry/now")).instances.length === INSTANCES);
  console.log(`| ${REQUESTS} requests each, ${INSTANCES} instances run | p50 | p95 | CPU each | Bytes |\n|---|---|---|---|---|`);
  for (const path of ["/lite", `/lite/instances/${last}`, `/lite/instances/${last}/edit`, `/lite/instances/${last}/logs`, "/lite/machine"]) {
    const times = [];
    let size = 0;
    let before = 0;
    for (let count = 0; count < WARM + REQUESTS; count++) {
      if (count === WARM) before = cpuMs();
      const answer = await ask(path);
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
      size = answer.size;
      if (count >= WARM) times.push(answer.ms);
    }
    const cpu = ((cpuMs() - before) / REQUESTS).toFixed(2);
    times.sort((a, b) => a - b);
    const at = (share) => times[Math.floor(times.length * share)].toFixed(2);
    console.log(`| \`${path}\` | ${at(0.5)} ms${path === "/lite" ? ` (wanted ≤ ${WANTED})` : ""} | ${at(0.95)} ms | ${cpu} ms | ${size} |`);
  }
} catch (error) {
  failed = error;
} finally {
  agent.destroy();
  panel.kill("SIGTERM");
  if (panel.exitCode === null) await Promise.race([once(panel, "exit"), new Promise((resolve) => setTimeout(resolve, 60_000))]);
  rmSync(data, { recursive: true, force: true });
}
if (failed) {
  console.error(failed);
  process.exit(1);
}
