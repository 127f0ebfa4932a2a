#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = ComfyUI
# aikore.category = Image Generation
# aikore.description = Node graphs for images, video and sound.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /system_stats
# aikore.start_timeout = 1800
# aikore.stop_grace = 10
# aikore.subpath = strip
# aikore.min_vram_mb = 4000
# aikore.disk_mb = 7000
# aikore.homepage = https://www.comfy.org/
# aikore.icon = nodes
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=4
begin

# COMFYUI_REPO: another source; GIT_REF: branch, tag or commit (empty = the newest).
# COMFYUI_MANAGER=0: without the manager of custom nodes.
source=$INSTANCE_CONF_DIR/ComfyUI
clone_repo "${COMFYUI_REPO:-https://github.com/comfyanonymous/ComfyUI.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

wanted=$INSTANCE_CONF_DIR/.requirements-comfyui.txt
options=()
files=("$source/requirements.txt")
if [ "${COMFYUI_MANAGER:-1}" = 1 ] && [ -f "$source/manager_requirements.txt" ]; then
    files+=("$source/manager_requirements.txt")
    options+=(--enable-manager)
fi
filter_requirements "$wanted" "${files[@]}"

# Several states of it use requests without asking for it; newer releases of other packages no longer bring it.
clean_env env
ensure_env -p '>=3.10,<3.14' -c "$SD_INSTALL_DIR/constraints/ComfyUI.txt" -r "$wanted" \
    -t torch -t torchvision -t torchaudio env requests
# One custom node that cannot be installed is no reason to have none of the others.
install_requirements "$source/custom_nodes" || warn "the requirements of custom nodes could not be installed"

# The shared models go first, so that downloads land there. In YAML a single quote is doubled.
models=$BASE_DIR/models
cat >extra_model_paths.yaml <<YAML
aikore:
  base_path: '${models//\'/\'\'}'
  is_default: true
  checkpoints: stable-diffusion
  loras: lora
  vae: vae
  vae_approx: vae_approx
  embeddings: embeddings
  hypernetworks: hypernetwork
  upscale_models: upscale
  clip_vision: clip_vision
  controlnet: controlnet
  diffusion_models: unet
  text_encoders: |
    clip
    t5
YAML
mkdir -p input user "$models"/{stable-diffusion,lora,vae,vae_approx,embeddings,hypernetwork,upscale,clip_vision,controlnet,unet,clip,t5}

# This allocator is much slower with some drivers, and its numbers of free memory are wrong there.
export PYTORCH_CUDA_ALLOC_CONF="${PYTORCH_CUDA_ALLOC_CONF:-expandable_segments:False}"

# ComfyUI empties its temporary folder at start, so a satellite needs one of its own.
if ! has_gpu; then options+=(--cpu); fi
exec python -u "$source/main.py" --listen "$WEBUI_HOST" --port "$WEBUI_PORT" --log-stdout --preview-method auto \
    --output-directory "$INSTANCE_OUTPUT_DIR" --input-directory "$INSTANCE_CONF_DIR/input" \
    --temp-directory "$TMPDIR/comfyui-$WEBUI_PORT" --user-directory "$INSTANCE_CONF_DIR/user" \
    --extra-model-paths-config "$INSTANCE_CONF_DIR/extra_model_paths.yaml" "${options[@]}" "${LAUNCH_ARGS[@]}"
