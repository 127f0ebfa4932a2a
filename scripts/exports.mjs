// Gives what a WebAssembly program exports for its script short names, and takes out what nobody calls: wasm-bindgen's end in
// random digits, which stand in both files and cannot be compressed, and it exports classes that nothing here makes.
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "../end2end/node_modules/binaryen/index.js";

/** Streams that Rust would hand to JavaScript: a crate brings them, and they are never constructed. */
const unused = /^(__wbg_)?intounderlying\w+$/;
const closures = /^wasm_bindgen__convert__\w+$/;

/** Changes the program, which is open, and its script, in place. */
export function shortenExports(program, script) {
  const names = new Map();
  for (const { name, value } of exportsOf(program)) {
    if (!unused.test(name) && !closures.test(name)) continue;
    program.removeExport(name);
    if (unused.test(name)) continue;
    names.set(name, `$${names.size.toString(36)}`);
    program.addFunctionExport(value, names.get(name));
  }
  const text = withoutClasses(readFileSync(script, "utf8"));
  writeFileSync(script, text.replace(/\bwasm\.(wasm_bindgen__convert__\w+)/g, (_, name) => `wasm.${names.get(name) ?? name}`));
}

function exportsOf(program) {
  const all = Array.from({ length: program.getNumExports() }, (_, index) => binaryen.getExportInfo(program.getExportByIndex(index)));
  return all.filter(({ kind }) => kind === binaryen.ExternalFunction);
}

function withoutClasses(text) {
  const short = text
    .replace(/^export class IntoUnderlying\w+ \{\n[^]*?^\}\n/gm, "")
    .replace(/^if \(Symbol\.dispose\) IntoUnderlying.*\n/gm, "")
    .replace(/^const IntoUnderlying\w+Finalization = [^;]*?\n {4}: new FinalizationRegistry\(.*\);\n/gm, "")
    .replace(/^const __wbindgen_enum_ReadableStreamType = .*\n/gm, "");
  if (/IntoUnderlying|intounderlying/.test(short)) throw new Error("The script makes streams after all, or is not as it was: see wasm-bindgen.");
  return short;
}
