#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Desktop
# aikore.category = Tools
# aikore.description = A plain desktop with a terminal, for whatever has a window.
# aikore.venv_type = none
# aikore.ready = process
# aikore.start_timeout = 60
# aikore.stop_grace = 5
# aikore.subpath = no
# aikore.min_vram_mb = 0
# aikore.desktop = required
# aikore.desktop_gl = yes
# aikore.icon = terminal
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin

# Launch arguments are xterm's, such as `-fs 14` or `-e htop`.
[ -n "${DISPLAY:-}" ] || fail 1 "This is a desktop: switch on the persistent desktop of this instance."
command -v xterm >/dev/null || fail 1 "The terminal is missing. Run: apt-get install -y --no-install-recommends xterm"
exec xterm -maximized -fa Monospace -fs 11 "${LAUNCH_ARGS[@]}"
