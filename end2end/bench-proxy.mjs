// Measures the release build's proxy beside nginx, haproxy and socat, all with the same app behind them, and prints
// a table. `make bench-proxy` runs it; ROUNDS and MS (of one measurement) make it longer or shorter.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
const program = process.env.AIKORE ?? join(target, "release/aikore");
const load = process.env.LOAD ?? join(target, "release/examples/load");
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const MS = Number(process.env.MS ?? 2000);
const IDLE = 2000;
const ports = { panel: 29571, nginx: 29572, unbuffered: 29573, tuned: 29574, haproxy: 29575, tcp: 29576, socat: 29577, open: 29578, served: 29579, alone: 29580 };

const wanted = { nginx: "nginx", haproxy: "haproxy", socat: "socat" };
const missing = Object.keys(wanted).filter((name) => {
  try {
    return !execFileSync("sh", ["-c", `PATH=$PATH:/usr/sbin command -v ${name}`]);
  } catch {
    return true;
  }
});
if (missing.length) {
  console.error(`Install first: apt-get install ${missing.map((name) => wanted[name]).join(" ")}`);
  process.exit(1);
}
process.env.PATH += ":/usr/sbin";

const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
const children = [];
const dir = mkdtempSync(join(tmpdir(), "aikore-bench-proxy-"));
process.once("exit", () => {
  for (const child of children) child.kill("SIGTERM");
});

function start(command, args) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  children.push(child);
  return child;
}

async function until(what, condition) {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const value = await condition().catch(() => undefined);
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited too long for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(Boolean(socket.destroy())));
    socket.on("error", () => resolve(false));
  });
for (const port of Object.values(ports)) if (await answers(port)) throw new Error(`Something listens on port ${port} already.`);

