#!/bin/bash
# Tests of blueprints/functions.sh in seconds and without a network: the installers are stubs that write down their calls.
#   bash end2end/blueprints/functions_test.sh
# Ends with `N passed, N failed`.
# Each test has a shell of its own on purpose, overrides commands that functions.sh calls, and writes $ in single quotes.
# shellcheck disable=SC2016,SC2030,SC2031,SC2153,SC2317
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export SD_INSTALL_DIR="$here/../../blueprints"
work=$(mktemp -d -t functions-XXXXXX)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0

# it "says what it does" FUNCTION: each test runs in a shell and a directory of its own; `set -e` finds what fails.
it() {
    local dir=$work/$2 output
    mkdir -p "$dir"/{instance,data,bin}
    output=$(
        exec 2>&1
        set -euo pipefail
        cd "$dir"
        export BASE_DIR="$dir/data" INSTANCE_CONF_DIR="$dir/instance" WEBUI_PORT=1 INSTANCE_NAME=x TMPDIR="$dir/data/tmp"
        unset PYTHON_VERSION CUDA_VERSION TORCH_VERSION PYTORCH_INDEX_URL AIKORE_ENV_TOOL VIRTUAL_ENV "${!GIT_@}"
        # shellcheck source=../../blueprints/functions.sh
        source "$SD_INSTALL_DIR/functions.sh"
        "$2"
    )
    # shellcheck disable=SC2181 # the status of the assignment; `if output=$(…)` would switch `set -e` off inside
    if [ $? = 0 ]; then
        passed=$((passed + 1))
        echo "ok   $1"
    else
        failed=$((failed + 1))
        printf 'FAIL %s\n%s\n' "$1" "$output"
    fi
}

same() { [ "$1" = "$2" ] || { printf 'expected: %s\nfound:    %s\n' "$2" "$1"; return 1; }; }
# `! command` would not end a test.
refuses() { if "$@"; then return 1; fi; }
calls() { touch "$BASE_DIR/calls" && wc -l <"$BASE_DIR/calls"; }

# A uv that makes something like an environment and notes each call.
stub_uv() {
    cat >bin/uv <<'STUB'
#!/bin/bash
[ "$1" = --version ] && exit 0
echo "$*" >>"$BASE_DIR/calls"
if [ "$1" = venv ]; then
    venv=${*: -1}
    mkdir -p "$venv/bin"
    : >"$venv/pyvenv.cfg"
    ln -s "$(command -v python3)" "$venv/bin/python"
fi
if [ "$1 $2" = "pip install" ]; then
    [ ! -e "$BASE_DIR/die" ] || kill -KILL "$PPID"
    [ ! -e "$BASE_DIR/no-network" ] || exit 7
fi
exit 0
STUB
    chmod +x bin/uv
    PATH=$PWD/bin:$PATH
}

# ---------------------------------------------------------------- launch arguments

launch_arguments() {
    cat >instance/launch_args.txt <<'ARGS'
# a comment
  --listen   --name "two words" 'single $HOME `id`'
   # another comment
--path=a\ b --empty "" --hash #kept "quote \" and \\ and \n"
--mixed=un"quo ted"'x y'z $(touch hacked) ; & | größe
ARGS
    printf -- '--last\r\n--no-newline' >>instance/launch_args.txt
    read_launch_args
    same "$(printf '<%s>' "${LAUNCH_ARGS[@]}")" \
        '<--listen><--name><two words><single $HOME `id`><--path=a b><--empty><><--hash><#kept><quote " and \ and \n><--mixed=unquo tedx yz><$(touch><hacked)><;><&><|><größe><--last><--no-newline>'
    [ ! -e hacked ]
}
launch_arguments_legacy() {
    echo '--old' >instance/parameters.txt
    read_launch_args
    same "${LAUNCH_ARGS[*]}" --old
    echo '--new' >instance/launch_args.txt
    read_launch_args
    same "${LAUNCH_ARGS[*]}" --new
}
launch_arguments_open_quote() {
    printf 'fine\n"open\n' >instance/launch_args.txt
    local code=0 said
    said=$(read_launch_args 2>&1) || code=$?
    same "$code" 2
    [[ $said == *"line 2"* ]]
}
variables_win_over_defaults() {
    printf 'TORCH_VERSION="9.9"\nMINE="a b"\n' >instance/aikore_vars.env
    begin
    same "$TORCH_VERSION/$MINE/$PWD/$WEBUI_HOST" "9.9/a b/$INSTANCE_CONF_DIR/127.0.0.1"
    bash -c '[ "$MINE" = "a b" ]'
}
satellite_has_its_own_variables() {
    mkdir -p own
    echo 'MINE=parent' >instance/aikore_vars.env
    echo 'MINE=satellite' >own/aikore_vars.env
    export AIKORE_VARS_FILE=$PWD/own/aikore_vars.env
    begin
    same "$MINE" satellite
}

