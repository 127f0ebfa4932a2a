// Makes of what cargo built the files that browsers load: cuts the program into its parts (app/src/parts.rs), takes out
// what is never called, and optimises each part for its size after compression.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import binaryen from "../end2end/node_modules/binaryen/index.js";
import { shortenExports } from "./exports.mjs";
import { shortenImports } from "./imports.mjs";
import { shortenLoader } from "./loader.mjs";

// Leptos keeps `hydrate_async` in a table for every kind of view, so no linker sees that it is never called, nor what
// only it calls: it hydrates pages that wait for code, which no page here does. A call would end in a trap, and in a console error that fails every
// journey. Only these very functions: what they call the compiler may have merged with its likes that are called.
const neverCalled =
  /^(?!core::ptr::drop_in_place).*(hydrate_async|new_with_async_value(_erased)?)(::\{\{closure\}\})*(::h[0-9a-f]{16})?$/;

// Writing a fraction with all of its digits: only the JSON reader's messages would. They do without. The names of the
// standard library's functions tell in brackets which one it was.
const printsNothing = /^core(\[[0-9a-f]+\])?::fmt::float::float_to_(decimal|exponential)/;
// Why a text was cut in the middle of a character: nobody reads that, the program ends there all the same.
const explains = /^core(\[[0-9a-f]+\])?::str::slice_error_fail(_rt)?$/;
const findsDigits = /^<?core\[[0-9a-f]+\]::num::(flt2dec|bignum)/;

// Brotli likes the same function called from many places better than its many inlined copies, and functions of one
// kind beside each other.
const small = [
  "-Os",
  "--reorder-functions-by-name",
  "--one-caller-inline-max-function-size=0",
  "--always-inline-max-function-size=0",
  "--low-memory-unused",
];

/** What the parts depend on beside the program. */
const makers = ["wasm.mjs", "exports.mjs", "imports.mjs", "loader.mjs", "../end2end/package-lock.json"].map((name) => join(import.meta.dirname, name));

binaryen.setOptimizeLevel(2);
binaryen.setShrinkLevel(1);
binaryen.setOneCallerInlineMaxSize(0);
binaryen.setAlwaysInlineMaxSize(0);
binaryen.setLowMemoryUnused(true);

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
    shrinkProgram(join(folder, "frontend_bg.wasm"), join(folder, "frontend.js"));
    shortenImports(join(folder, "frontend_bg.wasm"), join(folder, "frontend.js"));
    // A part fits the program it was cut from and no other. Under a name of its own build, a tab that outlived an
    // update of the server finds no part any more, instead of a wrong one.
    // What makes them small counts, too: browsers never ask again for what has a hash in its name.
    const hash = createHash("sha256");
    for (const source of [built, ...makers]) hash.update(readFileSync(source));
    const build = hash.digest("hex").slice(0, 12);
    for (const part of parts) {
      const name = `${basename(part, ".wasm")}-${build}.wasm`;
      shrinkPart(join(work, part), join(folder, name));
    }
    const loader = readFileSync(join(work, "__wasm_split.js"), "utf8");
    writeFileSync(join(folder, "__wasm_split.js"), shortenLoader(loader, build));
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** The program itself, in place. Only `wasm-opt` optimises what it writes once more, which is worth a kilobyte. */
function shrinkProgram(path, script) {
  const program = withoutWhatIsNeverCalled(path);
  shortenExports(program, script);
  binaryen.setDebugInfo(true); // keeps the names, which the order of the functions needs
  writeFileSync(`${path}.stripped`, program.emitBinary());
  program.dispose();
  execFileSync(join(tools, "wasm-opt"), [...small, `${path}.stripped`, "-o", path], { stdio: "inherit" });
  rmSync(`${path}.stripped`);
}

/** A part, by the same passes in this process: to start `wasm-opt` for each of a hundred would take longer than the work. */
function shrinkPart(source, target) {
  const part = withoutWhatIsNeverCalled(source);
  part.optimize();
  part.runPasses(["reorder-functions-by-name"]);
  binaryen.setDebugInfo(false);
  writeFileSync(target, part.emitBinary());
  part.dispose();
}

function withoutWhatIsNeverCalled(path) {
  const program = binaryen.readBinary(readFileSync(path));
  for (let index = 0; index < program.getNumFunctions(); index++) {
    const each = program.getFunctionByIndex(index);
    const { name, base } = binaryen.getFunctionInfo(each);
    if (base) continue; // an import
    if (neverCalled.test(name) || findsDigits.test(name) || explains.test(name)) binaryen.Function.setBody(each, program.unreachable());
    if (printsNothing.test(name)) binaryen.Function.setBody(each, program.i32.const(0));
  }
  return program;
}
