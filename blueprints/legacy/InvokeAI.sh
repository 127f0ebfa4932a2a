#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = InvokeAI
# aikore.category = Image Generation
# aikore.description = Canvas, boards and a queue for painting with diffusion models.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /api/v1/app/version
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = strip
# aikore.disk_mb = 8000
# aikore.min_vram_mb = 4000
# aikore.homepage = https://invoke.ai/
# aikore.icon = arcs
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin

# INVOKEAI_VERSION: a release other than the one that was tried.
clean_env env
ensure_env -p '>=3.11,<3.13' -c "$SD_INSTALL_DIR/constraints/InvokeAI.txt" -t torch -t torchvision env \
    "invokeai${INVOKEAI_VERSION:+==$INVOKEAI_VERSION}"

# Settings by variables win over invokeai.yaml, which stays the person's own. Its models have a database, so its folder is
# not shared; the model manager of the page adds files from the shared one in place (Scan folder).
export INVOKEAI_ROOT="$INSTANCE_CONF_DIR/invokeai" INVOKEAI_HOST="$WEBUI_HOST" INVOKEAI_PORT="$WEBUI_PORT"
export INVOKEAI_OUTPUTS_DIR="$INSTANCE_OUTPUT_DIR"
mkdir -p "$INVOKEAI_ROOT" "$BASE_DIR/models"
say "the shared models lie in $BASE_DIR/models; add them by Scan Folder in the model manager of the page"
has_gpu || export INVOKEAI_DEVICE="${INVOKEAI_DEVICE:-cpu}"
exec invokeai-web --root "$INVOKEAI_ROOT" "${LAUNCH_ARGS[@]}"
