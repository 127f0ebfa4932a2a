#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = LM Studio
# aikore.category = Chat / LLM
# aikore.description = Finds, downloads and runs language models; a program with a window of its own.
# aikore.venv_type = conda
# aikore.venv_path = ./env
# aikore.ready = process
# aikore.start_timeout = 1800
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.desktop = required
# aikore.homepage = https://lmstudio.ai/
# aikore.icon = chat
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=3
begin

# LMSTUDIO_URL: another AppImage. An update is looked for when .update lies in the instance's directory.
[ -n "${DISPLAY:-}" ] || fail 1 "LM Studio has a window of its own: switch on the persistent desktop of this instance."
app=$INSTANCE_CONF_DIR/LMStudio
latest='https://lmstudio.ai/download/latest/linux/x64?format=AppImage'
known=https://installers.lmstudio.ai/linux/x64/0.3.35-1/LM-Studio-0.3.35-1-x64.AppImage

# What the program needs of a desktop, where the machine has not got it.
clean_env env
if ! ldconfig -p 2>/dev/null | grep -q libnss3.so || ! ldconfig -p | grep -q libgtk-3.so; then
    conda=$(_find_conda) || fail 1 "LM Studio needs libraries of a desktop: install libgtk-3-0, libnss3, libasound2, libgbm1 and libxss1, or conda, which brings them."
    if [ ! -d env/conda-meta ]; then
        : >env.making
        step "installing the libraries of a desktop"
        "$conda" create -y -q -p "$PWD/env" -c conda-forge gtk3 gdk-pixbuf cairo pango alsa-lib nss nspr at-spi2-atk libdrm \
            libxkbcommon xorg-libxcomposite xorg-libxcursor xorg-libxdamage xorg-libxext xorg-libxfixes xorg-libxi \
            xorg-libxrandr xorg-libxrender xorg-libxscrnsaver xorg-libxtst libgbm || fail $? "The libraries could not be installed."
        rm -f env.making
    fi
    use_env env
    export LD_LIBRARY_PATH="$INSTANCE_CONF_DIR/env/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi

if [ -e .update ]; then
    rm -rf "$app.old"
    [ ! -e "$app" ] || mv "$app" "$app.old"
fi
if [ ! -x "$app/squashfs-root/lm-studio" ]; then
    image=$app/LM-Studio.AppImage
    mkdir -p "$app"
    step "fetching LM Studio"
    (fetch_file "${LMSTUDIO_URL:-$latest}" "$image") || { warn "the newest release cannot be fetched; trying a known one."; fetch_file "$known" "$image"; }
    chmod +x "$image"
    step "unpacking LM Studio"
    (cd "$app" && "$image" --appimage-extract >/dev/null) || fail $? "The AppImage could not be unpacked; remove $app and start again."
    # Without its set-uid bit Chromium's sandbox stops the program; and this script does the updates.
    for file in chrome-sandbox resources/app-update.yml; do
        [ ! -f "$app/squashfs-root/$file" ] || mv "$app/squashfs-root/$file" "$app/squashfs-root/$file.bak"
    done
    rm -f "$image" .update
    rm -rf "$app.old"
fi

# A home of its own keeps instances apart; language models are shared by all of them.
export HOME="$INSTANCE_CONF_DIR/internal_home"
mkdir -p "$HOME/.lmstudio" "$BASE_DIR/models/llm"
sl_models "$HOME/.lmstudio" models=llm
ln -sfn "$BASE_DIR/models/llm" "$INSTANCE_OUTPUT_DIR/models_link"

# The screen may need a moment more than this script did.
socket=/tmp/.X11-unix/X${DISPLAY#*:}
socket=${socket%.*}
for _ in {1..300}; do
    [ ! -S "$socket" ] || break
    sleep 0.1
done
[ -S "$socket" ] || warn "there is no screen at $socket yet; the program may not open its window."

export ELECTRON_NO_SANDBOX=1
cd "$app/squashfs-root"
exec ./lm-studio --no-sandbox "${LAUNCH_ARGS[@]}"
