#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Tk demo
# aikore.category = Tools
# aikore.description = A window with a text field and no web page; for trying out desktops.
# aikore.venv_type = none
# aikore.ready = log:the window is open
# aikore.start_timeout = 60
# aikore.stop_grace = 5
# aikore.subpath = no
# aikore.min_vram_mb = 0
# aikore.desktop = required
# aikore.icon = image
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
begin

[ -n "${DISPLAY:-}" ] || fail 1 "This program has a window of its own: switch on the persistent desktop of this instance."
# Not every Python comes with Tk.
for python in python3 /usr/bin/python3; do
    ! "$python" -c 'import tkinter' 2>/dev/null || exec "$python" -u "$SD_INSTALL_DIR/demo/tk_demo.py" "${LAUNCH_ARGS[@]}"
done
fail 1 "Tk is missing. Run: apt-get install -y --no-install-recommends python3-tk"
