#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Marimo
# aikore.category = Development
# aikore.description = Reactive Python notebooks, stored as plain Python files.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /health
# aikore.start_timeout = 300
# aikore.stop_grace = 10
# aikore.subpath = yes
# aikore.min_vram_mb = 0
# aikore.disk_mb = 220
# aikore.homepage = https://marimo.io/
# aikore.icon = notebook
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin

clean_env env
ensure_env -p '>=3.10,<3.14' -c "$SD_INSTALL_DIR/constraints/Marimo.txt" env marimo

# Settings of this instance only, whatever lies in the home directory.
export XDG_CONFIG_HOME="$INSTANCE_CONF_DIR/.config" XDG_STATE_HOME="$INSTANCE_CONF_DIR/.state"
if [ ! -d notebooks ]; then
    mkdir notebooks
    cp "$SD_INSTALL_DIR/demo/welcome_marimo.py" notebooks/welcome.py
fi

# No token: the panel's login stands before it.
exec marimo --yes edit notebooks --host "$WEBUI_HOST" --port "$WEBUI_PORT" --headless --no-token \
    --base-url "${SUBFOLDER%/}" --skip-update-check "${LAUNCH_ARGS[@]}"