# ---------------------------------------------------------------- shared folders

folder_fresh() {
    sl_folder app models data/models lora 2>/dev/null || true
    sl_folder "$PWD/app" models "$PWD/data/models" lora
    same "$(readlink app/models)" "$PWD/data/models/lora"
    sl_folder "$PWD/app" models "$PWD/data/models" lora
    sl_folder "$PWD/app" models "$PWD/data/models" other
    same "$(readlink app/models)" "$PWD/data/models/other"
}
folder_merge() {
    mkdir -p app/out/sub/empty data/store/sub
    echo one >app/out/one
    echo same >app/out/same.png && echo same >data/store/same.png
    echo mine >app/out/sub/a.png && echo theirs >data/store/sub/a.png
    echo dot >'app/out/.hidden name'
    printf 'x' >$'app/out/new\nline'
    ln -s one app/out/link
    sl_folder "$PWD/app" out "$PWD/data" store
    [ -L app/out ]
    same "$(cat data/store/one)$(cat data/store/sub/a.png)$(cat data/store/sub/a.kept-1.png)$(cat 'data/store/.hidden name')$(cat $'data/store/new\nline')" \
        onetheirsminedotx
    [ -d data/store/sub/empty ] && [ -L data/store/link ]
    same "$(find data/store -type f | grep -c same)" 1
}
folder_other_disk() {
    # Another device number sends every file the way of copy, compare, remove.
    stat() { echo "$RANDOM$RANDOM$3"; }
    mkdir -p app/out data/store
    head -c 300000 /dev/urandom >app/out/big
    cp app/out/big reference
    sl_folder "$PWD/app" out "$PWD/data" store
    cmp data/store/big reference
    [ -L app/out ] && same "$(ls data/store)" big
}
folder_bad_copy() {
    stat() { echo "$RANDOM$RANDOM$3"; }
    cp() { : >"${*: -1}"; } # a disk that is full
    mkdir -p app/out data/store
    echo precious >app/out/file
    local code=0
    sl_folder "$PWD/app" out "$PWD/data" store || code=$?
    same "$code" 1
    same "$(cat app/out/file)" precious
    same "$(ls -A data/store)" ''
}
folder_refusals() {
    mkdir -p app data
    echo x >app/file
    refuses sl_folder "$PWD/app" file "$PWD/data" store
    mkdir -p nest/inner && echo x >nest/inner/x
    refuses sl_folder "$PWD" nest "$PWD/nest" inner
    mkdir -p app/pipes && mkfifo app/pipes/p
    refuses sl_folder "$PWD/app" pipes "$PWD/data" store
    same "$(cat app/file nest/inner/x)" $'x\nx'
    [ -p app/pipes/p ]
}

# ---------------------------------------------------------------- environments

