#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = test-logs
# aikore.category = Tools
# aikore.description = Prints numbered, coloured lines at a chosen rate and serves a page; for trying out the panel.
# aikore.venv_type = none
# aikore.ready = http
# aikore.health_path = /health
# aikore.start_timeout = 60
# aikore.stop_grace = 5
# aikore.subpath = strip
# aikore.min_vram_mb = 0
# aikore.icon = terminal
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin

# TEST_LOGS_RATE: lines a second (5). TEST_LOGS_PROGRESS=0: no progress bars.
# TEST_LOGS_LINES: ends after so many lines, with the exit code TEST_LOGS_EXIT.
exec python3 -u "$SD_INSTALL_DIR/demo/test_logs.py"
