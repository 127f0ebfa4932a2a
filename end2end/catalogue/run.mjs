// Blueprints for real, through a panel: install, ready, use, stop, second start, and a start without a network.
//   node end2end/catalogue/run.mjs [--keep DIR] [--write] [Name…]        (`make test-catalogue`)
// Without names: all that need nothing but package registries, Datasette by pip, and ComfyUI with a source of our own.
// --keep: a data directory that stays, with what was downloaded. --write: puts the table into blueprints/README.md.
// VARS="COMFYUI_REPO=…": variables of the instances.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { built, root, startPanel, until } from "../panel.mjs";
import { App, use } from "./pages.mjs";
import { standIn } from "./standin.mjs";
import { answers, megabytes, openToOthers, processesOf } from "./proof.mjs";

const blueprints = join(root, "blueprints");
/** Where the streaming software of desktops lies; `aikore desktop install` puts it there once. */
const desktops = join(root, "target/tmp/desktop");
const seconds = (since) => (performance.now() - since) / 1000;

/** Scripts that fetch from package registries only. */
function fromRegistries() {
  const scripts = ["", "legacy"].flatMap((folder) => readdirSync(join(blueprints, folder)).map((file) => join(blueprints, folder, file)));
  const own = scripts.filter((file) => file.endsWith(".sh") && !/(functions|empty)\.sh$/.test(file));
  return own.filter((file) => !/clone_repo|fetch_file|ui_classic/.test(readFileSync(file, "utf8"))).map((file) => /([^/]+)\.sh$/.exec(file)[1]);
}

/** What is tried without names. */
function everything(dataDir) {
  const plain = fromRegistries().map((name) => ({ title: name, name }));
  const repository = `COMFYUI_REPO=${standIn(join(dataDir, "stand-in"))}`;
  return [
    ...plain,
    { title: "Datasette, by `venv` and pip", name: "Datasette", vars: ["AIKORE_ENV_TOOL=venv"] },
    { title: "ComfyUI, a stand-in's tag, then its branch", name: "ComfyUI", vars: [repository, "GIT_REF=v1"], then: [repository, "GIT_REF=main"] },
  ];
}

/** Starts an instance and waits until it is ready; says what the start took and what its log says. */
async function start({ api }, id) {
  const began = performance.now();
  let installed = 0;
  await api("POST", `/instances/${id}/start`);
  const log = () => api("GET", `/instances/${id}/logs/download`);
  const ended = /^(started|error|stalled|stopped)$/;
  const status = await until("the start", 7200, async () => {
    const now = (await api("GET", `/instances/${id}`)).status;
    if (!installed && /environment ready/.test(await log())) installed = seconds(began);
    return ended.test(now) && now;
  });
  const took = seconds(began);
  if (status !== "started") throw new Error(`it is ${status}:\n${(await log()).split("\n").slice(-40).join("\n")}`);
  return { took, installed, log: await log() };
}

/** Stops it, and looks whether anything is left. */
async function stop(panel, id, directory) {
  const { internal_port: port } = await panel.api("GET", `/instances/${id}`);
  const open = openToOthers(processesOf(directory));
  if (open.length) throw new Error(`it listens for others than this machine: ${open}`);
  const began = performance.now();
  await panel.api("POST", `/instances/${id}/stop`);
  await until("the stop", 60, async () => (await panel.api("GET", `/instances/${id}`)).status === "stopped");
  const took = seconds(began);
  const left = processesOf(directory);
  if (left.length) throw new Error(`these processes are left: ${left}`);
  if (await answers(port)) throw new Error(`somebody still answers on ${port}`);
  return took;
}

async function last(panel, name) {
  const listed = await panel.api("GET", "/blueprints/");
  return listed.find(({ filename }) => filename === `${name}.sh`).last;
}

/** One start of an instance that exists: ready, used, stopped. */
async function turn(panel, dataDir, name, id) {
  const row = await panel.api("GET", `/instances/${id}`);
  const directory = join(dataDir, "instances", row.dir);
  const started = await start(panel, id);
  const known = await last(panel, name);
  if (known?.outcome !== "ready" || known.instance !== row.name) throw new Error(`the blueprint's last result is ${JSON.stringify(known)}`);
  await use(name, new App(await address(panel, row), join(dataDir, "outputs", row.dir), row.env_vars));
  const stopped = await stop(panel, id, directory);
  if ((await last(panel, name))?.outcome !== "ran") throw new Error("the blueprint's last result is not that it ran");
  return { ...started, stopped, size: megabytes(join(directory, "env")) };
}

/** Where its page is; a desktop's, once there is a picture. */
async function address({ url, api }, { id, slug, persistent_mode }) {
  if (!persistent_mode) return `${url}/instance/${slug}`;
  const isReady = async () => (await api("GET", `/v1/instances/${id}/desktop`))?.state === "ready";
  const isReached = async () => (await api("GET", `/instances/${id}`)).desktop_display !== null;
  await until("its picture", 60, async () => (await isReady()) && isReached());
  return `${url}/instance/${slug}/desktop`;
}

