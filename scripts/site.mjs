// Fills target/site with everything the browser loads, each file beside its brotli twin. Run by Trunk's post_build hook.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { split } from "./wasm.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const site = join(root, "target/site");

rmSync(site, { recursive: true, force: true });
mkdirSync(join(site, "pkg"), { recursive: true });
cpSync(join(root, "public"), site, { recursive: true });
const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "wasm32-unknown-unknown/wasm-release/frontend.wasm");
const scripts = join(site, "scripts");
split(program, scripts);
for (const name of readdirSync(scripts)) {
  if (name.endsWith(".wasm")) renameSync(join(scripts, name), join(site, "pkg", name));
}
const minify = (source, target, ...options) =>
  execFileSync(
    join(root, "end2end/node_modules/.bin/esbuild"),
    [source, "--minify", "--log-level=warning", `--outfile=${join(site, "pkg", target)}`, ...options],
    // Sources lie beside the Rust code they belong to; what they import from npm is here.
    { stdio: "inherit", env: { ...process.env, NODE_PATH: join(root, "end2end/node_modules") } },
  );
minify(join(root, "style/main.css"), "aikore.css", "--bundle");
minify(join(scripts, "frontend.js"), "frontend.js", "--format=esm", "--bundle", "--log-override:duplicate-object-key=silent");
rmSync(scripts, { recursive: true });

// What is loaded when it is needed: style sheets of parts (app/src/ui.rs, StyleSheet), and scripts (app/src/browser.rs,
// module). Their names carry a hash over all of them (app/src/paths.rs, asset): a tab that outlived an update of the
// server finds its own or none, never another build's, and who has one need not ask again.
const later = ["editor.js", "load.js", "terminal.js"];
minify(join(root, "app/src/tools/script/editor.js"), "editor.js", "--format=esm", "--bundle", "--legal-comments=none");
minify(join(root, "app/src/tools/terminal/screen.js"), "terminal.js", "--format=esm", "--bundle");
minify(join(root, "app/src/telemetry/load.js"), "load.js", "--format=esm");
for (const name of ["alerts", "blueprints", "crash", "desk", "desktop", "editor", "gpus", "jobs", "monitoring", "pages", "terminal", "trash"]) {
  minify(join(root, `style/${name}.css`), `${name}.css`, "--bundle");
  later.push(`${name}.css`);
}
// What begins with the page, before the program: the texts of another language, English and its translation by turns,
// in the order of their bytes (app/src/language/dictionary.rs).
for (const file of readdirSync(join(root, "app/languages"))) {
  const texts = Object.entries(JSON.parse(readFileSync(join(root, "app/languages", file), "utf8")));
  texts.sort(([one], [other]) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const name = file.replace(/json$/, "js");
  writeFileSync(join(site, "pkg", name), `aikoreTexts=${JSON.stringify(texts.flat().join("\n"))}`);
  later.push(name);
}
const hash = createHash("sha256");
for (const name of later) hash.update(name).update(readFileSync(join(site, "pkg", name)));
const build = hash.digest("hex").slice(0, 12);
for (const name of later) renameSync(join(site, "pkg", name), join(site, "pkg", name.replace(".", `-${build}.`)));

const forTexts = { [constants.BROTLI_PARAM_QUALITY]: 11 };
// Short distances as such suit WebAssembly, whose code repeats what stands a few bytes before.
const forPrograms = { ...forTexts, [constants.BROTLI_PARAM_NPOSTFIX]: 0, [constants.BROTLI_PARAM_NDIRECT]: 15 };
for (const entry of readdirSync(site, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const raw = readFileSync(path);
  const small = brotliCompressSync(raw, { params: entry.name.endsWith(".wasm") ? forPrograms : forTexts });
  if (small.length < raw.length) writeFileSync(`${path}.br`, small);
}
