// The way to a shell: a socket that comes back by itself, and goes on where it was.
//
// Every byte has a place since the terminal's beginning. What was received is known by the place after it, so a lost
// connection goes on there; what was shown is told to the server, which sends only so much ahead of it. What is typed
// has places, too (`typed.js`).
import { Typed } from "./typed.js";

/** Bytes shown before the server is told. */
const TOLD_EVERY = 16 * 1024;
/** Waiting times before the next try, milliseconds. */
const RETRY_FIRST = 250;
const RETRY_MOST = 10_000;
/** How often a silent connection is asked whether it lives, and how long it may think, milliseconds. */
const ASK_EVERY = 15_000;
const ANSWER_WITHIN = 10_000;

const closes = { LOGGED_OUT: 4401, UNKNOWN: 4404 };

export class Connection {
  /** `on` is told what happens: `state`, `begin`, `bytes`, `size`, `lost`, `full` and `end`. */
  constructor(address, on) {
    this.address = address;
    this.on = on;
    this.next = undefined; // the place after what was received
    this.shown = 0; // the place after what was shown
    this.told = 0; // what the server knows of that
    this.typed = new Typed();
    this.tries = 0;
    this.ended = false;
    this.connect();
  }

  connect() {
    this.on.state(this.next === undefined ? "connecting" : "lost");
    const address = new URL(this.address, location.href);
    address.protocol = address.protocol.replace("http", "ws");
    address.searchParams.set("hand", this.typed.hand);
    if (this.next !== undefined) address.searchParams.set("from", this.next);
    const socket = new WebSocket(address);
    socket.binaryType = "arraybuffer";
    // One that was given up may go on to speak for a while.
    socket.onmessage = ({ data }) => socket === this.socket && this.hear(data);
    socket.onclose = ({ code }) => socket === this.socket && this.lost(code);
    this.socket = socket;
    this.begun = false;
  }

  lost(code) {
    clearTimeout(this.asking);
    if (this.ended) return;
    if (code === closes.UNKNOWN) return this.end("gone");
    if (code === closes.LOGGED_OUT) return this.end("logged-out");
    this.on.state("lost");
    const wait = Math.min(RETRY_FIRST * 2 ** this.tries++, RETRY_MOST);
    this.retrying = setTimeout(() => this.connect(), wait);
  }

  retryNow() {
    if (this.ended || this.socket.readyState < WebSocket.CLOSING) return;
    clearTimeout(this.retrying);
    this.tries = 0;
    this.connect();
  }

  end(how) {
    this.close();
    this.on.end(how);
  }

  hear(data) {
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.ask(), ASK_EVERY);
    if (data instanceof ArrayBuffer) return this.receive(data);
    const said = JSON.parse(data);
    switch (said.type) {
      case "begin":
        return this.begin(said);
      case "size":
        return this.on.size(said);
      case "lost":
        this.next += said.bytes;
        this.shown = this.told = this.next;
        return this.on.lost(said.bytes);
      case "taken":
        return this.typed.taken(said.place);
      case "full":
        return this.on.full();
      case "ended": {
        const [how] = typeof said.how === "string" ? [said.how] : Object.entries(said.how).map((pair) => pair.join(" "));
        return this.end(how);
      }
    }
  }

  begin({ from, end, taken }) {
    const goesOn = this.next === from;
    this.next = this.shown = this.told = from;
    this.begun = true;
    this.tries = 0;
    this.on.begin(goesOn, end);
    this.typed.taken(taken);
    for (const message of this.typed.messages()) this.socket.send(message);
  }

  /** Asks a connection that was silent; one that does not answer is dead. */
  ask() {
    this.say({ type: "ping" });
    this.asking = setTimeout(() => this.giveUp(), ANSWER_WITHIN);
  }

  /** Does not wait for a dead connection to close: browsers take their time. */
  giveUp() {
    const dead = this.socket;
    dead.onmessage = dead.onclose = null;
    dead.close();
    this.lost();
  }

  receive(data) {
    const offset = Number(new DataView(data).getBigUint64(0));
    const bytes = new Uint8Array(data, 8);
    const socket = this.socket;
    this.next = offset + bytes.length;
    const place = this.next;
    this.on.bytes(bytes, () => {
      if (socket !== this.socket) return; // told by where the new connection began
      this.shown = Math.max(this.shown, place);
      if (place - this.told >= TOLD_EVERY || place === this.next) {
        this.told = place;
        this.say({ type: "shown", place });
      }
    });
  }

  say(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /** Types. */
  send(bytes) {
    if (this.ended) return;
    const messages = this.typed.add(bytes);
    if (!messages) return this.on.full();
    // A connection that has not begun is given all of it when it does.
    if (!this.begun || this.socket.readyState !== WebSocket.OPEN) return;
    for (const message of messages) this.socket.send(message);
  }

  close() {
    this.ended = true;
    for (const timer of [this.retrying, this.asking]) clearTimeout(timer);
    this.socket.close();
  }
}
