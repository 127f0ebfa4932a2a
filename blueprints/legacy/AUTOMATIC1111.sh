#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Stable Diffusion web UI
# aikore.category = Image Generation
# aikore.description = The classic page for Stable Diffusion by AUTOMATIC1111, with its extensions.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = yes
# aikore.min_vram_mb = 4000
# aikore.homepage = https://github.com/AUTOMATIC1111/stable-diffusion-webui
# aikore.icon = webui
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=5
begin

# A1111_REPO: another source; GIT_REF: branch, tag or commit.
ui_classic "${A1111_REPO:-https://github.com/AUTOMATIC1111/stable-diffusion-webui.git}" webui AUTOMATIC1111
UI_OPTIONS+=(--medvram)
if has_gpu; then UI_OPTIONS+=(--xformers); else UI_OPTIONS+=(--skip-torch-cuda-test --use-cpu all --no-half); fi

# One of the repositories it asks for is gone; this copy has the same commits.
export STABLE_DIFFUSION_REPO="${STABLE_DIFFUSION_REPO:-https://github.com/w-e-w/stablediffusion.git}"
ui_launch --exit --skip-prepare-environment
