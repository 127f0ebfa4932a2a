// What people read, beside its translations: says which texts of the program lack one in app/languages/*.json, and which
// entries nobody asks for. `node scripts/texts.mjs` fails on what is missing; `--sort` writes the files in order.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const languages = join(root, "app/languages");

/** The string literals of a Rust source without its tests, and where they stand. */
export function literals(source) {
  const tests = source.search(/^#\[cfg\((all\(|any\()?test\b/m);
  const code = tests < 0 ? source : source.slice(0, tests);
  const found = [];
  // Comments, characters, raw strings and strings: whichever comes first.
  const token = /\/\/[^\n]*|\/\*[^]*?\*\/|'(?:\\u\{[0-9a-fA-F]+\}|\\.|[^'\\\n])'|\bb?r(#*)"[^]*?"\1|b?"((?:\\[^]|[^"\\])*)"/gu;
  for (const match of code.matchAll(token)) {
    if (match[2] === undefined) continue;
    found.push({ text: unescaped(match[2]), start: match.index, end: match.index + match[0].length });
  }
  return { code, found };
}

function unescaped(text) {
  const letters = { n: "\n", t: "\t", r: "\r", 0: "\0" };
  const joined = text.replace(/\\\r?\n\s*/g, "");
  return joined.replace(/\\(?:u\{([0-9a-fA-F]+)\}|([^]))/g, (_, code, letter) =>
    code ? String.fromCodePoint(Number.parseInt(code, 16)) : (letters[letter] ?? letter));
}

/** A text as dictionaries have it: every hole is the same. */
export const key = (text) => text.replace(/\{[^{}]*\}/g, "{}");

