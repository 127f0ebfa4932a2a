// Desktops with the real stream: many beside each other, viewers that come and go or never read, and a disk without room.
import { execFileSync } from "node:child_process";
import { closeSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { request } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { type Instance, Panel, expect } from "../tests/panel.ts";
import { MIB, desktops, files, look, memory, painted, reach, read, selkies, started, stop, test, typed } from "./stage.ts";

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
  const settings = JSON.stringify({ ...size, displayId: "primary", displayScale: 1 });
  for (const text of [`SETTINGS,${settings}`, "r,1280x720,primary"]) socket.write(frame(text));
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
function unread(panel: Panel, port = 0): number | undefined {
  const address = (port: number) => `0100007F:${port.toString(16).padStart(4, "0").toUpperCase()}`;
  const [local, remote] = [address(Number(new URL(panel.url).port)), address(port)];
  const line = read("/proc/net/tcp").split("\n").find((line) => line.includes(`${local} ${remote} 01 `));
  return line === undefined ? undefined : parseInt(/ 01 (\w+):/.exec(line)?.[1] ?? "", 16);
}

for (const [who, role] of [["controls", ""], ["watches", "?role=viewer"]] as const) {
  test(`who ${who} a desktop and never reads harms nobody`, async ({ browser, panel }) => {
    const noise = "while :; do head -c 2400 /dev/urandom | base64 -w 0; sleep 0.05; done";
    const script = `exec xterm -maximized -fa Monospace -fs 11 -e bash -c '${noise}'`;
    panel.blueprint("noise", script, "process", ["desktop = required", "venv_type = none"]);
    const row = await started(panel, `Deaf ${who}`, "noise");
    const [context, stream] = [await browser.newContext(), selkies(row)];
    const both = [panel.pid, stream];
    const [files0, memory0] = [both.map(files), both.map(memory)];
    // There is a stream as long as somebody controls; who watches gets a part of it.
    const first = role ? await look(context, panel, row.open_url) : undefined;
    let socket: Socket | undefined;
    // Refused within half a second of the one before.
    await expect(async () => void (socket = await deaf(panel, row, role))).toPass({ timeout: 60_000 });
    const viewer = first ?? (await look(context, panel, `${row.open_url}?watch#shared`));
    let [waiting, isStuck, grown] = [0, false, 0];
    // Long enough for the kernel's buffers to fill, and for Selkies to give it up ten seconds later.
    for (let round = 0; round < 12; round++) {
      const seen = await painted(viewer);
      await expect.poll(() => painted(viewer), { timeout: 60_000 }).toBeGreaterThan(seen + 60);
      grown = Math.max(grown, ...both.map((pid, index) => memory(pid) - (memory0[index] ?? 0)));
      const now = unread(panel, socket?.localPort) ?? 0;
      isStuck ||= now === waiting && now > MIB;
      waiting = now;
    }
    expect(isStuck, "bytes wait for who does not read").toBe(true);
    expect(grown).toBeLessThan(150);
    test.info().annotations.push({ type: "grown", description: `${grown.toFixed(1)} MiB` });
    socket?.destroy();
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
