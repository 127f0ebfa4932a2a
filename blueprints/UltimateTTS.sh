#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = Ultimate TTS Studio
# aikore.category = Audio / TTS
# aikore.description = Many voices in one page: reads texts and books, clones speakers.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 5400
# aikore.stop_grace = 10
# aikore.subpath = strip
# aikore.homepage = https://github.com/SUP3RMASS1VE/Ultimate-TTS-Studio-SUP3R-Edition
# aikore.icon = speaker
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=4
begin

# ULTIMATE_TTS_REPO: another source; ULTIMATE_TTS_GIT_REF or GIT_REF: branch, tag or commit.
ULTIMATE_TTS_GIT_REF=${ULTIMATE_TTS_GIT_REF:-${GIT_REF:-}}
source=$INSTANCE_CONF_DIR/UltimateTTS
clone_repo "${ULTIMATE_TTS_REPO:-https://github.com/SUP3RMASS1VE/Ultimate-TTS-Studio-SUP3R-Edition.git}" "$source" ULTIMATE_TTS_GIT_REF
cd "$INSTANCE_CONF_DIR"

# pyaudio compiles against portaudio, which only some machines have; the app uses it for nothing that a browser cannot do.
others=()
if [ ! -e /usr/include/portaudio.h ]; then others=(pyaudio); fi
wanted=$INSTANCE_CONF_DIR/.requirements-ultimatetts.txt
filter_requirements "$wanted" "$source/requirements.txt" -- "${others[@]}"
clean_env env
ensure_env -p 3.10 -c "$SD_INSTALL_DIR/constraints/UltimateTTS.txt" -r "$wanted" -t torch -t torchvision -t torchaudio env
link_ffmpeg

# Older states write to results, newer ones to outputs.
sl_output "$source" outputs
sl_output "$source" results

gradio_address
cd "$source"
for entry in launch.py app.py main.py; do
    [ ! -f "$entry" ] || exec python -u "$entry" "${LAUNCH_ARGS[@]}"
done
fail 1 "There is neither launch.py nor app.py nor main.py in $source; GIT_REF can ask for another state of the app."
