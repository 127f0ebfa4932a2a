#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = SD.Next
# aikore.category = Image Generation
# aikore.description = Many kinds of image and video models on one page, for many kinds of GPUs.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /sdapi/v1/version
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.min_vram_mb = 4000
# aikore.disk_mb = 9000
# aikore.homepage = https://vladmandic.github.io/sdnext-docs/
# aikore.icon = layers
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=5
begin

# SDNEXT_REPO: another source; GIT_REF: branch, tag or commit.
source=$INSTANCE_CONF_DIR/webui
clone_repo "${SDNEXT_REPO:-https://github.com/vladmandic/sdnext.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

# Its starter makes an environment inside the checkout; this one takes its place.
clean_env env
wanted=$INSTANCE_CONF_DIR/.requirements-sdnext.txt
filter_requirements "$wanted" "$source/requirements.txt" -- ruff pylint pre-commit
ensure_env -p '>=3.10,<3.14' -c "$SD_INSTALL_DIR/constraints/SDNext.txt" -r "$wanted" -t torch -t torchvision env pip

# Folders by the app's own settings, written into its configuration; what people set besides stays.
models=$BASE_DIR/models
mkdir -p "$models"/{stable-diffusion,hypernetwork,lora,vae,embeddings,upscale,codeformer,gfpgan,ldsr,controlnet,unet,clip} data
python - data/config.json <<'PYTHON'
import json, os, sys

path, models = sys.argv[1], os.path.join(os.environ["BASE_DIR"], "models")
config = {}
if os.path.exists(path):
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
folders = {
    "ckpt_dir": "stable-diffusion", "hypernetwork_dir": "hypernetwork", "lora_dir": "lora", "vae_dir": "vae",
    "embeddings_dir": "embeddings", "esrgan_models_path": "upscale", "codeformer_models_path": "codeformer",
    "gfpgan_models_path": "gfpgan", "ldsr_models_path": "ldsr", "control_dir": "controlnet", "unet_dir": "unet", "te_dir": "clip",
}
config.update({key: os.path.join(models, folder) for key, folder in folders.items()})
config["outdir_samples"] = config["outdir_grids"] = os.environ["INSTANCE_OUTPUT_DIR"]
with open(f"{path}.new", "w", encoding="utf-8") as file:
    json.dump(config, file, indent=2)
os.replace(f"{path}.new", path)
PYTHON

UI_DIR=$source
UI_OPTIONS=(
    --server-name "$WEBUI_HOST" --port "$WEBUI_PORT" --insecure --medvram --allow-code --data-dir "$INSTANCE_CONF_DIR/data"
    --models-dir "$INSTANCE_CONF_DIR/data/models" --allowed-paths "$INSTANCE_OUTPUT_DIR"
)
# Its installer looks at versions of packages at each start, unless it is told not to.
ui_launch --test --skip-all
