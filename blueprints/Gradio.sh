#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Gradio
# aikore.category = Image Generation
# aikore.description = A small Gradio app: makes a picture from a prompt, step by step; a start for your own.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 300
# aikore.stop_grace = 10
# aikore.subpath = strip
# aikore.min_vram_mb = 0
# aikore.disk_mb = 300
# aikore.homepage = https://www.gradio.app/
# aikore.icon = image
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin

clean_env env
ensure_env -p '>=3.10,<3.14' -c "$SD_INSTALL_DIR/constraints/Gradio.txt" env gradio numpy pillow

# The app looks nothing up and reports nothing; it only talks to its own page.
export GRADIO_ANALYTICS_ENABLED=False HF_HUB_OFFLINE=1 GRADIO_TEMP_DIR="$TMPDIR/gradio-${INSTANCE_NAME:-app}"
# Your own app.py beside this script goes before the demo.
app=$SD_INSTALL_DIR/demo/gradio_app.py
[ ! -f app.py ] || app=app.py
exec python -u "$app" "${LAUNCH_ARGS[@]}"
