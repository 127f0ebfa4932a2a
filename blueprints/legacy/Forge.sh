#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Forge
# aikore.category = Image Generation
# aikore.description = The classic page with faster memory handling and newer models.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = yes
# aikore.min_vram_mb = 4000
# aikore.homepage = https://github.com/lllyasviel/stable-diffusion-webui-forge
# aikore.icon = anvil
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=5
begin

# FORGE_REPO: another source; GIT_REF: branch, tag or commit.
ui_classic "${FORGE_REPO:-https://github.com/lllyasviel/stable-diffusion-webui-forge.git}" forge Forge
mkdir -p "$BASE_DIR/models/clip"
UI_OPTIONS+=(--text-encoder-dir "$BASE_DIR/models/clip")
if has_gpu; then UI_OPTIONS+=(--xformers --cuda-malloc --cuda-stream); else UI_OPTIONS+=(--skip-torch-cuda-test --always-cpu --no-half); fi
ui_launch --exit --skip-prepare-environment
