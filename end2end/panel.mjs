// A panel of its own for a script, its REST API, and what scripts that measure have in common.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The program of a build. */
export const built = (profile) => process.env.AIKORE ?? join(root, `target/${profile}/aikore`);

export const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
export const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.ceil(values.length * share) - 1];
export const median = (values) => quantile(values, 0.5);

/** A port of this machine that nobody uses at the moment. */
export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  return port;
}

/** Asks until `condition` says something that is not false; an error when it did not within `seconds`. */
export async function until(what, seconds, condition) {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) throw new Error(`waited ${seconds} s for: ${what}`);
    await pause(0.05);
  }
}

/** Processor time of a process and all its threads so far, milliseconds. */
export function cpuMs(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Starts a program on `dataDir`, with more of its options; returns when it answers. */
export async function startPanel(dataDir, program, ...more) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = ["--addr", `127.0.0.1:${port}`, "--data-dir", dataDir, "--auth", "off", "--instance-port-range", "22001-22200"];
  const child = spawn(program, [...options, "--stop-instances-on-exit", ...more], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { RUST_LOG: "warn", ...process.env },
  });
  let said = "";
  child.stderr.on("data", (data) => (said = (said + data).slice(-4000)));
  const kill = () => child.kill("SIGTERM");
  process.once("exit", kill);
  await until("the panel", 60, async () => {
    if (child.exitCode !== null) throw new Error(`the panel ended: ${said}`);
    return fetch(`${url}/api/health`).then((answer) => answer.ok, () => false);
  });

  /** Asks the REST API; what is not well is an error. */
  async function api(method, path, body) {
    const headers = { origin: url, "content-type": "application/json" };
    const answer = await fetch(`${url}/api${path}`, { method, headers, body: body && JSON.stringify(body) });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return answer.headers.get("content-type")?.startsWith("application/json") ? JSON.parse(text) : text;
  }
  async function end() {
    process.removeListener("exit", kill);
    if (child.exitCode !== null) return;
    const gone = once(child, "exit");
    kill();
    // A panel that does not end keeps nobody from leaving.
    const late = setTimeout(() => child.kill("SIGKILL"), 60_000);
    await gone;
    clearTimeout(late);
  }
  return { url, port, pid: child.pid, api, end };
}
