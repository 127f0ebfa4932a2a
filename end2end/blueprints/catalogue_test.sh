#!/bin/bash
# Runs every blueprint with stubs for git, uv, conda, npm, curl and the apps, and looks at what they were asked to do.
#   bash end2end/blueprints/catalogue_test.sh [Name...]
# No network; ends with `N passed, N failed`. expected/<Name> holds what a start leads to.
#   UPDATE=1 writes those files anew; read the difference before you keep it.
# shellcheck disable=SC2015,SC2016,SC2317

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
blueprints=$root/blueprints
work=$(mktemp -d -t catalogue-XXXXXX)
[ -n "${KEEP:-}" ] || trap 'rm -rf "$work"' EXIT
export LC_ALL=C STUB_BIN="$work/bin" STUB_REAL="$work/real" STUB_REMOTES="$work/remotes"

# ---------------------------------------------------------------- the world of a blueprint

mkdir -p "$STUB_BIN" "$STUB_REAL" "$STUB_REMOTES"
cp -r "$here/stubs/." "$STUB_BIN/"
for program in python3 git node sleep; do
    ln -s "$(command -v "$program")" "$STUB_REAL/$program"
done
for program in uv conda git curl wget npm node dotnet python3 python ldconfig ffmpeg ffprobe sleep launch-linux.sh xterm; do
    ln -s stub "$STUB_BIN/$program"
done
# What conda's `activate` does, for scripts of the original.
# shellcheck disable=SC2016
echo 'export CONDA_PREFIX=$1 PATH="$1/bin:$PATH"' >"$STUB_BIN/activate"

