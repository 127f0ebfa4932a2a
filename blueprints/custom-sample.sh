#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Custom sample
# aikore.category = Templates
# aikore.description = A start for a blueprint of your own: Fooocus MRE, with every step explained.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.min_vram_mb = 4000
# aikore.homepage = https://github.com/MoonRide303/Fooocus-MRE
# aikore.icon = template
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
# How a blueprint is built up. Save it under another name, change what differs for your app, and look at the log.
AIKORE_STEPS=4
# 1. Variables of the instance, launch arguments, folders; the present directory becomes the instance's own.
begin

# 2. The source. GIT_REF (branch, tag or commit) can be set in the instance's variables.
source=$INSTANCE_CONF_DIR/Fooocus-MRE
clone_repo "${FOOOCUS_MRE_REPO:-https://github.com/MoonRide303/Fooocus-MRE.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

# 3. The environment: nothing is asked of the network while neither these lists nor the app's have changed. -t: torch, from
# the index that fits the machine. Everything that the app would install by itself belongs here.
wanted=$INSTANCE_CONF_DIR/.requirements-fooocus-mre.txt
filter_requirements "$wanted" "$source/requirements_versions.txt"
clean_env env
ensure_env -p 3.10 -c "$SD_INSTALL_DIR/constraints/custom-sample.txt" -r "$wanted" -t torch -t torchvision env xformers

# 4. Models and results. This app has a file for its folders; others get links: sl_models "$source/models" loras=lora …
mkdir -p "$BASE_DIR"/models/{stable-diffusion,lora,vae,embeddings,hypernetwork,upscale,clip_vision,controlnet,vae_approx}
python - "$source/paths.json" <<'PYTHON'
import json, os, sys

models = os.path.join(os.environ["BASE_DIR"], "models")
folders = {
    "checkpoints": "stable-diffusion", "loras": "lora", "embeddings": "embeddings", "clip_vision": "clip_vision",
    "controlnet": "controlnet", "vae_approx": "vae_approx", "upscale_models": "upscale",
}
paths = {f"path_{name}": os.path.join(models, folder) for name, folder in folders.items()}
paths["path_outputs"] = os.environ["INSTANCE_OUTPUT_DIR"]
with open(sys.argv[1], "w", encoding="utf-8") as file:
    json.dump(paths, file, indent=2)
PYTHON
# It has no setting for these two.
sl_models "$source/models" vae=vae hypernetworks=hypernetwork

# 5. The app, in the place of this script: its end is the instance's end. It listens where the panel says, never on 0.0.0.0.
cd "$source"
exec python -u launch.py --listen "$WEBUI_HOST" --port "$WEBUI_PORT" "${LAUNCH_ARGS[@]}"
