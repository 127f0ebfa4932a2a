#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Kohya ss
# aikore.category = Training
# aikore.description = LoRA, DreamBooth and fine-tuning with every switch there is.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 5400
# aikore.stop_grace = 10
# aikore.subpath = strip
# aikore.min_vram_mb = 6000
# aikore.homepage = https://github.com/bmaltais/kohya_ss
# aikore.icon = curve
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=5
begin

# KOHYA_REPO: another source; KOHYA_GIT_REF or GIT_REF: branch, tag or commit.
KOHYA_GIT_REF=${KOHYA_GIT_REF:-${GIT_REF:-}}
source=$INSTANCE_CONF_DIR/kohya_ss
clone_repo "${KOHYA_REPO:-https://github.com/bmaltais/kohya_ss.git}" "$source" KOHYA_GIT_REF
# Its scripts for training are a repository inside, at the commit that this state names.
once "training scripts" "$(git rev-parse HEAD)" -- git submodule update --init --recursive
cd "$INSTANCE_CONF_DIR"

wanted=$INSTANCE_CONF_DIR/.requirements-kohya.txt
filter_requirements "$wanted" "$source/requirements.txt"
clean_env env
ensure_env -p '>=3.10,<3.12' -c "$SD_INSTALL_DIR/constraints/Kohya.txt" -r "$wanted" -t torch -t torchvision env \
    bitsandbytes tensorboard tensorflow onnxruntime -e "$source/sd-scripts"

sl_output "$source" outputs
sl_folder "$source" datasets "$BASE_DIR" datasets || fail 1 "The shared data sets could not be linked."
mkdir -p "$BASE_DIR/models/stable-diffusion"
sl_models "$source/models" stable-diffusion=stable-diffusion

options=(--headless --noverify)
gradio_address
if [ "$SUBFOLDER" != / ]; then options+=(--root_path "${SUBFOLDER%/}"); fi
cd "$source"
exec python -u kohya_gui.py --listen "$WEBUI_HOST" --server_port "$WEBUI_PORT" "${options[@]}" "${LAUNCH_ARGS[@]}"
