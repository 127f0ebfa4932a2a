// Desktops with the real stream: many beside each other, viewers that come and go or never read, and a disk without room.
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readFileSync, readdirSync, rmSync, writeSync } from "node:fs";
import { request } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import type { BrowserContext, Page } from "@playwright/test";
import { type Instance, Panel, expect, test as base } from "../tests/panel.ts";

const tools = join(import.meta.dirname, "../../target/tmp/desktop");
const program = process.env.AIKORE ?? join(import.meta.dirname, "../../target/debug/aikore");
const desktops = ["--desktop-dir", tools];
const MIB = 1024 * 1024;

const test = base.extend<object, { panel: Panel }>({
  panel: [
    async ({}, use) => {
      // At once where it is there already.
      execFileSync(program, ["desktop", "install", ...desktops], { stdio: "ignore" });
      const panel = new Panel(desktops);
      await panel.start();
      await panel.setUp();
      await use(panel);
      await panel.remove();
    },
    { scope: "worker", timeout: 300_000 },
  ],
});

/** A started instance whose desktop shows a picture. */
async function started(panel: Panel, name: string, blueprint = "TkDemo"): Promise<Instance> {
  const { id } = await panel.create(name, blueprint);
  expect((await panel.api("POST", `/instances/${id}/start`)).ok).toBe(true);
  const state = async () => ((await (await panel.api("GET", `/v1/instances/${id}/desktop`)).json()) as { state: string } | null)?.state;
  await expect.poll(state, { timeout: 120_000 }).toBe("ready");
  await expect.poll(async () => (await panel.get(id)).open_url).toContain("/desktop/");
  return panel.get(id);
}

/** What stands in the field of Tk demo, which prints it. */
async function typed(panel: Panel, id: number): Promise<string> {
  const log = await (await panel.api("GET", `/instances/${id}/logs/download`)).text();
  return log.split("text: ").at(-1)?.split("\n")[0] ?? "";
}

/** A page that shows a desktop, once it shows a picture. */
async function look(context: BrowserContext, panel: Panel, address: string): Promise<Page> {
  await context.addCookies([{ name: "aikore_session", value: panel.session, url: panel.url }]);
  const viewer = await context.newPage();
  await viewer.goto(address);
  await expect.poll(() => painted(viewer), { timeout: 60_000 }).toBeGreaterThan(0);
  return viewer;
}

/** How many pictures of the stream a page has shown. */
function painted(viewer: Page): Promise<number> {
  return viewer.evaluate(() => document.querySelector("video")?.getVideoPlaybackQuality().totalVideoFrames ?? 0);
}

/** Types into the field of the demo until it arrives; answers what stands there then. */
async function reach(viewer: Page, panel: Panel, id: number): Promise<string> {
  const before = await typed(panel, id);
  await expect(async () => {
    await viewer.mouse.click(360, 150);
    await viewer.keyboard.type("x", { delay: 30 });
    await expect.poll(() => typed(panel, id), { timeout: 2_000 }).not.toBe(before);
  }).toPass({ timeout: 60_000 });
  return typed(panel, id);
}

