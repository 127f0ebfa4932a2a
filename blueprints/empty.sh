#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Empty
# aikore.category = Templates
# aikore.description = Nothing yet: write your own script into it.
# aikore.venv_type = none
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 60
# aikore.stop_grace = 5
# aikore.subpath = strip
# aikore.icon = blank
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin

# Your commands; the last one is `exec` and the app, which listens on $WEBUI_HOST and $WEBUI_PORT.
fail 1 "This script is empty: edit launch.sh of this instance, or save it as a blueprint of your own."