# remote NAME FILE...: a repository with these files. FILE=TEXT gives the text. models/**/precious.bin must survive.
remote() {
    local repository=$STUB_REMOTES/$1 file
    shift
    mkdir -p "$repository"
    for file in "$@"; do
        mkdir -p "$repository/$(dirname "${file%%=*}")"
        case $file in *=*) printf '%b\n' "${file#*=}" ;; *) echo "$file" ;; esac >"$repository/${file%%=*}"
        case $file in *.sh=*) chmod +x "$repository/${file%%=*}" ;; esac
    done
    (
        cd "$repository" || exit 1
        export GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t GIT_CONFIG_GLOBAL=/dev/null
        export GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'
        "$STUB_REAL/git" init -q -b main . && "$STUB_REAL/git" add -A . &&
            "$STUB_REAL/git" commit -q --allow-empty -m fixture && "$STUB_REAL/git" branch sd3
    ) || exit 1
}
page='package.json={"scripts":{"start":"concurrently --restart-tries -1 --restart-after 1000 -n A,B \\"node worker.js\\" \\"node server.js start --port 8675\\""},"workspaces":["app","tauri","web","landing"]}'
remote ComfyUI.git requirements.txt='torch\nnumpy' manager_requirements.txt=manager main.py custom_nodes/node/requirements.txt=nodes
remote easydiffusion.git ui/main.py scripts/x
remote fluxgym.git requirements.txt='torch\ngradio\nbitsandbytes\ngit+https://example.org/diffusers' app.py models/vae/precious.bin models/clip/precious.bin outputs/precious.bin
remote sd-scripts.git requirements.txt='transformers==4.54.1\n-e .' setup.py
remote ai-toolkit.git requirements.txt='-r requirements_base.txt\nscipy==1' requirements_base.txt='torchao==0.10.0\ntorch==1' "ui/$page" ui/prisma/schema.prisma output/precious.bin datasets/precious.bin
remote Wan2GP.git requirements.txt='--extra-index-url https://example.org/simple\nflash-attn\nmmgp==3' wgp.py outputs/precious.bin
remote PersonaLive.git requirements_base.txt='torch==2.1.0\nxformers==0.0.22.post7\nav # a remark' requirements_trt.txt=tensorrt inference_online.py tools/download_weights.py webcam/frontend/package.json='{}'
remote voicebox.git backend/requirements.txt='torch>=2.2.0\nlibrosa' "$page" bun.lock CHANGELOG.md app/x web/package.json='{}'
remote Ultimate-TTS-Studio-SUP3R-Edition.git requirements.txt='pyaudio\nnumpy==1.26.0' launch.py outputs/precious.bin
remote ACE-Step-1.5.git requirements.txt='--extra-index-url https://download.pytorch.org/whl/cu128\nflash-attn; sys_platform != "win32"\nnano-vllm\nloguru' acestep/api_server.py
remote ACE-Step-DAW.git "$page" vite.config.ts
remote JustRayzist.git pyproject.toml app/cli/main.py outputs/precious.bin
remote ComfyUI-SeedVR2_VideoUpscaler.git inference_cli.py
remote Fooocus-MRE.git requirements_versions.txt='torchsde==0.2.5\ngradio==3.41.2' launch.py models/vae/precious.bin
remote Fooocus.git requirements_versions.txt='torchsde==0.2.6\ngradio==3.41.2' launch.py models/hypernetworks/precious.bin
remote dpgui.git requirements.txt='fastapi' main.py frontend/package.json='{}' output/precious.bin
remote diffusion-pipe.git requirements.txt='deepspeed\ntorch'
remote HunyuanVideo.git hyvideo/x
remote stable-diffusion-webui.git requirements_versions.txt='torch\nPillow==9.5.0' launch.py models/BLIP/precious.bin outputs/precious.bin
remote stable-diffusion-webui-forge.git requirements_versions.txt='torch\nPillow==9.5.0' launch.py models/BLIP/precious.bin
remote sdnext.git requirements.txt='fastapi==0.124.4\nruff' launch.py
# shellcheck disable=SC2016
remote SwarmUI.git src/SwarmUI.csproj launch-linux.sh='#!/bin/bash\nexec "$STUB_BIN/launch-linux.sh" "$@"'
remote facefusion.git requirements.txt='gradio==5.50.0\nonnxruntime==1.28.0' facefusion.py
remote kohya_ss.git requirements.txt='gradio==6\n-e ./sd-scripts' kohya_gui.py sd-scripts/setup.py models/stable-diffusion/precious.bin
remote OneTrainer.git requirements-global.txt='-e git+https://example.org/mgds.git@1#egg=mgds\nnumpy' requirements-cuda.txt='--extra-index-url https://download.pytorch.org/whl/cu130\ntorch==2.12.0+cu130\nbitsandbytes' requirements-default.txt='torch==2.12.0\nonnxruntime' scripts/train_ui.py
remote sample.git requirements.txt='torch\nnumpy' main.py models/loras/precious.bin custom_nodes/one/requirements.txt=nodes

# ---------------------------------------------------------------- one start

# start SCRIPT [VARIABLE=VALUE...]: as the panel starts it; what it prints goes to $dir/log.
start() {
    local script=$1
    shift
    : >"$dir/calls"
    rm -f "$dir/told"
    env -i PATH="$STUB_BIN:/usr/bin:/bin" HOME="$dir/home" LANG=C.UTF-8 USER=someone STUB_BIN="$STUB_BIN" STUB_REAL="$STUB_REAL" \
        STUB_REMOTES="$STUB_REMOTES" STUB_DIR="$dir" GIT_CONFIG_GLOBAL=/dev/null WEBUI_HOST=127.0.0.7 WEBUI_PORT=4711 \
        INSTANCE_NAME=one INSTANCE_CONF_DIR="$dir/one" INSTANCE_OUTPUT_DIR="$dir/data/outputs/one" BLUEPRINT_ID="$name.sh" \
        SUBFOLDER=/instance/one/ TMPDIR="$dir/data/tmp" CUDA_DEVICE_ORDER=PCI_BUS_ID BASE_DIR="$dir/data" \
        SD_INSTALL_DIR="$blueprints" XDG_CACHE_HOME="$dir/data/cache" DISPLAY=:77 AIKORE_GPU=1 "$@" \
        bash "$script" >"$dir/log" 2>&1 </dev/null
}

