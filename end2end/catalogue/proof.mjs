// What a run leaves, looked up at the kernel and not asked of the panel.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect } from "node:net";
import { execFileSync } from "node:child_process";

function orEmpty(read) {
  try {
    return read();
  } catch {
    return ""; // gone, or of somebody else
  }
}

/** Processes whose environment names this instance's directory. */
export function processesOf(directory) {
  const own = `INSTANCE_CONF_DIR=${directory}`;
  return readdirSync("/proc").filter(
    (pid) => /^\d+$/.test(pid) && orEmpty(() => readFileSync(`/proc/${pid}/environ`, "utf8")).split("\0").includes(own),
  );
}

const loopback = /^(0100007F|00000000000000000000000001000000|0000000000000000FFFF00000100007F)$/;

/** Addresses on which these processes listen for others than this machine, as the kernel writes them. */
export function openToOthers(pids) {
  const sockets = new Set();
  for (const pid of pids) {
    for (const fd of orEmpty(() => readdirSync(`/proc/${pid}/fd`)) || []) {
      const inode = /^socket:\[(\d+)\]$/.exec(orEmpty(() => readlinkSync(`/proc/${pid}/fd/${fd}`)))?.[1];
      if (inode) sockets.add(inode);
    }
  }
  const lines = ["tcp", "tcp6"].flatMap((table) => orEmpty(() => readFileSync(`/proc/net/${table}`, "utf8")).split("\n"));
  const listening = lines.map((line) => line.trim().split(/\s+/)).filter((field) => field[3] === "0A" && sockets.has(field[9]));
  return listening.map((field) => field[1]).filter((address) => !loopback.test(address.split(":")[0]));
}

/** Whether anybody answers on this port of this machine. */
export function answers(port) {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
  }).finally(() => undefined);
}

/** Size of a directory, MB; 0 when it is not there. */
export function megabytes(directory) {
  const size = orEmpty(() => execFileSync("du", ["-sm", directory], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }));
  return Number.parseInt(size || "0", 10);
}
