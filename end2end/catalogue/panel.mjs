// A panel of its own for the run, and its REST API.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const program = process.env.AIKORE ?? join(root, "target/debug/aikore");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function freePort() {
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
    await pause(50);
  }
}

/** Starts the program on `dataDir`; returns when it answers. */
export async function startPanel(dataDir) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = ["--addr", `127.0.0.1:${port}`, "--data-dir", dataDir, "--auth", "off", "--instance-port-range", "22001-22040"];
  const child = spawn(program, [...options, "--stop-instances-on-exit"], { stdio: ["ignore", "ignore", "pipe"] });
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
    const gone = once(child, "exit");
    kill();
    await gone;
  }
  return { url, api, end };
}