# What can only be done with a network, or takes minutes.
networked='^(uv|conda|git|curl|wget|npm|bun|dotnet|vite|prepare|pip) |^python3? (-m pip|tools/)'
no_network() { ! grep -E "$networked" "$dir/calls"; }

# The calls, with what is different on each machine replaced.
shown() {
    sed -E -e "s|$dir/one|INSTANCE|g; s|$dir/data|DATA|g; s|$blueprints|STOCK|g; s|$dir|HOME|g" -e 's|/usr/bin/python3[0-9.]*|PYTHON|g' \
        -e 's/--port [0-9]{5}( |$)/--port FREE\1/; s|(127.0.0.1:)[0-9]{4,5}|\1FREE|; s/^(app .*) $/\1/' "$@" |
        sed -E 's|-p [^ ]+ INSTANCE/env|-p PYTHON INSTANCE/env|'
}

# Links into the shared folders, and what configurations say of them.
mapped() {
    (
        cd "$dir/one" || exit
        find . -name .git -prune -o -name env -prune -o -type l -lname "$dir/data/*" -printf '%p -> %l\n' | sort
        grep -rsHE "$dir/data" --include=*.yaml --include=*.json --include=*.fds --include=config.txt . --exclude-dir=.git --exclude-dir=env | sort
    )
}

check() { # check TEXT COMMAND...
    local text=$1
    shift
    if "$@" >"$dir/check" 2>&1; then
        echo "ok   $name: $text"
    else
        printf 'FAIL %s: %s\n' "$name" "$text"
        cat "$dir/check"
        tail -n 12 "$dir/log"
    fi
}