/** Whether a literal is handed to what translates it (app/src/language.rs, app/src/ui/words.rs, app/src/shell.rs). */
export function isTranslated(before) {
  return /\b(t|fill|marked|name_page)\(\s*$|\bname_page\(format_args!\(\s*$/.test(before) || /\bcount\([^;{}]*,\s*$/.test(before);
}

/** Rust sources below a folder. */
export function sources(folder) {
  const entries = readdirSync(join(root, folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && entry.name.endsWith(".rs"));
  return files.map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1)).sort();
}

const read = (file) => readFileSync(join(root, file), "utf8");

/** What the pages ask for by its English text: texts, and where each stands first. */
export function asked() {
  const all = new Map();
  for (const file of [...sources("app/src"), "server/src/proxy/waiting.rs"]) {
    const { code, found } = literals(read(file));
    for (const { text, start } of found) {
      if (isTranslated(code.slice(Math.max(0, start - 200), start)) && !all.has(key(text))) all.set(key(text), place(file, code, start));
    }
  }
  return all;
}

// What the server says in English and pages translate where they show it (`said`): every message of an error, and
// whatever else in these files reads like a sentence.
const saidIn = [
  "app/src/error.rs",
  "app/src/browser.rs",
  "app/types/src/forwards.rs",
  "app/types/src/names.rs",
  "app/types/src/hosts.rs",
  "app/types/src/requirements.rs",
  "app/types/src/wheels.rs",
  "app/types/src/blueprints/name.rs",
  "server/engine/src/error.rs",
  "server/engine/src/instances/reasons.rs",
  "server/engine/src/instances/probe.rs",
  "server/engine/src/instances/forwards.rs",
  "server/engine/src/instances/fields.rs",
  "server/engine/src/instances/fields/paths.rs",
  "server/engine/src/instances/fields/words.rs",
  "server/engine/src/environments/update.rs",
  "server/src/autopsy/advice.rs",
  "server/src/autopsy/approach.rs",
  "server/src/autopsy/cookies.rs",
  "server/src/autopsy/framing.rs",
  "server/src/autopsy/verdict.rs",
  "server/src/proxy/waiting.rs",
];

export function said() {
  const all = new Map();
  for (const file of saidIn) {
    const { code, found } = literals(read(file));
    for (const { text, start } of found) {
      const before = code.slice(Math.max(0, start - 60), start);
      const isSentence = /^[\p{Lu}“{].*\s.*[.…]$/su.test(text) && /\p{L}{2}/u.test(text.replace(/\{[^{}]*\}/g, ""));
      if (isSentence && !/(reason = |(debug|info|warn|error)!\([^"]*)$/.test(before)) all.set(key(text), place(file, code, start));
    }
  }
  return all;
}

const place = (file, code, start) => `${file}:${code.slice(0, start).split("\n").length}`;

/** All that the program writes, with the editor's phrases and what blueprints say of themselves: an entry that is not made of it is never needed. */
function everything() {
  const folders = ["app/src", "app/types/src", "server/engine/src", "server/src"];
  const texts = folders.flatMap(sources).flatMap((file) => literals(read(file)).found.map(({ text }) => text));
  const scripts = readdirSync(join(root, "blueprints"), { recursive: true }).filter((name) => name.endsWith(".sh"));
  return [...texts, ...scripts.map((name) => read(`blueprints/${name}`)), read("app/src/tools/script/editor.js")].join("\0");
}

/** Markup with words that nobody translates. */
export function unwrapped() {
  const names = /^(AiKore|--lowvram|HF_HOME=.*|numpy>=2|ninja|Ctrl\+Shift\+S|API|CPU|RAM|VRAM|GPU|CUDA|Python|torch|uv|conda|aikore password|Ctrl( \+)? ?\w|Alt [↑↓]|[A-Z])$/;
  const wrong = [];
  for (const file of sources("app/src")) {
    const { code, found } = literals(read(file));
    for (const { text, start, end } of found) {
      if (!/\p{L}{2}/u.test(text) || names.test(text.trim())) continue;
      const before = code.slice(Math.max(0, start - 120), start).trimEnd();
      const after = code.slice(end).trimStart();
      const isText = /(^|[^=-])>$/.test(before) && after.startsWith("<");
      const isAttribute = /[\s<](aria-label|title|placeholder|alt)=$/.test(before);
      if (isText || isAttribute) wrong.push(`${place(file, code, start)}: "${text}"`);
    }
  }
  return wrong;
}

function check() {
  const pages = asked();
  const wanted = new Map([...said(), ...pages]);
  const known = everything();
  let problems = unwrapped().map((text) => `not translated: ${text}`);
  for (const file of readdirSync(languages).sort()) {
    const source = readFileSync(join(languages, file), "utf8");
    const texts = JSON.parse(source);
    const keys = Object.keys(texts);
    if (process.argv.includes("--sort")) {
      const sorted = Object.fromEntries(keys.sort(inOrder).map((english) => [english, texts[english]]));
      writeFileSync(join(languages, file), `${JSON.stringify(sorted, null, 2)}\n`);
    } else if (keys.some((english, index) => index > 0 && inOrder(keys[index - 1], english) > 0)) {
      problems.push(`${file} is not sorted: node scripts/texts.mjs --sort`);
    }
    for (const [english, at] of wanted) if (!(english in texts)) problems.push(`${file} lacks, of ${at}: ${JSON.stringify(english)}`);
    const written = source.match(/^ {2}"(?:\\.|[^"\\])*":/gm) ?? [];
    for (const twice of written.filter((line, index) => written.indexOf(line) !== index)) problems.push(`${file} has twice: ${twice}`);
    for (const [english, other] of Object.entries(texts)) problems.push(...faults(english, other).map((fault) => `${file}, ${JSON.stringify(english)}: ${fault}`));
    // Other branches bring their texts with them: this is told, and fails nothing.
    const isKnown = (english) => english.split("{}").every((piece) => known.includes(piece.trim().replace(/\.$/, "")));
    const unused = keys.filter((english) => !wanted.has(english) && !isKnown(english));
    for (const english of unused) console.log(`${file}, nobody asks for: ${JSON.stringify(english)}`);
    console.log(`${file}: ${keys.length} texts, ${pages.size} of pages and ${wanted.size - pages.size} of the server wanted, ${unused.length} unused`);
  }
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}

/** As the program compares: by code points, which is the order of UTF-8 bytes. */
function inOrder(one, other) {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** What is wrong with a translation whatever it means. */
function faults(english, other) {
  const holes = (english.match(/\{\}/g) ?? []).length;
  const filled = other.match(/\{\d*\}/g) ?? [];
  const places = new Set(filled.map((hole, index) => (hole === "{}" ? index : Number(hole.slice(1, -1)))));
  const all = [];
  if (filled.includes("{}") && filled.some((hole) => hole !== "{}")) all.push("holes with and without numbers");
  if (places.size !== holes || [...places].some((place) => place >= holes)) all.push(`${holes} holes, and ${places.size} are filled`);
  if (/[\n\0]/.test(english + other)) all.push("a text is one line");
  if (/ [:;?!»]|« /.test(other)) all.push("a plain space beside French punctuation");
  for (const side of english.length > 1 ? [/^\s/, /\s$/] : []) if (side.test(english) !== side.test(other)) all.push("spaces at an end differ");
  return all;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) check();