// The panel, with the app as an instance of it.
mkdirSync(join(dir, "blueprints"));
writeFileSync(
  join(dir, "blueprints/load.sh"),
  `### AIKORE-METADATA-START ###
# aikore.name = Load
# aikore.category = Bench
# aikore.venv_type = none
# aikore.ready = tcp
# aikore.subpath = strip
### AIKORE-METADATA-END ###
exec '${load}' serve "$WEBUI_PORT"
`,
);
const panelUrl = `http://127.0.0.1:${ports.panel}`;
async function api(method, path, body) {
  const answer = await fetch(`${panelUrl}/api${path}`, {
    method,
    headers: { origin: panelUrl, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}
const panel = start(program, ["--addr", `127.0.0.1:${ports.panel}`, "--data-dir", dir, "--auth", "off", "--stop-instances-on-exit",
  "--instance-port-range", `${ports.open}-${ports.open}`]);
await until("the panel", () => api("GET", "/health"));
const { id } = await api("POST", "/instances/", { name: "load", base_blueprint: "load" });
await api("PUT", `/instances/${id}`, { public_access: "open" });
await api("POST", `/instances/${id}/start`);
const app = await until("the app", async () => {
  const row = await api("GET", `/instances/${id}`);
  return row.status === "started" && row.internal_port;
});
await api("POST", `/instances/${id}/activate`);

// The others.
const upstream = (extra) => `location / {
      proxy_pass http://app; proxy_http_version 1.1; proxy_read_timeout 1h;
      proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_word;
      proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme; ${extra} }`;
const server = (port, extra) => `server { listen 127.0.0.1:${port} backlog=1024; ${upstream(extra)} }`;
writeFileSync(
  join(dir, "nginx.conf"),
  `worker_processes auto; daemon off; pid ${dir}/nginx.pid; error_log stderr crit;
  events { worker_connections 8192; }
  http { access_log off; keepalive_requests 100000000; client_body_temp_path ${dir}/body; proxy_temp_path ${dir}/proxy;
    fastcgi_temp_path ${dir}/a; uwsgi_temp_path ${dir}/b; scgi_temp_path ${dir}/c;
    map $http_upgrade $connection_word { default upgrade; '' ''; }
    upstream app { server 127.0.0.1:${app}; keepalive 256; keepalive_requests 100000000; }
    ${server(ports.nginx, "")}
    ${server(ports.unbuffered, "proxy_buffering off; proxy_request_buffering off;")}
    ${server(ports.tuned, "proxy_buffer_size 64k; proxy_buffers 16 64k; proxy_busy_buffers_size 128k; proxy_max_temp_file_size 0;")} }`,
);
writeFileSync(
  join(dir, "haproxy.cfg"),
  `global
  maxconn 5000
defaults
  timeout connect 5s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
listen http
  mode http
  bind 127.0.0.1:${ports.haproxy}
  http-reuse always
  option forwardfor
  server app 127.0.0.1:${app}
listen tcp
  mode tcp
  bind 127.0.0.1:${ports.tcp}
  server app 127.0.0.1:${app}
`,
);
const nginx = start("nginx", ["-e", "stderr", "-c", join(dir, "nginx.conf")]);
const haproxy = start("haproxy", ["-db", "-q", "-f", join(dir, "haproxy.cfg")]);
const socat = start("socat", [`TCP-LISTEN:${ports.socat},bind=127.0.0.1,fork,reuseaddr,nodelay,backlog=512`, `TCP:127.0.0.1:${app},nodelay`]);
mkdirSync(join(dir, "panel"));
const pair = start(load, ["panel", String(ports.served), String(ports.alone), join(dir, "panel")]);
const names = {
  direct: { port: app, prefix: "" },
  AiKore: { port: ports.panel, prefix: "/instance/load", child: panel },
  "nginx default": { port: ports.nginx, prefix: "", child: nginx },
  "nginx unbuffered": { port: ports.unbuffered, prefix: "", child: nginx },
  "nginx 16x64k": { port: ports.tuned, prefix: "", child: nginx },
  haproxy: { port: ports.haproxy, prefix: "", child: haproxy },
  "haproxy tcp": { port: ports.tcp, prefix: "", child: haproxy },
  socat: { port: ports.socat, prefix: "", child: socat },
  "AiKore port": { port: ports.open, prefix: "", child: panel },
  "panel as served": { port: ports.served, prefix: "", child: pair },
  "its router alone": { port: ports.alone, prefix: "", child: pair },
};

for (const [name, { port }] of Object.entries(names)) await until(name, () => answers(port));

/** The processes of a child: itself and its workers, without the instances of the panel. */
function family(child) {
  const parent = (pid) => Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ")[1]);
  const all = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  const own = all.filter((pid) => {
    try {
      return child !== panel && parent(pid) === child.pid;
    } catch {
      return false;
    }
  });
  return [child.pid, ...own];
}

/** CPU time used so far, milliseconds; that of ended workers (socat has one per connection) counts for their parent. */
function cpuMs(child) {
  if (!child) return 0;
  let sum = 0;
  for (const pid of family(child)) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ").map(Number);
      sum += fields[11] + fields[12] + (pid === child.pid ? fields[13] + fields[14] : 0);
    } catch {
      // It has ended; then its parent has its time.
    }
  }
  return sum * 10;
}

const memory = (child) =>
  family(child)
    .map((pid) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))[1]))
    .reduce((a, b) => a + b, 0);

function measure(name, { kind, path, connections, bytes, ms = MS }) {
  const { port, prefix, child } = names[name];
  const before = cpuMs(child);
  const output = execFileSync(load, [kind, `127.0.0.1:${port}`, prefix + path, String(connections), String(bytes), String(ms)], {
    encoding: "utf8",
    maxBuffer: 1 << 20,
  });
  const { rounds, seconds, p99 } = JSON.parse(output);
  return { rate: rounds / seconds, cpu: ((cpuMs(child) - before) * 1000) / rounds, p99 };
}

