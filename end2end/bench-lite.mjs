// Measures how long the server works on the plain pages: the release build with 20 running instances, one request after
// another over one connection, the client's part included. `make bench-lite` runs it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { built, cpuMs, quantile, startPanel, until } from "./panel.mjs";

const INSTANCES = 20;
const REQUESTS = Number(process.env.REQUESTS ?? 1000);
const WARM = 100;
/** What is wanted of the list, milliseconds. */
const WANTED = 2;

const data = mkdtempSync(join(tmpdir(), "aikore-bench-"));
mkdirSync(join(data, "blueprints"), { recursive: true });
writeFileSync(join(data, "blueprints/idle.sh"), `#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Idle
# aikore.ready = process
### AIKORE-METADATA-END ###
exec sleep 100000
`);
const { port, pid, api, end } = await startPanel(data, built("release"));
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

let failed = null;
try {
  let last = 0;
  for (let number = 1; number <= INSTANCES; number++) {
    const { id } = await api("POST", "/instances/", { name: `idle ${number}`, base_blueprint: "idle" });
    await api("POST", `/instances/${id}/start`, {});
    last = id;
  }
  await until("all of them", 180, async () => (await api("GET", "/v1/telemetry/now")).instances.length === INSTANCES);
  console.log(`| ${REQUESTS} requests each, ${INSTANCES} instances run | p50 | p95 | CPU each | Bytes |\n|---|---|---|---|---|`);
  for (const path of ["/lite", `/lite/instances/${last}`, `/lite/instances/${last}/edit`, `/lite/instances/${last}/logs`, "/lite/machine"]) {
    const times = [];
    let size = 0;
    let before = 0;
    for (let count = 0; count < WARM + REQUESTS; count++) {
      if (count === WARM) before = cpuMs(pid);
      const answer = await ask(path);
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status}`);
      size = answer.size;
      if (count >= WARM) times.push(answer.ms);
    }
    const cpu = ((cpuMs(pid) - before) / REQUESTS).toFixed(2);
    const at = (share) => quantile(times, share).toFixed(2);
    console.log(`| \`${path}\` | ${at(0.5)} ms${path === "/lite" ? ` (wanted ≤ ${WANTED})` : ""} | ${at(0.95)} ms | ${cpu} ms | ${size} |`);
  }
} catch (error) {
  failed = error;
} finally {
  agent.destroy();
  await end();
  rmSync(data, { recursive: true, force: true });
}
if (failed) {
  console.error(failed);
  process.exit(1);
}
