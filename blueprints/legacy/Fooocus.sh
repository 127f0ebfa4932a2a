#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Fooocus
# aikore.category = Image Generation
# aikore.description = Pictures from a prompt with next to no settings.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = strip
# aikore.min_vram_mb = 4000
# aikore.homepage = https://github.com/lllyasviel/Fooocus
# aikore.icon = focus
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=4
begin

# FOOOCUS_REPO: another source; GIT_REF: branch, tag or commit.
source=$INSTANCE_CONF_DIR/Fooocus
clone_repo "${FOOOCUS_REPO:-https://github.com/lllyasviel/Fooocus.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

wanted=$INSTANCE_CONF_DIR/.requirements-fooocus.txt
filter_requirements "$wanted" "$source/requirements_versions.txt"
clean_env env
ensure_env -p 3.10 -c "$SD_INSTALL_DIR/constraints/Fooocus.txt" -r "$wanted" -t torch -t torchvision env

# Folders by the app's own configuration; what people set besides stays.
mkdir -p "$BASE_DIR"/models/{stable-diffusion,lora,vae,vae_approx,embeddings,hypernetwork,upscale,clip_vision,controlnet}
export config_path="$INSTANCE_CONF_DIR/config.txt"
python - "$config_path" <<'PYTHON'
import json, os, sys

path, models = sys.argv[1], os.path.join(os.environ["BASE_DIR"], "models")
config = {}
if os.path.exists(path):
    with open(path, encoding="utf-8") as file:
        config = json.load(file)
folders = {
    "vae": "vae", "vae_approx": "vae_approx", "embeddings": "embeddings", "upscale_models": "upscale",
    "clip_vision": "clip_vision", "controlnet": "controlnet",
}
config.update({f"path_{name}": os.path.join(models, folder) for name, folder in folders.items()})
config["path_checkpoints"] = [os.path.join(models, "stable-diffusion")]
config["path_loras"] = [os.path.join(models, "lora")]
config["path_outputs"] = os.environ["INSTANCE_OUTPUT_DIR"]
with open(f"{path}.new", "w", encoding="utf-8") as file:
    json.dump(config, file, indent=2)
os.replace(f"{path}.new", path)
PYTHON
# It has no setting for this one.
sl_models "$source/models" hypernetworks=hypernetwork

options=(--disable-in-browser --disable-analytics)
if ! has_gpu; then options+=(--always-cpu); fi
gradio_address
cd "$source"
exec python -u launch.py --listen "$WEBUI_HOST" --port "$WEBUI_PORT" --output-path "$INSTANCE_OUTPUT_DIR" "${options[@]}" "${LAUNCH_ARGS[@]}"
