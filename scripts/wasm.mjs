// Makes of what cargo built the files that browsers load: cuts the program into its parts (app/src/parts.rs), takes out
// what is never called, and optimises each part for its size after compression.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import binaryen from "../end2end/node_modules/binaryen/index.js";
import { shortenImports } from "./imports.mjs";

// Leptos keeps this in a table for every kind of view, so no linker sees that it is never called: it hydrates pages
// that wait for code, which no page here does. A call would end in a trap, and in a console error that fails every
// journey. Only these very functions: what they call the compiler may have merged with its likes that are called.
const neverCalled = /^(?!core::ptr::drop_in_place).*hydrate_async(::\{\{closure\}\})*(::h[0-9a-f]{16})?$/;

// Writing a fraction with all of its digits: only the JSON reader's messages would. They do without.
const printsNothing = /^core::fmt::float::float_to_(decimal|exponential)/;

// Brotli likes the same function called from many places better than its many inlined copies, and functions of one
// kind beside each other.
const small = [
  "-Os",
  "--reorder-functions-by-name",
  "--one-caller-inline-max-function-size=0",
  "--always-inline-max-function-size=0",
  "--low-memory-unused",
];

const tools = join(import.meta.dirname, "../end2end/node_modules/.bin");

/** Writes the parts, `frontend.js` and `__wasm_split.js` of the program `built` into `folder`. */
export function split(built, folder) {
  const work = mkdtempSync(join(tmpdir(), "aikore-wasm-"));
  try {
    execFileSync("wasm-split-cli", [built, work, "--target", "web", "--out-name", "frontend"], { stdio: "inherit" });
    const parts = readdirSync(work).filter((name) => name.endsWith(".wasm") && name !== "frontend.wasm");
    // Among the linker's exports is the table of functions, which the parts enter theirs into.
    const options = ["--target", "web", "--no-typescript", "--keep-lld-exports", "--out-dir", folder];
    execFileSync("wasm-bindgen", [...options, join(work, "frontend.wasm")], { stdio: "inherit" });
    shrink(join(folder, "frontend_bg.wasm"), join(folder, "frontend_bg.wasm"));
    shortenImports(join(folder, "frontend_bg.wasm"), join(folder, "frontend.js"));
    // A part fits the program it was cut from and no other. Under a name of its own build, a tab that outlived an
    // update of the server finds no part any more, instead of a wrong one.
    const build = createHash("sha256").update(readFileSync(built)).digest("hex").slice(0, 12);
    let loader = readFileSync(join(work, "__wasm_split.js"), "utf8");
    for (const part of parts) {
      const name = `${basename(part, ".wasm")}-${build}.wasm`;
      shrink(join(work, part), join(folder, name));
      loader = loader.replaceAll(`./${part}`, `./${name}`);
    }
    writeFileSync(join(folder, "__wasm_split.js"), loader);
  } finally {
    rmSync(work, { recursive: true });
  }
}

function shrink(source, target) {
  const program = binaryen.readBinary(readFileSync(source));
  for (let index = 0; index < program.getNumFunctions(); index++) {
    const each = program.getFunctionByIndex(index);
    const { name, base } = binaryen.getFunctionInfo(each);
    if (base) continue; // an import
    if (neverCalled.test(name)) binaryen.Function.setBody(each, program.unreachable());
    if (printsNothing.test(name)) binaryen.Function.setBody(each, program.i32.const(0));
  }
  binaryen.setDebugInfo(true); // keeps the names, which the order of the functions needs
  const stripped = `${target}.stripped`;
  writeFileSync(stripped, program.emitBinary());
  program.dispose();
  execFileSync(join(tools, "wasm-opt"), [...small, stripped, "-o", `${target}.small`], { stdio: "inherit" });
  rmSync(stripped);
  renameSync(`${target}.small`, target);
}
