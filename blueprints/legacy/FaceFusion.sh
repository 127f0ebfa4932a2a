#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = FaceFusion
# aikore.category = Video Generation
# aikore.description = Swaps and improves faces in pictures and videos.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = strip
# aikore.homepage = https://facefusion.io/
# aikore.icon = mask
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=4
begin

# FACEFUSION_REPO: another source; GIT_REF: branch, tag or commit. FACEFUSION_ONNXRUNTIME: the requirement for GPUs.
source=$INSTANCE_CONF_DIR/facefusion
clone_repo "${FACEFUSION_REPO:-https://github.com/facefusion/facefusion.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

# Its installer exchanges onnxruntime for the build that fits the machine; so does this, once.
release=$(sed -nE 's/^onnxruntime==([0-9.]+).*/\1/p' "$source/requirements.txt")
runtime=onnxruntime${release:+==$release}
if has_gpu; then runtime=${FACEFUSION_ONNXRUNTIME:-onnxruntime-gpu[cuda,cudnn]${release:+==$release}}; fi
wanted=$INSTANCE_CONF_DIR/.requirements-facefusion.txt
filter_requirements "$wanted" "$source/requirements.txt" -- onnxruntime
clean_env env
ensure_env -p '>=3.12,<3.14' -c "$SD_INSTALL_DIR/constraints/FaceFusion.txt" -r "$wanted" env "$runtime"
for program in curl ffmpeg ffprobe; do
    command -v "$program" >/dev/null || fail 1 "FaceFusion needs $program; install ${program/ffprobe/ffmpeg} on this machine."
done
libraries=$(find "$VIRTUAL_ENV/lib" -path '*/nvidia/*/lib' -type d 2>/dev/null | tr '\n' ':')
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:-}"

gradio_address
mkdir -p jobs
cd "$source"
exec python -u facefusion.py run --output-path "$INSTANCE_OUTPUT_DIR" --temp-path "$TMPDIR" --jobs-path "$INSTANCE_CONF_DIR/jobs" "${LAUNCH_ARGS[@]}"