/** The words that run a command in a network of its own, where nobody is but itself; none where that is not possible. */
function alone() {
  const ways = [["unshare", "-n"], ["unshare", "-rn"]];
  const way = ways.find(([program, option]) => spawnSync(program, [option, "true"]).status === 0);
  return way && [...way, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"];
}

function offline(dataDir, name, id) {
  const way = alone();
  if (!way) return undefined;
  const command = [...way, process.execPath, fileURLToPath(import.meta.url), "--offline", dataDir, name, String(id)];
  const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { encoding: "utf8", maxBuffer: 1 << 26 });
  if (status !== 0) throw new Error(`without a network: ${stderr}`);
  return JSON.parse(stdout);
}

/** Changes the variables of an instance that is stopped. */
async function change({ api }, id, env_vars) {
  const { row_version } = await api("GET", `/instances/${id}`);
  await api("PUT", `/instances/${id}`, { row_version, env_vars });
}

/** Everything about one entry: its row of the table. `then` = variables with which the second start is another state. */
async function whole(dataDir, { title, name, vars = [], then }) {
  const env_vars = [...vars, ...(process.env.VARS ?? "").split(/\s+/)].join("\n");
  spawnSync(built("debug"), ["desktop", "install", "--desktop-dir", desktops], { stdio: "ignore" });
  let panel = await startPanel(dataDir, built("debug"), "--desktop-dir", desktops);
  const { id, dir } = await panel.api("POST", "/instances/", { name, base_blueprint: name, env_vars });
  try {
    const first = await turn(panel, dataDir, name, id);
    if (then) await change(panel, id, then.join("\n"));
    const second = await turn(panel, dataDir, name, id);
    if (/^\[aikore\] step /m.test(second.log)) throw new Error("the second start installs something");
    await panel.end();
    let third;
    try {
      third = offline(dataDir, name, id);
    } finally {
      panel = await startPanel(dataDir, built("debug"), "--desktop-dir", desktops);
    }
    return { title, install: first.installed, first: first.took - first.installed, second: second.took, offline: third?.took, stop: first.stopped, size: first.size, result: third ? "works" : "works; not tried without a network" };
  } catch (error) {
    return { title, size: megabytes(join(dataDir, "instances", dir, "env")), result: `**fails**: ${error.message}` };
  } finally {
    await panel.api("POST", `/instances/${id}/stop`).catch(() => undefined);
    await until("the end", 60, async () => /stopped|error/.test((await panel.api("GET", `/instances/${id}`)).status)).catch(() => undefined);
    await panel.api("DELETE", `/instances/${id}`, { mode: "permanent", confirm: name }).catch((error) => console.error(error.message));
    await until("the deletion", 600, () => !existsSync(join(dataDir, "instances", dir))).catch(() => undefined);
    await panel.end();
  }
}

const figure = (value, digits = 1) => (value === undefined ? "" : value.toFixed(digits));
const line = (row) =>
  `| ${row.title} | ${row.install ? figure(row.install, 0) : "–"} | ${figure(row.first)} | ${figure(row.second)} | ${figure(row.offline)} | ${figure(row.stop)} | ${row.size ?? ""} | ${row.result.split("\n")[0]} |`;
const head = "| blueprint | install | first start | second | offline | stop | environment, MB | result |\n|---|---|---|---|---|---|---|---|";

function write(rows) {
  const readme = join(blueprints, "README.md");
  const text = readFileSync(readme, "utf8");
  const [before, rest] = text.split("<!-- catalogue -->\n");
  const [, after] = rest.split("<!-- /catalogue -->\n");
  writeFileSync(readme, `${before}<!-- catalogue -->\n${head}\n${rows.map(line).join("\n")}\n<!-- /catalogue -->\n${after}`);
}

const words = process.argv.slice(2);
if (words[0] === "--offline") {
  const [, dataDir, name, id] = words;
  // Otherwise nothing would be proved.
  const ways = readFileSync("/proc/net/dev", "utf8").split("\n").filter((line) => /:/.test(line) && !/^\s*lo:/.test(line));
  if (ways.length) throw new Error(`there is a network: ${ways}`);
  const panel = await startPanel(dataDir, built("debug"), "--desktop-dir", desktops);
  try {
    const { log: _, ...figures } = await turn(panel, dataDir, name, Number(id));
    process.stdout.write(JSON.stringify(figures));
  } finally {
    await panel.end();
  }
} else {
  const keep = words.indexOf("--keep");
  const dataDir = keep < 0 ? mkdtempSync(join(tmpdir(), "aikore-catalogue-")) : resolve(words.splice(keep, 2)[1]);
  mkdirSync(dataDir, { recursive: true });
  const names = words.filter((word) => !word.startsWith("--"));
  const rows = [];
  console.log(head);
  for (const entry of names.length ? names.map((name) => ({ title: name, name })) : everything(dataDir)) {
    const row = await whole(dataDir, entry);
    rows.push(row);
    console.log(line(row));
    if (row.result.startsWith("**")) console.error(row.result);
  }
  if (keep < 0) rmSync(dataDir, { recursive: true, force: true });
  if (words.includes("--write")) write(rows);
  if (rows.some(({ result }) => result.startsWith("**"))) process.exit(1);
}
