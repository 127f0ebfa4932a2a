#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = OneTrainer
# aikore.category = Training
# aikore.description = Trains many kinds of diffusion models; a program with a window of its own.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = process
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.desktop = required
# aikore.homepage = https://github.com/Nerogar/OneTrainer
# aikore.icon = trainer
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=4
begin

# ONETRAINER_REPO: another source; GIT_REF: branch, tag or commit.
[ -n "${DISPLAY:-}" ] || fail 1 "OneTrainer has a window of its own: switch on the persistent desktop of this instance."
source=$INSTANCE_CONF_DIR/OneTrainer
clone_repo "${ONETRAINER_REPO:-https://github.com/Nerogar/OneTrainer.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

# Its own starter would make an environment inside the checkout, and look for updates at each start.
files=("$source/requirements-global.txt")
if has_gpu; then files+=("$source/requirements-cuda.txt"); else files+=("$source/requirements-default.txt"); fi
wanted=$INSTANCE_CONF_DIR/.requirements-onetrainer.txt
filter_requirements "$wanted" "${files[@]}" -- triton-windows
clean_env env
ensure_env -p '>=3.10,<3.14' -c "$SD_INSTALL_DIR/constraints/OneTrainer.txt" -r "$wanted" -t torch -t torchvision env
sl_output "$source" output

# Xet downloads break off in this app.
export HF_HUB_DISABLE_XET="${HF_HUB_DISABLE_XET:-1}"
cd "$source"
for window in scripts/train_ui_qt.py scripts/train_ui.py; do
    [ ! -f "$window" ] || exec python -u "$window" "${LAUNCH_ARGS[@]}"
done
fail 1 "There is no scripts/train_ui.py in $source; GIT_REF can ask for another state of the app."