stamp_second_start() {
    stub_uv
    ensure_env instance/env one 'two>=2'
    same "$VIRTUAL_ENV" "$PWD/instance/env"
    local before
    before=$(calls)
    (ensure_env instance/env one 'two>=2')
    same "$(calls)" "$before"
}
stamp_sees_changes() {
    stub_uv
    local before
    echo 'one==1' >c.txt
    step_again() { before=$(calls) && (ensure_env -c c.txt instance/env one) && [ "$(calls)" -gt "$before" ]; }
    step_again
    echo 'one==2' >c.txt && step_again
    echo 'three' >instance/requirements.txt && step_again
    mkdir instance/wheels && echo w >instance/wheels/w.whl && step_again
    # All four were installed on top of the first environment.
    same "$(grep -c '^venv' "$BASE_DIR/calls")" 1
    export PYTHON_VERSION=3
    step_again
    same "$(grep -c '^venv' "$BASE_DIR/calls")" 2
    refuses step_again
}
stamp_half_made() {
    stub_uv
    : >"$BASE_DIR/die"
    (ensure_env instance/env one) 2>/dev/null || true
    rm "$BASE_DIR/die"
    [ ! -e instance/env/.aikore-stamp ]
    (ensure_env instance/env one)
    same "$(grep -c '^venv' "$BASE_DIR/calls")" 2
    [ -e instance/env/.aikore-stamp ] && [ ! -e instance/env.making ]
}
failed_install() {
    stub_uv
    : >"$BASE_DIR/no-network"
    local code=0
    (ensure_env instance/env one) || code=$?
    same "$code" 7
    rm "$BASE_DIR/no-network"
    (ensure_env instance/env one)
    same "$(grep -c '^venv' "$BASE_DIR/calls")" 1
}
stamp_moved_and_dead_python() {
    stub_uv
    (ensure_env instance/env one)
    mv instance moved
    export INSTANCE_CONF_DIR=$PWD/moved
    (ensure_env moved/env one)
    same "$(grep -c '^venv' "$BASE_DIR/calls")" 2
    ln -sfn /nonexistent moved/env/bin/python
    (ensure_env moved/env one)
    same "$(grep -c '^venv' "$BASE_DIR/calls")" 3
}
parallel_starts() {
    stub_uv
    for _ in 1 2 3 4; do (ensure_env instance/env one) & done
    wait
    same "$(grep -c '^venv' "$BASE_DIR/calls")" 1
}
rebuild_flag() {
    stub_uv
    (ensure_env instance/env one)
    : >instance/.rebuild-env
    clean_env instance/env
    [ ! -e instance/env ] && [ ! -e instance/.rebuild-env ]
    clean_env instance/env
}
never_removes_other_folders() {
    stub_uv
    mkdir -p instance/env && echo x >instance/env/thesis.txt
    : >instance/.rebuild-env
    refuses clean_env instance/env
    local code=0
    (ensure_env instance/env one) || code=$?
    same "$code" 1
    same "$(cat instance/env/thesis.txt)" x
}
tools_in_order() {
    cat >bin/conda <<'STUB'
#!/bin/bash
echo "conda $*" >>"$BASE_DIR/calls"
mkdir -p "$5/bin" "$5/conda-meta"
printf '#!/bin/bash\necho "python $*" >>"$BASE_DIR/calls"\n' >"$5/bin/python"
chmod +x "$5/bin/python"
STUB
    chmod +x bin/conda
    PATH=$PWD/bin:$PATH AIKORE_ENV_TOOL=conda
    (ensure_env -p 3.11 instance/env one)
    grep -q '^conda create -y -q -p .*/instance/env python=3.11 pip$' "$BASE_DIR/calls"
    grep -q '^python -m pip install .* one$' "$BASE_DIR/calls"
    (ensure_env -p '>=3.10,<3.13' instance/env2 one)
    grep -q ' python>=3.10,<3.13 pip$' "$BASE_DIR/calls"
}
plain_venv() {
    export AIKORE_ENV_TOOL=venv PIP_NO_INDEX=1
    ensure_env instance/env
    same "$(python -c 'import sys; print(sys.prefix)')" "$PWD/instance/env"
    ensure_env instance/env | grep -q . && return 1
    return 0
}
no_uv_to_be_had() {
    mkdir programs
    local program said
    for program in bash cat cut df du flock grep head mkdir mv realpath rm sed sha256sum stat tail dirname awk; do
        ln -s "$(command -v "$program")" programs/
    done
    ln -s "$(python3 -c 'import os, sys; print(os.path.realpath(sys.executable))')" programs/python3
    export PATH=$PWD/programs HOME=$PWD PIP_NO_INDEX=1
    begin
    cd ..
    refuses command -v uv
    said=$(ensure_env instance/env 2>&1)
    [[ $said == *'uv could not be installed; going on without it.'* && $said == *'making the environment with venv'* ]]
    same "$(instance/env/bin/python -c 'import sys; print(sys.prefix)')" "$PWD/instance/env"
    said=$(ensure_env instance/env 2>&1)
    same "$said" ''
}
python_ranges() {
    local here
    here=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    _find_python "$here" >/dev/null
    _find_python ">=3.8,<4" >/dev/null
    refuses _find_python ">=4"
    refuses _find_python "2.1"
}
torch_index() {
    stub_uv
    unset -f has_gpu
    has_gpu() { true; }
    begin
    cd ..
    (CUDA_VERSION=13.0 ensure_env -t torch instance/env one) 2>/dev/null || true
    grep -q 'pip install .*--index-url .*/cu130 torch' "$BASE_DIR/calls"
    same "$(CUDA_VERSION=cpu _torch_index)" "$PYTORCH_INDEX_BASE/cpu"
    same "$(CUDA_VERSION=12.4.1 _torch_index)" "$PYTORCH_INDEX_BASE/cu124"
    same "$(CUDA_VERSION=cu130 _torch_index)" "$PYTORCH_INDEX_BASE/cu130"
    same "$(PYTORCH_INDEX_URL=u _torch_index)" u
}

