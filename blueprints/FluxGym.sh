#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = FluxGym
# aikore.category = Training
# aikore.description = Trains Flux LoRAs from a folder of pictures, with few settings.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = strip
# aikore.min_vram_mb = 12000
# aikore.homepage = https://github.com/cocktailpeanut/fluxgym
# aikore.icon = gym
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=5
begin

# FLUXGYM_REPO, SD_SCRIPTS_REPO: other sources; GIT_REF and SD_SCRIPTS_REF: branch, tag or commit of each.
source=$INSTANCE_CONF_DIR/fluxgym
clone_repo "${FLUXGYM_REPO:-https://github.com/cocktailpeanut/fluxgym.git}" "$source" GIT_REF
SD_SCRIPTS_REF=${SD_SCRIPTS_REF:-sd3}
clone_repo "${SD_SCRIPTS_REPO:-https://github.com/kohya-ss/sd-scripts.git}" "$source/sd-scripts" SD_SCRIPTS_REF
cd "$INSTANCE_CONF_DIR"

# Both lists are installed together, so that one cannot undo the other; where they differ the constraints decide.
wanted=$INSTANCE_CONF_DIR/.requirements-fluxgym.txt
filter_requirements "$wanted" "$source/sd-scripts/requirements.txt" "$source/requirements.txt" -- \
    transformers huggingface-hub safetensors einops auto-gptq
clean_env env
ensure_env -p '>=3.10,<3.13' -c "$SD_INSTALL_DIR/constraints/FluxGym.txt" -r "$wanted" -t torch -t torchvision -t torchaudio \
    env transformers huggingface-hub safetensors einops -e "$source/sd-scripts"

# The app knows only folders of its own.
sl_models "$source/models" vae=vae clip=clip unet=unet
sl_output "$source" outputs

gradio_address
cd "$source"
exec python -u app.py "${LAUNCH_ARGS[@]}"
