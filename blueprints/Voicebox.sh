#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Voicebox
# aikore.category = Audio / TTS
# aikore.description = A voice studio: clones voices, speaks texts, writes down what is said.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /health
# aikore.start_timeout = 5400
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.homepage = https://voicebox.sh/
# aikore.icon = microphone
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=6
begin

# VOICEBOX_REPO: another source; VOICEBOX_GIT_REF or GIT_REF: branch, tag or commit; VOICEBOX_BUN: another release of bun.
VOICEBOX_GIT_REF=${VOICEBOX_GIT_REF:-${GIT_REF:-}}
source=$INSTANCE_CONF_DIR/voicebox
clone_repo "${VOICEBOX_REPO:-https://github.com/jamiepine/voicebox.git}" "$source" VOICEBOX_GIT_REF
cd "$INSTANCE_CONF_DIR"

# The app pins torch and numpy for itself; the constraints hold what fits together.
wanted=$INSTANCE_CONF_DIR/.requirements-voicebox.txt
filter_requirements "$wanted" "$source/backend/requirements.txt"
clean_env env
ensure_env -p '>=3.11,<3.13' -c "$SD_INSTALL_DIR/constraints/Voicebox.txt" -r "$wanted" -t torch -t torchvision -t torchaudio env imageio-ffmpeg
link_ffmpeg

# These two ask for releases of torch and numpy that nothing else can live with; what they need else is in the list above.
speakers() {
    tool=$(_env_tool) venv=$VIRTUAL_ENV uv_extra=()
    _pip --no-deps chatterbox-tts hume-tada
}
once "voices without their pins" chatterbox-tts hume-tada -- speakers

# The page is built once for each state of the source, without the parts for desktops and the web site.
page() {
    cd "$source"
    fetch_file "https://github.com/oven-sh/bun/releases/${VOICEBOX_BUN:-latest/download}/bun-linux-x64.zip" "$VIRTUAL_ENV/bun.zip"
    python -m zipfile -e "$VIRTUAL_ENV/bun.zip" "$VIRTUAL_ENV/bun"
    chmod +x "$VIRTUAL_ENV/bun/bun-linux-x64/bun"
    rm -rf "$VIRTUAL_ENV/page"
    mkdir "$VIRTUAL_ENV/page"
    cp -r package.json bun.lock CHANGELOG.md app web "$VIRTUAL_ENV/page/"
    cd "$VIRTUAL_ENV/page"
    python - <<'PYTHON'
import json
with open("package.json", encoding="utf-8") as file:
    package = json.load(file)
package["workspaces"] = [name for name in package["workspaces"] if name not in ("tauri", "landing")]
with open("package.json", "w", encoding="utf-8") as file:
    json.dump(package, file, indent=2)
PYTHON
    "$VIRTUAL_ENV/bun/bun-linux-x64/bun" install --no-save
    (cd web && "$VIRTUAL_ENV/bun/bun-linux-x64/bun" x vite build)
    rm -rf "$source/frontend"
    cp -r web/dist "$source/frontend"
    rm -rf "$VIRTUAL_ENV/page" "$VIRTUAL_ENV/bun.zip"
}
once "build of the page" "$(git -C "$source" rev-parse HEAD)" -- page

data=$INSTANCE_CONF_DIR/data
mkdir -p "$data"/{profiles,captures,cache,models}
sl_output "$data" generations
export VOICEBOX_MODELS_DIR="$data/models" NUMBA_CACHE_DIR="$TMPDIR/numba-${INSTANCE_NAME:-voicebox}"
cd "$source"
exec python -u -m backend.main --host "$WEBUI_HOST" --port "$WEBUI_PORT" --data-dir "$data" "${LAUNCH_ARGS[@]}"