as_expected() {
    {
        echo "# First start"
        shown "$dir/first"
        echo "# What the app is told"
        shown "$dir/told"
        echo "# Folders"
        mapped | shown
        for file in "$dir"/one/.requirements-*.txt; do
            [ ! -e "$file" ] || { echo "# ${file##*/}"; cat "$file"; }
        done
    } >"$dir/found"
    [ -z "${UPDATE:-}" ] || cp "$dir/found" "$here/expected/$name"
    diff "$here/expected/$name" "$dir/found"
}
ends_with() { # ends_with CODE: with a sentence for people
    [ "$code" = "$1" ] && grep -qE '^\[aikore\] error: [A-Z].*\.$' "$dir/log" && ! grep -q '^app ' "$dir/calls"
}
ends_badly() { [ "$code" != 0 ] && grep -qE '^\[aikore\] error: .*\.$' "$dir/log" && ! grep -q '^app ' "$dir/calls"; }
app_line() { grep '^app ' "$dir/calls" | shown | tail -n 1; }
gets_arguments() {
    # shellcheck disable=SC2016
    [[ "$(app_line)" == *' --name two\ words \$HOME --empty '\'\' ]]
}
listens_where_told() {
    ! grep -rE '0\.0\.0\.0|--listen( -|$)' "$dir/calls" &&
        { grep -q 127.0.0.7 "$dir/calls" "$dir/told" && grep -q 4711 "$dir/calls" "$dir/told" ||
            grep -qE '^# aikore.ready = process' "$script"; }
}
ran_once() { [ "$code" = 0 ] && [ "$(grep -c '^app ' "$dir/calls")" = "${1:-1}" ]; }
nothing_lost() {
    local wanted found
    wanted=$(grep -c precious.bin <(cd "$dir/one" && find . -name .git -type d -prune -exec "$STUB_REAL/git" -C {}/.. ls-files \;))
    found=$(find "$dir/one" "$dir/data" -name 'precious*' -type f | wc -l)
    echo "$wanted committed, $found there"
    [ "$found" -ge "$wanted" ]
}
knows_prefix() { ! grep -qE '^# aikore.subpath = yes' "$script" || grep -q instance/one "$dir/calls" "$dir/told" || grep -q instance/one <<<"$(app_line)"; }

# What the panel shows as progress: step 1/3, 2/3, 3/3.
counts_steps() {
    local steps
    steps=$(sed -nE 's|^\[aikore\] step ([0-9]+/[0-9]+):.*|\1|p' "$dir/log" | tr '\n' ' ')
    echo "$steps"
    [ -z "$steps" ] || [[ $steps == "$(for ((i = 1; i <= ${steps##*/}; i++)); do printf '%s/%s ' "$i" "${steps##*/}" | tr -s ' '; done | sed 's/  */ /g')" ]]
}

# What the manager shows of it, and the releases that it was tried with.
says_all_of_itself() {
    local key wanted='name category description icon venv_type ready start_timeout stop_grace subpath'
    case $name in empty | custom-sample | test-logs | Desktop | TkDemo) ;; *) wanted+=' homepage' ;; esac
    for key in $wanted; do
        grep -q "^# aikore\.$key = ." "$script" || { echo "$key is missing"; return 1; }
    done
    grep -q "<symbol id=\"$(sed -n 's/^# aikore.icon = //p' "$script")\"" "$root/public/pkg/blueprints.svg" || { echo "there is no such icon"; return 1; }
    ! grep -qE '^(ensure_env|ui_classic) ' "$script" || [ -s "$blueprints/constraints/$name.txt" ]
}

try() {
    local script=$1 apps=1
    name=$(basename "$script" .sh) dir=$work/run/$(basename "$script" .sh)
    mkdir -p "$dir"/{one,home,data/models/lora,data/tmp}
    echo mine >"$dir/data/models/lora/precious-mine.bin"
    printf '# comment\n--name "two words" %s\n--empty ""\n' "'\$HOME'" >"$dir/one/launch_args.txt"
    case $name in AceStepDAW | DPGui) apps=2 ;; esac

    : >"$dir/log"
    check "says all of itself" says_all_of_itself
    if [ "$name" = empty ]; then
        start "$script"; code=$?
        check "says that it is empty" ends_with 1
        return
    fi
    start "$script"; code=$?
    cp "$dir/calls" "$dir/first"
    check "starts its app" ran_once "$apps"
    check "does what is expected" as_expected
    check "listens where it is told only" listens_where_told
    [ "$name" = test-logs ] || check "hands launch arguments on, word by word" gets_arguments
    check "knows its prefix" knows_prefix
    check "loses no file of the app's folders" nothing_lost
    check "counts its steps" counts_steps
    # What real runs and the sources of the apps have shown.
    case $name in
        AIToolkit) check "starts none of its programs again" eval '[[ "$(app_line)" == *" --kill-others --success first "* && "$(app_line)" != *--restart* ]]' ;;
        AceStepDAW) check "takes the torchcodec of its torch" grep -qx 'torchcodec==0.10.0' "$blueprints/constraints/$name.txt" ;;
        ComfyUI) check "brings what its list forgets" grep -qE '^uv pip install .*-r INSTANCE/\.requirements-comfyui\.txt requests$' "$here/expected/$name" ;;
        FaceFusion) check "takes a Python that its list works with" grep -qF -- "-p '>=3.12,<3.14'" "$script" ;;
        InvokeAI) check "keeps a starlette with which its socket works" grep -qE '^starlette==0\.4[0-8]\.' "$blueprints/constraints/$name.txt" ;;
        SwarmUI) check "finds models of both kinds" grep -qE 'SDModelFolder: stable-diffusion;unet$' "$dir/one/SwarmUI/Data/Settings.fds" ;;
    esac
    grep '^app ' "$dir/first" | shown >"$dir/lines"

    start "$script" STUB_FAIL="^(uv|conda|curl|npm|prepare)|^git (clone|fetch|submodule)"; code=$?
    check "starts a second time" ran_once "$apps"
    check "asks no network then" no_network
    check "starts the same app then" diff "$dir/lines" <(grep '^app ' "$dir/calls" | shown)
    STUB_EXIT=5 start "$script" STUB_EXIT=5; code=$?
    check "ends with the code of its app" [ "$code" = 5 ]

    grep -qE "$networked" "$dir/first" || return 0
    : >"$dir/one/.rebuild-env"
    start "$script"; code=$?
    check "rebuilds when asked" eval 'ran_once $apps && [ ! -e "$dir/one/.rebuild-env" ] && grep -qE "^(uv venv|conda create|dotnet build) " "$dir/calls"'
    check "starts the same app after that" diff "$dir/lines" <(grep '^app ' "$dir/calls" | shown)

    # Each kind of step that failed the first time must say so.
    for step in 'uv pip' 'conda create' 'git clone' curl 'npm .*install' prepare 'dotnet build' 'tools/'; do
        grep -qE "^(python )?$step" "$dir/first" || continue
        rm -rf "$dir/one" "$dir/data"
        mkdir -p "$dir/one" "$dir/data/tmp"
        start "$script" STUB_FAIL="$step"; code=$?
        check "says that it failed when $step fails" ends_badly
        start "$script"; code=$?
        check "recovers from a failed $step" ran_once "$apps"
    done
}

