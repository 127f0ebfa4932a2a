// A source of our own in the place of ComfyUI's: a bare repository with two states, of which the first has a tag.
import { execFileSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const author = ["AUTHOR", "COMMITTER"].flatMap((who) => [
  [`GIT_${who}_NAME`, "AiKore"],
  [`GIT_${who}_EMAIL`, "aikore@localhost"],
]);
const env = { ...process.env, ...Object.fromEntries(author), GIT_CONFIG_GLOBAL: "/dev/null" };

/** Understands the options that the blueprint gives, and says which state it is. */
const main = (state) => `import argparse, http.server, json, torch

options = argparse.ArgumentParser()
options.add_argument("--listen", required=True)
options.add_argument("--port", type=int, required=True)
options, others = options.parse_known_args()

class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        said = json.dumps({"comfyui_version": "${state}", "torch": torch.__version__, "options": others})
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(said.encode())

http.server.ThreadingHTTPServer((options.listen, options.port), Page).serve_forever()
`;

/** Makes the repository in `directory`; returns its address. The tag is v1, the branch has v2. */
export function standIn(directory) {
  const work = join(directory, "work");
  const bare = join(directory, "ComfyUI.git");
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const git = (...words) => execFileSync("git", ["-C", work, ...words], { env });
  git("init", "-q", "-b", "main", ".");
  for (const state of ["v1", "v2"]) {
    writeFileSync(join(work, "main.py"), main(state));
    writeFileSync(join(work, "requirements.txt"), "torch\ntorchvision\naiohttp\n");
    git("add", ".");
    git("commit", "-q", "-m", state);
    if (state === "v1") git("tag", state);
  }
  execFileSync("git", ["clone", "-q", "--bare", work, bare], { env });
  rmSync(work, { recursive: true });
  return `file://${bare}`;
}