/** Living processes below one, itself included, with their command lines. */
function below(pid: number): Map<number, string> {
  const parents = new Map<number, number>();
  for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const [state, parent] = read(`/proc/${entry}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    if (state !== "Z" && parent) parents.set(Number(entry), Number(parent));
  }
  const found = new Set(parents.has(pid) ? [pid] : []);
  for (let size = -1; size !== found.size; ) {
    size = found.size;
    for (const [child, parent] of parents) if (found.has(parent)) found.add(child);
  }
  return new Map([...found].map((one) => [one, read(`/proc/${one}/cmdline`).replaceAll("\0", " ")]));
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** What streams the desktop of an instance. */
function selkies({ pid }: Instance): number {
  const [found] = [...below(pid)].find(([, words]) => words.includes("selkies --unix-socket")) ?? [];
  if (found === undefined) throw new Error(`no Selkies below ${pid}: ${JSON.stringify([...below(pid)])}`);
  return found;
}

const files = (pid: number) => readdirSync(`/proc/${pid}/fd`).length;
/** Memory of a process, MiB. */
const memory = (pid: number) => Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) / 1024;

async function stop(panel: Panel, { id, pid }: Instance): Promise<void> {
  const were = [...below(pid)];
  expect(were.length).toBeGreaterThan(4);
  await panel.api("POST", `/instances/${id}/stop`);
  await expect.poll(async () => (await panel.get(id)).status, { timeout: 60_000 }).toBe("stopped");
  // A number may be somebody else's by now, its words are not.
  expect(were.filter(([one, words]) => below(one).get(one) === words)).toEqual([]);
}

test("five desktops beside each other hear their own viewer, and have their own clipboards", async ({ browser, panel }) => {
  const rows = await Promise.all([1, 2, 3, 4, 5].map((number) => started(panel, `Side ${number}`)));
  // A browser each: pages of one browser have its clipboard in common, as they should.
  const browsers = await Promise.all(rows.map(() => browser.browserType().launch()));
  try {
    const viewers = await Promise.all(rows.map(async ({ id, open_url }, index) => {
      const viewer = await look(await browsers[index]!.newContext(), panel, open_url);
      return { id, viewer, text: await reach(viewer, panel, id) };
    }));
    await Promise.all(viewers.map(async (one, index) => {
      const own = ` only ${"abcde"[index]!.repeat(8)}`;
      await one.viewer.keyboard.type(own, { delay: 30 });
      one.text += own;
    }));
    const texts = () => Promise.all(rows.map(({ id }) => typed(panel, id)));
    await expect.poll(texts).toEqual(viewers.map(({ text }) => text));

    // The first two copy what they have, and paste it; then the others, who have copied nothing, paste too.
    for (const copy of [true, false]) {
      await Promise.all(viewers.map(async (one, index) => {
        if (index < 2 !== copy) return;
        const keys = copy ? ["Control+/", "Control+c", "End", "Control+v", "!"] : ["End", "Control+v", "!"];
        for (const key of keys) await one.viewer.keyboard.press(key, { delay: 50 });
        one.text += copy ? `${one.text}!` : "!";
      }));
      await expect.poll(texts).toEqual(viewers.map(({ text }) => text));
    }
  } finally {
    await Promise.all(browsers.map((one) => one.close()));
  }
});

test("a viewer comes back fifty times, and nothing of the times before is left", async ({ browser, panel }) => {
  const row = await started(panel, "Again");
  const [context, stream] = [await browser.newContext(), selkies(row)];
  const open = () => ({ panel: files(panel.pid), stream: files(stream) });
  let viewer = await look(context, panel, row.open_url);
  let text = await reach(viewer, panel, row.id);
  const before = open();
  for (let time = 1; time <= 50; time++) {
    // Selkies refuses who comes back within half a second; its page then tries again by itself.
    if (time % 2) {
      await viewer.close();
      viewer = await look(context, panel, row.open_url);
    } else {
      await viewer.reload();
      await expect.poll(() => painted(viewer), { timeout: 60_000 }).toBeGreaterThan(0);
    }
    if (time % 10) continue;
    expect(await typed(panel, row.id)).toBe(text);
    text = await reach(viewer, panel, row.id);
    expect(text).toMatch(/^x+$/);
  }
  expect(selkies(row)).toBe(stream);
  await expect.poll(() => open().stream, { timeout: 60_000 }).toBeLessThanOrEqual(before.stream + 5);
  await expect.poll(() => open().panel, { timeout: 60_000 }).toBeLessThanOrEqual(before.panel + 5);
  test.info().annotations.push({ type: "open files", description: JSON.stringify({ before, after: open() }) });
  await context.close();
  await stop(panel, row);
});

/** A text of a WebSocket as a client sends it; its mask changes nothing. */
function frame(text: string): Buffer {
  const [body, size] = [Buffer.from(text), Buffer.alloc(2)];
  size.writeUInt16BE(body.length);
  return Buffer.concat([Buffer.from([0x81, 0xfe]), size, Buffer.alloc(4), body]);
}

/** A connection that asks for the stream as Selkies' page does, and stops reading once pictures come. */
async function deaf(panel: Panel, { open_url }: Instance, role: string): Promise<Socket> {
  const headers = { cookie: `aikore_session=${panel.session}`, origin: panel.url, connection: "Upgrade", upgrade: "websocket" };
  const key = { "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", "sec-websocket-version": "13" };
  const socket = await new Promise<Socket>((resolve, reject) => {
    const asking = request(`${open_url}api/websockets${role}`, { headers: { ...headers, ...key } });
    asking.on("upgrade", (_, socket) => resolve(socket)).on("response", ({ statusCode }) => reject(new Error(`${statusCode}`)));
    asking.on("error", reject).end();
  });
  const size = { manual_resolution: false, initialClientWidth: 1280, initialClientHeight: 720, scaling_dpi: 96, useCssScaling: false };
  for (const text of [`SETTINGS,${JSON.stringify({ ...size, displayId: "primary", displayScale: 1 })}`, "r,1280x720,primary"]) socket.write(frame(text));
  socket.on("error", () => {});
  await new Promise<void>((resolve, reject) => {
    let came = 0;
    socket.on("data", (data) => {
      came += data.length;
      if (came < 200_000) return;
      socket.pause().removeAllListeners("data");
      // A page that worked a moment ago: Selkies waits longer for one than for who never said anything.
      socket.write(frame("CLIENT_FRAME_ACK 1 1"));
      resolve();
    });
    socket.on("close", () => reject(new Error("refused")));
  });
  return socket;
}

/** Bytes that wait in the kernel for a connection's reader, on the panel's side; none where it is closed there. */
function unread(panel: Panel, socket: Socket): number | undefined {
  const [local, remote] = [Number(new URL(panel.url).port), socket.localPort ?? 0].map((port) => `0100007F:${port.toString(16).padStart(4, "0").toUpperCase()}`);
  const line = read("/proc/net/tcp").split("\n").find((line) => line.includes(`${local} ${remote} 01 `));
  return line === undefined ? undefined : parseInt(/ 01 (\w+):/.exec(line)?.[1] ?? "", 16);
}

for (const [who, role] of [["controls", ""], ["watches", "?role=viewer"]] as const) {
  test(`who ${who} a desktop and never reads harms nobody`, async ({ browser, panel }) => {
    const noise = "while :; do head -c 2400 /dev/urandom | base64 -w 0; sleep 0.05; done";
    panel.blueprint("noise", `exec xterm -maximized -fa Monospace -fs 11 -e bash -c '${noise}'`, "process", ["desktop = required", "venv_type = none"]);
    const row = await started(panel, `Deaf ${who}`, "noise");
    const [context, stream] = [await browser.newContext(), selkies(row)];
    const both = [panel.pid, stream];
    const [files0, memory0] = [both.map(files), both.map(memory)];
    // There is a stream as long as somebody controls; who watches gets a part of it.
    const first = role ? await look(context, panel, row.open_url) : undefined;
    const socket = await deaf(panel, row, role);
    const viewer = first ?? (await look(context, panel, `${row.open_url}?watch#shared`));
    let [waiting, isStuck, grown] = [0, false, 0];
    // Long enough for the kernel's buffers to fill, and for Selkies to give it up ten seconds later.
    for (let round = 0; round < 12; round++) {
      const seen = await painted(viewer);
      await expect.poll(() => painted(viewer), { timeout: 60_000 }).toBeGreaterThan(seen + 60);
      grown = Math.max(grown, ...both.map((pid, index) => memory(pid) - (memory0[index] ?? 0)));
      const now = unread(panel, socket) ?? 0;
      isStuck ||= now === waiting && now > MIB;
      waiting = now;
    }
    expect(isStuck, "bytes wait for who does not read").toBe(true);
    expect(grown).toBeLessThan(150);
    test.info().annotations.push({ type: "grown", description: `${grown.toFixed(1)} MiB` });
    socket.destroy();
    await context.close();
    for (const [index, pid] of both.entries()) await expect.poll(() => files(pid), { timeout: 60_000 }).toBeLessThanOrEqual((files0[index] ?? 0) + 5);
    await stop(panel, row);
  });
}

