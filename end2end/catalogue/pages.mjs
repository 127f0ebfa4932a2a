// What each app must do, asked through the panel's proxy. An app that is not named here must show a page.
import { existsSync, readdirSync } from "node:fs";
import { until } from "../panel.mjs";

// 64 x 64 points: all of them grey, and a white square on black.
const grey = "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAKUlEQVR42u3MQREAAAwCIKMb3RD77SAA6VEEAoFAIBAIBAKBQCAQfA8G320AeXC6efoAAAAASUVORK5CYII=";
const square = "iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAAAAACPAi4CAAAAI0lEQVR42u3MoQEAAAgDoP3/tHaTfXAACQA8zCEQCHoDACotaaj/AYeG+IoAAAAASUVORK5CYII=";

/** What the proofs below use: the app at `address` (without a slash at the end), its folder for results, and its variables. */
export class App {
  constructor(address, outputs, variables) {
    this.address = address;
    this.outputs = outputs;
    this.variables = variables;
    this.cookies = new Map();
  }

  async ask(path, { method = "GET", body, headers = {} } = {}) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const json = body ? { "content-type": "application/json" } : {};
    const { origin } = new URL(this.address);
    const signal = AbortSignal.timeout(120_000);
    const answer = await fetch(this.address + path, { method, body: body && JSON.stringify(body), signal, headers: { origin, cookie, ...json, ...headers } });
    for (const line of answer.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      this.cookies.set(name, value);
    }
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${(await answer.text()).slice(0, 500)}`);
    return answer;
  }

  async says(path, pattern) {
    const text = await (await this.ask(path)).text();
    if (!pattern.test(text)) throw new Error(`${path} does not say ${pattern}: ${text.slice(0, 500)}`);
    return text;
  }

  json = async (path, options) => (await this.ask(path, options)).json();

  wrote = (pattern, folder = this.outputs) =>
    until(`a file ${pattern} in ${folder}`, 60, () => existsSync(folder) && readdirSync(folder, { recursive: true }).some((name) => pattern.test(name)));
}

/** A graph without a model, whose picture lies in the folder for results. */
async function comfyui(app) {
  await app.says("/system_stats", /comfyui_version/);
  const prompt = {
    1: { class_type: "EmptyImage", inputs: { width: 64, height: 64, batch_size: 1, color: 255 } },
    2: { class_type: "SaveImage", inputs: { images: ["1", 0], filename_prefix: "blue" } },
  };
  await app.ask("/prompt", { method: "POST", body: { prompt } });
  await app.wrote(/^blue_.*\.png$/);
}

async function gradio(app) {
  await app.says("/config", /Demo generator/);
  const body = { data: ["a test", 3, 64, 7] };
  const { event_id: event } = await app.json("/gradio_api/call/generate", { method: "POST", body });
  await app.says(`/gradio_api/call/generate/${event}`, /event: complete/);
  await app.wrote(/^a-test-7-.*\.png$/);
}

/** A picture without a model through the queue, and the page's socket. */
async function invokeai(app) {
  await app.says("/", /<title>Invoke/i);
  await app.says("/ws/socket.io/?EIO=4&transport=polling", /"sid"/);
  const nodes = { a: { id: "a", type: "blank_image", width: 64, height: 64 }, b: { id: "b", type: "img_blur" } };
  const edges = [{ source: { node_id: "a", field: "image" }, destination: { node_id: "b", field: "image" } }];
  const body = { batch: { graph: { id: "blurred", nodes, edges }, runs: 1 } };
  const before = (await app.json("/api/v1/queue/default/status")).queue.completed;
  await app.ask("/api/v1/queue/default/enqueue_batch", { method: "POST", body });
  await until("the queue", 120, async () => (await app.json("/api/v1/queue/default/status")).queue.completed > before);
  await app.wrote(/\.png$/);
}

/** Paints over a square without a model. */
async function iopaint(app) {
  await app.says("/", /<div id="root">/);
  await app.says("/api/v1/server-config", /cv2/);
  const body = { image: `data:image/png;base64,${grey}`, mask: `data:image/png;base64,${square}` };
  const bytes = await (await app.ask("/api/v1/inpaint", { method: "POST", body })).arrayBuffer();
  if (!Buffer.from(bytes).subarray(0, 8).equals(Buffer.from("\x89PNG\r\n\x1a\n", "latin1"))) throw new Error("no picture came back");
}

/** The page, a notebook, and a kernel, which is a process of its own. */
async function jupyterlab(app) {
  await app.says("/lab", /jupyter-config-data/);
  await app.says("/api/contents/Welcome.ipynb", /"cells"/);
  const headers = { "x-xsrftoken": app.cookies.get("_xsrf") ?? "" };
  const { id } = await app.json("/api/kernels", { method: "POST", body: { name: "python3" }, headers });
  await app.says(`/api/kernels/${id}`, /"python3"/);
}

/** Which state of standin.mjs runs. */
async function standIn(app) {
  const state = /^GIT_REF=v1$/m.test(app.variables) ? "v1" : "v2";
  await app.says("/system_stats", new RegExp(`"comfyui_version": "${state}".*"--output-directory", "${app.outputs}"`));
}

const proofs = {
  ComfyUI: comfyui,
  Datasette: async (app) => {
    await app.says("/", /sample/);
    await app.says("/sample/planets.json?_shape=array", /Saturn/);
  },
  Gradio: gradio,
  IOPaint: iopaint,
  InvokeAI: invokeai,
  JupyterLab: jupyterlab,
  Marimo: (app) => app.says("/", /<marimo-|marimo/),
  "test-logs": (app) => app.says("/", /lines a second/),
};

/** Uses the app; an error says what it did not do. */
export async function use(name, app) {
  if (/^COMFYUI_REPO=.*\/stand-in\//m.test(app.variables)) return standIn(app);
  return (proofs[name] ?? ((other) => other.says("/", /<html/i)))(app);
}
