#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Easy Diffusion
# aikore.category = Image Generation
# aikore.description = Stable Diffusion with a page that explains itself.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /ping
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.min_vram_mb = 4000
# aikore.homepage = https://easydiffusion.github.io/
# aikore.icon = easel
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=4
begin

# EASYDIFFUSION_REPO: another source; GIT_REF: branch, tag or commit.
source=$INSTANCE_CONF_DIR/easy-diffusion
clone_repo "${EASYDIFFUSION_REPO:-https://github.com/easydiffusion/easydiffusion.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

# The app has no file of requirements, only a program that installs at each start; the constraints hold its list.
clean_env env
ensure_env -p 3.10 -c "$SD_INSTALL_DIR/constraints/EasyDiffusion.txt" -t torch -t torchvision env \
    sdkit diffusers stable-diffusion-sdkit torchruntime uvicorn fastapi ruamel.yaml rich requests python-multipart pycloudflared \
    sqlalchemy onnxruntime huggingface-hub wandb torchsde basicsr gfpgan realesrgan accelerate piexif picklescan \
    k-diffusion compel controlnet-aux invisible-watermark 'setuptools<70'

# The shared models by the app's own setting; two kinds have other names here.
models=$BASE_DIR/models
mkdir -p "$models"/{stable-diffusion,vae,lora,embeddings,hypernetwork,gfpgan,codeformer,controlnet,upscale,clip}
[ -e "$models/realesrgan" ] || ln -s upscale "$models/realesrgan"
[ -e "$models/text-encoder" ] || ln -s clip "$models/text-encoder"

# What people set in the app stays; what the panel decides is written at each start.
python - "$source/config.yaml" <<'PYTHON'
import os, sys
from ruamel.yaml import YAML

path, yaml = sys.argv[1], YAML()
config = {}
if os.path.exists(path):
    with open(path, encoding="utf-8") as file:
        config = yaml.load(file) or {}
host = os.environ["WEBUI_HOST"]
config.setdefault("net", {}).update({"listen_port": int(os.environ["WEBUI_PORT"]), "listen_to_network": True, "bind_ip": host})
config.setdefault("ui", {})["open_browser_on_start"] = False
config["models_dir"] = os.path.join(os.environ["BASE_DIR"], "models")
config["force_save_path"] = os.environ["INSTANCE_OUTPUT_DIR"]
with open(f"{path}.new", "w", encoding="utf-8") as file:
    yaml.dump(config, file)
os.replace(f"{path}.new", path)
PYTHON

# The app takes the folder above the one it runs in for its own, and asks pip for nothing when it is started like this.
mkdir -p "$source/stable-diffusion" "$source/scripts"
export SD_UI_PATH="$source/ui" SD_UI_BIND_PORT="$WEBUI_PORT" SD_UI_BIND_IP="$WEBUI_HOST"
cd "$source/stable-diffusion"
exec python -m uvicorn main:server_api --app-dir "$SD_UI_PATH" --host "$WEBUI_HOST" --port "$WEBUI_PORT" "${LAUNCH_ARGS[@]}"
