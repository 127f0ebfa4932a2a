// Fills target/site with everything the browser loads, each file beside its brotli twin. Run by Trunk's post_build hook.
import { execFileSync } from "node:child_process";
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
    { stdio: "inherit" },
  );
minify(join(root, "style/main.css"), "aikore.css", "--bundle");
minify(join(scripts, "frontend.js"), "frontend.js", "--format=esm", "--bundle", "--log-override:duplicate-object-key=silent");
rmSync(scripts, { recursive: true });

const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: process.env.TRUNK_PROFILE === "debug" ? 4 : 11 } };
for (const entry of readdirSync(site, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const raw = readFileSync(path);
  const small = brotliCompressSync(raw, quality);
  if (small.length < raw.length) writeFileSync(`${path}.br`, small);
}