# ---------------------------------------------------------------- git

git_origin() {
    export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=t GIT_AUTHOR_EMAIL=t@t GIT_COMMITTER_NAME=t GIT_COMMITTER_EMAIL=t@t
    git init -q -b main origin
    git_commit one
    git -C origin tag v1
}
git_commit() { echo "$1" >origin/file && git -C origin add file && git -C origin commit -q -m "$1"; }
git_follows() {
    git_origin
    (clone_repo "$PWD/origin" "$PWD/instance/app")
    git_commit two
    (clone_repo "$PWD/origin" "$PWD/instance/app")
    same "$(cat instance/app/file)" one # unchanged ref: no look at the remote
    echo untracked >instance/app/mine && echo edit >instance/app/file
    : >instance/.update
    (clone_repo "$PWD/origin" "$PWD/instance/app")
    same "$(cat instance/app/file instance/app/mine)" $'two\nuntracked'
    grep -q '^+edit' instance/app/.git/aikore-edits-*.patch
    [ ! -e instance/.update ]
    (GIT_REF=v1 && clone_repo "$PWD/origin" "$PWD/instance/app")
    same "$(cat instance/app/file)" one
    (GIT_REF=main && clone_repo "$PWD/origin" "$PWD/instance/app")
    same "$(cat instance/app/file)" two
}
git_offline() {
    git_origin
    (clone_repo "$PWD/origin" "$PWD/instance/app")
    mv origin away
    (clone_repo "$PWD/origin" "$PWD/instance/app")
    : >instance/.update
    (clone_repo "$PWD/origin" "$PWD/instance/app") 2>&1 | grep -q 'going on with what is there'
    (cd instance/app && set -e && GIT_REF=nowhere && check_remote GIT_REF) 2>&1 | grep -q 'no ref nowhere'
    local code=0
    (clone_repo "$PWD/origin" "$PWD/instance/new") 2>/dev/null || code=$?
    [ "$code" != 0 ] && [ ! -e instance/new ]
}
git_odd_refs() {
    git_origin
    local code=0
    (export GIT_REF=--upload-pack=x && clone_repo "$PWD/origin" "$PWD/instance/app") 2>/dev/null || code=$?
    same "$code" 2
}

# ---------------------------------------------------------------- other steps