const http = ["direct", "AiKore", "nginx default", "nginx unbuffered", "haproxy"];
const large = ["direct", "AiKore", "nginx default", "nginx 16x64k", "haproxy"];
const sockets = ["direct", "AiKore", "nginx default", "haproxy tcp"];
const raw = ["direct", "AiKore port", "haproxy tcp", "socat"];
const cases = [
  ...[1, 32, 128].map((connections) => ({ what: `1 kB, ${connections} connections`, who: http, kind: "http", path: "/1024", bytes: 1024, connections })),
  ...[1, 8].map((connections) => ({ what: `1 MB, ${connections} connections`, who: large, kind: "http", path: "/1048576", bytes: 1 << 20, connections })),
  ...[1, 32].map((connections) => ({ what: `WebSocket echo 64 B, ${connections} connections`, who: sockets, kind: "socket", path: "/ws", bytes: 64, connections })),
  { what: "WebSocket echo 16 kB, 32 connections", who: sockets, kind: "socket", path: "/ws", bytes: 16384, connections: 32 },
  ...[1, 32].map((connections) => ({ what: `raw echo 1 kB, ${connections} connections`, who: raw, kind: "raw", path: "/", bytes: 1024, connections })),
  { what: "raw echo 1 MB, 8 connections", who: raw, kind: "raw", path: "/", bytes: 1 << 20, connections: 8 },
].filter(({ what }) => !process.env.ONLY || what.includes(process.env.ONLY));

console.log(`Median of ${ROUNDS} interleaved rounds of ${MS} ms; rounds per second (CPU µs per round, p99 µs).\n`);
for (const one of cases) {
  const results = Object.fromEntries(one.who.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) for (const name of one.who) results[name].push(measure(name, one));
  const row = one.who.map((name) => {
    const of = (field) => median(results[name].map((result) => result[field]));
    return `${name} ${of("rate").toFixed(0)} (${of("cpu").toFixed(1)}, ${of("p99")})`;
  });
  console.log(`| ${one.what} | ${row.join(" | ")} |`);
}

if (!process.env.ONLY || "idle".includes(process.env.ONLY)) {
  const row = [];
  for (const name of ["AiKore", "nginx default", "haproxy"]) {
    const { port, prefix, child } = names[name];
    const before = memory(child);
    const holder = start(load, ["idle", `127.0.0.1:${port}`, `${prefix}/ws`, String(IDLE)]);
    await once(holder.stdout, "data");
    row.push(`${name} ${((memory(child) - before) / IDLE).toFixed(1)} kB`);
    holder.stdin.end("\n");
    await once(holder, "exit");
  }
  console.log(`| idle WebSocket, ${IDLE} of them | ${row.join(" | ")} |`);
}

// The panel's own routes, with and without what stands before them: both in one process, in turns.
const routes = ["/api/health", "/api/instances/", "/pkg/aikore.css"];
for (const path of routes.filter(() => !process.env.ONLY || "panel routes".includes(process.env.ONLY))) {
  const bytes = (await (await fetch(`http://127.0.0.1:${ports.alone}${path}`)).arrayBuffer()).byteLength;
  const [served, alone] = ["panel as served", "its router alone"].map((name) => ({ name, results: [] }));
  for (let round = 0; round < ROUNDS * 3; round++)
    for (const { name, results } of round % 2 ? [served, alone] : [alone, served])
      results.push(measure(name, { kind: "http", path, connections: 32, bytes, ms: MS / 2 }));
  const row = [served, alone].map(({ name, results }) => {
    const of = (field) => median(results.map((result) => result[field]));
    return `${name} ${of("rate").toFixed(0)} (${of("cpu").toFixed(1)}, ${of("p99")})`;
  });
  const ratio = median(served.results.map((result, round) => result.cpu / alone.results[round].cpu));
  console.log(`| ${path}, 32 connections | ${row.join(" | ")} | CPU ${ratio.toFixed(2)} of it |`);
}

// A port that changes hands all the time, while many connect to it: a refused or reset connection fails the test.
if (!process.env.ONLY || "takeover".includes(process.env.ONLY)) {
  const test = ["test", "--workspace", "--exclude", "frontend", "--test", "panel", "--", "--nocapture", "changes_hands"];
  const environment = { ...process.env, TAKEOVER_CONNECTIONS: "20000" };
  const said = spawnSync("cargo", test, { cwd: root, env: environment, encoding: "utf8" });
  const lines = `${said.stdout}${said.stderr}`.match(/\d+ connections, \d+ takeovers.*/g) ?? ["failed"];
  console.log(`| takeover of a port | ${lines.join(" | ")} | ${said.status ? "REFUSED OR RESET" : "none refused or reset"} |`);
  if (said.status) process.exitCode = 1;
}

for (const child of children.filter((child) => child.exitCode === null && child.signalCode === null)) {
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  await gone;
}
rmSync(dir, { recursive: true, force: true });
