// Gives the functions that a WebAssembly program imports from its script short names: wasm-bindgen's end in random digits,
// which stand in both files and cannot be compressed.
import { readFileSync, writeFileSync } from "node:fs";

const importSection = 2;

/** Renames the imports of the program in both files, in place. */
export function shortenImports(program, script) {
  const bytes = readFileSync(program);
  const section = find(bytes, importSection);
  const names = new Map();
  const shorten = (name) => {
    if (!/^__wb/.test(name)) return name; // another script's
    if (!names.has(name)) names.set(name, `_${names.size.toString(36)}`);
    return names.get(name);
  };
  const reader = { bytes, at: section.content };
  const count = readNumber(reader);
  const out = [writeNumber(count)];
  for (let index = 0; index < count; index++) {
    const from = readText(reader);
    out.push(writeText(from), writeText(shorten(readText(reader))));
    const kind = reader.at;
    skipType(reader);
    out.push(bytes.subarray(kind, reader.at));
  }
  const content = Buffer.concat(out);
  const head = Buffer.concat([Buffer.from([importSection]), writeNumber(content.length)]);
  writeFileSync(program, Buffer.concat([bytes.subarray(0, section.start), head, content, bytes.subarray(section.end)]));
  const text = readFileSync(script, "utf8");
  writeFileSync(script, text.replace(/\b__wb\w+/g, (name) => names.get(name) ?? name));
}

// The binary format: https://webassembly.github.io/spec/core/binary/modules.html
function find(bytes, wanted) {
  const reader = { bytes, at: 8 };
  while (reader.at < bytes.length) {
    const start = reader.at;
    const id = bytes[reader.at++];
    const length = readNumber(reader);
    const end = reader.at + length;
    if (id === wanted) return { start, content: reader.at, end };
    reader.at = end;
  }
  throw new Error(`There is no section ${wanted}.`);
}

/** What kind of thing an import is, and its type. */
function skipType(reader) {
  const kind = reader.bytes[reader.at++];
  if (kind === 0) return void readNumber(reader); // function: index of its type
  if (kind === 3) return void (reader.at += 2); // global: type and mutability
  throw new Error(`The program imports something of kind ${kind}; only functions and globals are known here.`);
}

function readNumber(reader) {
  let number = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.bytes[reader.at++];
    number += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return number;
  }
}

function writeNumber(number) {
  const bytes = [];
  for (; number > 0x7f; number >>>= 7) bytes.push((number & 0x7f) | 0x80);
  return Buffer.from([...bytes, number]);
}

function readText(reader) {
  const length = readNumber(reader);
  reader.at += length;
  return reader.bytes.toString("utf8", reader.at - length, reader.at);
}

function writeText(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([writeNumber(bytes.length), bytes]);
}
