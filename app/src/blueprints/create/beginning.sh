#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = My app
# aikore.category = Tools
# aikore.description = What it is for, in a sentence.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.health_path = /
# aikore.start_timeout = 600
### AIKORE-METADATA-END ###
set -euo pipefail
source "$SD_INSTALL_DIR/functions.sh"
begin

clean_env env
ensure_env -p '>=3.10' env my-app
exec my-app --host "$WEBUI_HOST" --port "$WEBUI_PORT" "${LAUNCH_ARGS[@]}"