# In the manner of the original: /opt/sd-install is a link to this folder, where a panel replaces the original.
try_original() {
    local script=$here/original/Sample.sh pid
    name=original dir=$work/run/original
    mkdir -p "$dir"/{one,home,data/models/lora,data/tmp}
    echo '--highvram' >"$dir/one/launch_args.txt"
    # shellcheck disable=SC2016
    echo 'source() { builtin source "${1/#\/opt\/sd-install/$SD_INSTALL_DIR}" "${@:2}"; }' >"$dir/bash_env"
    for round in first second; do
        # What the first round noted is no sign of the second.
        rm -f "$dir/calls"
        start "$script" BASH_ENV="$dir/bash_env" &
        pid=$!
        for _ in {1..1200}; do
            ! grep -q '^app ' "$dir/calls" 2>/dev/null || break
            "$STUB_REAL/sleep" 0.05
        done
        pkill -P "$pid" 2>/dev/null
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
        check "an original script runs, $round start" eval '[ "$(app_line)" = "app python main.py --listen --port 4711 --highvram" ]'
    done
    check "its models are linked and kept" eval '[ "$(readlink "$dir/one/app/models/loras")" = "$dir/data/models/lora" ] && [ -e "$dir/data/models/lora/precious.bin" ]'
}

# ---------------------------------------------------------------- all of them

scripts=()
if [ "$#" != 0 ]; then
    for name in "${@/original/}"; do [ -z "$name" ] || scripts+=("$(find "$blueprints" -maxdepth 2 -name "$name.sh" | head -n 1)"); done
else
    for script in "$blueprints"/*.sh "$blueprints"/legacy/*.sh; do
        [ "${script##*/}" = functions.sh ] || scripts+=("$script")
    done
fi
mkdir -p "$work/results" "$here/expected"
for script in "${scripts[@]}"; do
    (try "$script") >"$work/results/$(basename "$script" .sh)" 2>&1 &
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
done
case "$#/$*" in 0/* | *original*) (try_original) >"$work/results/original" 2>&1 & ;; esac
wait
cat "$work/results"/*
passed=$(cat "$work/results"/* | grep -c '^ok ')
failed=$(cat "$work/results"/* | grep -c '^FAIL ')
for script in "${scripts[@]}"; do
    [ -s "$work/results/$(basename "$script" .sh)" ] || { echo "FAIL ${script##*/} was not tried"; failed=$((failed + 1)); }
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
