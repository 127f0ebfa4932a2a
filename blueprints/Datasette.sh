#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Datasette
# aikore.category = Data
# aikore.description = Explore and publish SQLite databases in the browser.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /-/versions.json
# aikore.start_timeout = 180
# aikore.stop_grace = 10
# aikore.subpath = yes
# aikore.min_vram_mb = 0
# aikore.disk_mb = 30
# aikore.homepage = https://datasette.io/
# aikore.icon = database
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin

clean_env env
ensure_env -p '>=3.10,<3.14' -c "$SD_INSTALL_DIR/constraints/Datasette.txt" env datasette

# Databases lie in the output folder, so that other apps find them and a deleted instance keeps them.
[ -e "$INSTANCE_OUTPUT_DIR/sample.db" ] || python "$SD_INSTALL_DIR/demo/sample_db.py" "$INSTANCE_OUTPUT_DIR/sample.db"

exec datasette serve "$INSTANCE_OUTPUT_DIR"/*.db --host "$WEBUI_HOST" --port "$WEBUI_PORT" \
    --setting base_url "$SUBFOLDER" "${LAUNCH_ARGS[@]}"