/** Fills the disk of a directory to its last byte; answers the file that does. */
function fill(dir: string): string {
  const [path, piece] = [join(dir, "filler"), Buffer.alloc(MIB)];
  const file = openSync(path, "a");
  for (let size = piece.length; size > 0; ) {
    try {
      writeSync(file, piece, 0, size);
    } catch {
      size = size >> 1;
    }
  }
  closeSync(file);
  return path;
}

/** Processes that have to do with a panel's data, besides itself. */
function within({ dataDir, pid }: Panel): string[] {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== pid);
  return all.filter((one) => ["environ", "cmdline"].some((what) => read(`/proc/${one}/${what}`).includes(dataDir)));
}

/** An instance once its start came to something. */
async function settled(panel: Panel, id: number): Promise<Instance & { status_reason: string }> {
  await expect.poll(async () => (await panel.get(id)).status).toMatch(/started|error|stopped/);
  return (await panel.get(id)) as Instance & { status_reason: string };
}

test("a disk without room takes neither the picture nor the stop of a desktop, and no start leaves anything", async ({ browser }) => {
  const panel = new Panel(desktops);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=96m,mode=0755", "tmpfs", panel.dataDir], { stdio: "pipe" });
  } catch (error) {
    rmSync(panel.dataDir, { recursive: true });
    test.skip(true, `no file system can be mounted here: ${String(error).split("\n")[0]}`);
  }
  try {
    await panel.start();
    await panel.setUp();
    const row = await started(panel, "Full");
    const context = await browser.newContext();
    const viewer = await look(context, panel, row.open_url);
    await reach(viewer, panel, row.id);
    const filler = fill(panel.dataDir);
    const picture = await panel.api("GET", `/v1/instances/${row.id}/desktop/screenshot`);
    expect(picture.headers.get("content-type")).toBe("image/png");
    expect((await panel.api("POST", `/v1/instances/${row.id}/desktop/input`, { kind: "text", text: "y" })).status).toBe(204);
    await viewer.close();
    await look(context, panel, row.open_url);
    expect((await panel.get(row.id)).status).toBe("started");
    await context.close();
    await stop(panel, row);
    expect(within(panel)).toEqual([]);

    // What ended made some room.
    fill(panel.dataDir);
    await panel.api("POST", `/instances/${row.id}/start`);
    const { status, status_reason: reason } = await settled(panel, row.id);
    expect([status, reason]).toEqual(["error", expect.stringContaining("No space left on device")]);
    await expect.poll(() => within(panel)).toEqual([]);
    rmSync(filler);
    await panel.run(row.id);
  } finally {
    await panel.end("SIGTERM");
    execFileSync("umount", [panel.dataDir]);
    await panel.remove();
  }
});
