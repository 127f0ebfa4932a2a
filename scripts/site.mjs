// Fills target/site with everything the browser loads, each file beside its brotli twin. Run by Trunk's post_build hook.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = process.env.TRUNK_STAGING_DIR ?? join(root, "target/trunk");
const site = join(root, "target/site");

rmSync(site, { recursive: true, force: true });
mkdirSync(join(site, "pkg"), { recursive: true });
cpSync(join(root, "public"), site, { recursive: true });
cpSync(join(built, "frontend_bg.wasm"), join(site, "pkg/frontend_bg.wasm"));
const snippets = join(built, "snippets");
if (statSync(snippets, { throwIfNoEntry: false })) cpSync(snippets, join(site, "pkg/snippets"), { recursive: true });
const minify = (source, target, ...options) =>
  execFileSync(
    join(root, "end2end/node_modules/.bin/esbuild"),
    [source, "--minify", "--log-level=warning", `--outfile=${join(site, "pkg", target)}`, ...options],
    { stdio: "inherit" },
  );
minify(join(root, "style/main.css"), "aikore.css", "--bundle");
minify(join(built, "frontend.js"), "frontend.js", "--format=esm");

const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: process.env.TRUNK_PROFILE === "debug" ? 4 : 11 } };
for (const entry of readdirSync(site, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const raw = readFileSync(path);
  const small = brotliCompressSync(raw, quality);
  if (small.length < raw.length) writeFileSync(`${path}.br`, small);
}
