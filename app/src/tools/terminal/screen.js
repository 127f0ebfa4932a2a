// The screen of a terminal: xterm.js, and what people do with it. Loaded when a terminal is opened; `screen.rs` calls it.
import { FitAddon } from "@xterm/addon-fit";
import { SearchAddon } from "@xterm/addon-search";
import { Unicode11Addon } from "@xterm/addon-unicode11";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { Terminal } from "@xterm/xterm";
import { Connection } from "./connection.js";
import { colours, marks, withNonce } from "./look.js";

/** A size counts when it has not changed for so long, milliseconds. */
const SIZE_SETTLES = 80;

/** What the keys of the bar send, in the two ways a program may want its arrows. */
const keys = {
  Escape: ["\x1b", "\x1b"],
  Tab: ["\t", "\t"],
  Up: ["\x1b[A", "\x1bOA"],
  Down: ["\x1b[B", "\x1bOB"],
  Right: ["\x1b[C", "\x1bOC"],
  Left: ["\x1b[D", "\x1bOD"],
};

/** What a screen answers by itself when a program asks it something: typed and pasted by nobody. */
function isAnswer(text) {
  const byPerson = window.event instanceof UIEvent || window.event instanceof ClipboardEvent || text.startsWith("\x1b[200~");
  return text.startsWith("\x1b") && !byPerson;
}

class Screen {
  constructor(host, options) {
    this.tell = options.tell;
    this.before = 0; // what comes before this place was printed for others, who have answered it
    this.own = false;
    this.control = false;
    this.makeTerminal(host, options);
    this.listen(host);
    this.connection = new Connection(options.address, {
      state: (state) => this.tell("state", state),
      begin: (goesOn, end) => this.begin(goesOn, end),
      bytes: (bytes, shown) => this.terminal.write(bytes, shown),
      size: (size) => this.follow(size),
      lost: (bytes) => this.terminal.write(`\r\n\x1b[2m[${bytes} bytes were printed while nobody looked, and are gone]\x1b[0m\r\n`),
      full: () => this.tell("full", ""),
      end: (how) => this.end(how),
    });
  }

  makeTerminal(host, options) {
    const style = getComputedStyle(host);
    this.terminal = new Terminal({
      allowProposedApi: true, // Unicode 11, and marks of what was found
      logLevel: "off", // what is no text is no fault of the page: a line for each byte of it would be its end
      fontFamily: style.getPropertyValue("--font-mono") || "monospace",
      fontSize: Number(options.fontSize) || 13,
      scrollback: 10_000,
      minimumContrastRatio: 4.5,
      screenReaderMode: options.screenReader,
      theme: colours(),
    });
    this.fit = new FitAddon();
    this.search = new SearchAddon();
    for (const addon of [this.fit, this.search, new WebLinksAddon(), new Unicode11Addon()]) this.terminal.loadAddon(addon);
    this.terminal.unicode.activeVersion = "11";
    withNonce(() => this.terminal.open(host));
    this.terminal.textarea?.setAttribute("aria-label", options.label);
    this.terminal.textarea?.setAttribute("aria-description", "F6 leaves the terminal.");
    this.terminal.attachCustomKeyEventHandler((event) => this.key(event));
    this.terminal.onData((text) => this.typed(text));
    this.terminal.onBinary((text) => this.connection.send(Uint8Array.from(text, (char) => char.charCodeAt(0))));
    this.search.onDidChangeResults(({ resultIndex, resultCount }) => this.tell("found", `${resultIndex + 1}/${resultCount}`));
  }

  listen(host) {
    this.ending = new AbortController();
    const { signal } = this.ending;
    const sizes = new ResizeObserver(() => {
      clearTimeout(this.settling);
      this.settling = setTimeout(() => this.claim(), SIZE_SETTLES);
    });
    sizes.observe(host);
    const theme = new MutationObserver(() => (this.terminal.options.theme = colours()));
    theme.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    signal.addEventListener("abort", () => {
      sizes.disconnect();
      theme.disconnect();
    });
    document.addEventListener("visibilitychange", () => this.looked(), { signal });
    window.addEventListener("online", () => this.connection.retryNow(), { signal });
    this.terminal.textarea?.addEventListener("focus", () => this.own || this.claim(), { signal });
  }

  // What the connection says.

  begin(goesOn, end) {
    if (!goesOn) {
      this.terminal.reset();
      this.before = end;
    }
    this.tell("state", "open");
    this.looked();
    this.claim(true);
  }

  /** Another screen decides about the size, or this one does. */
  follow({ cols, rows, own }) {
    this.own = own;
    if (!own) this.terminal.resize(cols, rows);
  }

  end(how) {
    this.terminal.options.disableStdin = true;
    this.terminal.options.cursorBlink = false;
    this.tell("state", how);
  }

  /** Programs need not wait for a screen that nobody sees: browsers draw it rarely. */
  looked() {
    this.connection.say({ type: "wait", on: !document.hidden });
    if (!document.hidden) this.connection.retryNow();
  }

  /** Makes the terminal as large as this screen. */
  claim(always) {
    const host = this.terminal.element?.parentElement;
    if (!host?.clientWidth || !host.clientHeight) return;
    const { cols, rows } = this.fit.proposeDimensions() ?? {};
    if (!cols || !rows) return;
    const same = cols === this.terminal.cols && rows === this.terminal.rows;
    if (same && this.own && always !== true) return;
    this.terminal.resize(cols, rows);
    this.connection.say({ type: "resize", cols, rows });
  }

  // What people do.

  typed(text) {
    if (isAnswer(text) && (!this.own || this.connection.shown < this.before)) return;
    if (this.control && text.length === 1) {
      text = String.fromCharCode(text.toUpperCase().charCodeAt(0) & 0x1f);
      this.setControl(false);
    }
    this.connection.send(new TextEncoder().encode(text));
  }

  /** Keys that are not for the shell. */
  key(event) {
    if (event.type !== "keydown") return true;
    const ours = event.key === "F6" ? "leave" : event.ctrlKey && event.shiftKey ? { C: "copy", F: "search" }[event.key] : undefined;
    if (!ours) return !(event.ctrlKey && event.shiftKey && event.key === "V"); // the browser pastes
    event.preventDefault();
    if (ours === "copy") this.copy();
    else this.tell(ours, "");
    return false;
  }

  press(name) {
    if (name === "Control") this.setControl(!this.control);
    else this.connection.send(new TextEncoder().encode(keys[name][this.terminal.modes.applicationCursorKeysMode ? 1 : 0]));
    this.terminal.focus();
  }

  setControl(on) {
    this.control = on;
    this.tell("control", on ? "on" : "");
  }

  copy() {
    this.tell("copy", this.terminal.getSelection());
    this.terminal.focus();
  }

  async paste() {
    const text = await navigator.clipboard?.readText().catch(() => undefined);
    if (text) this.terminal.paste(text);
    else this.tell("no-paste", "");
    this.terminal.focus();
  }

  find(text, back) {
    if (!text) return this.search.clearDecorations();
    this.search[back ? "findPrevious" : "findNext"](text, { decorations: marks(), incremental: false });
  }

  setScreenReader(on) {
    this.terminal.options.screenReaderMode = on;
  }

  focus() {
    this.terminal.focus();
  }

  close() {
    clearTimeout(this.settling);
    this.ending.abort();
    this.connection.close();
    this.terminal.dispose();
  }
}

window.aikoreTerminal = (host, options) => new Screen(host, options);