filtered() {
    printf -- '-r more.txt\r\n# remark\ntorch\ntorchsde\nTorchVision==1\nflash_attn\n-e .\n-e git+https://example.org/x@1\n' >instance/r.txt
    printf -- '--extra-index-url https://download.pytorch.org/whl/cu128\n--find-links https://example.org\nmy.package[all]>=2\nother\nbitsandbytes' >instance/more.txt
    mkdir instance/wheels && : >instance/wheels/My_Package-2-py3-none-any.whl
    filter_requirements out.txt instance/r.txt -- other
    same "$(cat out.txt)" $'--find-links https://example.org\nbitsandbytes\ntorchsde\ngit+https://example.org/x@1'
    filter_requirements out.txt instance/more.txt
    local code=0
    (filter_requirements out.txt instance/nowhere.txt) || code=$?
    same "$code" 1
    grep -q other out.txt
}
step_once() {
    work() { echo worked >>works && [ ! -e broken ]; }
    once build one -- work
    once build one -- work
    same "$(wc -l <works)" 1
    once build two -- work
    same "$(wc -l <works)" 2
    : >broken
    # `||` would switch `set -e` off, so the failing one is a script of its own.
    cat >failing.sh <<'SCRIPT'
set -euo pipefail
source "$SD_INSTALL_DIR/functions.sh"
work() { false; echo never >>works; }
once build three -- work
echo reached
SCRIPT
    local code=0 said
    said=$(bash failing.sh 2>&1) || code=$?
    same "$code" 1
    [[ $said == *'This step failed: build.'* && $said != *reached* ]]
    same "$(wc -l <works)" 2
    rm broken
    once build three -- work
    same "$(wc -l <works)" 3
}
downloads() {
    cat >bin/curl <<'STUB'
#!/bin/bash
echo "$*" >>"$BASE_DIR/calls"
while [ "$1" != -o ]; do shift; done
printf part >>"$2"
[ ! -e "$BASE_DIR/no-network" ]
STUB
    chmod +x bin/curl
    PATH=$PWD/bin:$PATH
    : >"$BASE_DIR/no-network"
    local code=0
    (fetch_file https://example.org/x "$PWD/data/deep/file") || code=$?
    same "$code" 1
    [ ! -e data/deep/file ]
    rm "$BASE_DIR/no-network"
    fetch_file https://example.org/x "$PWD/data/deep/file"
    same "$(cat data/deep/file)" partpart
    fetch_file https://example.org/x "$PWD/data/deep/file"
    same "$(calls)" 2
}
together() {
    local code=0
    (run_together bash -c 'exit 4' ++ sleep 600) || code=$?
    same "$code" 4
    code=0
    (run_together sleep 600 ++ bash -c 'exit 0') || code=$?
    same "$code" 0
}
shared_models() {
    mkdir -p app/models/vae && echo x >app/models/vae/x
    sl_models "$PWD/app/models" vae=vae loras=lora
    export INSTANCE_OUTPUT_DIR=$BASE_DIR/outputs/one
    sl_output "$PWD/app" out
    same "$(cat data/models/vae/x)$(readlink app/models/loras)$(readlink app/out)" "x$BASE_DIR/models/lora$BASE_DIR/outputs/one"
    echo file >app/models/clip
    local code=0 said
    said=$(sl_models "$PWD/app/models" clip=clip 2>&1) || code=$?
    same "$code" 1
    [[ $said == *'could not be linked'* ]]
}

it "launch arguments are split as in a shell and nothing is expanded" launch_arguments
it "launch_args.txt goes before parameters.txt" launch_arguments_legacy
it "an open quotation mark is told with its line" launch_arguments_open_quote
it "the instance's variables win over the defaults" variables_win_over_defaults
it "a satellite has variables of its own" satellite_has_its_own_variables
it "a shared folder becomes a link, and follows a new store" folder_fresh
it "a real folder is merged without losing a file" folder_merge
it "files go to another disk by a copy that is compared" folder_other_disk
it "a copy that failed removes nothing" folder_bad_copy
it "what cannot be linked safely is refused and kept" folder_refusals
it "a second start with nothing changed calls no installer" stamp_second_start
it "changed requirements, constraints, wheels or Python install again" stamp_sees_changes
it "an environment whose making was killed is made anew" stamp_half_made
it "a failed install ends with the installer's code and is tried again" failed_install
it "an environment that was moved or lost its Python is made anew" stamp_moved_and_dead_python
it "parallel starts install once" parallel_starts
it "the rebuild flag removes the environment once" rebuild_flag
it "a folder that is no environment is never removed" never_removes_other_folders
it "conda is used when asked for" tools_in_order
it "python -m venv works without a network" plain_venv
it "where uv cannot be had, python -m venv serves" no_uv_to_be_had
it "Python ranges are understood" python_ranges
it "torch comes from the index that CUDA_VERSION names" torch_index
it "a checkout follows its ref when it changes or an update is asked for" git_follows
it "a checkout works without a network" git_offline
it "a ref cannot be an option" git_odd_refs
it "requirements lose what comes from elsewhere, and nothing else" filtered
it "a step is done once, and again after it failed" step_once
it "a download goes on and is complete or absent" downloads
it "of several programs the first that ends, ends all" together
it "shared folders are linked, or the script says why not" shared_models

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
