#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Wan2GP
# aikore.category = Video Generation
# aikore.description = Makes videos from text and pictures on ordinary graphics cards.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 5400
# aikore.stop_grace = 10
# aikore.subpath = strip
# aikore.min_vram_mb = 6000
# aikore.homepage = https://github.com/deepbeepmeep/Wan2GP
# aikore.icon = frames
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=4
begin

# WAN2GP_REPO: another source; GIT_REF: branch, tag or commit.
source=$INSTANCE_CONF_DIR/Wan2GP
clone_repo "${WAN2GP_REPO:-https://github.com/deepbeepmeep/Wan2GP.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

# Its list names an index with builds of one package; uv would take everything else that lies there too.
export UV_INDEX_STRATEGY=unsafe-best-match
wanted=$INSTANCE_CONF_DIR/.requirements-wan2gp.txt
filter_requirements "$wanted" "$source/requirements.txt"
clean_env env
ensure_env -p '>=3.10,<3.13' -c "$SD_INSTALL_DIR/constraints/Wan2GP.txt" -r "$wanted" -t torch -t torchvision -t torchaudio env imageio-ffmpeg
link_ffmpeg

# Results that the app has written into a real folder are moved, never removed.
sl_output "$source" outputs
# Settings of this instance; its weights are many and large, so they lie beside it and go with it.
export HF_HOME="${HF_HOME:-$INSTANCE_CONF_DIR/hf_cache}"
mkdir -p "$HF_HOME" config

gradio_address
cd "$source"
exec python -u wgp.py --server-name "$WEBUI_HOST" --server-port "$WEBUI_PORT" --config "$INSTANCE_CONF_DIR/config" \
    --loras "$BASE_DIR/models/lora" "${LAUNCH_ARGS[@]}"
