#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = IOPaint
# aikore.category = Image Generation
# aikore.description = Removes or replaces what you paint over; works without a model and without a GPU.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /api/v1/server-config
# aikore.start_timeout = 1200
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.min_vram_mb = 0
# aikore.disk_mb = 5300
# aikore.homepage = https://www.iopaint.com/
# aikore.icon = brush
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin

clean_env env
ensure_env -p '>=3.11,<3.13' -c "$SD_INSTALL_DIR/constraints/IOPaint.txt" -t torch -t torchvision env iopaint

# IOPAINT_MODEL: cv2 needs no download; lama and others are fetched into the shared models at first use.
device=cpu
if has_gpu; then device=cuda; fi
mkdir -p "$BASE_DIR/models/iopaint"
exec iopaint start --host="$WEBUI_HOST" --port="$WEBUI_PORT" --model="${IOPAINT_MODEL:-cv2}" --device="${IOPAINT_DEVICE:-$device}" \
    --model-dir="$BASE_DIR/models/iopaint" --output-dir="$INSTANCE_OUTPUT_DIR" "${LAUNCH_ARGS[@]}"
