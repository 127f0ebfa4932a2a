#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = SwarmUI
# aikore.category = Image Generation
# aikore.description = One page for many ComfyUI engines.
# aikore.venv_type = none
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 3600
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.min_vram_mb = 4000
# aikore.homepage = https://swarmui.net/
# aikore.icon = hive
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=2
begin

# SWARMUI_REPO: another source; GIT_REF: branch, tag or commit; DOTNET_CHANNEL: release of the .NET SDK.
source=$INSTANCE_CONF_DIR/SwarmUI
clone_repo "${SWARMUI_REPO:-https://github.com/mcmonkeyprojects/SwarmUI.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

# The SDK of this machine, or one that all instances share.
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 DOTNET_NOLOGO=1
if ! command -v dotnet >/dev/null || ! dotnet --list-sdks | grep -qE '^([89]|[1-9][0-9])\.'; then
    channel=${DOTNET_CHANNEL:-8.0}
    export DOTNET_ROOT="$BASE_DIR/cache/tools/dotnet-$channel"
    if [ ! -x "$DOTNET_ROOT/dotnet" ]; then
        step "installing the .NET SDK $channel for all instances"
        fetch_file https://dot.net/v1/dotnet-install.sh "$BASE_DIR/cache/tools/dotnet-install.sh"
        bash "$BASE_DIR/cache/tools/dotnet-install.sh" --channel "$channel" --install-dir "$DOTNET_ROOT" --no-path ||
            fail $? "The .NET SDK could not be installed; install it by the package manager of this machine instead."
    fi
    PATH=$DOTNET_ROOT:$PATH
fi

# Models and results by the app's own settings; what people set besides stays.
models=$BASE_DIR/models
mkdir -p "$models"/{stable-diffusion,lora,vae,embeddings,clip_vision,controlnet,clip,t5,unet} "$source/Data"
settings=$source/Data/Settings.fds
[ -s "$settings" ] || printf 'Paths:\n' >"$settings"
grep -q '^Paths:' "$settings" || printf 'Paths:\n' >>"$settings"
put() { # put KEY VALUE: a line of the section Paths
    KEY=$1 VALUE=$2 awk '
        /^[^\t #]/ { if (inside && !done) { print "\t" ENVIRON["KEY"] ": " ENVIRON["VALUE"]; done = 1 }; inside = $0 == "Paths:" }
        inside && index($0, "\t" ENVIRON["KEY"] ":") == 1 { $0 = "\t" ENVIRON["KEY"] ": " ENVIRON["VALUE"]; done = 1 }
        { print }
        END { if (!done) print "\t" ENVIRON["KEY"] ": " ENVIRON["VALUE"] }' "$settings" >"$settings.new"
    mv "$settings.new" "$settings"
}
put ModelRoot "$models"
put SDModelFolder "stable-diffusion;unet"
put SDLoraFolder lora
put SDVAEFolder vae
put SDEmbeddingFolder embeddings
put SDClipVisionFolder clip_vision
put SDControlNetsFolder controlnet
put SDClipFolder "clip;t5"
put OutputPath "$INSTANCE_OUTPUT_DIR"

if [ -e .rebuild-env ]; then
    rm -rf "$source/src/bin"
    rm -f .rebuild-env .aikore-once-*
fi
# The app's own marks, by which it knows that nothing has to be built.
build() {
    cd "$source"
    dotnet build src/SwarmUI.csproj --configuration Release -o src/bin/live_release
    git rev-parse HEAD >src/bin/last_build
}
once "build of SwarmUI" "$(git -C "$source" rev-parse HEAD)" -- build

cd "$source"
exec ./launch-linux.sh --host "$WEBUI_HOST" --port "$WEBUI_PORT" --launch_mode none "${LAUNCH_ARGS[@]}"
