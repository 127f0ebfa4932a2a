#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = JustRayzist
# aikore.category = Image Generation
# aikore.description = Makes pictures with one tuned Z-Image model; little to set.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /health
# aikore.start_timeout = 7200
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.min_vram_mb = 8000
# aikore.disk_mb = 35000
# aikore.homepage = https://github.com/MutantSparrow/JustRayzist
# aikore.icon = ray
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=11
begin

# JUSTRAYZIST_REPO, SEEDVR2_REPO: other sources; GIT_REF: branch, tag or commit.
# JUSTRAYZIST_PROFILE: constrained (12 GB of VRAM), balanced (16 GB) or high (24 GB).
source=$INSTANCE_CONF_DIR/JustRayzist
clone_repo "${JUSTRAYZIST_REPO:-https://github.com/MutantSparrow/JustRayzist.git}" "$source" GIT_REF
clone_repo "${SEEDVR2_REPO:-https://github.com/numz/ComfyUI-SeedVR2_VideoUpscaler.git}" \
    "$source/models/seedvr2/runtime/ComfyUI-SeedVR2_VideoUpscaler" SEEDVR2_REF
cd "$INSTANCE_CONF_DIR"

clean_env env
ensure_env -p '>=3.11,<3.13' -c "$SD_INSTALL_DIR/constraints/JustRayzist.txt" -t torch -t torchvision -t torchaudio env -e "$source"

# What the app would fetch by itself, one file after the other; an interrupted download goes on.
weights=$source/models/packs/Rayzist_bf16
face() { # face REPOSITORY FILE TARGET
    [ -e "$3" ] || step "${2##*/}"
    fetch_file "https://huggingface.co/$1/resolve/main/$2" "$3"
}
face MutantSparrow/Ray Z-IMAGE-TURBO/Rayzist.v1.0.safetensors "$weights/weights/Rayzist.v1.0.safetensors"
face Tongyi-MAI/Z-Image-Turbo vae/diffusion_pytorch_model.safetensors "$weights/weights/diffusion_pytorch_model.safetensors"
face Comfy-Org/z_image_turbo split_files/text_encoders/qwen_3_4b.safetensors "$weights/config/text_encoder/model.safetensors"
face themindstudio/SeedVR2-3B-FP8-e4m3fn seedvr2_ema_3b_fp8_e4m3fn.safetensors "$source/models/seedvr2/seedvr2_ema_3b_fp8_e4m3fn.safetensors"
face themindstudio/SeedVR2-3B-FP8-e4m3fn ema_vae_fp16.safetensors "$source/models/seedvr2/ema_vae_fp16.safetensors"
face imagepipeline/superresolution RealESRGAN_x2plus.pth "$source/models/upscaler/2x_RealESRGAN_x2plus.pth"
sl_output "$source" outputs

# Some releases take the profile as an argument, all of them from here.
export JUSTRAYZIST_ROOT="$source" JUSTRAYZIST_PROFILE="${JUSTRAYZIST_PROFILE:-constrained}" PYTORCH_ALLOC_CONF=expandable_segments:True
cd "$source"
exec python -u -m app.cli.main serve --host "$WEBUI_HOST" --port "$WEBUI_PORT" "${LAUNCH_ARGS[@]}"
